"""What the chunks of a text completion, or a whole one, say.

The shape is OpenAI's ``CreateCompletionResponse``, of streams and plain answers alike. All but the
place of the content is as in a chat, and read by `wire.inspect`.
"""

import attrs

from inference_gateway.errors import ProviderInvalidAnswer
from inference_gateway.wire.inspect import (
    AnswerFacts,
    Kind,
    StreamInspector,
    load_answer,
    read_usage,
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
    answer = load_answer(body)
    choices = answer.get("choices")
    if type(choices) is not list or not choices:
        raise ProviderInvalidAnswer("the provider's answer has no choices")
    finish_reason = ""
    characters = 0
    for choice in choices:
        text = choice.get("text") if type(choice) is dict else None
        if type(text) is not str:
            raise ProviderInvalidAnswer("a choice in the provider's answer has no text")
        reason = choice.get("finish_reason")
        finish_reason = reason if type(reason) is str else finish_reason
        characters += len(text)
    model = answer.get("model")
    return AnswerFacts(
        usage=read_usage(answer.get("usage")),
        finish_reason=finish_reason,
        model=model if type(model) is str else "",
        output_chars=characters,
    )
