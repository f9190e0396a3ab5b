"""Counters without locks."""

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.telemetry.tally import TallyFamily


class TallyTests(SynchronousTestCase):
    """A family of counters, one for each set of label values."""

    def setUp(self) -> None:
        self.registry = CollectorRegistry()
        self.family = TallyFamily("eggs", "Eggs laid.", ("hen", "day"), self.registry)

    def test_exposed(self) -> None:
        """Each counter is exposed with its labels, as a counter of its name with _total."""
        self.family.labels("berta", "monday").count += 2
        self.family.labels("anna", "monday").count += 1
        self.assertEqual(
            generate_latest(self.registry).decode().splitlines(),
            [
                "# HELP eggs_total Eggs laid.",
                "# TYPE eggs_total counter",
                'eggs_total{day="monday",hen="berta"} 2.0',
                'eggs_total{day="monday",hen="anna"} 1.0',
            ],
        )

    def test_same(self) -> None:
        """The same label values mean the same counter."""
        self.assertIs(self.family.labels("a", "b"), self.family.labels("a", "b"))
        self.assertIsNot(self.family.labels("a", "b"), self.family.labels("b", "a"))
