"""One connection: exchanges in a row, every way to cut an answer, pauses, and what ends it."""

from collections.abc import Callable

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss

from inference_gateway.http1.connection import ClientConnection, ExchangeBroken
from inference_gateway.http1.response import Response
from inference_gateway.http1.response_rules import BadResponse, ResponseLimits
from tests.http1.fake_upstream import (
    GET,
    OK,
    ORIGIN,
    BodyReceiver,
    FakeSocket,
    MemoryNetwork,
)

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class RecordingOwner:
    """Keeps the connections that were reported, by event."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def opened(self, connection: ClientConnection) -> None:
        self.events.append("opened")

    def idle(self, connection: ClientConnection) -> None:
        self.events.append("idle")

    def gone(self, connection: ClientConnection) -> None:
        self.events.append("gone")


class ConnectionTestCase(SynchronousTestCase):
    """Connects a connection to a socket in memory."""

    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.connect()

    def connect(self) -> None:
        self.owner = RecordingOwner()
        self.connection = ClientConnection(ORIGIN, self.owner, ResponseLimits(unread=8))
        self.socket = FakeSocket(self.network, self.connection)
        self.connection.makeConnection(self.socket)

    def exchange(self, request: bytes = GET) -> Deferred[Response]:
        return self.connection.exchange(request)

    def deliver(self, answer: Deferred[Response]) -> tuple[Response, BodyReceiver]:
        response = self.successResultOf(answer)
        receiver = BodyReceiver()
        response.deliverBody(receiver)
        return response, receiver


class ExchangeTests(ConnectionTestCase):
    """Requests and answers."""

    def test_one_write(self) -> None:
        """A request goes out as it was given."""
        self.exchange()
        self.assertEqual(self.socket.value(), GET)

    def test_answer(self) -> None:
        """An answer that comes in one read is one response with one piece of body."""
        answer = self.exchange()
        self.socket.answer(OK)
        response, receiver = self.deliver(answer)
        self.assertEqual((response.code, response.length), (200, 2))
        self.assertEqual((receiver.pieces, receiver.ends), ([b"hi"], [ResponseDone]))

    def test_joined(self) -> None:
        """Chunks that came in one read are delivered joined."""
        answer = self.exchange()
        self.socket.answer(CHUNKED)
        _, receiver = self.deliver(answer)
        self.socket.answer(b"1\r\na\r\n2\r\nbc\r\n")
        self.socket.answer(b"1\r\nd\r\n0\r\n\r\n")
        self.assertEqual((receiver.pieces, receiver.ends), ([b"abc", b"d"], [ResponseDone]))

    def test_idle_before_the_end_is_told(self) -> None:
        """Whoever hears that a body is complete finds its connection free for the next request."""
        answer = self.exchange()
        self.socket.answer(CHUNKED)
        response = self.successResultOf(answer)
        seen: list[list[str]] = []

        class Watching(BodyReceiver):
            def connectionLost(inner, reason: object = None) -> None:
                seen.append(list(self.owner.events))

        response.deliverBody(Watching())
        self.socket.answer(b"0\r\n\r\n")
        self.assertEqual(seen, [["opened", "idle"]])

    def test_again(self) -> None:
        """Exchange follows exchange, through one parser, whatever the last one was like."""
        for request, data, body in (
            (GET, OK, b"hi"),
            (GET, CHUNKED + b"1\r\na\r\n0\r\n\r\n", b"a"),
            (b"HEAD" + GET[3:], OK[:-2], b""),
            (GET, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", b""),
            (GET, b"HTTP/1.1 204 No Content\r\n\r\n", b""),
            (GET, OK, b"hi"),
        ):
            answer = self.exchange(request)
            self.socket.answer(data)
            _, receiver = self.deliver(answer)
            self.assertEqual((receiver.body, receiver.ends), (body, [ResponseDone]))
        self.assertEqual(self.owner.events, ["opened"] + ["idle"] * 6)

    def test_exchange_from_the_end(self) -> None:
        """The next exchange may begin while the end of the last one is being told."""
        answer = self.exchange()
        self.socket.answer(CHUNKED)
        response = self.successResultOf(answer)
        followers: list[Deferred[Response]] = []

        class Chaining(BodyReceiver):
            def connectionLost(inner, reason: object = None) -> None:
                followers.append(self.exchange())

        response.deliverBody(Chaining())
        self.socket.answer(b"0\r\n\r\n")
        self.socket.answer(OK)
        self.assertEqual(self.deliver(followers[0])[1].body, b"hi")

    def test_early_answer(self) -> None:
        """A connection on which the request has not left yet is not used again."""
        answer = self.exchange()
        self.socket.hold(b"rest of a long body")
        self.socket.answer(OK)
        self.deliver(answer)
        self.assertEqual(self.owner.events, ["opened"])
        self.assertTrue(self.connection.closed)


class SplitTests(ConnectionTestCase):
    """Answers cut at every point, and byte by byte."""

    def check(self, data: bytes, body: bytes, end: type[Exception], *, eof: bool = False) -> None:
        cuts: list[tuple[bytes, ...]] = [(data[:at], data[at:]) for at in range(1, len(data))]
        cuts.append(tuple(bytes([byte]) for byte in data))
        for pieces in cuts:
            self.connect()
            answer = self.exchange()
            for piece in pieces:
                self.socket.answer(piece)
            if eof:
                self.socket.end()
            response, receiver = self.deliver(answer)
            self.assertEqual(
                (response.code, response.header(b"x-a"), receiver.body, receiver.ends),
                (200, b"b", body, [end]),
            )

    def test_length(self) -> None:
        """With a declared length."""
        self.check(
            b"HTTP/1.1 200 OK\r\nX-A: b \r\nContent-Length: 5\r\n\r\nhello", b"hello", ResponseDone
        )

    def test_chunked(self) -> None:
        """In chunks, with extensions and trailers."""
        self.check(
            b"HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nX-A: t\r\n\r\n",
            b"hello",
            ResponseDone,
        )

    def test_interim(self) -> None:
        """Behind interim answers, whose fields are nobody's."""
        self.check(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-A: c\r\n\r\n"
            b"HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 2\r\n\r\nhi",
            b"hi",
            ResponseDone,
        )

    def test_until_close(self) -> None:
        """Ended by the end of the connection."""
        self.check(b"HTTP/1.1 200 OK\r\nX-A: b\r\n\r\nhello", b"hello", PotentialDataLoss, eof=True)

    def test_truncated(self) -> None:
        """Ended too early."""
        self.check(
            b"HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 6\r\n\r\nhello",
            b"hello",
            ExchangeBroken,
            eof=True,
        )

    def test_malformed(self) -> None:
        """Broken in the body: what was good is delivered, then the fault."""
        self.check(
            b"HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\nzz",
            b"hi",
            BadResponse,
        )


