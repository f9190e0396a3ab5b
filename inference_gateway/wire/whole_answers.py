"""What whole answers say that are no text of a model: vectors, scores, images, tokens, speech.

Such an answer is looked at no closer than it takes to tell it from an error, and for its usage.
Which answers belong to which kind of call is the concern of `wire.operations`.
"""

from typing import Any

import orjson

from inference_gateway.provider_errors import ProviderInvalidAnswer
from inference_gateway.wire.inspect import AnswerFacts, load_answer, read_usage
from inference_gateway.wire.rename import rename_answer


def inspect_document(body: bytes) -> AnswerFacts:
    """Read an answer that can be any JSON object: moderations, rerank, tokenize, detokenize.

    Raises `ProviderInvalidAnswer` when it is none or tells of an error.
    """
    return _facts(load_answer(body))


def inspect_data(body: bytes) -> AnswerFacts:
    """Read a list of embeddings or images; raises `ProviderInvalidAnswer` when there is none."""
    answer = load_answer(body)
    if type(answer.get("data")) is not list:
        raise ProviderInvalidAnswer("the provider's answer has no data")
    return _facts(answer)


def inspect_transcription(body: bytes) -> AnswerFacts:
    """Read a transcript: JSON, or text in one of several formats, which was the client's choice.

    Raises `ProviderInvalidAnswer` for nothing, and for JSON that tells of an error.
    """
    if not _is_object(body):
        return AnswerFacts(None, "", "", len(body.decode("utf-8", "replace")))
    answer = load_answer(body)
    text = answer.get("text")
    return _facts(answer, len(text) if type(text) is str else 0)


def inspect_bytes(body: bytes) -> AnswerFacts:
    """Read an answer that is no text, such as audio; raises `ProviderInvalidAnswer` for nothing.

    An error that comes as JSON under a status of success is refused, too.
    """
    return _facts(load_answer(body)) if _is_object(body) else AnswerFacts(None, "", "", 0)


def rename_document(body: bytes, model: str) -> bytes:
    """Return an answer under the name ``model`` if it is a JSON object, as it is if it is none."""
    return rename_answer(body, model) if _is_object(body) else body


def _is_object(body: bytes) -> bool:
    """Whether ``body`` is a JSON object instead of text or audio; raises when it is nothing."""
    if not body:
        raise ProviderInvalidAnswer("the provider's answer is empty")
    if not body[:16].lstrip().startswith(b"{"):
        return False
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return True


def _facts(answer: dict[str, Any], output_chars: int = 0) -> AnswerFacts:
    model = answer.get("model")
    return AnswerFacts(
        usage=_read_usage(answer.get("usage")),
        finish_reason="",
        model=model if type(model) is str else "",
        output_chars=output_chars,
    )


def _read_usage(usage: object) -> tuple[int, int] | None:
    """Read a ``usage``; where nothing is generated, the total is all there is to the input."""
    found = read_usage(usage)
    if found is None and type(usage) is dict and type(total := usage.get("total_tokens")) is int:
        return (total, 0) if total >= 0 else None
    return found
