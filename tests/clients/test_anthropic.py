"""The ``anthropic`` package on ``/v1/messages``, in front of a provider that speaks its API."""

from collections.abc import Callable
from typing import Any

from anthropic import (
    Anthropic,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    DefaultHttpxClient,
    InternalServerError,
    NotFoundError,
    RateLimitError,
)
from anthropic.types import MessageParam, ToolParam

from tests.acceptance.gateway import KEY, PROMPT
from tests.clients.chat_answers import SAID
from tests.clients.messages_answers import CITIES, THOUGHT, USAGE
from tests.clients.surface import ANTHROPIC_KEY, SurfaceTestCase

MESSAGES: list[MessageParam] = [{"role": "user", "content": PROMPT}]
TOOL: ToolParam = {
    "name": "forecast",
    "description": "Foretell the weather.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}
#: With an image, a call of a tool and its result.
CONVERSATION: list[MessageParam] = [
    {
        "role": "user",
        "content": [
            {"type": "text", "text": PROMPT, "cache_control": {"type": "ephemeral"}},
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="},
            },
        ],
    },
    {
        "role": "assistant",
        "content": [
            {"type": "tool_use", "id": "toolu_0", "name": "forecast", "input": {"city": "北京"}}
        ],
    },
    {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": "toolu_0", "content": "\u2028 rain"}],
    },
]


class AnthropicTestCase(SurfaceTestCase):
    """Tests with a client that tries once."""

    def setUp(self) -> None:
        super().setUp()
        #: The bodies that the client sent.
        self.sent: list[bytes] = []
        self.client = self.connect(KEY)

    def connect(self, api_key: str | None = None, *, auth_token: str | None = None) -> Anthropic:
        """Return a new client; it is closed with the test."""

        def record(request: Any) -> None:
            self.sent.append(request.read())

        client = Anthropic(
            base_url=self.gateway.base_url.removesuffix("/v1"),
            max_retries=0,
            http_client=DefaultHttpxClient(event_hooks={"request": [record]}),
            api_key=api_key,
            auth_token=auth_token,
        )
        self.addCleanup(client.close)
        return client

    def assertForwarded(self) -> None:
        """Assert that the provider got each body byte for byte as the client sent it."""
        self.assertEqual([exchange.content for exchange in self.upstream.exchanges], self.sent)


class MessageTests(AnthropicTestCase):
    """What arrives of a good answer, and what the provider got."""

    def test_plain(self) -> None:
        """A message arrives with its text, its end and its usage."""
        message = self.client.messages.create(
            model="claude-small", max_tokens=100, messages=MESSAGES
        )
        self.assertEqual([block.to_dict()["text"] for block in message.content], [SAID])
        self.assertEqual(message.stop_reason, "end_turn")
        self.assertEqual(message.usage.to_dict(), USAGE)
        self.assertForwarded()

    def test_options(self) -> None:
        """Conversations and options arrive as they were sent."""
        self.client.messages.create(
            model="claude-small",
            max_tokens=2000,
            messages=CONVERSATION,
            metadata={"user_id": "you"},
            service_tier="auto",
            stop_sequences=["one"],
            system=[{"type": "text", "text": PROMPT, "cache_control": {"type": "ephemeral"}}],
            thinking={"type": "enabled", "budget_tokens": 1024},
            tool_choice={"type": "auto", "disable_parallel_tool_use": True},
            tools=[TOOL],
            # the package no longer knows what only older models take
            extra_body={"temperature": 0.5, "top_k": 3, "top_p": 0.5},
        )
        self.assertForwarded()

    def test_head(self) -> None:
        """The gateway's credential, the version and the betas that the client wants."""
        raw = self.client.messages.with_raw_response.create(
            model="claude-small",
            max_tokens=100,
            messages=MESSAGES,
            extra_headers={"anthropic-beta": "one-2025-01-01,two-2025-01-01"},
        )
        headers = self.exchange().headers
        self.assertEqual(headers["x-api-key"], ANTHROPIC_KEY)
        self.assertNotIn("authorization", headers)
        self.assertEqual(headers["anthropic-version"], "2023-06-01")
        self.assertEqual(headers["anthropic-beta"], "one-2025-01-01,two-2025-01-01")
        self.assertEqual(headers["x-request-id"], raw.headers["x-request-id"])

    def test_bearer(self) -> None:
        """The key may come as a token, too."""
        message = self.connect(auth_token=KEY).messages.create(
            model="claude-small", max_tokens=100, messages=MESSAGES
        )
        self.assertEqual(message.model, "claude-small")

    def test_stream(self) -> None:
        """A stream is put together by the package, with the usage of its end."""
        with self.client.messages.stream(
            model="claude-small", max_tokens=100, messages=MESSAGES
        ) as stream:
            said = "".join(stream.text_stream)
            message = stream.get_final_message()
        self.assertEqual((said, message.stop_reason), (SAID, "end_turn"))
        self.assertEqual(message.usage.to_dict(), USAGE)
        self.assertForwarded()

    def test_events(self) -> None:
        """Every event arrives, pings included."""
        with self.client.messages.create(
            model="claude-small", max_tokens=100, messages=MESSAGES, stream=True
        ) as stream:
            kinds: list[str] = [event.type for event in stream]
        deltas = ["content_block_delta"] * len(SAID)
        self.assertEqual(
            [kind for kind in kinds if kind != "ping"],
            [
                "message_start",
                "content_block_start",
                *deltas,
                "content_block_stop",
                "message_delta",
                "message_stop",
            ],
        )

    def test_tools(self) -> None:
        """Calls of tools arrive with what they are called with, plain and streamed."""
        plain = self.client.messages.create(
            model="claude-tools", max_tokens=100, messages=MESSAGES, tools=[TOOL]
        )
        with self.client.messages.stream(
            model="claude-tools", max_tokens=100, messages=MESSAGES, tools=[TOOL]
        ) as stream:
            streamed = stream.get_final_message()
        for message in (plain, streamed):
            calls = [block.input for block in message.content if block.type == "tool_use"]
            self.assertEqual((calls, message.stop_reason), (CITIES, "tool_use"))

    def test_thinking(self) -> None:
        """Thoughts arrive with their signatures, plain and streamed."""
        plain = self.client.messages.create(
            model="claude-thinking", max_tokens=100, messages=MESSAGES
        )
        with self.client.messages.stream(
            model="claude-thinking", max_tokens=100, messages=MESSAGES
        ) as stream:
            streamed = stream.get_final_message()
        for message in (plain, streamed):
            thoughts = [x for x in message.content if x.type == "thinking"]
            self.assertEqual([(x.thinking, x.signature) for x in thoughts], [(THOUGHT, "c2ln")])

    def test_renamed(self) -> None:
        """A model of another name there answers under its public name, plain and streamed."""
        plain = self.client.messages.create(model="maker/claude", max_tokens=100, messages=MESSAGES)
        with self.client.messages.stream(
            model="maker/claude", max_tokens=100, messages=MESSAGES
        ) as stream:
            streamed = stream.get_final_message()
        self.assertEqual((plain.model, streamed.model), ("maker/claude", "maker/claude"))
        self.assertEqual({x.model for x in self.upstream.exchanges}, {"claude-small"})


