"""The unmodified ``openai`` package in front of the gateway, and servers of all kinds behind it."""

import gzip
import json
from collections.abc import Mapping
from typing import Any

from openai import (
    APIError,
    APIStatusError,
    BadRequestError,
    InternalServerError,
    NotFoundError,
    OpenAI,
    RateLimitError,
)
from openai.types.chat import (
    ChatCompletion,
    ChatCompletionChunk,
    ChatCompletionMessageParam,
    ChatCompletionToolParam,
)

from tests.acceptance.gateway import KEY, PROMPT, Configuration
from tests.acceptance.relaying import RelayTestCase, provider, relaying
from tests.acceptance.test_openai_sync import text_of
from tests.acceptance.upstream import Behaviour
from tests.acceptance.upstream_answers import (
    DONE,
    chunk,
    documented,
    event,
    streamed,
    usage_chunk,
    whole,
)

SAID = f"看 {PROMPT}: 你好 世界 🌍 — naïve"
MESSAGES: list[ChatCompletionMessageParam] = [{"role": "user", "content": SAID}]
TOOL: ChatCompletionToolParam = {"type": "function", "function": {"name": "look"}}
USAGE = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
#: What the provider calls the model that clients know as ``small``.
OWN_NAME = "maker/small-v1"


def _bytewise(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


def _said(ends: bytes = b"\n") -> bytes:
    """Return a stream that says everything, with its usage, and with these line ends."""
    words = [chunk("any", {"content": word}) for word in (SAID[:4], SAID[4:9], SAID[9:])]
    end = chunk("any", {}, "stop") + usage_chunk("any", USAGE) + DONE
    return b"".join([*words, end]).replace(b"\n", ends)


def _call(**function: str) -> dict[str, Any]:
    return {"tool_calls": [{"index": 0, "function": function}]}


def _refusal(status: int, **fields: str) -> Behaviour:
    error = {"error": {"message": "the upstream says no", "type": "any", "param": "model"}}
    return documented(json.dumps(error).encode(), status=status, fields=fields)


_TOOL_CALLS = [
    chunk("tools", {"role": "assistant", "content": None}),
    chunk(
        "tools",
        {
            "tool_calls": [
                {
                    "index": 0,
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "look", "arguments": ""},
                }
            ]
        },
    ),
    chunk("tools", _call(arguments='{"at":')),
    chunk("tools", _call(arguments='"你好"}')),
    chunk("tools", {}, "tool_calls"),
    DONE,
]


class RelayOpenAITestCase(RelayTestCase):
    """Tests with a client of the package that tries once."""

    answers: Mapping[str, Behaviour] = {
        "crlf": streamed([_said(b"\r\n")]),
        "bytewise": streamed(_bytewise(_said())),
        "with-comments": streamed([b": hello\n\n", _said(), b": bye\n\n"]),
        "usage": streamed([_said()]),
        "tools": streamed(_TOOL_CALLS),
        "compressed": documented(
            gzip.compress(whole("any", SAID)), fields={"content-encoding": "gzip"}
        ),
        "error-event": streamed([chunk("any", {"content": "so"}), event({"error": {"code": 1}})]),
        **{f"status-{status}": _refusal(status) for status in (400, 401, 403, 404, 500, 503)},
        "status-429": _refusal(429, **{"retry-after": "7"}),
    }

    def configured(self, base_url: str) -> Configuration:
        """Return the configuration of a provider with a model of another name.

        What tells something of a whole provider is told by one that has nothing else.
        """
        separate = [f"status-{status}" for status in (401, 403, 429)]
        configuration = relaying(
            provider(base_url, models={"small": OWN_NAME, "*": "*"}),
            *[provider(base_url, name, models=[name]) for name in separate],
        )
        routing = {
            "retry": {"attempts": 1, "max_wait": "0s"},
            "circuit_breaker": {"enabled": False},
            "models": {name: {"providers": [name]} for name in separate},
        }
        return {**configuration, "routing": routing}

    def setUp(self) -> None:
        super().setUp()
        self.client = OpenAI(base_url=self.gateway.base_url, api_key=KEY, max_retries=0)
        self.addCleanup(self.client.close)

    def plain(self, model: str) -> ChatCompletion:
        """Make a plain call."""
        return self.client.chat.completions.create(model=model, messages=MESSAGES)

    def stream(self, model: str, **options: Any) -> list[ChatCompletionChunk]:
        """Make a streamed call and read all of it."""
        with self.client.chat.completions.create(
            model=model, messages=MESSAGES, stream=True, **options
        ) as stream:
            return list(stream)


