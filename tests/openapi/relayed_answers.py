"""A provider that has every route which is only relayed, and answers as the API of each does.

It looks at the route, at ``stream``, and at which responses it has made and still keeps.
"""

import json
from typing import Any

from tests.acceptance.upstream import Exchange, Upstream
from tests.acceptance.upstream_answers import documented, event, streamed

Value = dict[str, Any]

#: The name of its model, and of what can be asked of it.
MODEL = "relayed"
OPERATIONS = (
    "responses",
    "messages",
    "moderations",
    "rerank",
    "speech",
    "transcriptions",
    "translations",
    "images",
    "image_edits",
    "image_variations",
    "tokenize",
    "detokenize",
)

_SOUND = b"ID3\x04\x00\x00\x00\x00\x00\x00" * 20

_IMAGE: Value = {"created": 1, "data": [{"b64_json": "AA=="}]}
_FIXED: dict[str, Value] = {
    "POST /v1/moderations": {"id": "m", "model": MODEL, "results": [{"flagged": False}]},
    "POST /v1/rerank": {"results": [{"index": 0, "relevance_score": 0.5}]},
    "POST /v1/images/generations": _IMAGE,
    "POST /v1/images/edits": _IMAGE,
    "POST /v1/images/variations": _IMAGE,
    "POST /v1/audio/transcriptions": {"text": "hello"},
    "POST /v1/audio/translations": {"text": "hello"},
    "POST /tokenize": {"tokens": [1, 2, 3]},
    "POST /detokenize": {"content": "hello"},
}
_MESSAGE: Value = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": MODEL,
    "content": [{"type": "text", "text": "hello"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 3, "output_tokens": 1},
}
_MESSAGE_EVENTS: tuple[Value, ...] = (
    {"type": "message_start", "message": {**_MESSAGE, "content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": "hello"},
    },
    {"type": "content_block_stop", "index": 0},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn"},
        "usage": {"output_tokens": 1},
    },
    {"type": "message_stop"},
)


class _Provider:
    """Answers everything, and remembers the responses it made."""

    def __init__(self) -> None:
        self._made = 0
        self._kept: set[str] = set()

    async def answer(self, exchange: Exchange) -> None:
        """Answer one request."""
        method, target, _ = exchange.line.split(" ")
        path, _, query = target.partition("?")
        route = f"{method} {path}"
        if route == "POST /v1/responses":
            self._made += 1
            id = f"resp_{self._made}"
            self._kept.add(id)
            await _respond(exchange, _response(id), is_stream=exchange.streamed)
        elif path.startswith("/v1/responses/"):
            await self._look_up(exchange, method, path, query)
        elif route == "POST /v1/messages":
            if exchange.streamed:
                await streamed([_typed(value) for value in _MESSAGE_EVENTS])(exchange)
            else:
                await _say(exchange, _MESSAGE)
        elif route == "POST /v1/audio/speech":
            await documented(_SOUND, media_type="audio/mpeg")(exchange)
        else:
            await _say(exchange, _FIXED[route])

    async def _look_up(self, exchange: Exchange, method: str, path: str, query: str) -> None:
        id, _, part = path.removeprefix("/v1/responses/").partition("/")
        if id not in self._kept:
            await documented(b'{"error": {"message": "no such response"}}', status=404)(exchange)
        elif method == "DELETE":
            self._kept.remove(id)
            await _say(exchange, {"id": id, "object": "response.deleted", "deleted": True})
        elif part == "input_items":
            await _say(exchange, {"object": "list", "data": []})
        else:
            await _respond(exchange, _response(id), is_stream="stream=true" in query)


def _response(id: str) -> Value:
    said = {"type": "message", "content": [{"type": "output_text", "text": "hello"}]}
    return {
        "id": id,
        "object": "response",
        "status": "completed",
        "model": MODEL,
        "output": [said],
        "usage": {"input_tokens": 3, "output_tokens": 1, "total_tokens": 4},
    }


async def _respond(exchange: Exchange, response: Value, *, is_stream: bool) -> None:
    if not is_stream:
        await _say(exchange, response)
        return
    begun = {**response, "status": "in_progress", "output": []}
    values: tuple[Value, ...] = (
        {"type": "response.created", "sequence_number": 0, "response": begun},
        {"type": "response.output_text.delta", "sequence_number": 1, "delta": "hello"},
        {"type": "response.completed", "sequence_number": 2, "response": response},
    )
    await streamed([_typed(value) for value in values])(exchange)


def _typed(value: Value) -> bytes:
    return b"event: %b\n" % value["type"].encode() + event(value)


async def _say(exchange: Exchange, value: Value) -> None:
    await documented(json.dumps(value).encode())(exchange)


def serve() -> Upstream:
    """Return the provider's server; whoever takes it closes it."""
    return Upstream({}, _Provider().answer)