class ErrorTests(AnthropicTestCase):
    """What the package raises: errors have the form that it knows."""

    def refused(
        self, kind: type[APIStatusError], name: str, call: Callable[..., object], **fields: Any
    ) -> APIStatusError:
        """Assert what a call raises, and that the body is Anthropic's; return the exception."""
        asked: dict[str, Any] = {"model": "claude-small", "messages": MESSAGES, **fields}
        with self.assertRaises(APIStatusError) as raised:
            call(**asked)
        error: APIStatusError = raised.exception
        self.assertIs(type(error), kind)
        body: Any = error.body
        self.assertEqual((body["type"], body["error"]["type"]), ("error", name))
        self.assertEqual(body["request_id"], error.response.headers["x-request-id"])
        return error

    def create(self, **fields: Any) -> object:
        """Make a plain call."""
        return self.client.messages.create(max_tokens=100, **fields)

    def stream(self, **fields: Any) -> object:
        """Make a streamed call and read all of it."""
        return list(self.client.messages.create(max_tokens=100, stream=True, **fields))

    def test_key(self) -> None:
        """A key that nobody has."""
        stranger = self.connect("no-such-key").messages
        self.refused(AuthenticationError, "authentication_error", stranger.create, max_tokens=1)

    def test_model(self) -> None:
        """A model that nobody has, with the one that was probably meant."""
        error = self.refused(NotFoundError, "not_found_error", self.create, model="maker/clod")
        self.assertIn("maker/claude", error.message)

    def test_validation(self) -> None:
        """What is no model, before any provider is asked."""
        self.refused(BadRequestError, "invalid_request_error", self.create, model="")
        self.assertEqual(self.upstream.exchanges, [])

    def test_route(self) -> None:
        """A model whose provider has no messages."""
        self.refused(NotFoundError, "not_found_error", self.create, model="gpt-full")
        self.assertEqual(self.upstream.exchanges, [])

    def test_no_route(self) -> None:
        """What the gateway does not have."""
        count = self.client.messages.count_tokens
        self.assertRaises(NotFoundError, count, model="claude-small", messages=MESSAGES)

    def test_provider(self) -> None:
        """What a provider says no to, plain and streamed."""
        for model, kind, status, name in (
            ("claude-status-400", BadRequestError, 400, "invalid_request_error"),
            ("claude-status-413", APIStatusError, 413, "request_too_large"),
            ("claude-status-401", InternalServerError, 502, "api_error"),
            ("claude-status-429", RateLimitError, 429, "rate_limit_error"),
            ("claude-status-500", InternalServerError, 502, "api_error"),
            ("claude-status-529", InternalServerError, 502, "api_error"),
        ):
            for call in (self.create, self.stream):
                with self.assertRaises(APIStatusError) as raised:
                    call(model=model, messages=MESSAGES)
                error: Any = raised.exception
                self.assertIsInstance(error, kind)
                self.assertEqual((error.status_code, error.body["error"]["type"]), (status, name))
                self.assertEqual("says no" in error.message, status in (400, 413), model)

    def test_retry_after(self) -> None:
        """A rate limit comes with when it is over, to the first who meets it as it was told."""
        error = self.refused(
            RateLimitError, "rate_limit_error", self.create, model="claude-limited"
        )
        self.assertEqual(error.response.headers["retry-after"], "7")

    def test_in_stream(self) -> None:
        """An error in the middle of a stream is raised behind what was said before."""
        said = ""
        with (
            self.assertRaises(APIStatusError) as raised,
            self.client.messages.stream(
                model="claude-broken", max_tokens=100, messages=MESSAGES
            ) as stream,
        ):
            for text in stream.text_stream:
                said += text
        body: Any = raised.exception.body
        self.assertEqual((said, body["type"]), (SAID[:2], "error"))
        self.assertEqual(body["error"]["type"], "api_error")
