"""Histograms: what was observed, and how it is exposed."""

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.telemetry.histogram import HistogramFamily

BOUNDS = [0.1, 1.0, 10.0]


class HistogramTests(SynchronousTestCase):
    """One family in a registry."""

    def setUp(self) -> None:
        self.registry = CollectorRegistry()
        self.family = HistogramFamily("size", "Sizes.", ["kind"], BOUNDS, self.registry)

    def lines(self) -> list[str]:
        """Return the samples as they are exposed."""
        text = generate_latest(self.registry).decode()
        return [line for line in text.splitlines() if not line.startswith("#")]

    def test_nothing(self) -> None:
        """What was never asked for is not exposed."""
        self.assertEqual(self.lines(), [])

    def test_buckets(self) -> None:
        """A value counts in every bucket whose bound it does not exceed."""
        for value in (0.05, 0.1, 5.0, 50.0):
            self.family.labels("a").observe(value)
        self.assertEqual(
            self.lines(),
            [
                'size_bucket{kind="a",le="0.1"} 2.0',
                'size_bucket{kind="a",le="1.0"} 2.0',
                'size_bucket{kind="a",le="10.0"} 3.0',
                'size_bucket{kind="a",le="+Inf"} 4.0',
                'size_count{kind="a"} 4.0',
                'size_sum{kind="a"} 55.15',
            ],
        )

    def test_labels(self) -> None:
        """Each set of labels is a series of its own, and always the same one."""
        self.assertIs(self.family.labels("a"), self.family.labels("a"))
        self.assertIsNot(self.family.labels("a"), self.family.labels("b"))

    @given(values=st.lists(st.floats(0, 100), max_size=20))
    @settings(max_examples=30)
    def test_cumulative(self, values: list[float]) -> None:
        """Each bucket counts what is not above its bound; the last counts all."""
        series = HistogramFamily("s", "S.", [], BOUNDS, CollectorRegistry()).labels()
        for value in values:
            series.observe(value)
        buckets, total = series.cumulative()
        expected = [sum(value <= bound for value in values) for bound in [*BOUNDS, float("inf")]]
        self.assertEqual([count for _, count in buckets], expected)
        self.assertAlmostEqual(total, sum(values))
