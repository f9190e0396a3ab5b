"""The top-level fields of a chat request: which check each of them gets, and rules across fields.

Bounds are those of the API (``CreateChatCompletionRequest``). Fields that are not listed are passed
on unjudged, among them those whose list of values the API keeps extending, such as ``verbosity``,
``reasoning_effort`` and ``service_tier``.
"""

from typing import Any

from inference_gateway.wire.fields import (
    Problems,
    add,
    as_object,
    boolean,
    bounded_text,
    integer,
)
from inference_gateway.wire.members import Contract
from inference_gateway.wire.messages import check_messages
from inference_gateway.wire.sampling import MAX_TOKENS, SAMPLING, check_streaming, check_user
from inference_gateway.wire.tools import (
    check_choice_known,
    check_response_format,
    check_tool_choice,
    check_tools,
)

MAX_METADATA = 16

_max_tokens = integer(1, MAX_TOKENS)
_metadata_value = bounded_text(512)


def _check_metadata(value: object, path: str, problems: Problems) -> None:
    pairs = as_object(value, path, problems)
    if pairs is None:
        return
    if len(pairs) > MAX_METADATA:
        add(problems, path, f"must have at most {MAX_METADATA} pairs, got {len(pairs)}")
    for key, item in pairs.items():
        if len(key) > 64 or not key.isprintable():
            add(problems, path, "must have keys of at most 64 printable characters")
        else:
            _metadata_value(item, f"{path}.{key}", problems)


def _check_together(fields: dict[str, Any], problems: Problems) -> None:
    check_streaming(fields, problems)
    if fields.get("top_logprobs") and not fields.get("logprobs"):
        add(problems, "top_logprobs", "is only allowed when logprobs is true")
    old, new = fields.get("max_tokens"), fields.get("max_completion_tokens")
    if old is not None and new is not None and old != new:
        add(problems, "max_tokens", "must not differ from max_completion_tokens; send one of them")
    if "tool_choice" in fields:
        check_choice_known(fields, problems)


CHAT_CONTRACT = Contract(
    required=("model", "messages"),
    checks={
        **SAMPLING,
        "messages": check_messages,
        "max_tokens": _max_tokens,
        "max_completion_tokens": _max_tokens,
        "logprobs": boolean,
        "top_logprobs": integer(0, 20),
        "tools": check_tools,
        "tool_choice": check_tool_choice,
        "parallel_tool_calls": boolean,
        "response_format": check_response_format,
        "safety_identifier": check_user,
        "metadata": _check_metadata,
    },
    together=_check_together,
)
