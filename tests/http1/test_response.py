"""The response as its receiver meets it: head, delivery, pauses, ends."""

from typing import cast

from twisted.internet.interfaces import IPushProducer
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import ResponseDone
from twisted.web.http_headers import Headers
from twisted.web.iweb import IResponse
from zope.interface.verify import verifyObject

from inference_gateway.http1.response import DONE, Response
from inference_gateway.http1.response_rules import Head
from tests.http1.fake_upstream import BodyReceiver


class Source:
    """A body's source that records what is asked of it."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def pause(self) -> None:
        self.calls.append("pause")

    def resume(self) -> None:
        self.calls.append("resume")

    def abort(self) -> None:
        self.calls.append("abort")


class Pausing(BodyReceiver):
    """Pauses its producer at chosen moments."""

    def __init__(self, *, at_start: bool = False, at_data: bool = False) -> None:
        super().__init__()
        self.at_start = at_start
        self.at_data = at_data

    def connectionMade(self) -> None:
        if self.at_start:
            cast(IPushProducer, self.transport).pauseProducing()

    def dataReceived(self, data: bytes) -> None:
        super().dataReceived(data)
        if self.at_data:
            cast(IPushProducer, self.transport).pauseProducing()


class ResponseTestCase(SynchronousTestCase):
    """Makes a response by hand."""

    def setUp(self) -> None:
        self.source = Source()
        self.response = Response(
            Head(minor=1, status=201, reason=b"Created", wire=b""),
            [(b"set-cookie", b"a=1"), (b"x", b"1"), (b"set-cookie", b"b=2")],
            length=10,
            source=self.source,
            unread=4,
        )


class HeadTests(ResponseTestCase):
    """What the head says."""

    def test_interfaces(self) -> None:
        """It is an IResponse, and a producer for the receiver of its body."""
        self.assertTrue(verifyObject(IResponse, self.response))
        self.assertTrue(verifyObject(IPushProducer, self.response))

    def test_status_line(self) -> None:
        """The status line is there in Twisted's terms."""
        self.assertEqual(
            (self.response.version, self.response.code, self.response.phrase),
            ((b"HTTP", 1, 1), 201, b"Created"),
        )

    def test_headers(self) -> None:
        """Headers are Twisted's, built once, with every value."""
        self.assertEqual(
            self.response.headers, Headers({b"set-cookie": [b"a=1", b"b=2"], b"x": [b"1"]})
        )
        self.assertIs(self.response.headers, self.response.headers)

    def test_header(self) -> None:
        """One field is found without them."""
        self.assertEqual(self.response.header(b"set-cookie"), b"a=1")
        self.assertIsNone(self.response.header(b"y"))

    def test_previous(self) -> None:
        """A redirect's answer can be remembered."""
        self.response.setPreviousResponse(self.response)
        self.assertIs(self.response.previousResponse, self.response)


class TakeWholeTests(ResponseTestCase):
    """A body that came in one piece."""

    def test_complete(self) -> None:
        """It can be taken as it is, and nothing is left to deliver."""
        self.response.received(b"ab", None)
        self.response.received(b"c", DONE)
        self.assertEqual(self.response.take_whole(), b"abc")

    def test_incomplete(self) -> None:
        """While some of it is missing, or if it broke, there is nothing to take."""
        self.response.received(b"ab", None)
        self.assertIsNone(self.response.take_whole())
        self.response.received(b"", Failure(ValueError()))
        self.assertIsNone(self.response.take_whole())

    def test_delivered(self) -> None:
        """A body that has a receiver belongs to it."""
        self.response.deliverBody(Pausing(at_start=True))
        self.response.received(b"ab", DONE)
        self.assertIsNone(self.response.take_whole())


class DeliveryTests(ResponseTestCase):
    """How the body reaches its receiver."""

    def test_before_delivery(self) -> None:
        """What came before anybody asked is delivered in one piece, with the end."""
        self.response.received(b"ab", None)
        self.response.received(b"cd", DONE)
        receiver = BodyReceiver()
        self.response.deliverBody(receiver)
        self.assertEqual((receiver.pieces, receiver.ends), ([b"abcd"], [ResponseDone]))

    def test_bounded_before_delivery(self) -> None:
        """More than a little unread data stops the socket; delivery starts it again."""
        self.response.received(b"abcd", None)
        self.assertEqual(self.source.calls, [])
        self.response.received(b"e", None)
        self.assertEqual(self.source.calls, ["pause"])
        self.response.deliverBody(BodyReceiver())
        self.assertEqual(self.source.calls, ["pause", "resume"])

    def test_no_pause_after_end(self) -> None:
        """A connection that the body has left is not touched any more."""
        self.response.received(b"abcdefghij", DONE)
        self.response.deliverBody(Pausing(at_start=True))
        self.response.resumeProducing()
        self.assertEqual(self.source.calls, [])

    def test_as_it_comes(self) -> None:
        """Later pieces are passed on one by one; no news is no piece."""
        receiver = BodyReceiver()
        self.response.deliverBody(receiver)
        self.response.received(b"ab", None)
        self.response.received(b"", None)
        self.response.received(b"cd", None)
        self.assertEqual((receiver.pieces, receiver.ends), ([b"ab", b"cd"], []))

    def test_once(self) -> None:
        """A body has one receiver."""
        self.response.deliverBody(BodyReceiver())
        self.assertRaises(RuntimeError, self.response.deliverBody, BodyReceiver())

    def test_failure(self) -> None:
        """The reason for a bad end reaches the receiver."""
        receiver = BodyReceiver()
        self.response.deliverBody(receiver)
        self.response.received(b"", Failure(ValueError()))
        self.assertEqual(receiver.ends, [ValueError])


