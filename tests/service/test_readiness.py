"""Whether new calls are welcome."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.pipeline.admit import Gate
from inference_gateway.service.readiness import Readiness
from inference_gateway.telemetry.reactor_lag import INTERVAL, ReactorLag
from tests.routing.rosters import roster

READY = {"accepting": True, "providers": True, "reactor": True}


class ReadinessTests(SynchronousTestCase):
    """The checks."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.gate = Gate()
        self.lag = ReactorLag(self.clock)
        self.ready = Readiness(self.gate, roster(a=()), self.lag)

    def test_ready(self) -> None:
        """A gateway that serves is ready."""
        self.assertEqual(self.ready(), READY)

    def test_leaving(self) -> None:
        """One that will shut down, or does, is not."""
        self.gate.leaving = True
        self.assertEqual(self.ready(), {**READY, "accepting": False})
        self.gate.leaving, self.gate.draining = False, True
        self.assertEqual(self.ready(), {**READY, "accepting": False})

    def test_no_providers(self) -> None:
        """One without providers is not."""
        self.ready = Readiness(self.gate, roster(), self.lag)
        self.assertEqual(self.ready(), {**READY, "providers": False})

    def test_late(self) -> None:
        """One whose event loop is more than a second late is not, until it has caught up."""
        self.lag.start()
        self.clock.advance(INTERVAL + 1.0)
        self.assertEqual(self.ready(), READY)
        self.clock.advance(INTERVAL + 1.5)
        self.assertEqual(self.ready(), {**READY, "reactor": False})
        self.clock.advance(INTERVAL)
        self.assertEqual(self.ready(), READY)
        self.lag.stop()
