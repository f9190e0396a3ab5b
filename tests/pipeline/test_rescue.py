"""Nothing but honest errors gets out."""

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import InternalError, ModelNotFound
from inference_gateway.exchange import Call, Reply
from inference_gateway.pipeline.rescue import Rescue
from tests.pipeline.chats import chat


class RescueTests(SynchronousTestCase):
    """What comes out of the layer."""

    def rescue(self, error: Exception | None) -> "Deferred[Reply]":
        """Return what comes out when the inside raises ``error`` or answers."""

        async def inside(call: Call) -> Reply:
            if error is not None:
                raise error
            return Reply(status=200, body=b"fine")

        return Deferred.fromCoroutine(Rescue()(chat(), inside))

    def test_answer(self) -> None:
        """An answer passes."""
        self.assertEqual(self.successResultOf(self.rescue(None)).body, b"fine")

    def test_honest_error(self) -> None:
        """An error that is meant for the client passes as it is."""
        error = ModelNotFound("no such model")
        self.assertIs(self.failureResultOf(self.rescue(error)).value, error)

    def test_cancelled(self) -> None:
        """A cancellation passes, because it is no failure."""
        self.failureResultOf(self.rescue(CancelledError()), CancelledError)

    def test_bug(self) -> None:
        """A bug is logged with its traceback, and the client learns nothing of it."""
        error = self.failureResultOf(self.rescue(KeyError("secret")), InternalError).value
        self.assertNotIn("secret", str(error))
        self.assertIsNone(error.__cause__)
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)
