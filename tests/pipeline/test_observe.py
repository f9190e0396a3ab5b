"""Every call is recorded, once, when it is over."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.pipeline.observe import CallObserver
from inference_gateway.telemetry.accesslog import AccessLog
from inference_gateway.telemetry.metrics import Metrics
from tests.telemetry.calls import COMPLETE, served
from tests.telemetry.files import MemoryLog


class CallObserverTests(SynchronousTestCase):
    """From a call's birth to its line."""

    def test_recorded(self) -> None:
        """A call is in flight until it ends; then there is one line and one count."""
        clock = Clock()
        clock.advance(11.0)
        log = MemoryLog(Clock(), self.addCleanup)
        metrics = Metrics()
        observer = CallObserver(metrics, AccessLog(log.lines, wall=clock.seconds), clock)
        call = served()
        observer.begin(call)
        self.assertIn(b"inflight_requests 1.0", metrics.expose())
        self.assertEqual(log.text, "")
        observer.end(call, COMPLETE)
        self.assertIn(b"inflight_requests 0.0", metrics.expose())
        (record,) = log.records
        self.assertEqual((record["duration_ms"], record["overhead_ms"]), (1000.0, 400.0))
