"""What the events of a Responses API stream, or a whole answer of that API, say.

The shapes are OpenAI's ``Response`` and ``ResponseStreamEvent``. Events are forwarded as they came;
this looks at them beside that, and changes nothing but the name of the model.
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

_LAST = frozenset({"response.completed", "response.incomplete"})
#: Members of an output item that are there before anything is in it.
_BARE = frozenset({"id", "type", "status", "role", "phase"})
#: Members of an output item, and of a part of its content, that the model wrote.
_WRITTEN = ("text", "refusal", "name", "arguments", "input", "code")
#: Members of an output item that are lists of parts.
_PARTS = ("content", "summary")


@attrs.define(eq=False)
class ResponseInspector:
    """What one Responses API stream has said so far; one for each stream."""

    #: Input and output tokens.
    usage: tuple[int, int] | None = attrs.field(default=None, init=False)
    #: ``completed``, or why the answer is incomplete.
    finish_reason: str = attrs.field(default="", init=False)
    model: str = attrs.field(default="", init=False)
    #: Characters of content so far, for estimates.
    output_chars: int = attrs.field(default=0, init=False)
    #: Whether the event came that ends an answer.
    complete: bool = attrs.field(default=False, init=False)
    #: The ``sequence_number`` that the next event has.
    sequence: int = attrs.field(default=0, init=False)

    def inspect(self, event: Event) -> Kind:
        """Take the next event into account and say what it is; never raises."""
        typed = read_typed(event)
        if not isinstance(typed, TypedEvent):
            return typed
        number = typed.members.get("sequence_number")
        self.sequence = (number if type(number) is int else self.sequence) + 1
        if typed.type.endswith(".delta"):
            return self._take_delta(typed)
        if typed.type == "response.output_item.done":
            item = typed.inner("item")
            told = any(value for name, value in item.items() if name not in _BARE)
            return Kind.CONTENT if told else Kind.EMPTY
        if typed.type.endswith(".partial_image"):
            return Kind.CONTENT
        if typed.type == "response.failed":
            return Kind.ERROR
        if "response" in typed.members:
            self._take_response(typed.inner("response"), typed.type)
        if typed.type in _LAST:
            self.complete = True
            return Kind.LAST
        return Kind.EMPTY

    def _take_delta(self, typed: TypedEvent) -> Kind:
        delta = typed.members.get("delta")
        if not delta:
            return Kind.EMPTY
        if not typed.type.endswith("audio.delta"):  # which is base64, not text
            self.output_chars += count_characters(delta)
        return Kind.CONTENT

    def _take_response(self, response: dict[str, Any], event_type: str) -> None:
        if not self.model and type(model := response.get("model")) is str:
            self.model = model
        if event_type in _LAST:
            self.usage = read_usage(response.get("usage"))
            self.finish_reason = _finish_reason(response) or event_type.partition(".")[2]
            # a server may tell all at once, at the end
            self.output_chars = self.output_chars or _written(response.get("output"))


def inspect_response(body: bytes) -> AnswerFacts:
    """Read a whole response of the Responses API.

    Raises `ProviderInvalidAnswer` when it is none, `ProviderError` when it says that it failed.
    """
    answer = load_answer(body)
    output = answer.get("output")
    if type(output) is not list:
        raise ProviderInvalidAnswer("the provider's answer has no output")
    model = answer.get("model")
    return AnswerFacts(
        usage=read_usage(answer.get("usage")),
        finish_reason=_finish_reason(answer),
        model=model if type(model) is str else "",
        output_chars=_written(output),
    )


def rename_response_event(event: Event, model: str) -> Event:
    """Return an event with ``model`` as the name in the ``response`` it tells of, if it does."""
    return rename_inside(event, "response", model)


def _finish_reason(response: dict[str, Any]) -> str:
    details = response.get("incomplete_details")
    reason = details.get("reason") if type(details) is dict else None
    reason = reason or response.get("status")
    return reason if type(reason) is str else ""


def _written(output: object) -> int:
    """Count the characters that the model wrote in a list of output items."""
    count = 0
    for item in _objects(output):
        parts = [part for name in _PARTS for part in _objects(item.get(name))]
        for holder in (item, *parts):
            count += sum(count_characters(holder.get(name)) for name in _WRITTEN)
    return count


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in value if type(item) is dict] if type(value) is list else []
