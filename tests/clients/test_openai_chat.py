"""Chat completions with the ``openai`` package: what the provider gets, and what comes back."""

import json
from typing import Any

from openai.types.chat import (
    ChatCompletionChunk,
    ChatCompletionMessageFunctionToolCall,
    ChatCompletionMessageParam,
    ChatCompletionToolParam,
)
from openai.types.chat.chat_completion_token_logprob import ChatCompletionTokenLogprob
from pydantic import BaseModel

from tests.acceptance.gateway import PROMPT
from tests.acceptance.upstream_answers import DONE
from tests.clients.chat_answers import (
    CALLS,
    FORECAST,
    FULL_STREAM,
    LOGPROBS,
    SAID,
    USAGE,
    says,
    whole,
)
from tests.clients.openai_client import OpenAITestCase
from tests.clients.surface import OPENAI_KEY

MESSAGES: list[ChatCompletionMessageParam] = [{"role": "user", "content": PROMPT}]
TOOL: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "forecast",
        "description": "Foretell the weather.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
#: Of every role, with every kind of content.
CONVERSATION: list[ChatCompletionMessageParam] = [
    {"role": "developer", "content": f"Say {PROMPT} \u2028 only.", "name": "boss"},
    {"role": "system", "content": [{"type": "text", "text": "\U0001f30d"}]},
    {"role": "user", "content": "Weather?", "name": "you"},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": "call_0",
                "type": "function",
                "function": {"name": "forecast", "arguments": '{"city": "\u5317\u4eac"}'},
            }
        ],
    },
    {"role": "tool", "tool_call_id": "call_0", "content": [{"type": "text", "text": "\\u0041"}]},
    {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}], "name": "me"},
    {"role": "user", "content": "Why?"},
]
#: A text, an image, a sound and files.
PARTS: list[ChatCompletionMessageParam] = [
    {
        "role": "user",
        "content": [
            {"type": "text", "text": PROMPT},
            {
                "type": "image_url",
                "image_url": {"url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"},
            },
            {"type": "image_url", "image_url": {"url": "https://images.invalid/a.png?b=c"}},
            {"type": "input_audio", "input_audio": {"data": "UklGRgAA", "format": "wav"}},
            {
                "type": "file",
                "file": {
                    "filename": "a.pdf",
                    "file_data": "data:application/pdf;base64,JVBERi0=",
                },
            },
            {"type": "file", "file": {"file_id": "file-1"}},
        ],
    }
]
#: Most of what the API has, each with a value that is not its default.
OPTIONS: dict[str, Any] = {
    "frequency_penalty": 0.5,
    "logit_bias": {"50256": -100},
    "logprobs": True,
    "max_completion_tokens": 100,
    "metadata": {"who": "you"},
    "modalities": ["text", "audio"],
    "audio": {"voice": "alloy", "format": "wav"},
    "n": 1,
    "parallel_tool_calls": False,
    "prediction": {"type": "content", "content": "maybe"},
    "presence_penalty": -0.5,
    "prompt_cache_key": "key",
    "reasoning_effort": "low",
    "response_format": {"type": "json_object"},
    "safety_identifier": "someone",
    "seed": 9007199254740993,
    "service_tier": "flex",
    "stop": ["one", "two"],
    "store": True,
    "temperature": 1e-05,
    "tool_choice": {"type": "function", "function": {"name": "forecast"}},
    "tools": [TOOL, {"type": "custom", "custom": {"name": "any", "format": {"type": "text"}}}],
    "top_logprobs": 2,
    "top_p": 0.25,
    "user": "you",
    "verbosity": "low",
    "web_search_options": {"search_context_size": "low"},
}


class Forecast(BaseModel):
    """What an answer is parsed into."""

    city: str
    days: int


def text_of(chunks: list[ChatCompletionChunk], index: int = 0) -> str:
    """Return what the chunks say in one choice."""
    choices = [choice for chunk in chunks for choice in chunk.choices]
    return "".join(choice.delta.content or "" for choice in choices if choice.index == index)


