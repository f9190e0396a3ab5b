"""treq's requests on the gateway's own agent: what is sent, what comes back, what is left out."""

from treq.response import _Response as TreqResponse
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionRefusedError
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.iweb import IResponse
from zope.interface.verify import verifyObject

from inference_gateway.http1.agent import Agent
from inference_gateway.http1.origin import UnsendableRequest
from inference_gateway.provider_errors import (
    ProviderError,
    ProviderInvalidAnswer,
    ProviderTimeout,
    ProviderUnavailable,
)
from inference_gateway.upstream.client import UpstreamClient
from tests.http1.fake_upstream import FakeSocket, MemoryNetwork
from tests.test_plugin import loaded_by
from tests.upstream.asking import response

URL = "http://127.0.0.1:8001/v1/models"
#: Bytes that a body may have in these tests.
MOST = 20
#: Has the next question come over another connection.
CLOSE = b"connection: close"


class ClientTestCase(SynchronousTestCase):
    """A client over a network in memory, of which nothing may be left."""

    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.agent = Agent(self.network.reactor, connect_timeout=3.0)
        self.client = UpstreamClient(
            self.agent, self.network.reactor, connect_timeout=3.0, limit=10.0, most=MOST
        )

    def tearDown(self) -> None:
        self.agent.close()
        self.network.turn()
        self.assertEqual(self.agent.open_connections, 0)
        self.assertEqual(self.network.reactor.getDelayedCalls(), [])

    def answered(self, *pieces: bytes) -> Deferred[TreqResponse]:
        """Ask, and let the upstream send ``pieces`` one by one."""
        asked = self.client.get(URL)
        socket = self.network.accept()
        for piece in pieces:
            socket.answer(piece)
        return asked

    @property
    def socket(self) -> FakeSocket:
        """The connection that was opened last."""
        return self.network.sockets[-1]

    def assertFails(self, asked: Deferred[TreqResponse], kind: type[ProviderError]) -> None:
        """Assert that there is no answer and no connection either."""
        self.failureResultOf(asked, kind)
        self.network.turn()
        self.assertEqual(self.agent.open_connections, 0)


class RequestTests(ClientTestCase):
    """What is sent."""

    def sent(self, asked: Deferred[TreqResponse]) -> tuple[bytes, dict[bytes, bytes], bytes]:
        """Return request line, headers and body."""
        head, _, body = self.network.accept().value().partition(b"\r\n\r\n")
        self.socket.answer(response(200, CLOSE))
        self.successResultOf(asked)
        line, *lines = head.split(b"\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in [x.partition(b":") for x in lines]
        }
        return line, headers, body

    def test_get(self) -> None:
        """Nothing is sent that the caller did not ask for, least of all a content coding."""
        line, headers, body = self.sent(self.client.get(URL, headers={"X-Team": "a"}))
        self.assertEqual((line, body), (b"GET /v1/models HTTP/1.1", b""))
        self.assertEqual(headers, {b"host": b"127.0.0.1:8001", b"x-team": b"a"})

    def test_data(self) -> None:
        """Bytes go out as they are, also where they are many."""
        for data in (b"", b"some", b"x" * 200_000):
            line, headers, body = self.sent(self.client.post(URL, data))
            self.assertEqual(line, b"POST /v1/models HTTP/1.1")
            self.assertEqual(body, data)
            self.assertEqual(headers[b"content-length"], b"%d" % len(data))
            self.assertNotIn(b"content-type", headers)

    def test_json(self) -> None:
        """An object goes out as JSON and is called so."""
        _, headers, body = self.sent(self.client.post(URL, json={"model": "m"}))
        self.assertEqual(body, b'{"model":"m"}')
        self.assertEqual(headers[b"content-type"], b"application/json")

    def test_one_body(self) -> None:
        """Two bodies are a mistake of the caller's."""
        self.assertRaises(TypeError, self.client.post, URL, b"x", json={})

    def test_unsendable(self) -> None:
        """So is what cannot be written as HTTP."""
        self.failureResultOf(self.client.get("ftp://127.0.0.1/"), UnsendableRequest)


