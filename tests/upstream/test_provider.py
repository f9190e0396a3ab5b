"""A provider over HTTP: what it sends, and what it makes of what comes back."""

from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectionRefusedError
from zope.interface.verify import verifyObject

from inference_gateway.config.kinds import Secret
from inference_gateway.config.settings import TimeoutSettings
from inference_gateway.exchange import Call
from inference_gateway.interfaces import IProvider
from inference_gateway.provider_errors import (
    ProviderAuthFailed,
    ProviderInvalidAnswer,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from inference_gateway.wire.chat import parse_chat
from tests.pipeline.chats import answer, chat, request, text
from tests.upstream.asking import ProviderTestCase, response

JSON = b"content-type: application/json"
EVENTS = b"content-type: text/event-stream"


class RequestTests(ProviderTestCase):
    """What is sent."""

    def sent(self, call: Call | None = None, **asked: object) -> tuple[bytes, list[bytes], bytes]:
        """Return request line, header lines and body of one request."""
        asking = self.ask(call, **asked)  # type: ignore[arg-type]
        head, _, body = self.network.accept().value().partition(b"\r\n\r\n")
        asking.addErrback(lambda failure: failure.trap(CancelledError))
        asking.cancel()
        line, *headers = head.split(b"\r\n")
        return line, headers, body

    def test_plain(self) -> None:
        """A plain call goes out with the client's bytes and nothing of the client's head."""
        call = chat()
        line, headers, body = self.sent(call)
        self.assertEqual(line, b"POST /v1/chat/completions HTTP/1.1")
        assert call.request is not None
        self.assertEqual(body, call.request.body)
        self.assertEqual(
            sorted(headers),
            [
                b"accept-encoding: identity",
                b"accept: application/json",
                b"content-length: %d" % len(body),
                b"content-type: application/json",
                b"host: 127.0.0.1:8001",
                b"user-agent: inference-gateway",
                b"via: 1.1 hop-1",
                b"x-request-id: r-1",
            ],
        )

    def test_hops(self) -> None:
        """The gateway names itself behind the hops that came before it."""
        call = chat()
        call.forwarded = ((b"via", b"1.1 front"), (b"openai-beta", b"x=1"))
        _, headers, _ = self.sent(call)
        self.assertIn(b"openai-beta: x=1", headers)
        hops = [line for line in headers if line.startswith(b"via: ")]
        self.assertEqual(hops, [b"via: 1.1 front", b"via: 1.1 hop-1"])

    def test_stream(self) -> None:
        """A stream is asked for in the head and in the body, with its usage."""
        _, headers, body = self.sent(stream=True)
        self.assertIn(b"accept: text/event-stream", headers)
        self.assertIn(b'"stream_options":{"include_usage":true}', body)

    def test_usage_not_forced(self) -> None:
        """``force_usage: never`` leaves a stream as the client asked for it."""
        self.make(force_usage="never")
        self.assertNotIn(b"stream_options", self.sent(stream=True)[2])

    def test_credential(self) -> None:
        """The provider's own key goes with every request."""
        self.make(api_key=Secret("sk-own"))
        self.assertIn(b"authorization: Bearer sk-own", self.sent()[1])

    def test_several_credentials(self) -> None:
        """Of several keys the one goes with a request that its attempt has."""
        self.make(api_keys=(Secret("sk-1"), Secret("sk-2")), headers={"x-a": Secret("b")})
        for number, key in enumerate((b"sk-1", b"sk-2")):
            headers = self.sent(credential=number)[1]
            self.assertIn(b"authorization: Bearer " + key, headers)
            self.assertEqual(len([h for h in headers if h.startswith(b"authorization")]), 1)
            self.assertIn(b"x-a: b", headers)

    def test_extra_headers(self) -> None:
        """Configured headers go with every request, and beat the client's of the same name."""
        self.make(headers={"OpenAI-Beta": Secret("ours"), "x-a": Secret("b")})
        call = chat()
        call.forwarded = ((b"openai-beta", b"theirs"), (b"idempotency-key", b"k"))
        _, headers, _ = self.sent(call)
        self.assertIn(b"OpenAI-Beta: ours", headers)
        self.assertIn(b"x-a: b", headers)
        self.assertIn(b"idempotency-key: k", headers)
        self.assertNotIn(b"openai-beta: theirs", headers)

    def test_dropped_fields(self) -> None:
        """Fields that the provider refuses are left out, and only they."""
        self.make(drop_fields=("user",))
        self.assertEqual(self.sent(chat(user="u"))[2], self.sent(chat())[2])

    def test_model(self) -> None:
        """The provider is asked for its own name of the model."""
        self.assertIn(b'"model":"p/q"', self.sent(model="p/q")[2])

    def test_root(self) -> None:
        """A base URL that is nothing but a slash adds none to the path."""
        self.make(base_url="http://127.0.0.1:8001/")
        self.assertEqual(self.sent()[0], b"POST /chat/completions HTTP/1.1")

    def test_rides_on_streams(self) -> None:
        """The setting decides whether plain calls ride on streams, and else the dialect."""
        wanted = [
            ("openai", "auto", False),
            ("openai", "always", True),
            ("llamacpp", "auto", True),
            ("llamacpp", "never", False),
        ]
        for type_, choice, expected in wanted:
            self.make(type=type_, stream_upstream=choice)
            self.assertIs(self.provider.rides_on_stream(parse_chat(request())), expected)

    def test_interface(self) -> None:
        """It is a provider."""
        self.assertTrue(verifyObject(IProvider, self.provider))

    def test_without_request(self) -> None:
        """A call without a request is the caller's bug."""
        call = Call(id="r", received=0.0, method="GET", path="/")
        self.failureResultOf(self.ask(call), ValueError)


class AnswerTests(ProviderTestCase):
    """What comes back with status 200."""

    def test_whole(self) -> None:
        """An answer that comes in one piece is handed over whole."""
        lines = (JSON, b"openai-version: 2", b"server: x", b"set-cookie: a=b")
        reply = self.successResultOf(self.answered(response(200, *lines, body=answer())))
        self.assertEqual(reply.body, answer())
        self.assertEqual(reply.headers, ((b"openai-version", b"2"),))
        self.assertFalse(self.socket.lost)

    def test_in_pieces(self) -> None:
        """An answer that comes in pieces is a body to be read."""
        whole = response(200, JSON, body=answer())
        asked = self.answered(whole[:-20])
        sink = self.read(self.successResultOf(asked))
        self.socket.answer(whole[-20:])
        self.assertEqual((sink.data, sink.results), (answer(), [None]))

    def test_events(self) -> None:
        """A stream is a body to be read."""
        asked = self.answered(response(200, EVENTS, body=text("a")), stream=True)
        reply = self.successResultOf(asked)
        self.assertFalse(reply.is_document)
        self.assertEqual(self.read(reply).data, text("a"))

    def test_document_for_a_stream(self) -> None:
        """A provider without streams answers with a document, in one piece or more."""
        for cut in (0, 5):
            whole = response(200, b"Content-Type: Application/JSON; charset=utf-8", body=answer())
            asked = self.answered(whole[: len(whole) - cut], stream=True)
            reply = self.successResultOf(asked)
            self.assertTrue(reply.is_document)
            self.assertEqual(isinstance(reply.body, bytes), cut == 0)
            self.agent.close()
            self.network.turn()
            self.setUp()

    def test_no_type(self) -> None:
        """A missing Content-Type says nothing against an answer."""
        reply = self.successResultOf(self.answered(response(200, body=answer())))
        self.assertEqual(reply.body, answer())

    def test_wrong_type(self) -> None:
        """What is no JSON by its own account is no plain answer, and its connection is closed."""
        for line in (b"content-type: text/plain", EVENTS, b"content-type: text/html"):
            asked = self.answered(response(200, line, body=b"x")[:-1])
            self.failureResultOf(asked, ProviderInvalidAnswer)
            self.assertTrue(self.socket.disconnected or self.socket.disconnecting)

    def test_page_for_a_stream(self) -> None:
        """A web page is no stream."""
        asked = self.answered(response(200, b"content-type: text/html", body=b"x"), stream=True)
        self.failureResultOf(asked, ProviderInvalidAnswer)


class RefusalTests(ProviderTestCase):
    """What comes back with another status."""

    def test_rejected(self) -> None:
        """The provider's reason is read, also when it comes late."""
        whole = response(422, JSON, body=b'{"detail":"no such field"}')
        asked = self.answered(whole[:-5])
        self.assertNoResult(asked)
        self.socket.answer(whole[-5:])
        error = self.failureResultOf(asked, ProviderRejected).value
        self.assertEqual((error.status, error.message), (422, "no such field"))

    def test_cut_short(self) -> None:
        """A reason that breaks off is no reason to forget the status."""
        asked = self.answered(response(401, JSON, body=b"{}" * 50)[:-10])
        self.socket.reset()
        self.failureResultOf(asked, ProviderAuthFailed)

    def test_endless(self) -> None:
        """Of an endless reason only the beginning is read."""
        asked = self.answered(b"HTTP/1.1 400 No\r\ncontent-length: 9999999\r\n\r\n", b"x" * 70_000)
        self.failureResultOf(asked, ProviderRejected)
        self.assertTrue(self.socket.disconnecting or self.socket.disconnected)

    def test_retry_after(self) -> None:
        """When to come back is told in milliseconds, in seconds, or by a date."""
        told = [
            (b"retry-after-ms: 1500", 1.5),
            (b"retry-after: 7", 7.0),
            (b"retry-after: Tue, 14 Nov 2023 22:13:50 GMT", 30.0),
            (b"retry-after: soon", 1.0),
        ]
        for line, seconds in told:
            asked = self.answered(response(429, line, b"connection: close"))
            error = self.failureResultOf(asked, ProviderRateLimited).value
            self.assertEqual(error.retry_after, seconds)


class FailureTests(ProviderTestCase):
    """What goes wrong on the way."""

    def test_refused(self) -> None:
        """A provider that nobody listens for is not available."""
        asked = self.ask()
        self.network.refuse(ConnectionRefusedError())
        error = self.failureResultOf(asked, ProviderUnavailable).value
        self.assertNotIn("8001", error.message)

    def test_connect_timeout(self) -> None:
        """Connecting has a limit of its own, which the error names."""
        self.make(timeouts=TimeoutSettings(connect=2.0))
        asked = self.ask()
        self.network.reactor.advance(1.9)
        self.assertNoResult(asked)
        self.network.reactor.advance(0.2)
        error = self.failureResultOf(asked, ProviderTimeout).value
        self.assertEqual((error.limit, error.verdict), ("connect", "connect_timeout"))

    def test_connect_timeout_of_attempt(self) -> None:
        """An attempt may have another limit than the provider, and the error names that."""
        self.make(timeouts=TimeoutSettings(connect=2.0))
        asked = self.ask(connect_timeout=0.5)
        self.network.reactor.advance(0.6)
        error = self.failureResultOf(asked, ProviderTimeout).value
        self.assertIn("connect limit of 0.5 s", error.message)

    def test_reset(self) -> None:
        """A connection that breaks before the head leaves nothing to answer with."""
        asked = self.answered()
        self.socket.reset()
        self.failureResultOf(asked, ProviderUnavailable)

    def test_no_http(self) -> None:
        """What is not HTTP is no answer."""
        self.failureResultOf(self.answered(b"220 smtp ready\r\n\r\n"), ProviderInvalidAnswer)

    def test_cancelled(self) -> None:
        """Leaving closes the connection: before the head, and while a reason is being read."""
        for pieces in ((), (response(400, body=b"xy")[:-1],)):
            asked = self.answered(*pieces)
            asked.cancel()
            self.failureResultOf(asked, CancelledError)
            self.network.turn()
            self.assertTrue(self.socket.lost)