class RequestTests(OpenAITestCase):
    """The provider gets what the client sent."""

    def test_conversation(self) -> None:
        """Messages of every role."""
        self.client.chat.completions.create(model="gpt-full", messages=CONVERSATION)
        self.assertForwarded()

    def test_parts(self) -> None:
        """Images, sounds and files beside text."""
        self.client.chat.completions.create(model="gpt-full", messages=PARTS)
        self.assertForwarded()

    def test_options(self) -> None:
        """Every option of the API."""
        self.client.chat.completions.create(model="gpt-full", messages=MESSAGES, **OPTIONS)
        self.assertForwarded()

    def test_stream_options(self) -> None:
        """The options of a stream whose usage is wanted."""
        stream = self.client.chat.completions.create(
            model="gpt-full",
            messages=MESSAGES,
            stream=True,
            stream_options={"include_usage": True, "include_obfuscation": False},
        )
        list(stream)
        self.assertForwarded()

    def test_usage_added(self) -> None:
        """A stream whose usage is not wanted differs by the question for it alone."""
        list(
            self.client.chat.completions.create(
                model="gpt-full", messages=CONVERSATION, stream=True, **OPTIONS
            )
        )
        (sent,) = self.sent
        self.assertEqual(
            self.exchange().content, b'{"stream_options":{"include_usage":true},' + sent[1:]
        )

    def test_own_options(self) -> None:
        """Options that only the provider knows, whatever their names and numbers are."""
        self.client.chat.completions.create(
            model="gpt-full",
            messages=MESSAGES,
            extra_body={"top_k": 3, "wide": 2**70, "nested": {"small": 1e-300, "a/b": [None]}},
        )
        self.assertForwarded()

    def test_renamed(self) -> None:
        """A model of another name there differs by that name, and by nothing else."""
        answer = self.client.chat.completions.create(
            model="maker/small", messages=CONVERSATION, **OPTIONS
        )
        (sent,) = self.sent
        self.assertEqual(self.exchange().content, sent.replace(b'"maker/small"', b'"gpt-small-2"'))
        self.assertEqual(answer.model, "maker/small")

    def test_head(self) -> None:
        """The gateway's credential and the call's id, but not what is the client's own."""
        raw = self.client.chat.completions.with_raw_response.create(
            model="gpt-full",
            messages=MESSAGES,
            extra_headers={"OpenAI-Organization": "org-1", "Cookie": "a=b"},
        )
        headers = self.exchange().headers
        self.assertEqual(headers["authorization"], f"Bearer {OPENAI_KEY}")
        self.assertEqual(headers["x-request-id"], raw.headers["x-request-id"])
        self.assertEqual({"openai-organization", "cookie"} & headers.keys(), set())


class AnswerTests(OpenAITestCase):
    """The client gets what the provider says."""

    def test_unchanged(self) -> None:
        """A plain answer is the provider's, byte for byte, under the id of the call."""
        raw = self.client.chat.completions.with_raw_response.create(
            model="gpt-full", messages=MESSAGES
        )
        self.assertEqual(raw.content, whole("gpt-full", [says(SAID)]))
        self.assertEqual(raw.headers["x-request-id"], raw.parse()._request_id)
        self.assertEqual(raw.parse().choices[0].message.content, SAID)

    def test_usage(self) -> None:
        """Usage arrives with its details, and the tier that served."""
        answer = self.client.chat.completions.create(model="gpt-full", messages=MESSAGES)
        assert answer.usage is not None
        self.assertEqual(answer.usage.to_dict(), USAGE)
        self.assertEqual(answer.service_tier, "flex")

    def test_several(self) -> None:
        """As many choices come as were asked for."""
        answer = self.client.chat.completions.create(model="gpt-several", messages=MESSAGES, n=2)
        self.assertEqual(
            [(choice.index, choice.message.content) for choice in answer.choices],
            [(0, "eins zwei"), (1, "one two")],
        )

    def test_tools(self) -> None:
        """Calls of tools come with their arguments."""
        answer = self.client.chat.completions.create(
            model="gpt-tools", messages=MESSAGES, tools=[TOOL]
        )
        (choice,) = answer.choices
        self.assertEqual(choice.finish_reason, "tool_calls")
        calls = choice.message.tool_calls or ()
        self.assertEqual([call.to_dict() for call in calls], CALLS)

    def test_parsed(self) -> None:
        """An answer of a described form is parsed into it."""
        answer = self.client.chat.completions.parse(
            model="gpt-schema", messages=MESSAGES, response_format=Forecast
        )
        self.assertEqual(answer.choices[0].message.parsed, Forecast.model_validate(FORECAST))
        self.assertEqual(self.exchange().body["response_format"]["type"], "json_schema")
        self.assertForwarded()

    def test_logprobs(self) -> None:
        """Probabilities come with their bytes."""
        answer = self.client.chat.completions.create(
            model="gpt-logprobs", messages=MESSAGES, logprobs=True, top_logprobs=1
        )
        assert answer.choices[0].logprobs is not None
        self.assertEqual(answer.choices[0].logprobs.to_dict(), LOGPROBS)