class AnswerTests(ClientTestCase):
    """What comes back."""

    def test_response(self) -> None:
        """It is treq's response, and its body can be read again and again."""
        asked = self.answered(
            b"HTTP/1.1 418 Teapot\r\nContent-Type: application/json\r\n",
            b'Content-Length: 9\r\n\r\n{"a":',
        )
        self.assertNoResult(asked)
        self.socket.answer(b'"b"}')
        answer = self.successResultOf(asked)
        self.assertIsInstance(answer, TreqResponse)
        self.assertTrue(verifyObject(IResponse, answer))
        self.assertEqual(answer.code, 418)
        self.assertEqual(answer.headers.getRawHeaders(b"content-type"), [b"application/json"])
        self.assertEqual(self.successResultOf(answer.content()), b'{"a":"b"}')
        self.assertEqual(self.successResultOf(answer.text()), '{"a":"b"}')
        self.assertEqual(self.successResultOf(answer.json()), {"a": "b"})

    def test_empty(self) -> None:
        """An answer may have no body."""
        answer = self.successResultOf(self.answered(response(204)))
        self.assertEqual(self.successResultOf(answer.content()), b"")

    def test_connection_kept(self) -> None:
        """The connection serves the next question."""
        self.successResultOf(self.answered(response(body=b"one")))
        again = self.client.get(URL)
        self.socket.answer(response(body=b"two"))
        self.assertEqual(self.successResultOf(self.successResultOf(again).content()), b"two")
        self.assertEqual(self.network.attempts, 1)

    def test_cookies(self) -> None:
        """A cookie that was set goes nowhere."""
        answer = self.successResultOf(self.answered(response(200, b"set-cookie: a=b; path=/")))
        self.assertEqual(list(answer.cookies()), [])
        self.socket.clear()
        again = self.client.get(URL)
        self.assertNotIn(b"cookie", self.socket.value().lower())
        self.socket.answer(response())
        self.successResultOf(again)

    def test_redirect(self) -> None:
        """A redirect is an answer like any other, and nobody follows it."""
        asked = self.answered(response(302, b"location: http://127.0.0.1:8002/"))
        self.assertEqual(self.successResultOf(asked).code, 302)
        self.assertEqual(self.network.attempts, 1)

    def test_longest(self) -> None:
        """A body may be as long as it may, and not a byte longer."""
        answer = self.successResultOf(self.answered(response(200, CLOSE, body=b"x" * MOST)))
        self.assertEqual(self.successResultOf(answer.content()), b"x" * MOST)
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        asked = self.answered(head, b"14\r\n%b\r\n" % (b"x" * MOST))
        self.assertNoResult(asked)
        self.socket.answer(b"1\r\nx\r\n")
        self.assertFails(asked, ProviderInvalidAnswer)


class FailureTests(ClientTestCase):
    """No answer, or none in time."""

    def test_refused(self) -> None:
        """Nobody listens there."""
        asked = self.client.get(URL)
        self.network.refuse(ConnectionRefusedError())
        self.assertFails(asked, ProviderUnavailable)

    def test_connecting(self) -> None:
        """Nobody answers there."""
        asked = self.client.get(URL)
        self.network.reactor.advance(3.0)
        error = self.failureResultOf(asked, ProviderTimeout).value
        self.assertEqual(error.limit, "connect")
        self.assertIn("3 s", error.message)

    def test_broken(self) -> None:
        """The connection breaks before the head, or before the end of the body."""
        for piece in (b"HTTP/1.1 2", response(body=b"hello")[:-1]):
            asked = self.answered(piece)
            self.socket.reset()
            self.assertFails(asked, ProviderUnavailable)

    def test_bad_http(self) -> None:
        """What comes is no HTTP, breaks off being such, or has a coding that nobody asked for."""
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"
        for piece in (b"nonsense\r\n\r\n", chunked, response(200, b"content-encoding: gzip")):
            self.assertFails(self.answered(piece), ProviderInvalidAnswer)

    def test_time(self) -> None:
        """Time runs out before the head, or within the body."""
        for pieces in ((), (response(body=b"hello")[:-1],)):
            asked = self.answered(*pieces)
            self.network.reactor.advance(9.9)
            self.assertNoResult(asked)
            self.network.reactor.advance(0.2)
            self.assertFails(asked, ProviderTimeout)

    def test_cancel(self) -> None:
        """Who does not want the answer any more closes the connection."""
        for pieces in ((), (response(body=b"hello")[:-1],)):
            asked = self.answered(*pieces)
            asked.cancel()
            self.failureResultOf(asked, CancelledError)
            self.network.turn()
            self.assertTrue(self.socket.lost)


class ImportTests(SynchronousTestCase):
    """What it costs those who do not need it."""

    def test_serving(self) -> None:
        """A gateway that serves never loads treq."""
        loaded = loaded_by("inference_gateway.service.lifecycle")
        self.assertIn("inference_gateway.upstream.provider", loaded)
        self.assertNotIn("treq", loaded)
