"""The members that chat and text completions share: how an answer is sampled and sent.

Bounds are those of the API (``CreateChatCompletionRequest``, ``CreateCompletionRequest``).
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from inference_gateway.wire.fields import (
    Check,
    Problems,
    add,
    as_array,
    as_object,
    boolean,
    bounded_text,
    integer,
    kind_of,
    number,
    optional,
    shown,
    text,
)
from inference_gateway.wire.members import check_model

MAX_TOKENS = 1_000_000
MAX_LOGIT_BIASES = 10_000

_TOKEN_ID = re.compile(r"[0-9]{1,10}")

_penalty = number(-2, 2)
_bias = number(-100, 100)

check_user = bounded_text(256)


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


def _check_stream_options(value: object, path: str, problems: Problems) -> None:
    options = as_object(value, path, problems)
    if options is not None:
        optional(options, "include_usage", boolean, path, problems)


SAMPLING: Mapping[str, Check] = MappingProxyType(
    {
        "model": check_model,
        "stream": boolean,
        "stream_options": _check_stream_options,
        "temperature": number(0, 2),
        "top_p": number(0, 1),
        "n": integer(1, 128),
        "frequency_penalty": _penalty,
        "presence_penalty": _penalty,
        "stop": _check_stop,
        "logit_bias": _check_logit_bias,
        "seed": integer(-(2**63), 2**63 - 1),
        "user": check_user,
    }
)


def check_streaming(fields: dict[str, object], problems: Problems) -> None:
    """Check that options of a stream are given for a stream only."""
    if fields.get("stream_options") is not None and not fields.get("stream"):
        add(problems, "stream_options", "is only allowed when stream is true")


def asks_for_usage(fields: dict[str, object]) -> bool:
    """Whether the good members ``fields`` ask for the usage event of a stream."""
    options = fields.get("stream_options")
    return type(options) is dict and options.get("include_usage") is True
