"""What the upstream says on OpenAI's other routes that speak JSON."""

import base64
import json
import struct
from collections.abc import Mapping
from typing import Any

from tests.acceptance.upstream import Behaviour, Exchange
from tests.acceptance.upstream_answers import DONE, documented, event, streamed
from tests.clients.chat_answers import SAID

Value = dict[str, Any]

_USAGE = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}


def _several(prompt: str | list[Any]) -> list[Any]:
    """Return each text, or list of tokens, of what may be one of them or a list of them."""
    if isinstance(prompt, str) or type(prompt[0]) is int:
        return [prompt]
    return prompt


# --- completions


async def _complete(exchange: Exchange) -> None:
    """Tell each prompt's length, as often as ``n`` says."""
    times = exchange.body.get("n") or 1
    texts = [f"of {len(p)}" for p in _several(exchange.body["prompt"]) for _ in range(times)]
    head = {
        "id": "cmpl-1",
        "object": "text_completion",
        "created": 1700000000,
        "model": exchange.model,
    }

    def choice(index: int, text: str, finish_reason: str | None) -> Value:
        return {"index": index, "text": text, "logprobs": None, "finish_reason": finish_reason}

    if not exchange.streamed:
        choices = [choice(index, text, "stop") for index, text in enumerate(texts)]
        answer = {**head, "choices": choices, "usage": _USAGE}
        await documented(json.dumps(answer).encode())(exchange)
        return
    events = [
        event({**head, "choices": [choice(index, text[a:b], finish_reason)]})
        for a, b, finish_reason in ((0, 3, None), (3, None, "stop"))
        for index, text in enumerate(texts)
    ]
    usage = event({**head, "choices": [], "usage": _USAGE})
    await streamed([*events, usage, DONE])(exchange)


# --- embeddings


def vector(number: int, dimensions: int) -> list[float]:
    """Return the vector of the input of that number; 32 bits hold it exactly."""
    return [number + index / 8 for index in range(dimensions)]


async def _embed(exchange: Exchange) -> None:
    dimensions = exchange.body.get("dimensions", 3)
    data = []
    for number in range(len(_several(exchange.body["input"]))):
        values: Any = vector(number, dimensions)
        if exchange.body.get("encoding_format") == "base64":
            values = base64.b64encode(struct.pack(f"<{dimensions}f", *values)).decode()
        data.append({"object": "embedding", "index": number, "embedding": values})
    answer = {
        "object": "list",
        "data": data,
        "model": exchange.model,
        "usage": {"prompt_tokens": len(data), "total_tokens": len(data)},
    }
    await documented(json.dumps(answer).encode())(exchange)


# --- responses

RESPONSE_ID = "resp_1"
_MESSAGE: Value = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": SAID, "annotations": [], "logprobs": []}],
}


def _response(model: str, status: str, output: list[Value]) -> Value:
    done = status == "completed"
    return {
        "id": RESPONSE_ID,
        "object": "response",
        "created_at": 1700000000,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": model,
        "output": output,
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": _RESPONSE_USAGE if done else None,
    }


_RESPONSE_USAGE: Value = {
    "input_tokens": 5,
    "input_tokens_details": {"cached_tokens": 2},
    "output_tokens": 4,
    "output_tokens_details": {"reasoning_tokens": 1},
    "total_tokens": 9,
}


#: Where the text is.
_TEXT: Value = {"item_id": "msg_1", "output_index": 0, "content_index": 0}


def _delta(text: str) -> Value:
    return {**_TEXT, "type": "response.output_text.delta", "delta": text, "logprobs": []}


def _response_events(model: str) -> list[Value]:
    (part,) = _MESSAGE["content"]
    empty = {**_MESSAGE, "status": "in_progress", "content": []}
    events: list[Value] = [
        {"type": "response.created", "response": _response(model, "in_progress", [])},
        {"type": "response.in_progress", "response": _response(model, "in_progress", [])},
        {"type": "response.output_item.added", "output_index": 0, "item": empty},
        {**_TEXT, "type": "response.content_part.added", "part": {**part, "text": ""}},
        *(_delta(letter) for letter in SAID),
        {**_TEXT, "type": "response.output_text.done", "text": SAID, "logprobs": []},
        {**_TEXT, "type": "response.content_part.done", "part": part},
        {"type": "response.output_item.done", "output_index": 0, "item": _MESSAGE},
        {"type": "response.completed", "response": _response(model, "completed", [_MESSAGE])},
    ]
    return [{**told, "sequence_number": number} for number, told in enumerate(events)]


async def _respond(exchange: Exchange) -> None:
    if exchange.streamed:
        events = [
            b"event: %b\n%b" % (told["type"].encode(), event(told))
            for told in _response_events(exchange.model)
        ]
        await streamed(events)(exchange)
        return
    answer = _response(exchange.model, "completed", [_MESSAGE])
    await documented(json.dumps(answer, ensure_ascii=False).encode())(exchange)


async def _broken_response(exchange: Exchange) -> None:
    """Fail in the middle, as the API does it."""
    created, *_ = _response_events(exchange.model)
    delta = _delta(SAID[:2])
    failed = {
        "type": "error",
        "code": "server_error",
        "message": "no more",
        "param": None,
        "sequence_number": 2,
    }
    await streamed([event(created), event({**delta, "sequence_number": 1}), event(failed)])(
        exchange
    )


def _about_response(status: str) -> Behaviour:
    return documented(json.dumps(_response("gpt-full", status, [_MESSAGE])).encode())


_DELETED = {"id": RESPONSE_ID, "object": "response", "deleted": True}
_ITEMS = {
    "object": "list",
    "data": [
        {
            "id": "msg_0",
            "type": "message",
            "role": "user",
            "status": "completed",
            "content": [{"type": "input_text", "text": SAID}],
        }
    ],
    "first_id": "msg_0",
    "last_id": "msg_0",
    "has_more": False,
}

# --- moderations


async def _moderate(exchange: Exchange) -> None:
    inputs = _several(exchange.body["input"])
    names = ("harassment", "violence")
    result = {
        "flagged": True,
        "categories": dict.fromkeys(names, True),
        "category_scores": dict.fromkeys(names, 0.75),
        "category_applied_input_types": {name: ["text"] for name in names},
    }
    answer = {"id": "modr-1", "model": exchange.model, "results": [result] * len(inputs)}
    await documented(json.dumps(answer).encode())(exchange)


ANSWERS: Mapping[str, Behaviour] = {
    "POST /v1/completions": _complete,
    "POST /v1/embeddings": _embed,
    "POST /v1/responses": _respond,
    "POST /v1/responses gpt-broken": _broken_response,
    f"GET /v1/responses/{RESPONSE_ID}": _about_response("completed"),
    f"DELETE /v1/responses/{RESPONSE_ID}": documented(json.dumps(_DELETED).encode()),
    f"POST /v1/responses/{RESPONSE_ID}/cancel": _about_response("cancelled"),
    f"GET /v1/responses/{RESPONSE_ID}/input_items": documented(json.dumps(_ITEMS).encode()),
    "POST /v1/moderations": _moderate,
}
