"""Durations, sizes and points in time, as numbers and as the text of a file."""

import re
from datetime import UTC, datetime
from decimal import Decimal

_SECONDS = {"ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600)}
_BYTES = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_DURATION = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,24})?)\s*(ms|s|m|h)")
_SIZE = re.compile(r"([0-9]{1,15})\s*(B|KiB|MiB|GiB)")


def parse_duration(text: str) -> float:
    """Return seconds for text such as ``250ms``, ``1.5s``, ``2m``, ``1h``; else `ValueError`."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return float(Decimal(match[1]) * _SECONDS[match[2]])


def format_duration(seconds: float) -> str:
    """Return text that `parse_duration` reads back to the same number."""
    return f"{Decimal(repr(seconds)).normalize():f}s"


def parse_size(text: str) -> int:
    """Return bytes for text such as ``512B``, ``64KiB``, ``10MiB``, ``1GiB``; else `ValueError`."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return int(match[1]) * _BYTES[match[2]]


def format_size(size: int) -> str:
    """Return text that `parse_size` reads back, in the largest unit that divides the size."""
    unit = next(unit for unit in reversed(_BYTES) if size % _BYTES[unit] == 0)
    return f"{size // _BYTES[unit]}{unit}"


def parse_timestamp(text: str) -> float:
    """Return seconds since the epoch for an ISO 8601 date or date-time; else `ValueError`.

    A date means its first moment; without an offset the time is UTC; fractions are dropped.
    """
    moment = datetime.fromisoformat(text).replace(microsecond=0)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    # In UTC the year may be one that does not exist; better found here than when printing.
    return moment.astimezone(UTC).timestamp()


def format_timestamp(seconds: float) -> str:
    """Return text that `parse_timestamp` reads back."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()
