"""``POST /v1/chat/completions``: from bytes to a call, and from its reply to an answer."""

from klein import Klein
from twisted.internet.interfaces import IReactorTime

from inference_gateway.api.relay import StreamRelay
from inference_gateway.api.respond import Responder
from inference_gateway.api.web_request import WebRequest
from inference_gateway.errors import InternalError
from inference_gateway.exchange import Call
from inference_gateway.interfaces import Service
from inference_gateway.wire.chat import parse_chat


class Chat:
    """Chat completions, whole and streamed; ``keepalive``: seconds between two comments."""

    app = Klein()

    def __init__(
        self, service: Service, responder: Responder, clock: IReactorTime, keepalive: float
    ) -> None:
        self._service = service
        self._responder = responder
        self._clock = clock
        self._keepalive = keepalive

    @app.route("/v1/chat/completions", methods=["POST"])
    async def create(self, request: WebRequest) -> None:
        """Answer one chat completion; ``stream`` in the body decides how, never ``Accept``."""
        call: Call = request.call
        call.operation = "chat"
        call.request = chat = parse_chat(request.content.read())
        call.stream = chat.stream
        if chat.stream:
            relay = StreamRelay(request, call, self._responder, self._clock, self._keepalive)
            await relay.run(self._service(call))
            return
        reply = await self._service(call)
        if not isinstance(reply.body, bytes):
            raise InternalError("a plain call was answered with a stream")
        self._responder.whole(request, call, reply.body, status=reply.status, headers=reply.headers)
