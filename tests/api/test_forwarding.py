"""What of a client's head goes on, and a request that has come full circle."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.api.forwarding import Forwarding
from inference_gateway.errors import InternalError


class ForwardingTests(SynchronousTestCase):
    """One head at a time."""

    def fields(self, **sent: bytes) -> set[tuple[bytes, bytes]]:
        """Return what goes on of a head; underscores stand for hyphens."""
        head = {name.replace("_", "-").encode(): [value] for name, value in sent.items()}
        return set(Forwarding(b"hop-1").fields(lambda name: head.get(name, [])))

    def test_listed(self) -> None:
        """What is listed goes on as it came, all else stays."""
        found = self.fields(
            openai_beta=b"x", idempotency_key=b"k", authorization=b"Bearer s", cookie=b"c"
        )
        self.assertEqual(found, {(b"openai-beta", b"x"), (b"idempotency-key", b"k")})

    def test_named_by_connection(self) -> None:
        """What the client means for this connection alone stays, too."""
        found = self.fields(
            connection=b"OpenAI-Beta, close", openai_beta=b"x", idempotency_key=b"k"
        )
        self.assertEqual(found, {(b"idempotency-key", b"k")})

    def test_other_hops(self) -> None:
        """Other gateways on the way stay named."""
        self.assertEqual(self.fields(via=b"1.1 a, 1.0 b"), {(b"via", b"1.1 a, 1.0 b")})

    def test_loop(self) -> None:
        """A request that was here before ends here."""
        error = self.assertRaises(InternalError, self.fields, via=b"1.1 a, 1.1 hop-1")
        self.assertEqual((error.status, error.code), (500, "configuration_error"))
