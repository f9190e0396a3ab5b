"""A simulation: calls come evenly, are ordered by a strategy, and providers answer or fail."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from random import Random
from typing import Any

from twisted.internet.task import Clock

from inference_gateway.config.routing_settings import Strategy
from inference_gateway.exchange import Call
from inference_gateway.routing.balancer import balancer
from inference_gateway.routing.candidate import Candidate
from tests.routing.candidates import candidate, question

#: Seconds that a good answer takes, and a bad one.
GOOD = 0.2
BAD = 0.005


class Traffic:
    """Providers ``a``, ``b`` and ``c``, no breaker, and as many calls as one likes.

    ``settings`` are those of providers, by their ids; slow start takes 30 seconds.
    """

    def __init__(
        self, strategy: Strategy, settings: Mapping[str, Mapping[str, Any]] | None = None
    ) -> None:
        self.clock = Clock()
        draw = Random(5).random
        self._balancer = balancer(strategy, self.clock.seconds, draw)
        self.candidates = [
            candidate(id, self.clock, slow_start=30.0, **(settings or {}).get(id, {}))
            for id in ("a", "b", "c")
        ]
        #: Whoever fails.
        self.failing: set[str] = set()
        #: Seconds that answers take, where that is not as usual.
        self.latency: dict[str, float] = {}
        #: When each provider was asked, in order.
        self.asked: list[tuple[float, str]] = []
        self._texts = count()

    def run(self, calls: int, rate: float, make: Callable[[], Call] | None = None) -> None:
        """Let so many calls come, ``rate`` of them a second; each is made anew by ``make``."""
        for _ in range(calls):
            made = self._stranger() if make is None else make()
            self._try(self._balancer.order(made, "m", self.candidates))
            self.clock.advance(1 / rate)

    def counts(self, since: float = 0.0, until: float = float("inf")) -> Counter[str]:
        """Count how often each provider was asked in that time."""
        return Counter(id for when, id in self.asked if since <= when < until)

    def share(self, id: str, since: float = 0.0, until: float = float("inf")) -> float:
        """Return which part of the attempts in that time a provider had."""
        counts = self.counts(since, until)
        return counts[id] / counts.total()

    def _stranger(self) -> Call:
        return question(f"a question that nobody asked before: {next(self._texts)}")

    def _try(self, order: Sequence[Candidate]) -> None:
        entry = order[0].entry
        fails = entry.id in self.failing
        latency = BAD if fails else self.latency.get(entry.id, GOOD)
        self.asked.append((self.clock.seconds(), entry.id))
        entry.load.begin()

        def answer() -> None:
            if not fails:
                entry.load.succeed(latency)
                return
            entry.load.fail(latency)
            if order[1:]:
                self._try(order[1:])

        self.clock.callLater(latency, answer)
