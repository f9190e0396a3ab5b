"""Whether a call may start."""

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import Draining
from inference_gateway.exchange import Call, Reply
from inference_gateway.pipeline.admit import Admit, Gate
from tests.pipeline.chats import chat


class AdmitTests(SynchronousTestCase):
    """The gate."""

    def setUp(self) -> None:
        self.gate = Gate()
        self.admitted: list[Call] = []

    def ask(self) -> "Deferred[Reply]":
        """Send a call through the gate."""

        async def inside(call: Call) -> Reply:
            self.admitted.append(call)
            return Reply(status=200, body=b"fine")

        return Deferred.fromCoroutine(Admit(self.gate)(chat(), inside))

    def test_open(self) -> None:
        """While the gateway serves, calls pass."""
        self.assertEqual(self.successResultOf(self.ask()).body, b"fine")

    def test_leaving(self) -> None:
        """While load balancers are still to notice that it will shut down, calls pass."""
        self.gate.leaving = True
        self.assertEqual(self.successResultOf(self.ask()).body, b"fine")

    def test_draining(self) -> None:
        """While it shuts down, calls are refused before anything is done for them."""
        self.gate.draining = True
        error = self.failureResultOf(self.ask(), Draining).value
        self.assertEqual((error.status, error.code), (503, "draining"))
        self.assertIsNotNone(error.retry_after)
        self.assertEqual(self.admitted, [])
