"""What the events of a Messages API stream, or a whole message of that API, say.

The shapes are Anthropic's ``Message`` and ``MessageStreamEvent``. Events are forwarded as they
came; this looks at them beside that, and changes nothing but the name of the model. The messages
of a request are the concern of `wire.messages`.
"""

from typing import Any

import attrs

from inference_gateway.provider_errors import ProviderInvalidAnswer
from inference_gateway.wire.inspect import (
    AnswerFacts,
    Kind,
    count_characters,
    load_answer,
    read_usage,
)
from inference_gateway.wire.sse import Event
from inference_gateway.wire.typed_events import TypedEvent, read_typed, rename_inside

#: Members of a content block, and of a delta of one, that the model wrote.
_WRITTEN = ("text", "thinking", "name", "input", "partial_json")
#: Members of ``usage`` that are counted.
_COUNTS = (
    "input_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "output_tokens",
)


@attrs.define(eq=False)
class MessageInspector:
    """What one Messages API stream has said so far; one for each stream."""

    #: Input and output tokens, once the total of both is told.
    usage: tuple[int, int] | None = attrs.field(default=None, init=False)
    #: The ``stop_reason``.
    finish_reason: str = attrs.field(default="", init=False)
    model: str = attrs.field(default="", init=False)
    #: Characters of content so far, for estimates.
    output_chars: int = attrs.field(default=0, init=False)
    #: Events have no numbers here.
    sequence: int = attrs.field(default=0, init=False)
    #: Whether the event came that ends a message.
    complete: bool = attrs.field(default=False, init=False)
    #: The last counts that were told: later events tell only some of them again.
    _counts: dict[str, int] = attrs.field(factory=dict, init=False)

    def inspect(self, event: Event) -> Kind:
        """Take the next event into account and say what it is; never raises."""
        typed = read_typed(event)
        if not isinstance(typed, TypedEvent):
            return typed
        if typed.type == "content_block_delta":
            return self._take_delta(typed.inner("delta"))
        if typed.type == "message_start":
            message = typed.inner("message")
            if type(model := message.get("model")) is str:
                self.model = model
            # its output is only what there is so far: no total for a stream that breaks off
            self._take_counts(message.get("usage"))
        elif typed.type == "message_delta":
            if self._take_counts(typed.members.get("usage")):
                self.usage = read_usage(self._counts)
            if type(reason := typed.inner("delta").get("stop_reason")) is str:
                self.finish_reason = reason
                return Kind.FINISH
        elif typed.type == "message_stop":
            self.complete = True
            return Kind.LAST
        return Kind.EMPTY

    def _take_delta(self, delta: dict[str, Any]) -> Kind:
        kind = Kind.EMPTY
        for name, value in delta.items():
            if value and name != "type":
                kind = Kind.CONTENT
                if name in _WRITTEN:
                    self.output_chars += count_characters(value)
        return kind

    def _take_counts(self, usage: object) -> bool:
        """Keep the counts of ``usage`` and say whether the output is among them."""
        if type(usage) is not dict:
            return False
        told = {name: usage[name] for name in _COUNTS if type(usage.get(name)) is int}
        self._counts |= told
        return "output_tokens" in told


def inspect_message(body: bytes) -> AnswerFacts:
    """Read a whole message; raises `ProviderInvalidAnswer` when it is none."""
    answer = load_answer(body)
    content = answer.get("content")
    if type(content) is not list:
        raise ProviderInvalidAnswer("the provider's answer has no content")
    reason = answer.get("stop_reason")
    model = answer.get("model")
    return AnswerFacts(
        usage=read_usage(answer.get("usage")),
        finish_reason=reason if type(reason) is str else "",
        model=model if type(model) is str else "",
        output_chars=sum(_written(block) for block in content if type(block) is dict),
    )


def rename_message_event(event: Event, model: str) -> Event:
    """Return an event with ``model`` as the name in the ``message`` it begins, if it does."""
    return rename_inside(event, "message", model)


def _written(block: dict[str, Any]) -> int:
    """Count the characters that the model wrote in a content block, or in a delta of one."""
    return sum(count_characters(block.get(name)) for name in _WRITTEN)
