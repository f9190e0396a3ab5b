"""The provider that needs no server: it answers what it was told.

It is a provider like any other: it hands over bytes, whole or as a stream, and fails the way
providers fail when the model's name asks for it. It never looks at a client's connection.
"""

from collections.abc import Callable
from itertools import chain
from math import inf

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from zope.interface import implementer

from inference_gateway.errors import GatewayError
from inference_gateway.exchange import Attempt, ByteStream, Call, ProviderReply
from inference_gateway.interfaces import IProvider
from inference_gateway.upstream.echo_answer import EchoAnswer
from inference_gateway.upstream.echo_faults import find_behaviour
from inference_gateway.upstream.scripted_body import ScriptedBody
from inference_gateway.wire.chat import ChatRequest


@implementer(IProvider)
class EchoProvider:
    """Answers ``Echo:`` and the last text of the user; ``wall`` tells seconds since the epoch."""

    def __init__(
        self,
        id: str,
        clock: IReactorTime,
        wall: Callable[[], float],
        *,
        always_streams: bool = False,
    ) -> None:
        self.id = id
        self._always_streams = always_streams
        self._clock = clock
        self._wall = wall

    def rides_on_stream(self, request: ChatRequest) -> bool:
        """Say what the operator wants."""
        return self._always_streams

    async def send(self, call: Call, attempt: Attempt) -> ProviderReply:
        """Answer the call, or fail as the attempt's model asks for.

        Raises the `ProviderError` of the fault. Cancelling it leaves no timer behind.
        """
        request = call.request
        if request is None:
            raise ValueError("only a call with a chat request can be echoed")
        behaviour, seconds = find_behaviour(attempt.model)
        answer = EchoAnswer.to(
            request, id=f"chatcmpl-{call.id}", created=int(self._wall()), model=attempt.model
        )
        play = behaviour.stream if attempt.stream else behaviour.plain
        script = play(answer, seconds)
        # what comes before the first bytes happens before the head, as at any server
        step = next(script)
        while not isinstance(step, bytes):
            if isinstance(step, GatewayError):
                raise step
            await self._silence(step)
            step = next(script)
        following = next(script, None)
        body: bytes | ByteStream = step
        if following is not None:
            body = ScriptedBody(self._clock, chain((step, following), script))
        return ProviderReply(status=200, body=body)

    def _silence(self, seconds: float) -> Deferred[None]:
        """Say nothing for so long; for ever when that is infinite."""
        return Deferred() if seconds == inf else deferLater(self._clock, seconds)
