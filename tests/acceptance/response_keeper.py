"""An upstream that makes responses and keeps them, as OpenAI's servers do."""

import json
from typing import Any

from tests.acceptance.upstream import Exchange, Upstream
from tests.acceptance.upstream_answers import documented, streamed

_PATH = "/v1/responses"


def _event(number: int, kind: str, **members: Any) -> bytes:
    data = json.dumps({"type": kind, "sequence_number": number, **members}, ensure_ascii=False)
    return f"event: {kind}\ndata: {data}\n\n".encode()


class Keeper:
    """Keeps what it made under ids that begin with ``name``; `close` must be called."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._kept: dict[str, dict[str, Any]] = {}
        self.upstream = Upstream({}, self._answer)

    @property
    def lines(self) -> list[str]:
        """The request lines of all that was asked so far, but for the version."""
        return [exchange.line.removesuffix(" HTTP/1.1") for exchange in self.upstream.exchanges]

    async def _answer(self, exchange: Exchange) -> None:
        method, target, _ = exchange.line.split(" ")
        path, _, query = target.partition("?")
        response_id, _, part = path.removeprefix(_PATH).lstrip("/").partition("/")
        if not response_id:
            response = self._make(exchange.model)
            if exchange.streamed:
                await streamed(self._events(response))(exchange)
                return
        elif response_id not in self._kept:
            error = {"error": {"message": f"Response with id '{response_id}' not found."}}
            await documented(json.dumps(error).encode(), status=404)(exchange)
            return
        else:
            response = self._kept[response_id]
        parameters = query.split("&")
        if "stream=true" in parameters:
            (after,) = [int(x[15:]) for x in parameters if x.startswith("starting_after=")]
            await streamed(self._events(response)[after + 1 :])(exchange)
            return
        if method == "DELETE":
            del self._kept[response_id]
            response = {"id": response_id, "object": "response.deleted", "deleted": True}
        elif part == "cancel":
            response["status"] = "cancelled"
        elif part == "input_items":
            item = {"id": "msg_0", "type": "message", "role": "user", "content": []}
            response = {"object": "list", "data": [item], "has_more": False}
        await documented(json.dumps(response).encode())(exchange)

    def _make(self, model: str) -> dict[str, Any]:
        part = {"type": "output_text", "text": "naïve 你好", "annotations": []}
        response: dict[str, Any] = {
            "id": f"resp_{self._name}_{len(self._kept)}",
            "object": "response",
            "created_at": 1,
            "status": "completed",
            "error": None,
            "model": model,
            "output": [
                {
                    "id": "msg_1",
                    "type": "message",
                    "status": "completed",
                    "role": "assistant",
                    "content": [part],
                }
            ],
            "usage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
        }
        self._kept[response["id"]] = response
        return response

    def _events(self, response: dict[str, Any]) -> list[bytes]:
        begun = {**response, "status": "in_progress", "output": []}
        place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
        return [
            _event(0, "response.created", response=begun),
            _event(1, "response.output_text.delta", delta="naïve ", **place),
            _event(2, "response.output_text.delta", delta="你好", **place),
            _event(3, "response.completed", response=response),
        ]
