"""Which name was probably meant by one that does not exist, at a price that has a bound.

Comparing takes so long that a client could stop the event loop by asking for what is not among
thousands of names; so of many names only those are compared that are likely.
"""

from bisect import bisect_left
from collections.abc import Sequence
from difflib import get_close_matches
from itertools import islice

#: Names that are compared.
_MOST_COMPARED = 64
#: Characters of what was asked for.
_LONGEST = 256
#: How alike two names must be, from 0 to 1.
_LIKENESS = 0.4


def nearest(requested: str, names: Sequence[str]) -> str | None:
    """Return the one of ``names`` that is most like ``requested``; None where none is."""
    requested = requested[:_LONGEST]
    if len(names) > _MOST_COMPARED:
        names = _likely(requested, names)
    near = get_close_matches(requested, names, n=1, cutoff=_LIKENESS)
    return near[0] if near else None


def _likely(requested: str, names: Sequence[str]) -> list[str]:
    """Return names that contain ``requested``, and its neighbours in the alphabet."""
    half = _MOST_COMPARED // 2
    containing = islice((name for name in names if requested in name), half)
    ordered = sorted(names)
    at = bisect_left(ordered, requested)
    return [*containing, *ordered[max(0, at - half // 2) : at + half // 2]]
