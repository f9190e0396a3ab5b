"""``/v1/responses/{id}`` and what is below: questions about a response that a provider keeps.

Making one is a model call like any other, and not here.
"""

from typing import Protocol

from klein import Klein

from inference_gateway.api.answering import Answering
from inference_gateway.api.web_request import WebRequest
from inference_gateway.exchange import Call
from inference_gateway.wire.stored_response import check_no_message, parse_stored


class QueriedRequest(WebRequest, Protocol):
    """A request whose query matters."""

    @property
    def uri(self) -> bytes:
        """The target with its query, as it came."""


class Responses:
    """Whatever is asked about one response, by its id."""

    app = Klein()

    def __init__(self, answering: Answering) -> None:
        self._answering = answering

    @app.route("/v1/responses/<response_id>", methods=["GET"])
    async def retrieve(self, request: QueriedRequest, response_id: str) -> None:
        """Answer with the response, or with its events where the query says ``stream=true``."""
        await self._answer(request, response_id)

    @app.route("/v1/responses/<response_id>", methods=["DELETE"])
    async def delete(self, request: QueriedRequest, response_id: str) -> None:
        """Have its provider forget the response."""
        await self._answer(request, response_id)

    @app.route("/v1/responses/<response_id>/cancel", methods=["POST"])
    async def cancel(self, request: QueriedRequest, response_id: str) -> None:
        """Have its provider stop making the response."""
        body = request.content.read()
        if body:
            check_no_message(body)
        await self._answer(request, response_id, b"/cancel")

    @app.route("/v1/responses/<response_id>/input_items", methods=["GET"])
    async def input_items(self, request: QueriedRequest, response_id: str) -> None:
        """Answer with what the response was made from."""
        await self._answer(request, response_id, b"/input_items")

    async def _answer(self, request: QueriedRequest, response_id: str, part: bytes = b"") -> None:
        call: Call = request.call
        query = request.uri.partition(b"?")[2]
        asked = parse_stored(response_id, request.method, query, part=part)
        call.operation = asked.operation.label
        await self._answering.answer(request, asked)
