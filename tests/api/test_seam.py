"""The seam between application and web server: Twisted's own server gives the same answers."""

from typing import Any, ClassVar

from klein import Klein
from klein._app import KleinRequest
from klein.interfaces import IKleinRequest
from klein.resource import KleinResource
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.components import registerAdapter
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import Drained, GatewayError
from inference_gateway.exchange import Principal
from inference_gateway.http1.channel import HTTPChannel
from inference_gateway.http1.limits import Limits
from inference_gateway.http1.request import Request
from inference_gateway.provider_errors import ProviderUnavailable
from inference_gateway.testing.doubles import Answer, ManualBody
from tests.api.gateway import Client, GatewayTestCase
from tests.pipeline import chats
from tests.pipeline.chats import DONE, ROLE, STOP, text

CHAT = "/v1/chat/completions"
KEY = ("Authorization", "Bearer good-key")
ID = ("X-Request-ID", "r-1")

#: Requests that are answered at once: method, target, body, headers, and the status.
REQUESTS: list[tuple[str, str, bytes | None, list[tuple[str, str]], int]] = [
    ("GET", "/", None, [], 200),
    ("GET", "/", None, [("Accept", "text/html")], 200),
    ("GET", "/healthz", None, [], 200),
    ("HEAD", "/healthz", None, [], 200),
    ("GET", "/health/ready", None, [], 200),
    ("GET", "/v1/models", None, [KEY], 200),
    ("GET", "/v1/models?limit=5", None, [KEY], 200),
    ("GET", "/v1/models/org/n", None, [KEY], 200),
    ("GET", "/v1/models/org%2Fn", None, [KEY], 200),
    ("GET", "/v1/models/nothing", None, [KEY], 404),
    ("GET", "/v1/models", None, [], 401),
    ("GET", "/v1/models", None, [("Authorization", "Bearer wrong")], 401),
    ("GET", "/v1/models", None, [KEY, ("X-API-Key", "other")], 400),
    ("GET", "/chat/completions", None, [KEY], 404),
    ("GET", CHAT, None, [KEY], 405),
    ("OPTIONS", CHAT, None, [], 204),
    ("POST", CHAT, chats.request(), [KEY], 200),
    ("POST", CHAT, chats.request(temperature=9, n=0), [KEY], 400),
    ("POST", CHAT, b"{", [KEY], 400),
    ("POST", CHAT, b"{}", [KEY, ("Content-Type", "text/plain")], 415),
    ("POST", CHAT, chats.request("unknown"), [KEY], 404),
]
#: Headers that must be the same, or both missing.
HEADERS = (
    *("content-type", "content-length", "x-request-id", "allow", "www-authenticate"),
    *("x-should-retry", "retry-after", "cache-control", "x-accel-buffering"),
)


class OwnServerTests(GatewayTestCase):
    """The table of requests, on our own server."""

    keys: ClassVar = {b"good-key": Principal(id="alice")}

    def leave(self, client: Client) -> None:
        """Have the client leave."""
        client.connection.leave()

    def test_requests(self) -> None:
        """Each request has its status, and the log agrees."""
        for method, target, body, headers, status in REQUESTS:
            self.a.script, self.b.script = [chats.answer()], [chats.answer()]
            answer = self.ask(method, target, body, ID, *headers)
            self.assertEqual(answer.status, status, (method, target))
            self.assertEqual(self.log.records[-1]["status"], status)
            self.assertEqual(answer.headers["x-request-id"], "r-1")

    def test_stream(self) -> None:
        """A stream passes, from its first content to its end."""
        body = ManualBody()
        self.a.script = [body]
        client = self.connect()
        client.send("POST", CHAT, chats.request(stream=True), KEY)
        for piece in (ROLE, text("a"), STOP, DONE):
            body.feed(piece)
        self.assertEqual(client.answer.body, ROLE + text("a") + STOP + DONE)
        self.assertTrue(client.answer.whole)
        self.assertSettled("complete", 200)

    def test_stream_fails(self) -> None:
        """A stream that fails ends with an error event."""
        body = ManualBody(text("a"))
        self.a.script = [body]
        client = self.connect()
        client.send("POST", CHAT, chats.request(stream=True), KEY)
        body.end(ProviderUnavailable("reset"))
        self.assertTrue(client.answer.body.startswith(text("a") + b"event: error\n"))
        self.assertNotIn(b"[DONE]", client.answer.body)
        self.assertSettled("provider_error", 200)

    def test_back_pressure(self) -> None:
        """A client that does not read holds the provider back."""
        body = ManualBody(text("a"))
        self.a.script = [body]
        client = self.connect()
        client.send("POST", CHAT, chats.request(stream=True), KEY)
        client.connection.pause()
        self.assertTrue(body.paused)
        client.connection.resume()
        self.assertFalse(body.paused)
        self.leave(client)

    def test_client_leaves(self) -> None:
        """A client that leaves takes its provider along."""
        waiting: Deferred[Answer] = Deferred()
        for answer in (waiting, ManualBody(text("a"))):
            self.setUp()
            self.a.script = [answer]
            client = self.connect()
            client.send("POST", CHAT, chats.request(stream=True), KEY)
            self.leave(client)
            self.assertSettled("client_gone", 499)

    def test_cut(self) -> None:
        """A running call can be cut."""
        self.a.script = [Deferred()]
        client = self.connect()
        client.send("POST", CHAT, chats.request(), KEY)
        self.app.cut(Drained("too late"))
        self.assertEqual(client.answer.status, 503)
        self.assertSettled("drained", 503)


