"""What the chunks of a text completion, or a whole one, say.

The shape is OpenAI's ``CreateCompletionResponse``, of streams and plain answers alike. All but the
place of the content is as in a chat, and read by `wire.inspect`.
"""

from typing import Any

import attrs

from inference_gateway.provider_errors import ProviderInvalidAnswer
from inference_gateway.wire.inspect import (
    AnswerFacts,
    Kind,
    StreamInspector,
    load_answer,
    read_choices,
)


@attrs.define(eq=False)
class TextInspector(StreamInspector):
    """What one stream of text completions has said so far; one for each stream.

    ``choices`` are those of all prompts. Usage may come on a finish or in an event of its own.
    """

    def _inspect_chunk(self, chunk: dict[str, object]) -> Kind:
        kind = super()._inspect_chunk(chunk)
        choices = chunk.get("choices")
        if kind is Kind.MALFORMED or type(choices) is not list:
            return kind
        for choice in choices:
            text = choice.get("text")
            if text and type(text) is str:
                self.output_chars += len(text)
                kind = Kind.CONTENT
        return kind


def inspect_text(body: bytes) -> AnswerFacts:
    """Read a whole text completion.

    Raises `ProviderInvalidAnswer` when it is none: no JSON, cut off, an ``error``, no choices.
    """
    return read_choices(load_answer(body), _count_text)


def _count_text(choice: dict[str, Any]) -> int:
    text = choice.get("text")
    if type(text) is not str:
        raise ProviderInvalidAnswer("a choice in the provider's answer has no text")
    return len(text)
