"""The events of a stream of Anthropic's Messages API as the chunks of a chat stream.

What has no place in a chat stream is dropped, as in a whole answer (`wire.anthropic_answer`); so
are events of types that are new. What is no event of that API is passed on as it came, for whoever
inspects the stream to find malformed.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import attrs
import orjson

from inference_gateway.wire.anthropic_answer import Tokens, finish_reason, tool_call
from inference_gateway.wire.inspect import Kind
from inference_gateway.wire.sse import DONE, KEEPALIVE, Event, encode
from inference_gateway.wire.told_errors import event_error
from inference_gateway.wire.typed_events import TypedEvent, read_typed

#: The blocks that are told in a delta of their own, and its name; each names its text by its type.
_TEXTS: Mapping[str, str] = MappingProxyType({"text": "content", "thinking": "reasoning_content"})


@attrs.define(eq=False)
class _Call:
    """A call of a tool whose block is open."""

    #: Which of the answer's calls it is.
    index: int
    #: What it was called with, as far as its block began with that.
    arguments: str
    #: Whether pieces of the arguments came.
    told: bool = False


class MessageStream:
    """Translates the events of one stream; one for each stream.

    ``created`` is in seconds of the Unix epoch. The usage is always told, in the event before the
    last; ``include_usage`` marks the other chunks as the API does for who asks for it.
    """

    __slots__ = ("_answered", "_calls", "_head", "_open", "_tokens")

    def __init__(self, created: int, *, include_usage: bool) -> None:
        self._head: dict[str, Any] = {
            "id": None,
            "object": "chat.completion.chunk",
            "created": created,
            "model": None,
        }
        if include_usage:
            self._head["usage"] = None
        self._tokens = Tokens()
        #: Whether there was any text, or a call.
        self._answered = False
        #: How many calls there were.
        self._calls = 0
        #: The calls that go on, by the index of their blocks.
        self._open: dict[int, _Call] = {}

    def feed(self, event: Event) -> bytes:
        """Return the events that this one means, as they go on the wire; often none.

        Raises `ProviderError` for an event that reports one, `ProviderInvalidAnswer` for a call
        that does not say what to call.
        """
        typed = read_typed(event)
        if isinstance(typed, TypedEvent):
            translate = _TRANSLATE.get(typed.type)
            return b"" if translate is None else translate(self, typed)
        if typed is Kind.ERROR:
            raise event_error(event)
        return event.raw

    # --- one for each type of event

    def _begin(self, event: TypedEvent) -> bytes:
        message = event.inner("message")
        self._head["id"] = message.get("id")
        self._head["model"] = message.get("model")
        self._tokens.add(message.get("usage"))
        return self._chunk({"role": "assistant", "refusal": None})

    def _begin_block(self, event: TypedEvent) -> bytes:
        block = event.inner("content_block")
        kind = _word(block, "type")
        if kind != "tool_use":
            return self._say(kind, block)
        call = tool_call(block)
        function = call["function"]
        self._open[_index(event)] = _Call(self._calls, function["arguments"])
        function["arguments"] = ""
        call = {"index": self._calls, **call}
        self._calls += 1
        self._answered = True
        return self._chunk({"tool_calls": [call]})

    def _go_on(self, event: TypedEvent) -> bytes:
        delta = event.inner("delta")
        kind = _word(delta, "type")
        if kind != "input_json_delta":
            return self._say(kind.removesuffix("_delta"), delta)
        call = self._open.get(_index(event))
        piece = _word(delta, "partial_json")
        if call is None or not piece:
            return b""
        call.told = True
        return self._arguments(call, piece)

    def _end_block(self, event: TypedEvent) -> bytes:
        call = self._open.pop(_index(event), None)
        if call is None or call.told:
            return b""
        # without arguments there are no pieces, and "" would not be JSON
        return self._arguments(call, call.arguments)

    def _end(self, event: TypedEvent) -> bytes:
        self._tokens.add(event.members.get("usage"))
        stop_reason = _word(event.inner("delta"), "stop_reason")
        if not stop_reason:
            return b""
        delta = {} if self._answered else {"content": ""}
        return self._chunk(delta, finish_reason(stop_reason))

    def _stop(self, event: TypedEvent) -> bytes:
        usage = self._tokens.usage()
        if usage is None:
            return DONE.raw
        return encode(orjson.dumps({**self._head, "choices": [], "usage": usage})) + DONE.raw

    def _ping(self, event: TypedEvent) -> bytes:
        # a comment says nothing either, and shows whoever waits that the provider lives
        return KEEPALIVE

    # --- what they say

    def _say(self, kind: str, told: dict[str, Any]) -> bytes:
        name = _TEXTS.get(kind)
        piece = _word(told, kind)
        if name is None or not piece:
            return b""
        if kind == "text":
            self._answered = True
        return self._chunk({name: piece})

    def _arguments(self, call: _Call, piece: str) -> bytes:
        return self._chunk(
            {"tool_calls": [{"index": call.index, "function": {"arguments": piece}}]}
        )

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return encode(orjson.dumps({**self._head, "choices": [choice]}))


_TRANSLATE: Mapping[str, Callable[[MessageStream, TypedEvent], bytes]] = MappingProxyType(
    {
        "message_start": MessageStream._begin,
        "content_block_start": MessageStream._begin_block,
        "content_block_delta": MessageStream._go_on,
        "content_block_stop": MessageStream._end_block,
        "message_delta": MessageStream._end,
        "message_stop": MessageStream._stop,
        "ping": MessageStream._ping,
    }
)


def _word(members: dict[str, Any], name: str) -> str:
    """Return a member that is a string; an empty one for anything else."""
    value = members.get(name)
    return value if type(value) is str else ""


def _index(event: TypedEvent) -> int:
    index = event.members.get("index")
    return index if type(index) is int else -1
