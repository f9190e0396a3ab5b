"""The body of a provider's answer: bytes, pauses and ends."""

from twisted.internet.interfaces import IProtocol
from zope.interface.verify import verifyObject

from inference_gateway.provider_errors import ProviderInvalidAnswer, ProviderUnavailable
from inference_gateway.upstream.body import ResponseBody
from tests.upstream.asking import ProviderTestCase

CHUNKED = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)


class BodyTests(ProviderTestCase):
    """One body, read to whatever end it has."""

    def begin(self, *pieces: bytes) -> ResponseBody:
        """Start a body whose upstream has sent ``pieces`` behind the head."""
        reply = self.successResultOf(self.answered(CHUNKED + b"".join(pieces), stream=True))
        self.read(reply)
        assert isinstance(reply.body, ResponseBody)
        return reply.body

    def test_complete(self) -> None:
        """Payload arrives without framing, and the end is good; the connection stays."""
        self.begin(b"2\r\nhi\r\n")
        self.socket.answer(b"3\r\nyou\r\n0\r\n\r\n")
        self.assertEqual((self.sink.deliveries, self.sink.results), ([b"hi", b"you"], [None]))
        self.network.turn()
        self.assertFalse(self.socket.lost)

    def test_broken(self) -> None:
        """A connection that breaks is the provider's failure."""
        self.begin()
        self.socket.reset()
        (error,) = self.sink.results
        self.assertIsInstance(error, ProviderUnavailable)

    def test_malformed(self) -> None:
        """Framing that is no framing makes the answer invalid."""
        self.begin()
        self.socket.answer(b"zz\r\n")
        (error,) = self.sink.results
        self.assertIsInstance(error, ProviderInvalidAnswer)

    def test_until_close(self) -> None:
        """Where only the connection's end marks the body's, its reader judges."""
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\nhi"
        self.read(self.successResultOf(self.answered(head, stream=True)))
        self.socket.end()
        self.assertEqual((self.sink.data, self.sink.results), (b"hi", [None]))

    def test_pause(self) -> None:
        """Pausing stops the socket, resuming starts it."""
        body = self.begin()
        body.pause()
        self.assertEqual(self.socket.producerState, "paused")
        body.resume()
        self.assertEqual(self.socket.producerState, "producing")

    def test_abort(self) -> None:
        """Leaving closes the connection, and nothing more is heard."""
        body = self.begin()
        body.abort()
        body.abort()
        self.network.turn()
        self.assertTrue(self.socket.lost)
        self.assertEqual(self.sink.results, [])

    def test_abort_held_back(self) -> None:
        """What was held back while paused is not delivered after leaving."""
        body = self.begin()
        body.pause()
        self.socket.answer(b"2\r\nhi\r\n0\r\n\r\n")
        body.abort()
        self.assertEqual((self.sink.deliveries, self.sink.results), ([], []))

    def test_interface(self) -> None:
        """A response can deliver to it."""
        self.assertTrue(verifyObject(IProtocol, self.begin()))
