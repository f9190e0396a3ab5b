"""What the upstream says to chat completions, by the model that is asked."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.acceptance.gateway import PROMPT
from tests.acceptance.upstream import Behaviour, Exchange
from tests.acceptance.upstream_answers import (
    DONE,
    documented,
    endless,
    event,
    repeat,
    streamed,
)

Value = dict[str, Any]

SAID = f"看 {PROMPT}: 你好 世界 🌍"
USAGE: Value = {
    "prompt_tokens": 12,
    "completion_tokens": 5,
    "total_tokens": 17,
    "prompt_tokens_details": {"cached_tokens": 8, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 2, "audio_tokens": 0},
}
LOGPROBS: Value = {
    "content": [
        {
            "token": "看",
            "logprob": -0.25,
            "bytes": list("看".encode()),
            "top_logprobs": [{"token": "a", "logprob": -2.5, "bytes": [97]}],
        }
    ],
    "refusal": None,
}
#: Arguments of two calls, in the pieces in which they come.
ARGUMENTS = (('{"city":', ' "北京"', "}"), ('{"city": "', "Zürich", '"}'))
CALLS: list[Value] = [
    {
        "id": f"call_{number}",
        "type": "function",
        "function": {"name": "forecast", "arguments": "".join(pieces)},
    }
    for number, pieces in enumerate(ARGUMENTS)
]
FORECAST = {"city": "北京", "days": 3}


def whole(model: str, choices: Sequence[Value]) -> bytes:
    """Return an answer with all that OpenAI tells in one."""
    answer = {
        "id": "chatcmpl-whole",
        "object": "chat.completion",
        "created": 1700000000,
        "model": model,
        "choices": [
            {"index": index, "logprobs": None, **choice} for index, choice in enumerate(choices)
        ],
        "usage": USAGE,
        "service_tier": "flex",
        "system_fingerprint": "fp_1",
        "maker's own": {"number": 12345678901234567890, "ratio": 1e-7},
    }
    return json.dumps(answer, ensure_ascii=False, indent=1).encode()


def says(content: str | None, finish_reason: str = "stop", **message: Any) -> Value:
    """Return a choice."""
    spoken: Value = {"role": "assistant", "content": content, "refusal": None, "annotations": []}
    return {"message": {**spoken, **message}, "finish_reason": finish_reason}


def piece(model: str, delta: Value, finish_reason: str | None = None, **choice: Any) -> bytes:
    """Return the event of a chunk with one choice."""
    choices = [{"index": 0, "delta": delta, "finish_reason": finish_reason, **choice}]
    return event({**_chunk(model), "choices": choices})


def _chunk(model: str) -> Value:
    return {
        "id": "chatcmpl-stream",
        "object": "chat.completion.chunk",
        "created": 1700000000,
        "model": model,
        "service_tier": "flex",
        "obfuscation": "aG0",
    }


def either(model: str, choices: Sequence[Value], events: Sequence[bytes]) -> Behaviour:
    """Return the behaviour that answers with ``choices``, or with ``events`` and their end."""
    usage = event({**_chunk(model), "choices": [], "usage": USAGE})

    async def answer(exchange: Exchange) -> None:
        if exchange.streamed:
            asked = (exchange.body.get("stream_options") or {}).get("include_usage")
            await streamed([*events, *([usage] if asked else []), DONE])(exchange)
        else:
            await documented(whole(model, choices))(exchange)

    return answer


def _calls(model: str) -> list[bytes]:
    """Return a stream of two calls at once, whose arguments come in turns."""
    events = [piece(model, {"role": "assistant", "content": None})]
    for number, call in enumerate(CALLS):
        begun = {**call, "index": number, "function": {**call["function"], "arguments": ""}}
        events.append(piece(model, {"tool_calls": [begun]}))
    for pieces in zip(*ARGUMENTS, strict=True):
        for number, part in enumerate(pieces):
            more = {"index": number, "function": {"arguments": part}}
            events.append(piece(model, {"tool_calls": [more]}))
    return [*events, piece(model, {}, "tool_calls")]


def _several(model: str) -> list[bytes]:
    """Return a stream of two choices that come in turns."""
    events = []
    for words in (("eins ", "one "), ("zwei", "two")):
        events += [piece(model, {"content": word}, index=i) for i, word in enumerate(words)]
    return [*events, *(piece(model, {}, "stop", index=index) for index in (1, 0))]


def _in_letters(model: str, text: str, **first: Any) -> list[bytes]:
    """Return a stream that says ``text`` letter by letter."""
    return [
        piece(model, {"role": "assistant", "content": "", "refusal": None}),
        piece(model, {"content": text[0]}, **first),
        *(piece(model, {"content": letter}) for letter in text[1:]),
        piece(model, {}, "stop"),
    ]


#: The events of the stream of ``gpt-full``, without its end.
FULL_STREAM = _in_letters("gpt-full", SAID)
_FORECAST = json.dumps(FORECAST, ensure_ascii=False)

_CHAT: Mapping[str, Behaviour] = {
    "gpt-full": either("gpt-full", [says(SAID)], FULL_STREAM),
    "gpt-small-2": either("gpt-small-2", [says(SAID)], _in_letters("gpt-small-2", SAID)),
    "gpt-several": either(
        "gpt-several", [says("eins zwei"), says("one two")], _several("gpt-several")
    ),
    "gpt-tools": either(
        "gpt-tools", [says(None, "tool_calls", tool_calls=CALLS)], _calls("gpt-tools")
    ),
    "gpt-schema": either("gpt-schema", [says(_FORECAST)], _in_letters("gpt-schema", _FORECAST)),
    "gpt-logprobs": either(
        "gpt-logprobs",
        [{**says("看"), "logprobs": LOGPROBS}],
        _in_letters("gpt-logprobs", "看", logprobs=LOGPROBS),
    ),
    "gpt-endless": endless,
}

#: By route, and by route and model.
ANSWERS: Mapping[str, Behaviour] = {
    "POST /v1/chat/completions": repeat,
    **{f"POST /v1/chat/completions {model}": answer for model, answer in _CHAT.items()},
}
