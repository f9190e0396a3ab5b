"""``/v1/responses/{id}`` and what is below: questions about a response that a provider keeps.

Making one is a model call like any other, and not here.
"""

from typing import Protocol

from klein import Klein
from twisted.internet.interfaces import IReactorTime

from inference_gateway.api.relay import StreamRelay
from inference_gateway.api.respond import Responder
from inference_gateway.api.web_request import WebRequest
from inference_gateway.errors import InternalError
from inference_gateway.exchange import Call
from inference_gateway.interfaces import Service
from inference_gateway.wire.stored_response import check_no_message, parse_stored


class QueriedRequest(WebRequest, Protocol):
    """A request whose query matters."""

    @property
    def uri(self) -> bytes:
        """The target with its query, as it came."""


class Responses:
    """Whatever is asked about one response, by its id.

    ``keepalive`` is in seconds: how long a stream may be silent before a comment is sent.
    """

    app = Klein()

    def __init__(
        self, service: Service, responder: Responder, clock: IReactorTime, keepalive: float
    ) -> None:
        self._service = service
        self._responder = responder
        self._clock = clock
        self._keepalive = keepalive

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
        call.request = asked
        call.operation = asked.operation.label
        call.stream = asked.stream
        if asked.stream:
            relay = StreamRelay(
                request, call, asked.operation, self._responder, self._clock, self._keepalive
            )
            await relay.run(self._service(call))
            return
        reply = await self._service(call)
        if not isinstance(reply.body, bytes):
            raise InternalError("a question was answered with a stream")
        self._responder.whole(request, call, reply.body, status=reply.status, headers=reply.headers)