class PauseTests(ConnectionTestCase):
    """Pauses are the socket's."""

    def test_socket_pauses(self) -> None:
        """A paused receiver stops the socket, once; a resumed one starts it."""
        answer = self.exchange()
        self.socket.answer(CHUNKED)
        response, _ = self.deliver(answer)
        response.pauseProducing()
        response.pauseProducing()
        self.assertEqual((self.socket.producerState, self.socket.pauses), ("paused", 1))
        response.resumeProducing()
        self.assertEqual(self.socket.producerState, "producing")

    def test_unread_answer(self) -> None:
        """A body that nobody takes stops the socket after a few bytes."""
        answer = self.exchange()
        self.socket.answer(CHUNKED + b"8\r\n12345678\r\n")
        self.assertEqual(self.socket.producerState, "producing")
        self.socket.answer(b"1\r\n9\r\n")
        self.assertEqual(self.socket.producerState, "paused")
        _, receiver = self.deliver(answer)
        self.assertEqual(receiver.body, b"123456789")
        self.assertEqual(self.socket.producerState, "producing")

    def test_idle_is_watched(self) -> None:
        """A connection that becomes idle while its receiver pauses is read again."""
        answer = self.exchange()
        self.socket.answer(CHUNKED)
        response, receiver = self.deliver(answer)
        response.pauseProducing()
        self.socket.answer(b"2\r\nhi\r\n0\r\n\r\n")
        self.assertEqual((receiver.pieces, self.socket.producerState), ([], "producing"))
        response.resumeProducing()
        self.assertEqual((receiver.body, receiver.ends), (b"hi", [ResponseDone]))

    def test_after_close(self) -> None:
        """Pause and resume of a connection that is gone do nothing."""
        self.connection.pause()
        self.connection.abort()
        self.connection.resume()
        self.connection.pause()
        self.assertEqual(self.socket.pauses, 1)


