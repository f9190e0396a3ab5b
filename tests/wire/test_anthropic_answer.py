"""A whole answer of Anthropic's API as a chat completion."""

from typing import Any

import orjson
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.provider_errors import ProviderInvalidAnswer
from inference_gateway.wire.anthropic_answer import translate_answer
from inference_gateway.wire.inspect import inspect_answer

TEXT = {"type": "text", "text": "hi"}


def message(*content: object, **members: Any) -> bytes:
    """Return an answer with these blocks."""
    return orjson.dumps(
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "m",
            "content": content,
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 7, "output_tokens": 3},
            **members,
        }
    )


def completion(*content: object, **members: Any) -> dict[str, Any]:
    """Return the completion that such an answer means."""
    value: dict[str, Any] = orjson.loads(translate_answer(message(*content, **members), 1700000000))
    return value


def said(*content: object) -> dict[str, Any]:
    """Return the message of the completion that these blocks mean."""
    value: dict[str, Any] = completion(*content)["choices"][0]["message"]
    return value


class AnswerTests(SynchronousTestCase):
    """From a message to a completion."""

    def test_whole(self) -> None:
        """A text makes a completion with everything the API requires."""
        self.assertEqual(
            completion(TEXT),
            {
                "id": "msg_1",
                "object": "chat.completion",
                "created": 1700000000,
                "model": "m",
                "choices": [
                    {
                        "index": 0,
                        "message": {"role": "assistant", "content": "hi", "refusal": None},
                        "logprobs": None,
                        "finish_reason": "stop",
                    }
                ],
                "usage": {
                    "prompt_tokens": 7,
                    "completion_tokens": 3,
                    "total_tokens": 10,
                    "prompt_tokens_details": {"cached_tokens": 0},
                },
            },
        )

    def test_inspected(self) -> None:
        """It is one to whoever inspects answers."""
        facts = inspect_answer(translate_answer(message(TEXT), 0))
        self.assertEqual((facts.usage, facts.finish_reason, facts.model), ((7, 3), "stop", "m"))

    def test_blocks(self) -> None:
        """Texts are joined, thoughts are reasoning, and what has no place is left out."""
        self.assertEqual(
            said(
                {"type": "thinking", "thinking": "h", "signature": "s"},
                {"type": "redacted_thinking", "data": "x"},
                {"type": "thinking", "thinking": "m", "signature": "s"},
                {"type": "text", "text": "a", "citations": []},
                {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
                {"type": "novel"},
                {"type": "text", "text": "b"},
            ),
            {"role": "assistant", "content": "ab", "refusal": None, "reasoning_content": "hm"},
        )

    def test_tool_calls(self) -> None:
        """Calls carry their arguments as text; beside them no text is null."""
        uses = [
            {"type": "tool_use", "id": "a", "name": "f", "input": {"x": [1, 2.5, "ü"]}},
            {"type": "tool_use", "id": "b", "name": "g", "input": {}},
        ]
        calls = [
            {
                "id": "a",
                "type": "function",
                "function": {"name": "f", "arguments": '{"x":[1,2.5,"ü"]}'},
            },
            {"id": "b", "type": "function", "function": {"name": "g", "arguments": "{}"}},
        ]
        message = {"role": "assistant", "content": None, "refusal": None, "tool_calls": calls}
        self.assertEqual(said(*uses), message)
        self.assertEqual(said(TEXT, *uses), {**message, "content": "hi"})

    def test_silent(self) -> None:
        """An answer that says nothing has an empty text, not none."""
        self.assertEqual(said(), {"role": "assistant", "content": "", "refusal": None})

    def test_finish_reasons(self) -> None:
        """Each reason to stop has its word; new ones are stops."""
        for reason, finish in (
            ("end_turn", "stop"),
            ("stop_sequence", "stop"),
            ("pause_turn", "stop"),
            ("max_tokens", "length"),
            ("model_context_window_exceeded", "length"),
            ("tool_use", "tool_calls"),
            ("refusal", "content_filter"),
            ("novel", "stop"),
        ):
            (choice,) = completion(TEXT, stop_reason=reason)["choices"]
            self.assertEqual(choice["finish_reason"], finish)

    def test_usage(self) -> None:
        """What the cache held or took is a part of the prompt."""
        usage = {
            "input_tokens": 1,
            "cache_read_input_tokens": 20,
            "cache_creation_input_tokens": 300,
            "output_tokens": 4000,
            "output_tokens_details": {"thinking_tokens": 50},
        }
        self.assertEqual(
            completion(TEXT, usage=usage)["usage"],
            {
                "prompt_tokens": 321,
                "completion_tokens": 4000,
                "total_tokens": 4321,
                "prompt_tokens_details": {"cached_tokens": 20},
                "completion_tokens_details": {"reasoning_tokens": 50},
            },
        )

    def test_odd_usage(self) -> None:
        """Counts that are none are not believed; without any there is no usage."""
        odd = {"input_tokens": 5, "output_tokens": "3", "cache_read_input_tokens": None}
        usage = completion(TEXT, usage={**odd, "cache_creation_input_tokens": -1})["usage"]
        self.assertEqual((usage["prompt_tokens"], usage["completion_tokens"]), (5, 0))
        untold: tuple[Any, ...] = (None, [], {}, {"input_tokens": True})
        for nothing in untold:
            self.assertNotIn("usage", completion(TEXT, usage=nothing))

    def test_no_answer(self) -> None:
        """What is no message is the provider's failure."""
        use = {"type": "tool_use", "id": "a", "name": "f", "input": {}}
        nested = message({**use, "input": "@"}).replace(b'"@"', b'{"x":' * 300 + b"1" + b"}" * 300)
        for body in (
            b"",
            b"<html>",
            b"[]",
            b"{}",
            b'{"type":"error","error":{"type":"api_error","message":"x"}}',
            message(TEXT, stop_reason=None),
            message(content="hi"),
            message("hi"),
            message({"type": "text"}),
            message({"type": "thinking", "thinking": 5}),
            message({**use, "id": None}),
            message({**use, "name": 5}),
            message({**use, "input": "{}"}),
            nested,
        ):
            self.assertRaises(ProviderInvalidAnswer, translate_answer, body, 0)
