"""Answering a request."""

from httptools import HttpResponseParser
from klein import Klein
from klein._app import KleinRequest
from klein.interfaces import IKleinRequest
from klein.resource import KleinResource
from twisted.internet.error import ConnectionDone
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.iweb import IRequest
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from zope.interface.verify import verifyObject

from inference_gateway.errors import InternalError
from inference_gateway.http1.request import Request
from tests.http1.server import GET, Answer, Connection, answers, left, post
from tests.http1.test_stall import Producer


class RequestTestCase(SynchronousTestCase):
    """A connection whose application leaves the answer to the test."""

    def setUp(self) -> None:
        self.connection = Connection()
        self.connection.app.hold = True
        self.request = self.receive(GET)

    def receive(self, wire: bytes) -> Request:
        self.connection.send(wire)
        return self.connection.app.dispatched[-1]

    def reconnect(self, wire: bytes) -> Request:
        self.connection = Connection()
        self.connection.app.hold = True
        return self.receive(wire)

    @property
    def writes(self) -> list[bytes]:
        return self.connection.transport.writes


class FramingTests(RequestTestCase):
    """Each answer is framed as its head and the client's version allow."""

    def test_whole(self) -> None:
        """A whole answer has a length and leaves in one write."""
        self.request.setHeader(b"X-A", b"b")
        self.request.finish_with(b"hello")
        self.assertEqual(
            self.writes, [b"HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello"]
        )
        self.assertEqual(self.request.bytes_out, len(self.connection.sent))

    def test_at_once(self) -> None:
        """A whole answer is told in one call, which forgets headers that were set before."""
        self.request.setHeader(b"X-A", b"b")
        self.request.responseHeaders.addRawHeader(b"X-B", b"c")
        self.request.answer(404, {b"x-c": b"X-C: d\r\n"}, b"hello")
        self.assertEqual(
            self.writes, [b"HTTP/1.1 404 Not Found\r\nX-C: d\r\nContent-Length: 5\r\n\r\nhello"]
        )
        self.assertTrue(self.request.finished)

    def test_declared(self) -> None:
        """With a declared length, head and body leave in one write and the end needs none."""
        self.request.setHeader("content-length", "5")
        self.request.write(b"hello")
        self.request.finish()
        self.assertEqual(self.writes, [b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"])

    def test_chunked(self) -> None:
        """Without a length, HTTP/1.1 gets chunks."""
        self.request.write(b"hello")
        self.request.write(b"")
        self.request.write(b" there")
        self.request.finish()
        self.assertEqual(
            self.writes,
            [
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
                b"6\r\n there\r\n",
                b"0\r\n\r\n",
            ],
        )

    def test_last_chunk(self) -> None:
        """The last piece and the end leave in one write."""
        self.request.write(b"hello")
        self.request.finish_with(b"!")
        self.assertEqual(self.writes[1:], [b"1\r\n!\r\n0\r\n\r\n"])

    def test_nothing_more(self) -> None:
        """Finishing with nothing is finishing."""
        self.request.setHeader(b"Content-Length", b"1")
        self.request.write(b"x")
        self.request.finish_with(b"")
        self.assertEqual(len(self.writes), 1)
        self.assertTrue(self.request.finished)

    def test_until_close(self) -> None:
        """Without a length, HTTP/1.0 gets the bare bytes and the connection's end."""
        request = self.reconnect(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        request.write(b"hello")
        request.finish()
        self.assertEqual(self.connection.sent, b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello")
        self.assertTrue(self.connection.ended)

    def test_empty(self) -> None:
        """An answer without a body says so."""
        self.request.write(b"")
        self.request.finish()
        self.assertEqual(self.connection.sent, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    def test_bodiless(self) -> None:
        """Some statuses have no body, whatever is written."""
        for code, head in ((204, b""), (304, b"Content-Length: 9\r\n")):
            request = self.receive(GET) if self.request.finished else self.request
            self.request = request
            self.connection.transport.clear()
            request.setResponseCode(code)
            request.setHeader(b"Content-Length", b"9")
            request.write(b"something")
            request.finish()
            self.assertEqual(self.connection.sent.partition(b"\r\n")[2], head + b"\r\n")
        self.assertFalse(self.connection.ended)

    def test_head_method(self) -> None:
        """HEAD gets the head alone, with the length of what is left out."""
        request = self.reconnect(GET.replace(b"GET", b"HEAD"))
        request.finish_with(b"hello")
        request = self.receive(GET.replace(b"GET", b"HEAD"))
        request.setHeader(b"Content-Length", b"5")
        request.finish()
        self.assertEqual(
            self.connection.sent,
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" * 2,
        )

    def test_head_method_streamed(self) -> None:
        """A body written piece by piece is left out for HEAD too."""
        request = self.reconnect(GET.replace(b"GET", b"HEAD"))
        request.write(b"hello")
        request.write(b"there")
        request.finish()
        self.assertEqual(self.writes, [b"HTTP/1.1 200 OK\r\n\r\n"])

    def test_head_first(self) -> None:
        """The head may leave before the body, once."""
        self.request.write_head()
        self.request.write_head()
        self.assertEqual(self.writes, [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"])
        self.request.finish_with(b"x")
        self.assertEqual(self.writes[1:], [b"1\r\nx\r\n0\r\n\r\n"])

    def test_too_long(self) -> None:
        """What goes beyond the declared length is cut, and the connection is not reused."""
        self.request.setHeader(b"Content-Length", b"3")
        self.request.write(b"hello")
        self.request.finish()
        self.assertTrue(self.connection.sent.endswith(b"\r\n\r\nhel"))
        self.assertTrue(self.connection.ended)

    def test_too_short(self) -> None:
        """An answer shorter than it declared is no whole answer: the connection is cut."""
        self.request.setHeader(b"Content-Length", b"9")
        self.request.write(b"hello")
        self.request.finish()
        self.assertTrue(self.connection.transport.disconnected)

    def test_abort(self) -> None:
        """An aborted answer has no clean end."""
        self.request.write(b"hello")
        self.request.abort()
        self.assertTrue(self.connection.transport.disconnected)
        self.assertNotIn(b"0\r\n\r\n", self.connection.sent)

    def test_break_off(self) -> None:
        """A broken-off answer is sent as far as it goes, without an end but the connection's."""
        finished = self.request.notifyFinish()
        self.request.write(b"hello")
        self.request.break_off()
        self.request.break_off()
        self.assertTrue(self.connection.sent.endswith(b"5\r\nhello\r\n"))
        self.assertTrue(self.connection.transport.disconnecting)
        self.assertFalse(self.connection.transport.disconnected)
        self.assertIsNone(self.successResultOf(finished))

    def test_once(self) -> None:
        """Behind the end nothing is written."""
        self.request.finish_with(b"hello")
        sent = self.connection.sent
        self.request.write(b"x")
        self.request.write_head()
        self.request.finish_with(b"x")
        self.request.finish()
        self.request.abort()
        self.assertEqual(self.connection.sent, sent)
        self.assertFalse(self.connection.ended)


class LeavingTests(RequestTestCase):
    """The client's pace and its leaving reach whoever answers."""

    def test_finished(self) -> None:
        """Everybody who asked is told of the end."""
        notifications = [self.request.notifyFinish() for _ in range(2)]
        self.request.finish()
        for notification in notifications:
            self.assertIsNone(self.successResultOf(notification))

    def test_gone(self) -> None:
        """When the client leaves, the producer is stopped once, then everybody is told."""
        producer = Producer()
        self.request.registerProducer(producer, True)
        finished = self.request.notifyFinish()
        finished.addErrback(lambda failure: (failure.type, list(producer.turns)))
        self.connection.channel.connectionLost(left())
        self.assertEqual(self.successResultOf(finished), (ConnectionDone, ["stop"]))
        self.request.lost(left())
        self.request.unregisterProducer()
        self.assertEqual(producer.turns, ["stop"])

    def test_producer(self) -> None:
        """The transport's buffer paces the producer, until it is let go or the answer ends."""
        producer = Producer()
        for let_go in (self.request.unregisterProducer, self.request.finish):
            self.request.registerProducer(producer, True)
            registered = self.connection.transport.producer
            assert registered is not None
            registered.pauseProducing()
            registered.resumeProducing()
            let_go()
            self.assertIsNone(self.connection.transport.producer)
        self.assertEqual(producer.turns, ["pause", "resume"] * 2)
        self.connection.lose()
        self.assertEqual(self.connection.clock.getDelayedCalls(), [])

    def test_producer_behind_the_end(self) -> None:
        """A producer that comes too late is stopped at once."""
        producer = Producer()
        self.request.finish()
        self.request.registerProducer(producer, True)
        self.assertEqual(producer.turns, ["stop"])

    def test_pull_producer(self) -> None:
        """Pull producers are refused."""
        self.assertRaises(ValueError, self.request.registerProducer, Producer(), False)


class Returning(Resource):
    isLeaf = True

    def __init__(self, result: object) -> None:
        super().__init__()
        self.result = result

    def render(self, request: object) -> object:
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


class RenderTests(RequestTestCase):
    """Twisted's resources can answer, Klein's among them."""

    def test_bytes(self) -> None:
        """A resource may return the whole body."""
        self.request.render(Returning(b"hello"))
        self.assertEqual(answers(self.connection.sent)[0].body, b"hello")

    def test_later(self) -> None:
        """A resource may answer later."""
        self.request.render(Returning(NOT_DONE_YET))
        self.assertEqual(self.connection.sent, b"")

    def test_bug(self) -> None:
        """A bug in a resource is logged, and the application answers it."""
        self.request.render(Returning(ZeroDivisionError()))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        [(request, error)] = self.connection.app.refused
        self.assertIs(request, self.request)
        self.assertIsInstance(error, InternalError)
        self.assertFalse(self.connection.ended)

    def test_bug_behind_head(self) -> None:
        """A bug behind the head cuts the connection."""
        self.request.write(b"x")
        self.request.render(Returning(ZeroDivisionError()))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertTrue(self.connection.transport.disconnected)

    def test_bug_behind_client(self) -> None:
        """A bug behind the client's back is only logged."""
        self.connection.channel.connectionLost(left())
        self.request.render(Returning(ZeroDivisionError()))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(self.connection.app.refused, [])

    def test_interface(self) -> None:
        """Whoever expects Twisted's request gets one."""
        self.assertTrue(verifyObject(IRequest, self.request))

    def test_klein(self) -> None:
        """Klein routes, reads and answers, and its own part of the request stays with it."""
        app: Klein = Klein()

        @app.route("/v1/models/<path:name>", methods=["POST"])
        def model(request: Request, name: str) -> bytes:
            url = IKleinRequest(request).url_for("model", {"name": "x/y"})
            return b"|".join((name.encode(), request.content.read(), url.encode()))

        resource = KleinResource(app)
        for path, status, body in (
            (b"/v1/models/a%2Fb/c?d=e", 200, b"a/b/c|hello|/v1/models/x/y"),
            (b"/elsewhere", 404, b"Not Found"),
        ):
            self.request = self.reconnect(post(b"hello").replace(b"/v1/chat/completions", path))
            self.request.setComponent(IKleinRequest, KleinRequest(self.request))  # type: ignore[arg-type]
            self.request.render(resource)
            answer = Answer()
            parser = HttpResponseParser(answer)
            parser.feed_data(self.connection.sent)
            self.assertEqual((parser.get_status_code(), answer.complete), (status, True))
            self.assertIn(body, answer.body)