class PauseTests(ResponseTestCase):
    """A receiver that pauses."""

    def test_pause_and_resume(self) -> None:
        """Pausing stops the socket, resuming starts it."""
        self.response.deliverBody(BodyReceiver())
        self.response.pauseProducing()
        self.response.resumeProducing()
        self.assertEqual(self.source.calls, ["resume", "pause", "resume"])

    def test_pause_at_start(self) -> None:
        """A pause in connectionMade holds: no data, no resume of the socket."""
        self.response.received(b"ab", None)
        receiver = Pausing(at_start=True)
        self.response.deliverBody(receiver)
        self.assertEqual((receiver.pieces, self.source.calls), ([], ["pause"]))

    def test_pause_during_first_delivery(self) -> None:
        """A pause in the first dataReceived holds."""
        self.response.received(b"ab", None)
        self.response.deliverBody(Pausing(at_data=True))
        self.assertEqual(self.source.calls, ["pause"])

    def test_nothing_while_paused(self) -> None:
        """Neither data nor the end passes before the receiver resumes."""
        receiver = Pausing(at_start=True)
        self.response.deliverBody(receiver)
        self.response.received(b"ab", None)
        self.response.received(b"cd", DONE)
        self.assertEqual((receiver.pieces, receiver.ends), ([], []))
        self.response.resumeProducing()
        self.assertEqual((receiver.pieces, receiver.ends), ([b"abcd"], [ResponseDone]))

    def test_pause_again_on_resume(self) -> None:
        """Whoever pauses again on the first piece after a resume is obeyed."""
        receiver = Pausing(at_data=True)
        self.response.deliverBody(receiver)
        self.response.received(b"ab", None)
        self.response.received(b"cd", None)
        self.source.calls.clear()
        self.response.resumeProducing()
        self.assertEqual((receiver.pieces, self.source.calls), ([b"ab", b"cd"], ["pause"]))

    def test_resume_within_delivery(self) -> None:
        """A resume from within dataReceived neither nests nor reorders."""

        class Nervous(BodyReceiver):
            def dataReceived(self, data: bytes) -> None:
                cast(IPushProducer, self.transport).pauseProducing()
                cast(IPushProducer, self.transport).resumeProducing()
                super().dataReceived(data)

        receiver = Nervous()
        self.response.deliverBody(receiver)
        self.response.received(b"ab", DONE)
        self.assertEqual((receiver.pieces, receiver.ends), ([b"ab"], [ResponseDone]))


class AbortTests(ResponseTestCase):
    """A receiver that has had enough, or none at all."""

    def test_all_close_at_once(self) -> None:
        """Every way that Twisted knows to end a body aborts the connection."""
        self.response.stopProducing()
        self.response.loseConnection()
        self.response.abortConnection()
        self.response.abort()
        self.assertEqual(self.source.calls, ["abort"] * 4)

    def test_end_passes_a_pause(self) -> None:
        """A paused receiver that aborts hears of the end, and of nothing else."""
        receiver = Pausing(at_start=True)
        self.response.deliverBody(receiver)
        self.response.received(b"ab", None)
        self.response.abort()
        self.response.received(b"", Failure(ValueError()))
        self.assertEqual((receiver.pieces, receiver.ends), ([], [ValueError]))

    def test_after_completion(self) -> None:
        """Aborting a complete body drops the rest of it and leaves its old connection alone."""
        receiver = Pausing(at_start=True)
        self.response.deliverBody(receiver)
        self.response.received(b"ab", DONE)
        self.response.abort()
        self.assertEqual(
            (receiver.pieces, receiver.ends, self.source.calls), ([], [ResponseDone], ["pause"])
        )
        self.response.abort()
        self.assertEqual(receiver.ends, [ResponseDone])
