"""When a second provider is asked, and how often."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.routing_settings import HedgeSettings
from inference_gateway.resilience.hedging import HedgeGauge


class DelayTests(SynchronousTestCase):
    """How long the first one is waited for."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.gauge = HedgeGauge(HedgeSettings(), self.clock.seconds)

    def observe(self, *latencies: float) -> None:
        """Let answers begin after so many seconds each."""
        for latency in latencies:
            self.gauge.observe(latency)

    def test_configured(self) -> None:
        """The operator's word counts, whatever was observed."""
        self.gauge = HedgeGauge(HedgeSettings(after=1.5), self.clock.seconds)
        self.observe(*[0.1] * 100)
        self.assertEqual(self.gauge.delay(), 1.5)

    def test_too_little_known(self) -> None:
        """Of fewer than twenty answers nothing is concluded."""
        self.observe(*[1.0] * 19)
        self.assertIsNone(self.gauge.delay())
        self.observe(1.0)
        self.assertEqual(self.gauge.delay(), 1.0)

    def test_slowest_twentieth(self) -> None:
        """It is as long as 95 of a hundred answers took at most."""
        self.observe(*[number / 100 for number in range(100, 0, -1)])
        self.assertEqual(self.gauge.delay(), 0.95)

    def test_taken_anew_now_and_then(self) -> None:
        """Single answers do not change it, twenty do."""
        self.observe(*[1.0] * 20)
        self.assertEqual(self.gauge.delay(), 1.0)
        self.observe(*[9.0] * 19)
        self.assertEqual(self.gauge.delay(), 1.0)
        self.observe(9.0)
        self.assertEqual(self.gauge.delay(), 9.0)

    def test_window(self) -> None:
        """Of long ago nothing is left after two hundred answers."""
        self.observe(*[9.0] * 500, *[1.0] * 199)
        self.assertEqual(self.gauge.delay(), 1.0)
        self.gauge = HedgeGauge(HedgeSettings(), self.clock.seconds)
        self.observe(*[9.0] * 11, *[1.0] * 189)
        self.assertEqual(self.gauge.delay(), 9.0)
        self.observe(*[1.0] * 20)
        self.assertEqual(self.gauge.delay(), 1.0)


class ShareTests(SynchronousTestCase):
    """How many second questions there may be."""

    def hedges(self, percent: int, calls: int, *, every: float) -> int:
        """Return how many calls of a number, all of them slow, get a second question."""
        clock = Clock()
        gauge = HedgeGauge(HedgeSettings(after=1.0, percent=percent), clock.seconds)
        allowed = 0
        for _ in range(calls):
            gauge.begin_call()
            allowed += gauge.allow()
            clock.advance(every)
        return allowed

    def test_burst(self) -> None:
        """Of a thousand slow calls fifty are asked about twice."""
        self.assertEqual(self.hedges(5, 1000, every=0.0), 50)

    def test_long_time(self) -> None:
        """The share is kept over any time."""
        hedges = self.hedges(5, 10_000, every=1.0)
        self.assertLessEqual(hedges, 500)
        self.assertGreaterEqual(hedges, 400)

    def test_few_calls(self) -> None:
        """A few calls have none: one of them would be more than the share."""
        self.assertEqual(self.hedges(5, 19, every=0.0), 0)

    def test_none(self) -> None:
        """Without a share there is none."""
        self.assertEqual(self.hedges(0, 1000, every=0.0), 0)


class Measured(RuleBasedStateMachine):
    """Answers of any latency, and all of them kept."""

    @initialize()
    def begin(self) -> None:
        """Nothing has been answered yet."""
        self.gauge = HedgeGauge(HedgeSettings(), Clock().seconds)
        self.latencies: list[float] = []
        self.fresh = 0
        self.delay: float | None = None

    @rule(latencies=st.lists(st.floats(min_value=0.0, max_value=60.0), max_size=60))
    def observe(self, latencies: list[float]) -> None:
        """Answers begin."""
        for latency in latencies:
            self.gauge.observe(latency)
        self.latencies += latencies
        self.fresh += len(latencies)

    @rule()
    def ask(self) -> None:
        """The delay exceeds 95 percent of what is remembered, and no less would."""
        delay = self.gauge.delay()
        if self.fresh < 20:
            assert delay == self.delay
            return
        last = self.latencies[-200:]
        assert delay is not None
        assert len([latency for latency in last if latency <= delay]) >= 0.95 * len(last)
        assert len([latency for latency in last if latency < delay]) < 0.95 * len(last)
        self.fresh = 0
        self.delay = delay


class ModelTests(SynchronousTestCase):
    """The gauge and its definition."""

    def test_model(self) -> None:
        """The delay is the 95th percentile of the last answers, taken after every twenty."""
        run_state_machine_as_test(
            Measured, settings=settings(max_examples=30, stateful_step_count=20)
        )
