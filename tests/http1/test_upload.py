"""Bodies of requests: gathered, framed, and broken; the way over a socket is in `test_agent`."""

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IConsumer
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from inference_gateway.http1.origin import UnsendableRequest
from inference_gateway.http1.upload import Upload
from tests.http1.body_producer import Body

HELD = 64 * 1024


class UploadTests(SynchronousTestCase):
    """One producer, one upload."""

    def setUp(self) -> None:
        self.failures: list[Failure] = []
        self.transport = StringTransport()

    def later(self, *pieces: bytes, **more: int) -> Body:
        """Return a body whose producer is not done yet."""
        body = Body(*pieces, **more)
        body.done = Deferred()
        return body

    def test_interface(self) -> None:
        """It is what producers write to."""
        upload = Upload(Body())
        self.assertTrue(verifyObject(IConsumer, upload))
        self.assertRaises(NotImplementedError, upload.registerProducer, Body(), True)
        self.assertRaises(NotImplementedError, upload.unregisterProducer)

    def test_whole(self) -> None:
        """A short body is whole before a connection is needed."""
        body = self.later(b"ab", length=3)
        upload = Upload(body)
        gathering = upload.gather()
        self.assertNoResult(gathering)
        upload.write(b"c")
        body.done.callback(None)
        self.successResultOf(gathering)
        self.assertEqual((upload.finished, upload.collected()), (True, b"abc"))

    def test_chunked(self) -> None:
        """A body of unknown length is framed in chunks and closed by the last one."""
        upload = Upload(Body(b"ab", b"", b"c"))
        self.successResultOf(upload.gather())
        self.assertEqual(upload.collected(), b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")
        self.assertIsNone(upload.length)

    def test_too_long_to_hold(self) -> None:
        """A long body stops its producer until there is a connection."""
        body = self.later(b"x" * (HELD + 1), length=HELD + 2)
        upload = Upload(body)
        self.successResultOf(upload.gather())
        self.assertEqual((upload.finished, body.calls), (False, ["pause"]))
        upload.send_to(self.transport, self.failures.append)
        self.assertEqual((self.transport.producer, body.calls), (body, ["pause", "resume"]))
        upload.write(b"y")
        body.done.callback(None)
        self.assertEqual(len(self.transport.value()), HELD + 2)
        self.assertIsNone(self.transport.producer)
        self.assertEqual((upload.finished, self.failures), (True, []))

    def test_finishes_before_the_connection(self) -> None:
        """A producer that does not pause may be done when the connection comes."""
        body = self.later(b"x" * (HELD + 1))
        upload = Upload(body)
        self.successResultOf(upload.gather())
        body.done.callback(None)
        upload.send_to(self.transport, self.failures.append)
        self.assertTrue(self.transport.value().endswith(b"x\r\n0\r\n\r\n"))
        self.assertIsNone(self.transport.producer)

    def test_fails_before_the_connection(self) -> None:
        """What breaks while nobody listens is told when somebody does."""
        body = self.later(b"x" * (HELD + 1))
        upload = Upload(body)
        self.successResultOf(upload.gather())
        body.done.errback(OSError())
        upload.send_to(self.transport, self.failures.append)
        self.assertEqual([failure.type for failure in self.failures], [UnsendableRequest])

    def test_too_short(self) -> None:
        """Less than announced is a failure."""
        self.failureResultOf(Upload(Body(b"ab", length=3)).gather(), UnsendableRequest)

    def test_too_long(self) -> None:
        """More than announced is a failure, at once, and the rest is not taken."""
        body = self.later(b"ab", b"cd", b"ef", length=3)
        self.failureResultOf(Upload(body).gather(), UnsendableRequest)
        self.assertEqual(body.calls, ["stop"])
        body.done.callback(None)

    def test_producer_raises(self) -> None:
        """A producer that cannot start is a failure that keeps its cause."""

        class Broken(Body):
            def startProducing(self, consumer: IConsumer) -> Deferred[None]:
                raise OSError()

        error = self.failureResultOf(Upload(Broken()).gather(), UnsendableRequest).value
        self.assertIsInstance(error.__cause__, OSError)

    def test_stop(self) -> None:
        """Stopping stops the producer, once; what it still says is ignored."""
        body = self.later(b"a")
        upload = Upload(body)
        gathering = upload.gather()
        upload.stop()
        upload.stop()
        upload.write(b"b")
        body.done.errback(OSError())
        self.assertNoResult(gathering)
        self.assertEqual((body.calls, upload.collected()), (["stop"], b"1\r\na\r\n"))
