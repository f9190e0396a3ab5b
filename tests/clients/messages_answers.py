"""What the upstream says to Anthropic's messages, by the model that is asked.

It takes only what the ``anthropic`` package can say: anything else is a mistake of the gateway.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from anthropic.types.message_create_params import (
    MessageCreateParamsNonStreaming,
    MessageCreateParamsStreaming,
)
from pydantic import TypeAdapter

from tests.acceptance.upstream import Behaviour, Exchange
from tests.acceptance.upstream_answers import documented, event, streamed
from tests.clients.chat_answers import ARGUMENTS, SAID

Value = dict[str, Any]

THOUGHT = "so …"
USAGE: Value = {
    "input_tokens": 10,
    "cache_read_input_tokens": 4,
    "cache_creation_input_tokens": 2,
    "output_tokens": 7,
}
#: What the tools are called with.
CITIES = [{"city": "北京"}, {"city": "Zürich"}]

#: What only older models take, which newer versions of the package do not know.
_FORMER = frozenset(("temperature", "top_k", "top_p"))
_PLAIN: TypeAdapter[Any] = TypeAdapter(MessageCreateParamsNonStreaming)
_STREAM: TypeAdapter[Any] = TypeAdapter(MessageCreateParamsStreaming)


def _spelled_out(value: Any) -> Any:
    """Return a validated value whose lists, which are validated while they are read, are read."""
    if isinstance(value, dict):
        return {name: _spelled_out(member) for name, member in value.items()}
    if isinstance(value, str | int | float | None):
        return value
    return [_spelled_out(item) for item in value]


def _check(exchange: Exchange) -> None:
    """Raise unless the package's own types know all that is asked, and the version is told."""
    kind = _STREAM if exchange.streamed else _PLAIN
    asked = {name: value for name, value in exchange.body.items() if name not in _FORMER}
    assert _spelled_out(kind.validate_python(asked)) == asked, "a member is not known"
    assert exchange.headers["anthropic-version"] == "2023-06-01", exchange.headers


def _text(text: str) -> Value:
    return {"type": "text", "text": text, "citations": None}


_TOOL_USES: list[Value] = [
    {"type": "tool_use", "id": f"toolu_{number}", "name": "forecast", "input": given}
    for number, given in enumerate(CITIES)
]


def _message(model: str, content: Sequence[Value], stop_reason: str | None) -> Value:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": USAGE if stop_reason else {**USAGE, "output_tokens": 1},
    }


def _named(value: Value) -> bytes:
    return b"event: %b\n%b" % (value["type"].encode(), event(value))


def _block(index: int, empty: Value, deltas: Sequence[Value]) -> list[bytes]:
    """Return the events of one block."""
    return [
        _named({"type": "content_block_start", "index": index, "content_block": empty}),
        *(
            _named({"type": "content_block_delta", "index": index, "delta": delta})
            for delta in deltas
        ),
        _named({"type": "content_block_stop", "index": index}),
    ]


def _begin(model: str) -> list[bytes]:
    return [
        _named({"type": "message_start", "message": _message(model, [], None)}),
        _named({"type": "ping"}),
    ]


def _end(stop_reason: str) -> list[bytes]:
    delta = {"stop_reason": stop_reason, "stop_sequence": None}
    usage = {"output_tokens": USAGE["output_tokens"]}
    return [
        _named({"type": "message_delta", "delta": delta, "usage": usage}),
        _named({"type": "message_stop"}),
    ]


def _text_block(index: int, text: str) -> list[bytes]:
    return _block(index, _text(""), [{"type": "text_delta", "text": letter} for letter in text])


def _say(content: Sequence[Value], blocks: Sequence[bytes], stop_reason: str) -> Behaviour:
    """Return the behaviour that answers with ``content``, or with the events of ``blocks``."""

    async def answer(exchange: Exchange) -> None:
        _check(exchange)
        model = exchange.model
        if exchange.streamed:
            await streamed([*_begin(model), *blocks, *_end(stop_reason)])(exchange)
            return
        whole = json.dumps(_message(model, content, stop_reason), ensure_ascii=False)
        await documented(whole.encode())(exchange)

    return answer


def _error(kind: str) -> Value:
    return {"type": "error", "error": {"type": kind, "message": "the upstream says no"}}


def _refuse(status: int, kind: str, **fields: str) -> Behaviour:
    return documented(json.dumps(_error(kind)).encode(), status=status, fields=fields)


async def _broken(exchange: Exchange) -> None:
    """Say a word, and then that it is too much."""
    await streamed(
        [*_begin(exchange.model), *_text_block(0, SAID[:2]), _named(_error("overloaded_error"))]
    )(exchange)


_THINKING: Value = {"type": "thinking", "thinking": THOUGHT, "signature": "c2ln"}
_TOOL_BLOCKS = [
    _block(
        index,
        {**use, "input": {}},
        [{"type": "input_json_delta", "partial_json": piece} for piece in ("", *pieces)],
    )
    for index, (use, pieces) in enumerate(zip(_TOOL_USES, ARGUMENTS, strict=True), 1)
]

_BY_MODEL: Mapping[str, Behaviour] = {
    "claude-small": _say([_text(SAID)], _text_block(0, SAID), "end_turn"),
    "claude-tools": _say(
        [_text("Wait."), *_TOOL_USES],
        [*_text_block(0, "Wait."), *_TOOL_BLOCKS[0], *_TOOL_BLOCKS[1]],
        "tool_use",
    ),
    "claude-thinking": _say(
        [_THINKING, _text(SAID)],
        [
            *_block(
                0,
                {**_THINKING, "thinking": "", "signature": ""},
                [
                    {"type": "thinking_delta", "thinking": THOUGHT},
                    {"type": "signature_delta", "signature": "c2ln"},
                ],
            ),
            *_text_block(1, SAID),
        ],
        "max_tokens",
    ),
    "claude-broken": _broken,
    "claude-status-400": _refuse(400, "invalid_request_error"),
    "claude-status-401": _refuse(401, "authentication_error"),
    "claude-status-413": _refuse(413, "request_too_large"),
    "claude-status-429": _refuse(429, "rate_limit_error", **{"retry-after": "7"}),
    "claude-limited": _refuse(429, "rate_limit_error", **{"retry-after": "7"}),
    "claude-status-500": _refuse(500, "api_error"),
    "claude-status-529": _refuse(529, "overloaded_error"),
}

#: By route and model.
ANSWERS: Mapping[str, Behaviour] = {
    f"POST /v1/messages {model}": answer for model, answer in _BY_MODEL.items()
}
