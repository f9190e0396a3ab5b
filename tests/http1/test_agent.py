"""The agent: connections chosen, requests sent and sent again, the seam to treq and twisted.web."""

from io import BytesIO
from typing import cast

from treq.client import HTTPClient
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionRefusedError
from twisted.trial.unittest import SynchronousTestCase, TestCase
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IClientRequest, IResponse
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site
from zope.interface.verify import verifyObject

from inference_gateway.http1.agent import Agent
from inference_gateway.http1.connection import ExchangeBroken
from inference_gateway.http1.dial import ConnectFailed, ConnectTimedOut
from inference_gateway.http1.origin import Origin, UnsendableRequest
from inference_gateway.http1.response import Response
from inference_gateway.http1.response_rules import BadResponse
from tests.http1.body_producer import Body
from tests.http1.fake_upstream import (
    GET,
    OK,
    ORIGIN,
    BodyReceiver,
    FakeSocket,
    MemoryNetwork,
    reactor,
)

URI = b"http://127.0.0.1:8001/v1/models?a=b"


class AgentTestCase(SynchronousTestCase):
    """Gives an agent a network in memory, and sees that nothing is left of it."""

    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.agent = Agent(self.network.reactor)

    def tearDown(self) -> None:
        self.agent.close()
        self.network.turn()
        self.assertEqual(self.agent.open_connections, 0)
        self.assertEqual(self.network.reactor.getDelayedCalls(), [])

    def send(self) -> Deferred[Response]:
        return self.agent.send(ORIGIN, GET)

    def complete(self, answer: Deferred[Response] | Deferred[IResponse]) -> bytes:
        receiver = BodyReceiver()
        response: IResponse = self.successResultOf(cast("Deferred[IResponse]", answer))
        response.deliverBody(receiver)
        self.assertEqual(len(receiver.ends), 1)
        return receiver.body


class SendTests(AgentTestCase):
    """The lean way."""

    def test_fresh(self) -> None:
        """The first request waits for its connection."""
        answer = self.send()
        self.assertNoResult(answer)
        socket = self.network.accept()
        self.assertEqual(socket.value(), GET)
        socket.answer(OK)
        self.assertEqual(self.complete(answer), b"hi")

    def test_reuse(self) -> None:
        """A second request uses the connection of the first, and no turn of the reactor."""
        first = self.send()
        socket = self.network.accept()
        socket.answer(OK)
        self.complete(first)
        socket.clear()
        second = self.send()
        self.assertEqual((socket.value(), self.network.attempts), (GET, 1))
        socket.answer(OK)
        self.assertEqual(self.complete(second), b"hi")
        self.assertEqual(self.agent.open_connections, 1)

    def test_one_exchange_at_a_time(self) -> None:
        """A busy connection is not used; two requests have two."""
        first = self.send()
        one = self.network.accept()
        second = self.send()
        two = self.network.accept()
        one.answer(OK)
        two.answer(OK)
        self.assertEqual((self.complete(first), self.complete(second)), (b"hi", b"hi"))

    def test_origins_apart(self) -> None:
        """Connections are not shared between origins."""
        self.send().addErrback(lambda _: None)
        self.network.accept().answer(OK)
        other = Origin(scheme="http", host="127.0.0.1", port=8002)
        self.agent.send(other, GET).addErrback(lambda _: None)
        self.assertEqual(self.network.attempts, 2)

    def test_encoding(self) -> None:
        """A content coding is accepted by those who say that they asked for it."""
        zipped = OK.replace(b"Content-L", b"Content-Encoding: gzip\r\nContent-L")
        asked = self.agent.send(ORIGIN, GET, accepts_encoding=True)
        socket = self.network.accept()
        socket.answer(zipped)
        self.complete(asked)
        unasked = self.send()
        socket.answer(zipped)
        self.failureResultOf(unasked, BadResponse)

    def test_connect_timeout(self) -> None:
        """A connection that does not come in time is given up."""
        answer = self.agent.send(ORIGIN, GET, connect_timeout=2)
        self.network.reactor.advance(1.9)
        self.assertNoResult(answer)
        self.network.reactor.advance(0.2)
        self.failureResultOf(answer, ConnectTimedOut)

    def test_default_connect_timeout(self) -> None:
        """Without a limit of its own a request has the agent's."""
        answer = self.send()
        self.network.reactor.advance(5)
        self.failureResultOf(answer, ConnectTimedOut)

    def test_refused(self) -> None:
        """A refused connection says so."""
        answer = self.send()
        self.network.refuse(ConnectionRefusedError())
        self.assertEqual(self.failureResultOf(answer, ConnectFailed).value.category, "refused")

    def test_cancel_while_connecting(self) -> None:
        """Cancelling before there is a connection gives up making one."""
        answer = self.send()
        answer.cancel()
        self.failureResultOf(answer, CancelledError)
        self.assertTrue(self.network.reactor.connectors[-1].stoppedConnecting)

    def test_cancel_while_waiting(self) -> None:
        """Cancelling an exchange closes its connection, fresh or not; it is not sent again."""
        for _ in range(2):
            answer = self.send()
            socket = self.network.accept()
            answer.cancel()
            self.failureResultOf(answer, CancelledError)
            self.assertTrue(socket.disconnecting)
            self.network.turn()
            good = self.send()
            socket = self.network.accept()
            socket.answer(OK)
            self.complete(good)
            reused = self.send()
            reused.cancel()
            self.failureResultOf(reused, CancelledError)
            self.assertTrue(socket.disconnecting)
            self.network.turn()


