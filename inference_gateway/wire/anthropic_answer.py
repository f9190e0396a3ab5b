"""A whole answer of Anthropic's Messages API as a chat completion.

What both APIs have is said in the words of the other: text, thinking, calls of tools, why the
answer ended, and its tokens. Blocks of tools that Anthropic runs itself, encrypted thinking and
citations have no place in a chat completion. Numbers in the arguments of a call that no 64 bits
hold may lose digits (RFC 8259, section 6).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import attrs
import orjson

from inference_gateway.provider_errors import ProviderInvalidAnswer
from inference_gateway.wire.inspect import load_answer

_FINISH_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "end_turn": "stop",
        "stop_sequence": "stop",
        "pause_turn": "stop",
        "max_tokens": "length",
        "model_context_window_exceeded": "length",
        "tool_use": "tool_calls",
        "refusal": "content_filter",
    }
)
_INPUT = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def finish_reason(stop_reason: str) -> str:
    """Return OpenAI's word for why an answer ended; ``stop`` for reasons that are new."""
    return _FINISH_REASONS.get(stop_reason, "stop")


@attrs.define(eq=False)
class Tokens:
    """What an answer cost, as far as it was told; a later total takes the place of an earlier."""

    _counts: dict[str, int] = attrs.field(factory=dict, init=False)

    def add(self, usage: object) -> None:
        """Take a ``usage`` into account; what is odd in it counts as not told."""
        if type(usage) is not dict:
            return
        for name in (*_INPUT, "output_tokens"):
            self._take(usage, name)
        details = usage.get("output_tokens_details")
        if type(details) is dict:
            self._take(details, "thinking_tokens")

    def _take(self, told: dict[str, Any], name: str) -> None:
        count = told.get(name)
        if type(count) is int and count >= 0:
            self._counts[name] = count

    def usage(self) -> dict[str, Any] | None:
        """Return OpenAI's ``usage``, where tokens of the cache are among the prompt's.

        None if nothing was told.
        """
        counts = self._counts
        if not counts:
            return None
        prompt = sum(counts.get(name, 0) for name in _INPUT)
        completion = counts.get("output_tokens", 0)
        usage: dict[str, Any] = {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": counts.get("cache_read_input_tokens", 0)},
        }
        if "thinking_tokens" in counts:
            usage["completion_tokens_details"] = {"reasoning_tokens": counts["thinking_tokens"]}
        return usage


def tool_call(block: dict[str, Any]) -> dict[str, Any]:
    """Return the call of a function that a ``tool_use`` block is.

    Raises `ProviderInvalidAnswer` when it does not say what to call.
    """
    name, arguments = block.get("name"), block.get("input")
    if type(block.get("id")) is not str or type(name) is not str or type(arguments) is not dict:
        raise ProviderInvalidAnswer("the provider's call of a tool is incomplete")
    try:
        written = orjson.dumps(arguments).decode()
    except orjson.JSONEncodeError:
        raise ProviderInvalidAnswer("the provider's call of a tool is nested too deeply") from None
    return {
        "id": block["id"],
        "type": "function",
        "function": {"name": name, "arguments": written},
    }


def translate_answer(body: bytes, created: int) -> bytes:
    """Return the chat completion that says what the message ``body`` says.

    ``created`` is in seconds of the Unix epoch; messages do not tell theirs. Raises
    `ProviderInvalidAnswer` for what is no message.
    """
    answer = load_answer(body)
    content, stop_reason = answer.get("content"), answer.get("stop_reason")
    if type(content) is not list or type(stop_reason) is not str:
        raise ProviderInvalidAnswer("the provider's answer is no message")
    completion = {
        "id": answer.get("id"),
        "object": "chat.completion",
        "created": created,
        "model": answer.get("model"),
        "choices": [
            {
                "index": 0,
                "message": _message(content),
                "logprobs": None,
                "finish_reason": finish_reason(stop_reason),
            }
        ],
    }
    tokens = Tokens()
    tokens.add(answer.get("usage"))
    usage = tokens.usage()
    if usage is not None:
        completion["usage"] = usage
    return orjson.dumps(completion)


def _message(content: list[object]) -> dict[str, Any]:
    texts: list[str] = []
    thoughts: list[str] = []
    calls: list[dict[str, Any]] = []
    for block in content:
        if type(block) is not dict:
            raise ProviderInvalidAnswer("the provider's answer has a block that is none")
        kind = block.get("type")
        if kind == "text":
            texts.append(_said(block, "text"))
        elif kind == "thinking":
            thoughts.append(_said(block, "thinking"))
        elif kind == "tool_use":
            calls.append(tool_call(block))
    text, thought = "".join(texts), "".join(thoughts)
    # null only where something else was said, as OpenAI has it
    message: dict[str, Any] = {
        "role": "assistant",
        "content": text if text or not calls else None,
        "refusal": None,
    }
    if thought:
        message["reasoning_content"] = thought
    if calls:
        message["tool_calls"] = calls
    return message


def _said(block: dict[str, Any], name: str) -> str:
    text = block.get(name)
    if type(text) is not str:
        raise ProviderInvalidAnswer("the provider's answer has a block that says nothing")
    return text
