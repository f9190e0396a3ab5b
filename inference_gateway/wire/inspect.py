"""What the events of a chat stream, or a whole chat answer, say.

Events are forwarded as they came; this looks at them beside that, for usage, the end, errors and
malformation. It changes nothing and decides nothing: what follows from a kind is the pipeline's
concern. The shapes are OpenAI's ``CreateChatCompletionStreamResponse`` and
``CreateChatCompletionResponse``, read with tolerance for what other servers make of them.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any

import attrs
import orjson

from inference_gateway.provider_errors import ProviderError, ProviderInvalidAnswer
from inference_gateway.record import record
from inference_gateway.wire.sse import Event
from inference_gateway.wire.told_errors import told_error

#: Characters per token of English text, a rule of thumb.
_CHARACTERS_PER_TOKEN = 4


class Kind(Enum):
    """What one event of a stream is."""

    #: A delta with anything to show: text, tool calls, reasoning, a refusal, audio.
    CONTENT = "content"
    #: A delta with nothing but a role, or nothing; also a chunk without choices that is no usage.
    EMPTY = "empty"
    #: A finish_reason without content.
    FINISH = "finish"
    #: No choices but usage: the extra event of ``stream_options.include_usage``.
    USAGE = "usage"
    #: ``[DONE]``: the end, and nothing else.
    DONE = "done"
    #: The event that ends an answer and is a part of it.
    LAST = "last"
    #: An ``error`` object, or an event called ``error``.
    ERROR = "error"
    #: No data.
    COMMENT = "comment"
    #: Data that is no chunk.
    MALFORMED = "malformed"


#: Those that nearly every event is, by names of their own: Python 3.11 takes longer to find a
#: member of an enumeration than to compare it.
CONTENT, EMPTY, FINISH = Kind.CONTENT, Kind.EMPTY, Kind.FINISH


@attrs.define(eq=False)
class StreamInspector:
    """What one stream has said so far; one for each stream."""

    #: How many choices were asked for.
    choices: int = 1
    #: Prompt and completion tokens, the last that were told, on whatever event.
    usage: tuple[int, int] | None = attrs.field(default=None, init=False)
    finish_reason: str = attrs.field(default="", init=False)
    model: str = attrs.field(default="", init=False)
    #: Whether ``[DONE]`` came.
    done: bool = attrs.field(default=False, init=False)
    #: Characters of content so far, for estimates.
    output_chars: int = attrs.field(default=0, init=False)
    #: Events have no numbers here.
    sequence: int = attrs.field(default=0, init=False)
    _open: set[int] = attrs.field(factory=set, init=False)
    _finished: set[int] = attrs.field(factory=set, init=False)

    @property
    def complete(self) -> bool:
        """Whether every choice asked for, and every other that began, has its finish_reason."""
        return len(self._finished) >= self.choices and not self._open

    def inspect(self, event: Event) -> Kind:
        """Take the next event into account and say what it is; never raises."""
        data = event.data
        if data is None:
            return Kind.COMMENT
        if data[:6] == b"[DONE]":
            self.done = True
            return Kind.DONE
        try:
            chunk = orjson.loads(data)
        except orjson.JSONDecodeError:
            chunk = None
        if type(chunk) is dict:
            if chunk.get("error"):
                return Kind.ERROR
            if event.name != b"error":
                return self._inspect_chunk(chunk)
        return Kind.ERROR if event.name == b"error" else Kind.MALFORMED

    def _inspect_chunk(self, chunk: dict[str, object]) -> Kind:
        choices = chunk.get("choices")
        if not self.model and type(model := chunk.get("model")) is str:
            self.model = model
        usage = chunk.get("usage")
        if usage is not None:
            self.usage = read_usage(usage) or self.usage
        if not choices:
            if usage is not None:
                return Kind.USAGE
            return EMPTY if "choices" in chunk else Kind.MALFORMED
        if type(choices) is not list:
            return Kind.MALFORMED
        kind = EMPTY
        for position, choice in enumerate(choices):
            if type(choice) is not dict:
                return Kind.MALFORMED
            index = choice.get("index")
            if type(index) is not int:
                index = position
            delta = choice.get("delta")
            if delta and self._has_content(delta):
                kind = CONTENT
            reason = choice.get("finish_reason")
            if type(reason) is str:
                self.finish_reason = reason
                self._finished.add(index)
                self._open.discard(index)
                if kind is EMPTY:
                    kind = FINISH
            elif index not in self._finished:
                self._open.add(index)
        return kind

    def _has_content(self, delta: object) -> bool:
        """Count the characters of a delta and say whether there is anything in it but the role."""
        if type(delta) is not dict:
            return False
        found = False
        for name, value in delta.items():
            if value and name != "role":
                found = True
                self.output_chars += len(value) if type(value) is str else count_characters(value)
        return found


@record
class AnswerFacts:
    """What a whole answer says beside its content; ``usage`` is prompt and completion tokens."""

    usage: tuple[int, int] | None
    finish_reason: str
    model: str
    #: Characters of content, for estimates.
    output_chars: int


def load_answer(body: bytes) -> dict[str, Any]:
    """Return the members of a whole answer that is a JSON object, of whatever API.

    Raises `ProviderInvalidAnswer` when it is none: no JSON, cut off, an ``error``. An answer may
    also be one and say, by its ``status``, that it failed: then it raises `ProviderError`. What an
    error says of itself can make it another `ProviderError`.
    """
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ProviderInvalidAnswer("the provider's answer is not JSON") from None
    if type(answer) is not dict:
        no_object = ProviderInvalidAnswer("the provider's answer is not a JSON object")
        raise told_error(answer, no_object)
    if answer.get("status") == "failed":
        raise told_error(answer, ProviderError("the provider reports that its answer failed"))
    if answer.get("error") or answer.get("type") == "error":
        raise told_error(answer, error_as_answer())
    return answer


def error_as_answer() -> ProviderInvalidAnswer:
    """Return the error for an answer that tells of one which it says nothing more about."""
    return ProviderInvalidAnswer("the provider answered with an error under a status of success")


def inspect_answer(body: bytes) -> AnswerFacts:
    """Read a whole chat completion.

    Raises `ProviderInvalidAnswer` when it is none: no JSON, cut off, an ``error``, no choices.
    """
    return read_choices(load_answer(body), _count_message)


def read_choices(
    answer: dict[str, Any], count_content: Callable[[dict[str, Any]], int]
) -> AnswerFacts:
    """Read a whole answer that has choices; ``count_content`` counts the characters of one.

    Raises `ProviderInvalidAnswer` when there are none.
    """
    choices = answer.get("choices")
    if type(choices) is not list or not choices:
        raise ProviderInvalidAnswer("the provider's answer has no choices")
    finish_reason = ""
    characters = 0
    for choice in choices:
        if type(choice) is not dict:
            raise ProviderInvalidAnswer("a choice in the provider's answer is no object")
        characters += count_content(choice)
        reason = choice.get("finish_reason")
        finish_reason = reason if type(reason) is str else finish_reason
    model = answer.get("model")
    return AnswerFacts(
        usage=read_usage(answer.get("usage")),
        finish_reason=finish_reason,
        model=model if type(model) is str else "",
        output_chars=characters,
    )


def _count_message(choice: dict[str, Any]) -> int:
    message = choice.get("message")
    if type(message) is not dict:
        raise ProviderInvalidAnswer("a choice in the provider's answer has no message")
    return sum([count_characters(value) for name, value in message.items() if name != "role"])


def estimate_tokens(text: str | int) -> int:
    """Estimate the tokens of a text, or of so many characters: one for each four, rounded up.

    It can be wrong by half for code and by a factor for other scripts; use it only where a provider
    tells nothing, and mark the result as estimated.
    """
    characters = text if isinstance(text, int) else len(text)
    return -(-characters // _CHARACTERS_PER_TOKEN)


def read_usage(usage: object) -> tuple[int, int] | None:
    """Read a ``usage`` in the names of any of the APIs; None where it is none.

    What Anthropic's counts beside the input because a cache was written or read is input too, as it
    is for all others.
    """
    if type(usage) is not dict:
        return None
    prompt = usage.get("prompt_tokens")
    completion = usage.get("completion_tokens", 0)
    if prompt is None:
        prompt = usage.get("input_tokens")
        completion = usage.get("output_tokens", 0)
        for name in ("cache_creation_input_tokens", "cache_read_input_tokens"):
            cached = usage.get(name)
            if type(prompt) is int and type(cached) is int and cached > 0:
                prompt += cached
    if type(prompt) is int and type(completion) is int and prompt >= 0 and completion >= 0:
        return prompt, completion
    return None


def count_characters(value: object) -> int:
    """Count the characters of all strings in ``value``, which tool calls hold deep inside."""
    count = 0
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if type(item) is str:
            count += len(item)
        elif type(item) is list:
            waiting += item
        elif type(item) is dict:
            waiting += item.values()
    return count
