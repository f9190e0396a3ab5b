"""What a client's head says about how it wants to be served, read with care.

Whatever is not exactly as expected was not said: a hint never is a reason to refuse a call. What is
made of the hints is for those who route and answer.
"""

import re
from collections.abc import Sequence
from typing import Final

from inference_gateway.exchange import NO_HINTS, ClientHints
from inference_gateway.interfaces import HeaderValues

#: Characters of a session's name.
_LONGEST_SESSION: Final = 256
#: What OpenAI's and Anthropic's packages send: that for Python the seconds that may pass between
#: two reads, a decimal number or ``None``; those for Node whole seconds, in old versions
#: milliseconds, which taken for seconds shorten nothing.
_PATIENCE: Final = (b"x-stainless-read-timeout", b"x-stainless-timeout")
#: Up to eleven days; who waits longer will not mind.
_SECONDS: Final = re.compile(rb"[0-9]{1,6}(?:\.[0-9]{1,20})?")
_COUNT: Final = re.compile(rb"[0-9]{1,4}")
_MOST_RETRIES: Final = 1000


def client_hints(values: HeaderValues, session_header: bytes | None) -> ClientHints:
    """Return what the head says; ``session_header`` is the lower-case name of the one that binds.

    A header that came more than once says nothing.
    """
    session = "" if session_header is None else _session(_only(values(session_header)))
    patience = None
    for name in _PATIENCE:
        patience = patience or _seconds(_only(values(name)))
    retries = _retries(_only(values(b"x-stainless-retry-count")))
    diagnosis = _only(values(b"x-gateway-debug")) == b"1"
    if not (session or patience or retries or diagnosis):
        return NO_HINTS
    return ClientHints(session=session, patience=patience, retries=retries, diagnosis=diagnosis)


def _only(values: Sequence[bytes]) -> bytes:
    return values[0] if len(values) == 1 else b""


def _session(value: bytes) -> str:
    if not (value.isascii() and 0 < len(value) <= _LONGEST_SESSION):
        return ""
    session = value.decode("ascii")
    return session if session.isprintable() else ""


def _seconds(value: bytes) -> float | None:
    """Return positive seconds; None for everything else."""
    return (float(value) or None) if _SECONDS.fullmatch(value) else None


def _retries(value: bytes) -> int:
    retries = int(value) if _COUNT.fullmatch(value) else 0
    return retries if retries <= _MOST_RETRIES else 0
