"""From a request that was understood to its answer: whole, or relayed while it comes."""

import attrs
from twisted.internet.interfaces import IReactorTime

from inference_gateway.api.relay import StreamRelay
from inference_gateway.api.respond import Responder
from inference_gateway.api.web_request import WebRequest
from inference_gateway.errors import InternalError
from inference_gateway.exchange import Call
from inference_gateway.interfaces import Service
from inference_gateway.wire.request import ModelRequest


@attrs.frozen
class Answering:
    """Asks ``service`` and hands over what it answers.

    ``keepalive`` is in seconds: how long a stream of events may be silent before a comment is sent.
    """

    service: Service
    responder: Responder
    clock: IReactorTime
    keepalive: float

    async def answer(self, request: WebRequest, asked: ModelRequest) -> None:
        """Answer ``request``, which asks for ``asked``; raises what went wrong before its end."""
        call: Call = request.call
        call.request = asked
        call.stream = asked.stream
        if asked.stream:
            relay = StreamRelay(
                request, call, asked.operation, self.responder, self.clock, self.keepalive
            )
            await relay.run(self.service(call))
            return
        reply = await self.service(call)
        if not isinstance(reply.body, bytes):
            raise InternalError("a plain call was answered with a stream")
        self.responder.whole(request, call, reply.body, status=reply.status, headers=reply.headers)
