"""Counters for the hot path: one event loop needs no locks, so counting is one addition.

The library's own counter takes a lock and three calls for it, once per request; it still exposes
the result.
"""

from collections.abc import Iterator, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector


class Tally:
    """One counter; whoever has it adds to ``count``."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class TallyFamily(Collector):
    """Counters of one name, told apart by labels."""

    def __init__(
        self, name: str, meaning: str, labels: Sequence[str], registry: CollectorRegistry
    ) -> None:
        self._name = name
        self._meaning = meaning
        self._labels = labels
        self._tallies: dict[tuple[str, ...], Tally] = {}
        registry.register(self)

    def labels(self, *values: str) -> Tally:
        """Return the counter of these label values, made on first use."""
        tally = self._tallies.get(values)
        if tally is None:
            tally = self._tallies[values] = Tally()
        return tally

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Yield the family as the library exposes it."""
        family = CounterMetricFamily(self._name, self._meaning, labels=self._labels)
        for values, tally in self._tallies.items():
            family.add_metric(values, tally.count)
        yield family