class StockServerTests(OwnServerTests):
    """The same on ``twisted.web.server.Site``."""

    stock = True


class SameAnswersTests(SynchronousTestCase):
    """Both servers side by side."""

    def test_same(self) -> None:
        """Status, body and the headers that matter are the same."""
        for method, target, body, headers, _ in REQUESTS:
            seen = []
            for kind in (OwnServerTests, StockServerTests):
                gateway = kind("test_requests")
                gateway.setUp()
                gateway.a.script = [chats.answer()]
                answer = gateway.ask(method, target, body, ID, *headers)
                chosen = {name: answer.headers.get(name) for name in HEADERS}
                if method in ("OPTIONS", "HEAD"):
                    del chosen["content-length"]  # the stock server sends it without a body, too
                seen.append((answer.status, answer.body, chosen))
                gateway.doCleanups()
            self.assertEqual(seen[0], seen[1], (method, target))


# Klein knows by itself only how to adapt requests of Twisted's own class.
registerAdapter(KleinRequest, Request, IKleinRequest)


class Rendering:
    """An application that leaves everything to a resource of Klein's."""

    def __init__(self, resource: KleinResource) -> None:
        self._resource = resource

    def opened(self, channel: HTTPChannel) -> bool:
        return True

    def closed(self, channel: HTTPChannel) -> None:
        return

    def left(self, request: Request, reason: Failure) -> None:
        return

    def judge(self, request: Request) -> GatewayError | None:
        return None

    def dispatch(self, request: Request) -> None:
        request.render(self._resource)

    def refuse(self, request: Request, error: GatewayError) -> None:
        request.setResponseCode(error.status)
        request.finish()


class Views:
    """Views as Klein's own users write them."""

    app = Klein()

    def __init__(self) -> None:
        self.later: Deferred[bytes] = Deferred()

    @app.route("/now")
    def now(self, request: Any) -> bytes:
        request.setHeader("Content-Type", "text/plain")
        return b"now"

    @app.route("/later/<name>", methods=["POST"])
    async def after(self, request: Any, name: str) -> bytes:
        body: bytes = request.content.read()
        return name.encode() + body + await self.later

    @app.route("/arguments")
    def arguments(self, request: Any) -> bytes:
        values: list[bytes] = request.args[b"a"]
        return b",".join(values)


class KleinTests(SynchronousTestCase):
    """Klein's own resource renders our requests."""

    def setUp(self) -> None:
        self.views = Views()
        application = Rendering(self.views.app.resource())
        self.client = Client(HTTPChannel(application, Limits(), Clock()))

    def test_at_once(self) -> None:
        """A view that returns bytes answers with them."""
        self.client.send("GET", "/now")
        self.assertEqual(self.client.answer.body, b"now")
        self.assertEqual(self.client.answer.headers["content-type"], "text/plain")

    def test_later(self) -> None:
        """A coroutine answers when it is done, having read variables and body."""
        self.client.send("POST", "/later/x", b" body ")
        self.assertEqual(self.client.answers, [])
        self.views.later.callback(b"done")
        self.assertEqual(self.client.answer.body, b"x body done")

    def test_arguments(self) -> None:
        """Arguments of the query are there."""
        self.client.send("GET", "/arguments?a=1&a=2")
        self.assertEqual(self.client.answer.body, b"1,2")

    def test_nothing_there(self) -> None:
        """Klein's own errors are answered."""
        self.client.send("GET", "/nothing")
        self.assertEqual(self.client.answer.status, 404)

    def test_client_leaves(self) -> None:
        """A client that leaves cancels the view."""
        cancelled: list[object] = []
        self.views.later = Deferred(cancelled.append)
        self.client.send("POST", "/later/x", b"")
        self.client.connection.leave()
        self.assertEqual(cancelled, [self.views.later])