class EndTests(ConnectionTestCase):
    """What ends a connection, and who hears of it."""

    def broken(self, end: Callable[[], None], *data: bytes) -> ExchangeBroken:
        answer = self.exchange()
        for piece in data:
            self.socket.answer(piece)
        end()
        error: ExchangeBroken = self.failureResultOf(answer, ExchangeBroken).value
        self.assertEqual(self.owner.events, ["opened", "gone"])
        return error

    def test_no_byte(self) -> None:
        """A loss before any byte says so."""
        self.assertFalse(self.broken(self.socket.end).bytes_received)

    def test_one_byte(self) -> None:
        """One byte of an answer, even of an interim one, is an answer begun."""
        self.assertTrue(self.broken(self.socket.reset, b"H").bytes_received)
        self.connect()
        self.assertTrue(
            self.broken(self.socket.reset, b"HTTP/1.1 100 Continue\r\n\r\n").bytes_received
        )

    def test_bad_head(self) -> None:
        """A bad head fails the exchange and closes the connection at once."""
        answer = self.exchange()
        self.socket.answer(b"nonsense")
        self.failureResultOf(answer, BadResponse)
        self.assertTrue(self.connection.closed)
        self.network.turn()
        self.assertEqual(self.owner.events, ["opened", "gone"])

    def test_head_that_only_llhttp_refuses(self) -> None:
        """What the rules passed and llhttp does not take is a bad answer, too."""
        answer = self.exchange()
        self.socket.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 1 2\r\n\r\n")
        self.failureResultOf(answer, BadResponse)

    def test_data_while_idle(self) -> None:
        """A byte that nobody asked for closes an idle connection."""
        self.socket.answer(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
        self.network.turn()
        self.assertEqual(self.owner.events, ["opened", "gone"])

    def test_end_while_idle(self) -> None:
        """The upstream's close of an idle connection is noticed."""
        self.socket.end()
        self.assertEqual(self.owner.events, ["opened", "gone"])

    def test_cancel(self) -> None:
        """Cancelling closes the socket at once."""
        answer = self.exchange()
        answer.cancel()
        self.failureResultOf(answer, CancelledError)
        self.assertTrue(self.connection.closed)
        self.socket.answer(OK)
        self.network.turn()
        self.assertEqual(self.owner.events, ["opened", "gone"])

    def test_abort_of_a_body(self) -> None:
        """A receiver that aborts gets no more data, and hears the end when the socket is gone."""
        answer = self.exchange()
        self.socket.answer(CHUNKED)
        response, receiver = self.deliver(answer)
        response.stopProducing()
        self.socket.answer(b"2\r\nhi\r\n")
        self.assertEqual((receiver.pieces, receiver.ends), ([], []))
        self.network.turn()
        self.assertEqual(receiver.ends, [ExchangeBroken])

    def test_abort_of_a_closed_body(self) -> None:
        """A body that its receiver aborted is not taken for one that the upstream ended."""
        answer = self.exchange()
        self.socket.answer(b"HTTP/1.1 200 OK\r\n\r\nhi")
        response, receiver = self.deliver(answer)
        response.abort()
        self.socket.end()
        self.assertEqual(receiver.ends, [ExchangeBroken])

    def test_unread_response(self) -> None:
        """A response that nobody reads can be aborted."""
        answer = self.exchange()
        self.socket.answer(CHUNKED)
        self.successResultOf(answer).abort()
        self.network.turn()
        self.assertEqual(self.owner.events, ["opened", "gone"])


class TransportTests(SynchronousTestCase):
    """Other kinds of transport."""

    def test_plain_string_transport(self) -> None:
        """A transport that is no TCP socket is as good."""
        connection = ClientConnection(ORIGIN, RecordingOwner(), ResponseLimits())
        transport = StringTransport()
        connection.makeConnection(transport)
        connection.exchange(GET).addErrback(lambda _: None)
        self.assertEqual(transport.value(), GET)
