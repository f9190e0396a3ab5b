"""Tests of `inference_gateway.wire.answers`."""

import json
from typing import Any

from openai.types.chat import ChatCompletion, ChatCompletionChunk
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.wire import answers
from inference_gateway.wire.inspect import Kind, StreamInspector, inspect_answer
from inference_gateway.wire.sse import Event, encode


class CompletionTests(SynchronousTestCase):
    """Whole answers have the API's shape."""

    def completion(self, completion_tokens: int | None = 4) -> bytes:
        """Return an answer with two choices."""
        return answers.completion(
            id="chatcmpl-1",
            created=1_700_000_000,
            model="m",
            choices=["one", "two"],
            finish_reason="stop",
            prompt_tokens=3,
            completion_tokens=completion_tokens,
        )

    def test_client(self) -> None:
        """OpenAI's own client reads every member, without any it does not know."""
        body = json.loads(self.completion())
        answer = ChatCompletion.model_validate(body, strict=True)
        self.assertEqual(
            [(choice.index, choice.message.content) for choice in answer.choices],
            [(0, "one"), (1, "two")],
        )
        self.assertEqual(answer.model_extra, {})

    def test_facts(self) -> None:
        """We read our own answers as we mean them."""
        facts = inspect_answer(self.completion())
        self.assertEqual((facts.usage, facts.finish_reason, facts.model), ((3, 4), "stop", "m"))

    def test_without_usage(self) -> None:
        """Usage can be left out."""
        self.assertNotIn("usage", json.loads(self.completion(None)))


class ChunkTests(SynchronousTestCase):
    """Chunks have the API's shape."""

    def chunk(self, **members: Any) -> bytes:
        """Return a chunk with more members."""
        return answers.chunk(
            id="chatcmpl-1", created=1_700_000_000, model="m", delta={"content": "a"}, **members
        )

    def test_client(self) -> None:
        """OpenAI's own client reads every member, without any it does not know."""
        for data in (
            self.chunk(),
            self.chunk(index=1, finish_reason="stop"),
            answers.usage_chunk(
                id="chatcmpl-1", created=1, model="m", usage=answers.usage_object(3, 4)
            ),
        ):
            chunk = ChatCompletionChunk.model_validate(json.loads(data), strict=True)
            self.assertEqual(chunk.model_extra, {})

    def test_usage(self) -> None:
        """Usage is absent, null where it comes at the end, or there."""
        self.assertNotIn("usage", json.loads(self.chunk()))
        self.assertIsNone(json.loads(self.chunk(include_usage=True))["usage"])
        usage = answers.usage_object(3, 4)
        self.assertEqual(json.loads(self.chunk(usage=usage))["usage"], usage)

    def test_kinds(self) -> None:
        """We read our own chunks as we mean them."""
        usage = answers.usage_chunk(id="a", created=1, model="m", usage=answers.usage_object(3, 4))
        for data, kind in ((self.chunk(), Kind.CONTENT), (usage, Kind.USAGE)):
            self.assertIs(StreamInspector().inspect(Event(encode(data), data)), kind)
