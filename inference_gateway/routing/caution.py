"""Providers in trouble go last, whatever the strategy.

They are not left out: when nobody else can answer, they are asked. Who is in trouble is told by
`routing.load` and `routing.health`.
"""

from collections.abc import Callable, Sequence

from zope.interface import implementer

from inference_gateway.exchange import Call
from inference_gateway.interfaces import IBalancer
from inference_gateway.routing.candidate import Candidate


@implementer(IBalancer)
class Caution:
    """Has ``strategy`` order those that do well, and appends the others.

    ``draw`` gives random numbers from 0 up to 1: whoever gets a part of its calls only, because it
    was out and is back, is ordered with the others in so many cases. The strategy does not see who
    goes last, so that it shares out the calls exactly among those who get them.
    """

    def __init__(self, strategy: IBalancer, draw: Callable[[], float]) -> None:
        self._strategy = strategy
        self._draw = draw

    def order(self, call: Call, model: str, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        """Return ``candidates`` in the strategy's order, those in trouble last."""
        if len(candidates) < 2:
            return candidates
        for candidate in candidates:
            entry = candidate.entry
            if not entry.load.is_sound or entry.health.is_unhealthy:
                return self._with_care(call, model, candidates)
        return self._strategy.order(call, model, candidates)

    def _with_care(
        self, call: Call, model: str, candidates: Sequence[Candidate]
    ) -> Sequence[Candidate]:
        sound, starting, failing = [], [], []
        for candidate in candidates:
            entry = candidate.entry
            share = 0.0 if entry.health.is_unhealthy else entry.load.share()
            if not share:
                failing.append(candidate)
            elif share == 1 or self._draw() < share:
                sound.append(candidate)
            else:
                starting.append(candidate)
        if sound:
            return [*self._strategy.order(call, model, sound), *starting, *failing]
        if starting:
            return [*self._strategy.order(call, model, starting), *failing]
        return self._strategy.order(call, model, failing)
