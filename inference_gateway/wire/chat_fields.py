"""The top-level fields of a chat request: which check each of them gets, and rules across fields.

Bounds are those of the API (``CreateChatCompletionRequest``). Fields that are not listed are passed
on unjudged, among them those whose list of values the API keeps extending, such as ``verbosity``,
``reasoning_effort`` and ``service_tier``.
"""

import re

from inference_gateway.wire.fields import (
    Check,
    Problems,
    add,
    as_array,
    as_object,
    boolean,
    bounded_text,
    identifier,
    integer,
    kind_of,
    number,
    optional,
    shown,
    text,
)
from inference_gateway.wire.messages import check_messages
from inference_gateway.wire.tools import (
    check_choice_known,
    check_response_format,
    check_tool_choice,
    check_tools,
)

#: Members that other gateways take as a destination or a credential; ours takes them from nobody.
RESERVED = frozenset(
    (
        "api_base",
        "api_key",
        "api_type",
        "api_version",
        "aws_access_key_id",
        "aws_bedrock_runtime_endpoint",
        "aws_secret_access_key",
        "aws_session_token",
        "azure_ad_token",
        "azure_endpoint",
        "base_url",
        "custom_host",
        "custom_llm_provider",
        "default_headers",
        "default_query",
        "extra_headers",
        "extra_query",
        "headers",
        "organization",
        "vertex_credentials",
    )
)

MAX_TOKENS = 1_000_000
MAX_LOGIT_BIASES = 10_000
MAX_METADATA = 16

_TOKEN_ID = re.compile(r"[0-9]{1,10}")

_max_tokens = integer(1, MAX_TOKENS)
_penalty = number(-2, 2)
_bias = number(-100, 100)
_metadata_value = bounded_text(512)
_user = bounded_text(256)


def _check_stop(value: object, path: str, problems: Problems) -> None:
    if type(value) is str:
        return
    if type(value) is not list:
        add(problems, path, f"must be a string or an array of strings, got {kind_of(value)}")
        return
    for index, item in enumerate(as_array(value, path, problems, least=1, most=4, of="strings")):
        text(item, f"{path}[{index}]", problems)


def _check_logit_bias(value: object, path: str, problems: Problems) -> None:
    biases = as_object(value, path, problems)
    if biases is None:
        return
    if len(biases) > MAX_LOGIT_BIASES:
        add(problems, path, f"must have at most {MAX_LOGIT_BIASES} members, got {len(biases)}")
        return
    for token, bias in biases.items():
        if not _TOKEN_ID.fullmatch(token):
            add(problems, path, f"must have token ids as names, got {shown(token)}")
        else:
            _bias(bias, f"{path}.{token}", problems)


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


def _check_stream_options(value: object, path: str, problems: Problems) -> None:
    options = as_object(value, path, problems)
    if options is not None:
        optional(options, "include_usage", boolean, path, problems)


CHECKS: dict[str, Check] = {
    "model": identifier(256),
    "messages": check_messages,
    "stream": boolean,
    "stream_options": _check_stream_options,
    "temperature": number(0, 2),
    "top_p": number(0, 1),
    "n": integer(1, 128),
    "max_tokens": _max_tokens,
    "max_completion_tokens": _max_tokens,
    "frequency_penalty": _penalty,
    "presence_penalty": _penalty,
    "stop": _check_stop,
    "logit_bias": _check_logit_bias,
    "logprobs": boolean,
    "top_logprobs": integer(0, 20),
    "tools": check_tools,
    "tool_choice": check_tool_choice,
    "parallel_tool_calls": boolean,
    "response_format": check_response_format,
    "seed": integer(-(2**63), 2**63 - 1),
    "user": _user,
    "safety_identifier": _user,
    "metadata": _check_metadata,
}


def check_together(fields: dict[str, object], problems: Problems) -> None:
    """Check the rules that take more than one field, each good by itself or not."""
    if fields.get("stream_options") is not None and not fields.get("stream"):
        add(problems, "stream_options", "is only allowed when stream is true")
    if fields.get("top_logprobs") and not fields.get("logprobs"):
        add(problems, "top_logprobs", "is only allowed when logprobs is true")
    old, new = fields.get("max_tokens"), fields.get("max_completion_tokens")
    if old is not None and new is not None and old != new:
        add(problems, "max_tokens", "must not differ from max_completion_tokens; send one of them")
    if "tool_choice" in fields:
        check_choice_known(fields, problems)
