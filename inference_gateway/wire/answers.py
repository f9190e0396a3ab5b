"""Chat answers and chunks of our own making, in the API's exact shape.

Used where the gateway itself is the model: members that the API has but that say nothing here are
null, as the API sends them. Answers of providers are never rebuilt from this.
"""

from typing import Any

import orjson


def completion(
    *,
    id: str,
    created: int,
    model: str,
    choices: list[str],
    finish_reason: str,
    prompt_tokens: int,
    completion_tokens: int | None,
) -> bytes:
    """Return a whole ``chat.completion`` with one message for each text in ``choices``.

    ``created`` is in seconds of the Unix epoch. No ``completion_tokens``, no usage in the answer.
    """
    answer: dict[str, Any] = {
        "id": id,
        "object": "chat.completion",
        "created": created,
        "model": model,
        "choices": [
            {
                "index": index,
                "message": {"role": "assistant", "content": text, "refusal": None},
                "logprobs": None,
                "finish_reason": finish_reason,
            }
            for index, text in enumerate(choices)
        ],
    }
    if completion_tokens is not None:
        answer["usage"] = usage_object(prompt_tokens, completion_tokens)
    answer["system_fingerprint"] = None
    return orjson.dumps(answer)


def chunk(
    *,
    id: str,
    created: int,
    model: str,
    delta: dict[str, Any],
    index: int = 0,
    finish_reason: str | None = None,
    usage: dict[str, int] | None = None,
    include_usage: bool = False,
) -> bytes:
    """Return the data of one ``chat.completion.chunk`` with one choice.

    With ``include_usage`` the chunk has a ``usage``, null unless one is given: that is how the API
    marks the chunks of a stream whose last one carries it.
    """
    value: dict[str, Any] = {
        "id": id,
        "object": "chat.completion.chunk",
        "created": created,
        "model": model,
        "system_fingerprint": None,
        "choices": [
            {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        ],
    }
    if include_usage or usage is not None:
        value["usage"] = usage
    return orjson.dumps(value)


def usage_chunk(*, id: str, created: int, model: str, usage: dict[str, int]) -> bytes:
    """Return the data of the extra chunk for ``include_usage``: no choices, only usage."""
    return orjson.dumps(
        {
            "id": id,
            "object": "chat.completion.chunk",
            "created": created,
            "model": model,
            "system_fingerprint": None,
            "choices": [],
            "usage": usage,
        }
    )


def usage_object(prompt_tokens: int, completion_tokens: int) -> dict[str, int]:
    """Return the ``usage`` of so many tokens."""
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }
