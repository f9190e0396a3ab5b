"""How late the event loop is."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.telemetry.reactor_lag import INTERVAL, ReactorLag


class ReactorLagTests(SynchronousTestCase):
    """The measurement."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.lag = ReactorLag(self.clock)
        self.lag.start()

    def tearDown(self) -> None:
        self.lag.stop()
        self.lag.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_punctual(self) -> None:
        """A loop that is on time has no lag."""
        for _ in range(3):
            self.clock.advance(INTERVAL)
            self.assertEqual(self.lag.seconds, 0.0)

    def test_late(self) -> None:
        """A loop that was busy is late by that much, until it is on time again."""
        self.clock.advance(INTERVAL + 0.25)
        self.assertEqual(self.lag.seconds, 0.25)
        self.clock.advance(INTERVAL)
        self.assertEqual(self.lag.seconds, 0.0)
