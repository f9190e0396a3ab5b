"""Anthropic's dialect: messages as they are, and chat in other words."""

from typing import Any

import attrs
import orjson
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from inference_gateway.dialects.anthropic import Anthropic
from inference_gateway.errors import InvalidRequest
from inference_gateway.interfaces import IDialect, Translation
from inference_gateway.provider_errors import (
    ProviderAuthFailed,
    ProviderError,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderRejected,
)
from inference_gateway.wire.operations import CHAT
from inference_gateway.wire.request import ModelRequest
from inference_gateway.wire.sse import Event

MESSAGES = attrs.evolve(CHAT, name="messages", path=b"/messages", asks_for_usage=False)
#: Odd on purpose: blanks, an escape, a number that no float holds.
SENT = (
    b'{ "model" : "m", "max_tokens":9,"messages":[ {"role":"user","content":"\\u00e9"}],"x":1E400}'
)
ANSWER = (
    b'{"id":"msg_1","model":"m","stop_reason":"end_turn","content":[{"type":"text","text":"hi"}]}'
)


def chat(**fields: Any) -> ModelRequest:
    """Return a chat request."""
    fields = {"model": "m", "messages": [{"role": "user", "content": "u"}], **fields}
    return ModelRequest(
        operation=CHAT,
        model="m",
        body=orjson.dumps(fields),
        fields=fields,
        include_usage="stream_options" in fields,
    )


class RequestTests(SynchronousTestCase):
    """Where requests go, and what is in them."""

    def test_interface(self) -> None:
        """It is a dialect, without being told of a clock."""
        self.assertTrue(verifyObject(IDialect, Anthropic()))

    def test_target(self) -> None:
        """Chat and messages are answered in one place."""
        for operation in (CHAT, MESSAGES):
            for base in (b"/v1", b"/v1/"):
                self.assertEqual(Anthropic().target(base, operation, "m"), b"/v1/messages")

    def test_head(self) -> None:
        """The key has a header of its own, and the version of the API is always told."""
        self.assertEqual(Anthropic().credential("k"), ("x-api-key", "k"))
        self.assertEqual(Anthropic.headers, (("anthropic-version", "2023-06-01"),))

    def encoded(self, request: ModelRequest, model: str = "m", *, stream: bool = False) -> bytes:
        """Return the body for a request, of which no usage has to be asked."""
        return Anthropic().encode(request, model, stream=stream, ask_usage=True)

    def test_chat(self) -> None:
        """A chat request is translated."""
        body = orjson.loads(self.encoded(chat(), "claude", stream=True))
        self.assertEqual((body["model"], body["stream"]), ("claude", True))
        self.assertEqual(body["messages"][0]["content"], [{"type": "text", "text": "u"}])

    def test_refused(self) -> None:
        """A chat request that cannot be translated is the client's fault."""
        error = self.assertRaises(InvalidRequest, self.encoded, chat(n=2))
        self.assertEqual(error.param, "n")

    def test_messages(self) -> None:
        """A request of Anthropic's own API stays as it came, but for the model and the stream."""
        request = ModelRequest(operation=MESSAGES, model="m", body=SENT)
        self.assertEqual(self.encoded(request), SENT)
        self.assertEqual(self.encoded(request, "p"), SENT.replace(b'"m"', b'"p"'))
        self.assertEqual(
            self.encoded(request, stream=True), SENT.replace(b"{", b'{"stream":true,', 1)
        )
        streamed = attrs.evolve(request, stream=True)
        self.assertEqual(self.encoded(streamed, stream=True), SENT)

    def test_rides_on_stream(self) -> None:
        """Plain calls are asked for as such."""
        self.assertFalse(Anthropic().rides_on_stream(chat()))


class AnswerTests(SynchronousTestCase):
    """What comes back."""

    def translation(self) -> Translation:
        """Return the translation of chat, at a known time."""
        found = Anthropic(lambda: 1700000000.9).translation(CHAT)
        assert found is not None
        return found

    def test_messages(self) -> None:
        """Answers to messages are what their clients expect."""
        self.assertIs(Anthropic().translation(MESSAGES), None)

    def test_whole(self) -> None:
        """A whole answer is a completion of now."""
        completion = orjson.loads(self.translation().answer(ANSWER))
        self.assertEqual(completion["created"], 1700000000)
        self.assertEqual(completion["choices"][0]["message"]["content"], "hi")

    def test_stream(self) -> None:
        """A stream is one of chunks of now, which say that usage follows to who asked for it."""
        data = b'{"type":"message_start","message":{"id":"msg_1","model":"m"}}'
        for options, usage in (({}, "no"), ({"stream_options": {"include_usage": True}}, None)):
            sent = self.translation().stream(chat(**options)).feed(Event(b"", data))
            chunk = orjson.loads(sent.removeprefix(b"data: "))
            self.assertEqual((chunk["created"], chunk.get("usage", "no")), (1700000000, usage))


class ErrorTests(SynchronousTestCase):
    """What other statuses mean."""

    def error(self, status: int, kind: str) -> ProviderError:
        """Return what an error of this kind means."""
        body = {"type": "error", "error": {"type": kind, "message": "too long"}}
        return Anthropic().error(status, orjson.dumps(body), None)

    def test_rejected(self) -> None:
        """Blame for the request is passed on in Anthropic's words."""
        for status, kind in (
            (400, "invalid_request_error"),
            (404, "not_found_error"),
            (413, "request_too_large"),
        ):
            error = self.error(status, kind)
            self.assertIsInstance(error, ProviderRejected)
            self.assertEqual((error.status, error.message), (status, "too long"))

    def test_others(self) -> None:
        """Each of the other errors of the API is told apart."""
        for status, kind, expected in (
            (401, "authentication_error", ProviderAuthFailed),
            (402, "billing_error", ProviderAuthFailed),
            (403, "permission_error", ProviderAuthFailed),
            (429, "rate_limit_error", ProviderRateLimited),
            (529, "overloaded_error", ProviderOverloaded),
            (500, "api_error", ProviderError),
            (504, "timeout_error", ProviderError),
        ):
            error = self.error(status, kind)
            self.assertIs(type(error), expected)
            self.assertNotIn("too long", error.message)
