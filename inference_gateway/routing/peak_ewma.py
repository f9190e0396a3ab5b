"""The strategy ``peak_ewma``: of two providers drawn by lot the less loaded one.

Choosing among two is nearly as good as choosing among all, and does not send every call to the
same provider while nobody knows yet how that one takes it (Mitzenmacher's power of two choices).
"""

from collections.abc import Callable, Sequence

from zope.interface import implementer

from inference_gateway.exchange import Call
from inference_gateway.interfaces import IBalancer
from inference_gateway.routing.candidate import Candidate


@implementer(IBalancer)
class PeakEWMA:
    """Two choices by `Load.score`; ``draw`` gives random numbers from 0 up to 1."""

    def __init__(self, seconds: Callable[[], float], draw: Callable[[], float]) -> None:
        self._seconds = seconds
        self._draw = draw

    def order(self, call: Call, model: str, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        """Return ``candidates``, the better one of two first and the others by their load."""
        count = len(candidates)
        if count < 2:
            return candidates
        now = self._seconds()
        one = int(self._draw() * count)
        # with two providers the other one is certain
        apart = 1 if count == 2 else 1 + int(self._draw() * (count - 1))
        other = (one + apart) % count
        scores = [each.entry.load.score(now) for each in candidates]
        first = other if scores[other] < scores[one] else one
        if count == 2:
            return [candidates[first], candidates[1 - first]]
        others = sorted((each for each in range(count) if each != first), key=scores.__getitem__)
        return [candidates[first], *[candidates[each] for each in others]]