class StreamTests(OpenAITestCase):
    """The client gets the provider's events while they come."""

    def stream(self, model: str, **options: Any) -> list[ChatCompletionChunk]:
        """Make a streamed call and read all of it."""
        with self.client.chat.completions.create(
            model=model, messages=MESSAGES, stream=True, **options
        ) as stream:
            return list(stream)

    def test_unchanged(self) -> None:
        """Events are the provider's, byte for byte."""
        with self.client.chat.completions.with_streaming_response.create(
            model="gpt-full", messages=MESSAGES, stream=True
        ) as raw:
            self.assertEqual(b"".join(raw.iter_bytes()), b"".join([*FULL_STREAM, DONE]))

    def test_usage(self) -> None:
        """Usage that was asked for comes last, and otherwise not at all."""
        *chunks, last = self.stream("gpt-full", stream_options={"include_usage": True})
        assert last.usage is not None
        self.assertEqual((last.choices, last.usage.to_dict()), ([], USAGE))
        self.assertEqual(text_of(chunks), SAID)
        self.assertEqual({chunk.usage for chunk in self.stream("gpt-full")}, {None})

    def test_several(self) -> None:
        """Choices that come in turns are told apart."""
        chunks = self.stream("gpt-several", n=2)
        self.assertEqual([text_of(chunks, index) for index in (0, 1)], ["eins zwei", "one two"])

    def test_tools(self) -> None:
        """Arguments of calls at the same time are put together by the package."""
        with self.client.chat.completions.stream(
            model="gpt-tools", messages=MESSAGES, tools=[TOOL]
        ) as stream:
            (choice,) = stream.get_final_completion().choices
        calls = []
        for call in choice.message.tool_calls or ():
            assert isinstance(call, ChatCompletionMessageFunctionToolCall)
            calls.append((call.id, call.function.name, json.loads(call.function.arguments)))
        self.assertEqual(
            calls,
            [("call_0", "forecast", {"city": "北京"}), ("call_1", "forecast", {"city": "Zürich"})],
        )

    def test_parsed(self) -> None:
        """A streamed answer of a described form is parsed into it."""
        with self.client.chat.completions.stream(
            model="gpt-schema", messages=MESSAGES, response_format=Forecast
        ) as stream:
            (choice,) = stream.get_final_completion().choices
        self.assertEqual(choice.message.parsed, Forecast.model_validate(FORECAST))

    def test_logprobs(self) -> None:
        """Probabilities come with the text that they are of."""
        chunks = self.stream("gpt-logprobs", logprobs=True, top_logprobs=1)
        told: list[ChatCompletionTokenLogprob] = []
        for chunk in chunks:
            for choice in chunk.choices:
                if choice.logprobs is not None:
                    told += choice.logprobs.content or []
        self.assertEqual([token.to_dict() for token in told], LOGPROBS["content"])
