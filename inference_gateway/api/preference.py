"""Which of two media types a client would rather get, by its ``Accept`` (RFC 9110, section 12.5.1).

Only for what people may look at: the answers to calls never depend on ``Accept``.
"""

import re
from collections.abc import Sequence

_WEIGHT = re.compile(rb"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")


def prefers(accepted: Sequence[bytes], one: bytes, other: bytes) -> bool:
    """Whether ``one`` is liked better than ``other`` by all the values of an ``Accept``.

    Of two that weigh the same the one that is named is liked better than one that is not.
    """
    weights = dict(_range(part) for part in b",".join(accepted).lower().split(b","))
    return _weight_of(one, weights) > _weight_of(other, weights)


def _range(part: bytes) -> tuple[bytes, float]:
    """Read one media range and its weight; a weight that is none counts as 0."""
    name, *parameters = (piece.strip() for piece in part.split(b";"))
    weight = 1.0
    for parameter in parameters:
        key, _, value = parameter.partition(b"=")
        if key == b"q":
            weight = float(value) if _WEIGHT.fullmatch(value) else 0.0
    return name, weight


def _weight_of(media_type: bytes, weights: dict[bytes, float]) -> tuple[float, int]:
    """Return the weight of the narrowest range that ``media_type`` is in, and how narrow it is."""
    ranges = (b"*/*", media_type.partition(b"/")[0] + b"/*", media_type)
    for narrowness, name in reversed(list(enumerate(ranges))):
        if name in weights:
            return weights[name], narrowness
    return 0.0, 0
