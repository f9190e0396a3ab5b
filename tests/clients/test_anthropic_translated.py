"""The ``openai`` package in front of a provider that speaks Anthropic's API only.

That API takes nothing that its own package does not know: the upstream sees to that.
"""

import json
from typing import Any

from openai import (
    APIError,
    APIStatusError,
    BadRequestError,
    InternalServerError,
    RateLimitError,
)
from openai.types.chat import (
    ChatCompletionMessageFunctionToolCall,
    ChatCompletionMessageParam,
)

from tests.acceptance.gateway import PROMPT
from tests.clients.chat_answers import SAID
from tests.clients.messages_answers import CITIES, THOUGHT
from tests.clients.openai_client import OpenAITestCase
from tests.clients.surface import ANTHROPIC_KEY
from tests.clients.test_openai_chat import MESSAGES, TOOL, text_of

#: All that can be said in both APIs.
CONVERSATION: list[ChatCompletionMessageParam] = [
    {"role": "developer", "content": "Be brief."},
    {"role": "system", "content": [{"type": "text", "text": PROMPT}]},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": PROMPT},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
            {"type": "image_url", "image_url": {"url": "https://images.invalid/a.png"}},
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0="}},
        ],
    },
    {
        "role": "assistant",
        "content": "Wait.",
        "tool_calls": [
            {
                "id": f"call_{number}",
                "type": "function",
                "function": {"name": "forecast", "arguments": json.dumps(city)},
            }
            for number, city in enumerate(CITIES)
        ],
    },
    {"role": "tool", "tool_call_id": "call_0", "content": "rain"},
    {"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "sun"}]},
    {"role": "user", "content": "Why?"},
]


class RequestTests(OpenAITestCase):
    """What the provider gets."""

    def ask(self, **fields: Any) -> dict[str, Any]:
        """Return what the provider got of a plain call."""
        asked: dict[str, Any] = {"model": "claude-small", "messages": MESSAGES, **fields}
        self.client.chat.completions.create(**asked)
        return self.exchange().body

    def test_head(self) -> None:
        """The gateway's credential, in Anthropic's header."""
        self.ask()
        headers = self.exchange().headers
        self.assertEqual(headers["x-api-key"], ANTHROPIC_KEY)
        self.assertNotIn("authorization", headers)

    def test_conversation(self) -> None:
        """Roles, images, files, calls of tools and their results."""
        body = self.ask(messages=CONVERSATION, tools=[TOOL])
        self.assertEqual([block["text"] for block in body["system"]], ["Be brief.", PROMPT])
        self.assertEqual(
            [
                (turn["role"], [block["type"] for block in turn["content"]])
                for turn in body["messages"]
            ],
            [
                ("user", ["text", "image", "image", "document"]),
                ("assistant", ["text", "tool_use", "tool_use"]),
                ("user", ["tool_result", "tool_result", "text"]),
            ],
        )
        calls = [block for block in body["messages"][1]["content"] if block["type"] == "tool_use"]
        self.assertEqual([call["input"] for call in calls], CITIES)

    def test_options(self) -> None:
        """Options that both have."""
        body = self.ask(
            max_completion_tokens=50,
            stop=["one"],
            temperature=1.5,
            tool_choice={"type": "function", "function": {"name": "forecast"}},
            parallel_tool_calls=False,
            tools=[TOOL],
            top_p=0.5,
            user="you",
        )
        self.assertEqual((body["max_tokens"], body["stop_sequences"]), (50, ["one"]))
        self.assertEqual((body["temperature"], body["metadata"]), (1, {"user_id": "you"}))
        self.assertEqual(
            body["tool_choice"],
            {"type": "tool", "name": "forecast", "disable_parallel_tool_use": True},
        )

    def test_refused(self) -> None:
        """What cannot be said is refused, all of it by name, and the provider is not asked."""
        with self.assertRaises(BadRequestError) as raised:
            self.ask(n=2, logprobs=True)
        error: Any = raised.exception
        self.assertEqual((error.param, error.code), ("n", "validation_error"))
        fields = [problem["field"] for problem in error.response.json()["detail"]["errors"]]
        self.assertEqual(fields, ["n", "logprobs"])
        self.assertEqual(self.upstream.exchanges, [])


