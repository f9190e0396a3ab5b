"""Asking providers about responses: what is sent, and what is made of what comes back."""

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.task import Clock

from inference_gateway.config.kinds import Secret
from inference_gateway.exchange import Attempt, Call, ProviderReply
from inference_gateway.provider_errors import (
    ProviderError,
    ProviderInvalidAnswer,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from inference_gateway.upstream.echo import EchoProvider
from tests.pipeline.questions import question, stored
from tests.upstream.asking import ProviderTestCase, response

JSON = b"content-type: application/json"
EVENTS = b"content-type: text/event-stream"
EVENT = b'data: {"type":"response.queued"}\n\n'


class QuestionTestCase(ProviderTestCase):
    """A provider that is asked about a response."""

    def question(
        self,
        method: bytes = b"GET",
        rest: bytes = b"/resp_1",
        *,
        stream: bool = False,
        call: Call | None = None,
        **attempted: Any,
    ) -> "Deferred[ProviderReply]":
        """Begin to ask."""
        attempt = Attempt(provider="p", model="", started=0.0, stream=stream, **attempted)
        asking = self.provider.ask(call or question(), attempt, method, rest)
        return Deferred.fromCoroutine(asking)

    def told(
        self, *pieces: bytes, method: bytes = b"GET", stream: bool = False
    ) -> "Deferred[ProviderReply]":
        """Ask, and let the upstream send ``pieces`` one by one."""
        asked = self.question(method, stream=stream)
        socket = self.network.accept()
        for piece in pieces:
            socket.answer(piece)
        return asked


class SentTests(QuestionTestCase):
    """What is sent."""

    def sent(
        self,
        method: bytes = b"GET",
        rest: bytes = b"/resp_1",
        *,
        stream: bool = False,
        call: Call | None = None,
        **attempted: Any,
    ) -> tuple[bytes, list[bytes]]:
        """Return request line and header lines of one question, which has no body."""
        asking = self.question(method, rest, stream=stream, call=call, **attempted)
        head, _, body = self.network.accept().value().partition(b"\r\n\r\n")
        self.assertEqual(body, b"")
        asking.addErrback(lambda failure: failure.trap(CancelledError))
        asking.cancel()
        line, *headers = head.split(b"\r\n")
        return line, headers

    def test_retrieve(self) -> None:
        """A question goes where responses are made, with the gateway's own head."""
        self.make(api_key=Secret("sk-own"))
        line, headers = self.sent(rest=b"/resp_1/input_items?limit=5")
        self.assertEqual(line, b"GET /v1/responses/resp_1/input_items?limit=5 HTTP/1.1")
        self.assertEqual(
            sorted(headers),
            [
                b"accept-encoding: identity",
                b"accept: application/json",
                b"authorization: Bearer sk-own",
                b"host: 127.0.0.1:8001",
                b"user-agent: inference-gateway",
                b"via: 1.1 hop-1",
                b"x-request-id: r-1",
            ],
        )

    def test_several_credentials(self) -> None:
        """Of several keys the one goes with a question that its attempt has."""
        self.make(api_keys=(Secret("sk-1"), Secret("sk-2")))
        self.assertIn(b"authorization: Bearer sk-2", self.sent(credential=1)[1])

    def test_cancel(self) -> None:
        """A POST says that it has no body; the others need not."""
        line, headers = self.sent(b"POST", b"/resp_1/cancel")
        self.assertEqual(line, b"POST /v1/responses/resp_1/cancel HTTP/1.1")
        self.assertIn(b"content-length: 0", headers)
        line, headers = self.sent(b"DELETE")
        self.assertEqual(line, b"DELETE /v1/responses/resp_1 HTTP/1.1")
        self.assertNotIn(b"content-length: 0", headers)

    def test_stream(self) -> None:
        """Events are asked for in the head, too."""
        _, headers = self.sent(rest=b"/resp_1?stream=true", stream=True)
        self.assertIn(b"accept: text/event-stream", headers)

    def test_forwarded(self) -> None:
        """What matters of the client's head is passed on, hops in their order."""
        call = question()
        call.forwarded = (
            (b"via", b"1.1 front"),
            (b"openai-beta", b"x=1"),
            (b"anthropic-beta", b"y"),
        )
        _, headers = self.sent(call=call)
        self.assertIn(b"openai-beta: x=1", headers)
        self.assertNotIn(b"anthropic-beta: y", headers)
        hops = [line for line in headers if line.startswith(b"via: ")]
        self.assertEqual(hops, [b"via: 1.1 front", b"via: 1.1 hop-1"])

    def test_configured_header(self) -> None:
        """A configured header beats the client's of the same name."""
        self.make(headers={"OpenAI-Beta": Secret("ours")})
        call = question()
        call.forwarded = ((b"openai-beta", b"theirs"),)
        _, headers = self.sent(call=call)
        self.assertIn(b"OpenAI-Beta: ours", headers)
        self.assertNotIn(b"openai-beta: theirs", headers)

    def test_azure(self) -> None:
        """At Azure responses belong to the API without versions, below its own path."""
        self.make(type="azure", base_url="http://127.0.0.1:8001/openai")
        line, _ = self.sent(rest=b"/resp_1?stream=true")
        self.assertEqual(line, b"GET /openai/v1/responses/resp_1?stream=true HTTP/1.1")


class ToldTests(QuestionTestCase):
    """What comes back."""

    def test_whole(self) -> None:
        """An answer in one piece is handed over whole, and its connection is kept."""
        reply = self.successResultOf(self.told(response(200, JSON, b"x-a: b", body=stored())))
        self.assertEqual((reply.status, reply.body, reply.headers), (200, stored(), ()))
        self.assertFalse(self.socket.lost)

    def test_events(self) -> None:
        """A stream is a body to be read."""
        asked = self.told(response(200, EVENTS, body=EVENT), stream=True)
        reply = self.successResultOf(asked)
        self.assertFalse(reply.is_document)
        self.assertEqual(self.read(reply).data, EVENT)

    def test_no_content(self) -> None:
        """A server may say nothing about what it has deleted, and about nothing else."""
        nothing = b"HTTP/1.1 204 No Content\r\n\r\n"
        reply = self.successResultOf(self.told(nothing, method=b"DELETE"))
        self.assertEqual((reply.status, reply.body), (204, b""))
        self.agent.close()
        self.network.turn()
        self.setUp()
        self.failureResultOf(self.told(nothing), ProviderInvalidAnswer)

    def test_missing(self) -> None:
        """A response that is not there is refused with 404, in the provider's words."""
        body = b'{"error":{"message":"Response with id \'resp_1\' not found."}}'
        error = self.failureResultOf(
            self.told(response(404, JSON, body=body)), ProviderRejected
        ).value
        self.assertEqual(error.status, 404)
        self.assertIn("not found", error.message)

    def test_no_route(self) -> None:
        """A server that does not know the question has no such response."""
        for status in (405, 501):
            error = self.failureResultOf(self.told(response(status)), ProviderRejected).value
            self.assertEqual(error.status, 404)
            self.agent.close()
            self.network.turn()
            self.setUp()

    def test_failed(self) -> None:
        """Any other status is what it is everywhere."""
        self.failureResultOf(self.told(response(500)), ProviderError)
        self.assertFalse(self.socket.lost)

    def test_page(self) -> None:
        """A web page is no answer, and its connection is closed."""
        asked = self.told(response(200, b"content-type: text/html", body=b"xy")[:-1])
        self.failureResultOf(asked, ProviderInvalidAnswer)
        self.assertTrue(self.socket.disconnected or self.socket.disconnecting)

    def test_refused_connection(self) -> None:
        """A provider that nobody listens for is not available."""
        asked = self.question()
        self.network.refuse(ConnectionRefusedError())
        self.failureResultOf(asked, ProviderUnavailable)

    def test_connect_timeout(self) -> None:
        """An attempt may have a limit of its own for connecting, which the error names."""
        asked = self.question(connect_timeout=0.5)
        self.network.reactor.advance(0.6)
        error = self.failureResultOf(asked, ProviderTimeout).value
        self.assertIn("connect limit of 0.5 s", error.message)

    def test_cancelled(self) -> None:
        """Leaving closes the connection: before the head, and while a reason is being read."""
        for pieces in ((), (response(404, body=b"xy")[:-1],)):
            asked = self.told(*pieces)
            asked.cancel()
            self.failureResultOf(asked, CancelledError)
            self.network.turn()
            self.assertTrue(self.socket.lost)


class EchoTests(ProviderTestCase):
    """The provider that needs no server."""

    def test_keeps_nothing(self) -> None:
        """It says honestly that it has no response."""
        echo = EchoProvider("echo", Clock(), lambda: 0.0)
        attempt = Attempt(provider="echo", model="", started=0.0)
        asked = Deferred.fromCoroutine(echo.ask(question(), attempt, b"GET", b"/resp_1"))
        error = self.failureResultOf(asked, ProviderRejected).value
        self.assertEqual(error.status, 404)