class RetryTests(AgentTestCase):
    """Connections that the upstream closed as idle while we sent."""

    def setUp(self) -> None:
        super().setUp()
        first = self.send()
        self.socket = self.network.accept()
        self.socket.answer(OK)
        self.complete(first)

    def test_sent_again(self) -> None:
        """A used connection that breaks without a byte costs the caller nothing."""
        for lose in (FakeSocket.end, FakeSocket.reset):
            answer = self.send()
            lose(self.socket)
            self.socket = self.network.accept()
            self.assertEqual(self.socket.value(), GET)
            self.socket.answer(OK)
            self.assertEqual(self.complete(answer), b"hi")

    def test_once(self) -> None:
        """The second attempt is the last."""
        answer = self.send()
        self.socket.end()
        self.network.accept().end()
        self.failureResultOf(answer, ExchangeBroken)
        self.assertEqual(self.network.attempts, 2)

    def test_not_after_a_byte(self) -> None:
        """One byte of an answer is too many."""
        answer = self.send()
        self.socket.answer(b"H")
        self.socket.end()
        self.failureResultOf(answer, ExchangeBroken)
        self.assertEqual(self.network.attempts, 1)

    def test_not_on_a_fresh_connection(self) -> None:
        """A fresh connection that breaks was not idle."""
        self.send().addErrback(lambda _: None)
        answer = self.send()
        self.network.accept().end()
        self.failureResultOf(answer, ExchangeBroken)
        self.assertEqual(self.network.attempts, 2)

    def test_cancel_second(self) -> None:
        """Cancelling during the second attempt ends that."""
        answer = self.send()
        self.socket.end()
        fresh = self.network.accept()
        answer.cancel()
        self.failureResultOf(answer, CancelledError)
        self.assertTrue(fresh.disconnecting)

    def test_closed_while_idle(self) -> None:
        """A connection that broke while idle is not tried at all."""
        self.socket.end()
        answer = self.send()
        self.network.accept().answer(OK)
        self.complete(answer)


