"""Strategies: in which order the providers of a group are tried.

A strategy only orders; leaving out providers that cannot serve now is done before, and trying them
is ``pipeline.dispatch``.
"""

from collections.abc import Sequence

from zope.interface import implementer

from inference_gateway.interfaces import IBalancer
from inference_gateway.routing.table import Candidate


@implementer(IBalancer)
class RoundRobin:
    """Each provider of a model in turn goes first; the others follow in the group's order."""

    def __init__(self) -> None:
        self._turns: dict[str, int] = {}

    def order(self, model: str, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        """Return ``candidates`` rotated by one more than for the last call of ``model``."""
        count = len(candidates)
        if count < 2:
            return candidates
        turn = self._turns.get(model, 0) % count
        self._turns[model] = turn + 1
        return [*candidates[turn:], *candidates[:turn]]