class AnswerTests(RelayOpenAITestCase):
    """What arrives of a good answer."""

    def test_plain(self) -> None:
        """A whole answer arrives with its text, in any script, and its usage."""
        answer = self.plain("any")
        self.assertEqual(answer.choices[0].message.content, SAID)
        assert answer.usage is not None
        self.assertEqual(answer.usage.total_tokens, 7)

    def test_stream(self) -> None:
        """A stream arrives piece by piece, under one id."""
        chunks = self.stream("any")
        self.assertEqual(text_of(chunks), SAID)
        self.assertGreater(len(chunks), 3)
        self.assertEqual({chunk.id for chunk in chunks}, {"chatcmpl-1"})
        self.assertEqual(chunks[-1].choices[0].finish_reason, "stop")

    def test_writing(self) -> None:
        """Line ends, pieces of one byte and comments change nothing in what is said."""
        for model in ("crlf", "bytewise", "with-comments"):
            self.assertEqual(text_of(self.stream(model)), SAID, model)

    def test_usage(self) -> None:
        """Usage that was asked for arrives in one last chunk without choices."""
        *chunks, last = self.stream("usage", stream_options={"include_usage": True})
        self.assertEqual({chunk.usage for chunk in chunks}, {None})
        self.assertEqual(last.choices, [])
        assert last.usage is not None
        self.assertEqual(last.usage.completion_tokens, 4)

    def test_no_usage_unasked(self) -> None:
        """Usage that only the gateway asked for stays there."""
        chunks = self.stream("usage")
        (exchange,) = self.upstream.exchanges
        self.assertEqual(exchange.body["stream_options"], {"include_usage": True})
        self.assertEqual({(len(chunk.choices), chunk.usage) for chunk in chunks}, {(1, None)})

    def test_tools(self) -> None:
        """A streamed tool call is put together by the package as it was meant."""
        with self.client.chat.completions.stream(
            model="tools", messages=MESSAGES, tools=[TOOL]
        ) as stream:
            choice = stream.get_final_completion().choices[0]
        self.assertEqual(choice.finish_reason, "tool_calls")
        assert choice.message.tool_calls is not None
        (call,) = choice.message.tool_calls
        self.assertEqual(call.id, "call_1")
        self.assertEqual(call.function.name, "look")
        self.assertEqual(json.loads(call.function.arguments), {"at": "你好"})
        self.assertEqual(self.upstream.exchanges[0].body["tools"], [TOOL])

    def test_model_name(self) -> None:
        """A public name becomes the provider's on the way there, and itself on the way back."""
        self.assertEqual(self.plain("small").model, "small")
        self.assertEqual({chunk.model for chunk in self.stream("small")}, {"small"})
        self.assertEqual({x.model for x in self.upstream.exchanges}, {OWN_NAME})


class FailureTests(RelayOpenAITestCase):
    """What the package raises when the server behind the gateway fails."""

    def refused(
        self, model: str, kind: type[APIStatusError], status: int, code: str
    ) -> APIStatusError:
        """Assert what plain and streamed calls raise; return the last exception."""
        for ask in (self.plain, self.stream):
            with self.assertRaises(APIStatusError) as raised:
                ask(model)
            error: APIStatusError = raised.exception
            self.assertIs(type(error), kind)
            self.assertEqual((error.status_code, error.code), (status, code))
        return error

    def test_request(self) -> None:
        """Who blames the request is believed, and quoted."""
        for model, kind, status in (
            ("status-400", BadRequestError, 400),
            ("status-404", NotFoundError, 404),
        ):
            error = self.refused(model, kind, status, "provider_invalid_request")
            self.assertIn("the upstream says no", error.message)
            self.assertEqual(error.param, "model")

    def test_credential(self) -> None:
        """A credential that is refused is not the client's."""
        for model in ("status-401", "status-403"):
            error = self.refused(model, InternalServerError, 502, "provider_auth_failed")
            self.assertNotIn("says no", error.message)

    def test_rate_limit(self) -> None:
        """A rate limit comes with when it is over, to the first who meets it as it was told."""
        with self.assertRaises(RateLimitError) as raised:
            self.plain("status-429")
        self.assertEqual(raised.exception.response.headers["retry-after"], "7")
        error = self.refused("status-429", RateLimitError, 429, "provider_quota_exceeded")
        self.assertIn(int(error.response.headers["retry-after"]), range(1, 8))

    def test_server(self) -> None:
        """A server that fails, or is overloaded, is a bad gateway's."""
        for model in ("status-500", "status-503"):
            self.refused(model, InternalServerError, 502, "provider_error")

    def test_error_event(self) -> None:
        """An error in the middle of a stream is raised behind what was said before."""
        chunks = []
        with (
            self.assertRaises(APIError) as raised,
            self.client.chat.completions.create(
                model="error-event", messages=MESSAGES, stream=True
            ) as stream,
        ):
            for piece in stream:
                chunks.append(piece)
        self.assertIs(type(raised.exception), APIError)
        self.assertEqual(raised.exception.code, "provider_error")
        self.assertEqual(text_of(chunks), "so")

    def test_compressed(self) -> None:
        """An answer in a coding that nobody asked for is no answer."""
        with self.assertRaises(InternalServerError) as raised:
            self.plain("compressed")
        self.assertEqual(raised.exception.code, "provider_error")
        (exchange,) = self.upstream.exchanges
        self.assertEqual(exchange.headers["accept-encoding"], "identity")