class CloseTests(AgentTestCase):
    """The end of an agent."""

    def test_everything(self) -> None:
        """Closing fails what is under way and what waits, and fires when all sockets are gone."""
        idle, busy, streaming = self.send(), self.send(), self.send()
        sockets = [self.network.accept(attempt) for attempt in range(3)]
        sockets[0].answer(OK)
        self.complete(idle)
        sockets[2].answer(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
        receiver = BodyReceiver()
        self.successResultOf(streaming).deliverBody(receiver)
        again = self.send()
        connecting = self.send()
        closed = self.agent.close()
        self.failureResultOf(connecting, ConnectFailed)
        self.assertNoResult(closed)
        self.network.turn()
        self.successResultOf(closed)
        self.failureResultOf(busy, ExchangeBroken)
        # It had been idle: the rule for a second attempt meets the closed agent.
        self.failureResultOf(again, ConnectFailed)
        self.assertEqual(receiver.ends, [ExchangeBroken])

    def test_afterwards(self) -> None:
        """A closed agent takes no requests."""
        self.successResultOf(self.agent.close())
        error = self.failureResultOf(self.send(), ConnectFailed).value
        self.assertEqual((error.category, self.network.attempts), ("closed", 0))


class RequestTests(AgentTestCase):
    """The way of IAgent."""

    def request(
        self,
        method: bytes = b"POST",
        headers: Headers | None = None,
        body: IBodyProducer | None = None,
    ) -> Deferred[IResponse]:
        return self.agent.request(method, URI, headers, body)

    def test_interface(self) -> None:
        """It is an IAgent."""
        self.assertTrue(verifyObject(IAgent, self.agent))

    def test_get(self) -> None:
        """A request without a body, and the answer's word about it."""
        headers = Headers({b"Accept": [b"text/plain"]})
        answer = self.request(b"GET", headers)
        socket = self.network.accept()
        self.assertEqual(
            socket.value(),
            b"GET /v1/models?a=b HTTP/1.1\r\nHost: 127.0.0.1:8001\r\nAccept: text/plain\r\n\r\n",
        )
        socket.answer(OK)
        sent = self.successResultOf(answer).request
        self.assertTrue(verifyObject(IClientRequest, sent))
        self.assertEqual((sent.method, sent.absoluteURI, sent.headers), (b"GET", URI, headers))

    def test_body_at_once(self) -> None:
        """A body of known length that comes at once goes out with the head."""
        self.request(body=Body(b"ab", b"c", length=3)).addErrback(lambda _: None)
        self.assertTrue(self.network.accept().value().endswith(b"Content-Length: 3\r\n\r\nabc"))

    def test_body_of_unknown_length(self) -> None:
        """A body of unknown length is chunked."""
        self.request(body=Body(b"ab", b"", b"c")).addErrback(lambda _: None)
        wire = self.network.accept().value()
        self.assertTrue(
            wire.endswith(b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")
        )

    def test_body_sent_again(self) -> None:
        """A short body is sent again as any request is."""
        first = self.request(body=Body(b"abc", length=3))
        socket = self.network.accept()
        socket.answer(OK)
        self.complete(first)
        second = self.request(body=Body(b"abc", length=3))
        socket.end()
        fresh = self.network.accept()
        self.assertTrue(fresh.value().endswith(b"\r\n\r\nabc"))
        fresh.answer(OK)
        self.complete(second)

    def test_long_body(self) -> None:
        """A long body that comes in time has a fresh connection, with back-pressure."""
        first = self.request(b"GET")
        socket = self.network.accept()
        socket.answer(OK)
        self.complete(first)
        body = Body(b"x" * 70_000, length=70_001)
        body.done = Deferred()
        answer = self.request(body=body)
        self.assertEqual((self.network.attempts, body.calls), (2, ["pause"]))
        fresh = self.network.accept()
        self.assertEqual((fresh.producer, body.calls), (body, ["pause", "resume"]))
        body.consumer.write(b"y")
        body.done.callback(None)
        self.assertTrue(fresh.value().endswith(b"xy"))
        self.assertIsNone(fresh.producer)
        fresh.answer(OK)
        self.complete(answer)
        self.assertEqual(self.agent.open_connections, 2)

    def test_long_body_early_answer(self) -> None:
        """An answer before the body has left is delivered, and ends body and connection."""
        body = Body(b"x" * 70_000, length=80_000)
        body.done = Deferred()
        answer = self.request(body=body)
        socket = self.network.accept()
        socket.answer(OK)
        self.complete(answer)
        self.assertEqual(body.calls[-1], "stop")
        self.assertTrue(socket.disconnecting)

    def test_long_body_connection_lost(self) -> None:
        """A connection that breaks stops the body; it is not sent again."""
        body = Body(b"x" * 70_000, length=80_000)
        body.done = Deferred()
        answer = self.request(body=body)
        self.network.accept().end()
        self.failureResultOf(answer, ExchangeBroken)
        self.assertEqual((body.calls[-1], self.network.attempts), ("stop", 1))

    def test_long_body_no_connection(self) -> None:
        """Without a connection the body is stopped, too."""
        body = Body(b"x" * 70_000, length=80_000)
        body.done = Deferred()
        answer = self.request(body=body)
        self.network.refuse(ConnectionRefusedError())
        self.failureResultOf(answer, ConnectFailed)
        self.assertEqual(body.calls[-1], "stop")

    def test_long_body_fails(self) -> None:
        """A producer that fails on the way ends the exchange."""
        body = Body(b"x" * 70_000, length=80_000)
        body.done = Deferred()
        answer = self.request(body=body)
        socket = self.network.accept()
        body.done.errback(OSError())
        self.failureResultOf(answer, UnsendableRequest)
        self.assertTrue(socket.disconnecting)

    def test_long_body_fails_after_the_head(self) -> None:
        """A producer that fails while its answer is coming ends that answer."""
        body = Body(b"x" * 70_000, length=80_000)
        body.done = Deferred()
        answer = self.request(body=body)
        self.network.accept().answer(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
        receiver = BodyReceiver()
        self.successResultOf(answer).deliverBody(receiver)
        body.done.errback(OSError())
        self.assertEqual(receiver.ends, [UnsendableRequest])

    def test_cancel_gathering(self) -> None:
        """Cancelling while the body is still coming stops its producer."""
        body = Body(b"x", length=2)
        body.done = Deferred()
        answer = self.request(body=body)
        answer.cancel()
        self.failureResultOf(answer, CancelledError)
        self.assertEqual((body.calls, self.network.attempts), (["stop"], 0))

    def test_unsendable(self) -> None:
        """What cannot be written is refused before anybody is connected to."""
        for answer in (
            self.agent.request(b"GET", b"ftp://127.0.0.1/"),
            self.agent.request(b"GET /x HTTP/1.1\r\n", URI),
            self.request(body=Body(b"ab", length=3)),
        ):
            self.failureResultOf(answer, UnsendableRequest)
        self.assertEqual(self.network.attempts, 0)

    def test_encoding(self) -> None:
        """Accept-Encoding among the headers allows a content coding."""
        answer = self.request(headers=Headers({b"Accept-Encoding": [b"gzip"]}))
        self.network.accept().answer(OK.replace(b"OK\r\n", b"OK\r\nContent-Encoding: gzip\r\n"))
        self.complete(answer)


class Echo(Resource):
    """Answers with what it was asked; ``/slow`` in pieces, until told to finish."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.slow: list[Request] = []

    def render(self, request: Request) -> bytes | int:
        if request.path == b"/slow":
            request.write(b"one")
            self.slow.append(request)
            return NOT_DONE_YET
        request.setHeader(b"set-cookie", b"tenant=1")
        kind = request.getHeader(b"content-type") or b""
        cookie = request.getHeader(b"cookie") or b""
        body = cast(BytesIO, request.content).read()
        return b"|".join((request.method, request.uri, kind, body, cookie))


class TreqTests(TestCase):
    """treq on our agent against twisted.web's own server."""

    timeout = 10

    def setUp(self) -> None:
        self.echo = Echo()
        self.port = reactor.listenTCP(0, Site(self.echo), interface="127.0.0.1")
        self.url = f"http://127.0.0.1:{self.port.getHost().port}"
        self.agent = Agent(reactor)
        self.client = HTTPClient(self.agent)
        self.addCleanup(lambda: Deferred.fromCoroutine(self.shut_down()))

    async def shut_down(self) -> None:
        await self.agent.close()
        self.assertEqual(self.agent.open_connections, 0)
        await self.port.stopListening()

    async def test_get(self) -> None:
        """A GET and its body; a host name goes through the resolver."""
        response = await self.client.get(self.url.replace("127.0.0.1", "localhost") + "/a?b=c")
        self.assertEqual(await response.content(), b"GET|/a?b=c|||")

    async def test_post_json(self) -> None:
        """JSON arrives as treq wrote it, over one connection for all of them."""
        for _ in range(3):
            response = await self.client.post(self.url + "/a", json={"a": [1]})
            self.assertIn(b'|application/json; charset=UTF-8|{"a":[1]}|', await response.content())
        self.assertEqual(self.agent.open_connections, 1)

    async def test_post_file(self) -> None:
        """A body larger than what is held arrives whole."""
        data = b"0123456789" * 50_000
        response = await self.client.post(self.url + "/a", data=BytesIO(data))
        self.assertEqual((await response.content()).split(b"|")[3], data)

    async def test_stream(self) -> None:
        """An unbuffered stream arrives piece by piece."""
        response = await self.client.get(self.url + "/slow", unbuffered=True)
        first: Deferred[None] = Deferred()
        pieces: list[bytes] = []

        def collect(piece: bytes) -> None:
            pieces.append(piece)
            if not first.called:
                first.callback(None)

        done = response.collect(collect)
        await first
        self.assertEqual(pieces, [b"one"])
        self.echo.slow[0].write(b"two")
        self.echo.slow[0].finish()
        await done
        self.assertEqual(b"".join(pieces), b"onetwo")

    async def test_collector_fails(self) -> None:
        """A collector that raises closes the stream's connection."""
        response = await self.client.get(self.url + "/slow", unbuffered=True)
        gone = self.echo.slow[0].notifyFinish()

        def broken(piece: bytes) -> None:
            raise ZeroDivisionError

        done = response.collect(broken)
        with self.assertRaises(ZeroDivisionError):
            await done
        with self.assertRaises(Exception):  # noqa: B017 - any end will do
            await gone

    async def test_cancel(self) -> None:
        """Cancelling a request closes its connection."""
        answer = self.client.get(self.url + "/slow", unbuffered=True)
        await answer
        pending = self.agent.request(b"GET", self.url.encode() + b"/slow")
        pending.cancel()
        with self.assertRaises(CancelledError):
            await pending
