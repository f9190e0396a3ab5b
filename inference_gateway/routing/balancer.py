"""Strategies: in which order the providers of a group are tried.

Here are those that need nothing but turns and counts, and the one function that makes any of them.
A strategy only orders; leaving out providers that cannot serve now is `routing.selection`, and
trying them is ``pipeline.dispatch``. What a strategy keeps is kept by the labels of models, of
which there are as many as the configuration has.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import count

from zope.interface import implementer

from inference_gateway.config.routing_settings import Strategy
from inference_gateway.exchange import Call
from inference_gateway.interfaces import IBalancer
from inference_gateway.routing.candidate import Candidate
from inference_gateway.routing.caution import Caution
from inference_gateway.routing.peak_ewma import PeakEWMA
from inference_gateway.routing.prefix_hash import PrefixHash
from inference_gateway.routing.stickiness import Stickiness


def balancer(
    strategy: Strategy, seconds: Callable[[], float], draw: Callable[[], float]
) -> IBalancer:
    """Make the strategy of that name, with sessions and with caution.

    ``seconds`` tells monotonic time; ``draw`` gives random numbers from 0 up to 1.
    """
    return Caution(Stickiness(_plain(strategy, seconds, draw)), draw)


def _plain(
    strategy: Strategy, seconds: Callable[[], float], draw: Callable[[], float]
) -> IBalancer:
    match strategy:
        case "round_robin":
            return RoundRobin()
        case "weighted":
            return Weighted()
        case "least_pending":
            return LeastPending()
        case "priority":
            return Priority()
        case "peak_ewma":
            return PeakEWMA(seconds, draw)
        case "prefix_hash":
            return PrefixHash(otherwise=RoundRobin())


@implementer(IBalancer)
class RoundRobin:
    """Each provider of a model in turn goes first; the others follow in the group's order."""

    def __init__(self) -> None:
        self._turns: defaultdict[str, Iterator[int]] = defaultdict(count)

    def order(self, call: Call, model: str, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        """Return ``candidates`` rotated by one more than for the last call of ``model``."""
        if len(candidates) < 2:
            return candidates
        return _rotated(candidates, next(self._turns[model]))


@implementer(IBalancer)
class Weighted:
    """Smooth weighted round robin: exact shares, and the turns of each as far apart as can be.

    With every call each provider is credited its weight, and the one with the most credit goes
    first and pays for all.
    """

    def __init__(self) -> None:
        self._credits: defaultdict[str, defaultdict[str, int]] = defaultdict(
            lambda: defaultdict(int)
        )

    def order(self, call: Call, model: str, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        """Return ``candidates``, those with the most credit first."""
        if len(candidates) < 2:
            return candidates
        credits = self._credits[model]
        paid = 0
        for candidate in candidates:
            settings = candidate.entry.settings
            credits[settings.id] += settings.weight
            paid += settings.weight
        ordered = sorted(candidates, key=lambda each: credits[each.entry.id], reverse=True)
        credits[ordered[0].entry.id] -= paid
        return ordered


@implementer(IBalancer)
class LeastPending:
    """Whoever has the fewest attempts under way; those who have equally many take turns.

    Failures count as attempts, until they are forgotten.
    """

    def __init__(self) -> None:
        self._turns: defaultdict[str, Iterator[int]] = defaultdict(count)

    def order(self, call: Call, model: str, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        """Return ``candidates``, those with the fewest attempts first."""
        if len(candidates) < 2:
            return candidates
        counts = [candidate.entry.load.attempts() for candidate in candidates]
        ordered = [
            candidates[index] for index in sorted(range(len(counts)), key=counts.__getitem__)
        ]
        tied = counts.count(min(counts))
        turn = next(self._turns[model]) % tied
        return [*ordered[turn:tied], *ordered[:turn], *ordered[tied:]]


@implementer(IBalancer)
class Priority:
    """Whoever has the lowest number; those who have the same one take turns."""

    def __init__(self) -> None:
        self._turns: defaultdict[str, Iterator[int]] = defaultdict(count)

    def order(self, call: Call, model: str, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        """Return ``candidates``, those with the lowest number first."""
        if len(candidates) < 2:
            return candidates
        turn = next(self._turns[model])
        ranks: dict[int, list[Candidate]] = {}
        for candidate in candidates:
            ranks.setdefault(candidate.entry.settings.priority, []).append(candidate)
        return [each for rank in sorted(ranks) for each in _rotated(ranks[rank], turn)]


def _rotated(candidates: Sequence[Candidate], turn: int) -> Sequence[Candidate]:
    turn %= len(candidates)
    return [*candidates[turn:], *candidates[:turn]]