class AnswerTests(OpenAITestCase):
    """What the client gets."""

    def test_plain(self) -> None:
        """Text, end and usage, in OpenAI's words."""
        answer = self.client.chat.completions.create(model="maker/claude", messages=MESSAGES)
        (choice,) = answer.choices
        self.assertEqual((answer.object, answer.model), ("chat.completion", "maker/claude"))
        self.assertEqual((choice.message.content, choice.finish_reason), (SAID, "stop"))
        assert answer.usage is not None
        assert answer.usage.prompt_tokens_details is not None
        self.assertEqual((answer.usage.prompt_tokens, answer.usage.completion_tokens), (16, 7))
        self.assertEqual(answer.usage.prompt_tokens_details.cached_tokens, 4)

    def test_stream(self) -> None:
        """A stream says the same, piece by piece, with its usage if asked."""
        with self.client.chat.completions.create(
            model="maker/claude",
            messages=MESSAGES,
            stream=True,
            stream_options={"include_usage": True},
        ) as stream:
            *chunks, last = stream
        self.assertEqual(text_of(chunks), SAID)
        self.assertGreaterEqual(len(chunks), len(SAID))
        self.assertEqual({chunk.model for chunk in chunks}, {"maker/claude"})
        self.assertEqual(chunks[-1].choices[0].finish_reason, "stop")
        assert last.usage is not None
        self.assertEqual((last.choices, last.usage.total_tokens), ([], 23))

    def test_tools(self) -> None:
        """Calls of tools, plain and put together from a stream."""
        plain = self.client.chat.completions.create(
            model="claude-tools", messages=MESSAGES, tools=[TOOL]
        )
        with self.client.chat.completions.stream(
            model="claude-tools", messages=MESSAGES, tools=[TOOL]
        ) as stream:
            streamed = stream.get_final_completion()
        for choice in (plain.choices[0], streamed.choices[0]):
            calls = []
            for call in choice.message.tool_calls or ():
                assert isinstance(call, ChatCompletionMessageFunctionToolCall)
                calls.append((call.id, call.function.name, json.loads(call.function.arguments)))
            self.assertEqual(
                calls,
                [("toolu_0", "forecast", CITIES[0]), ("toolu_1", "forecast", CITIES[1])],
            )
            self.assertEqual(
                (choice.message.content, choice.finish_reason), ("Wait.", "tool_calls")
            )

    def test_thinking(self) -> None:
        """Thoughts are reasoning, beside the text; a limit is a limit."""
        answer = self.client.chat.completions.create(model="claude-thinking", messages=MESSAGES)
        (choice,) = answer.choices
        assert choice.message.model_extra is not None
        self.assertEqual(choice.message.model_extra["reasoning_content"], THOUGHT)
        self.assertEqual((choice.message.content, choice.finish_reason), (SAID, "length"))


class ErrorTests(OpenAITestCase):
    """What the package raises when the provider fails."""

    def test_statuses(self) -> None:
        """Statuses mean what they mean of every provider, plain and streamed."""
        for model, kind, status, code in (
            ("claude-status-400", BadRequestError, 400, "provider_invalid_request"),
            ("claude-status-413", APIStatusError, 413, "provider_invalid_request"),
            ("claude-status-401", InternalServerError, 502, "provider_auth_failed"),
            ("claude-status-429", RateLimitError, 429, "provider_quota_exceeded"),
            ("claude-status-500", InternalServerError, 502, "provider_error"),
            ("claude-status-529", InternalServerError, 502, "provider_error"),
        ):
            for stream in (False, True):
                with self.assertRaises(APIStatusError) as raised:
                    self.client.chat.completions.create(
                        model=model, messages=MESSAGES, stream=stream
                    )
                error: APIStatusError = raised.exception
                self.assertIsInstance(error, kind)
                self.assertEqual((error.status_code, error.code), (status, code), model)
                self.assertEqual("says no" in error.message, status in (400, 413), model)

    def test_in_stream(self) -> None:
        """An error in the middle of a stream is raised behind what was said before."""
        chunks = []
        with (
            self.assertRaises(APIError) as raised,
            self.client.chat.completions.create(
                model="claude-broken", messages=MESSAGES, stream=True
            ) as stream,
        ):
            for chunk in stream:
                chunks.append(chunk)
        self.assertEqual((text_of(chunks), raised.exception.code), (SAID[:2], "provider_error"))
