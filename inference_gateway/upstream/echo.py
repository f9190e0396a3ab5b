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
from inference_gateway.provider_errors import ProviderRejected
from inference_gateway.upstream.echo_answer import EchoAnswer
from inference_gateway.upstream.echo_faults import Streamable, find_behaviour
from inference_gateway.upstream.echo_text import EchoText
from inference_gateway.upstream.echo_vectors import EchoVectors
from inference_gateway.upstream.scripted_body import Script, ScriptedBody
from inference_gateway.wire.chat import ChatRequest
from inference_gateway.wire.completions import CompletionRequest
from inference_gateway.wire.embeddings import EmbeddingsRequest
from inference_gateway.wire.request import ModelRequest


@implementer(IProvider)
class EchoProvider:
    """Answers ``Echo:`` and what it was told; ``wall`` tells seconds since the epoch."""

    endpoints = frozenset({"chat", "completions", "embeddings"})

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

    def rides_on_stream(self, request: ModelRequest) -> bool:
        """Say what the operator wants, where an answer can be put together."""
        return self._always_streams and request.operation.assembler is not None

    async def send(self, call: Call, attempt: Attempt) -> ProviderReply:
        """Answer the call, or fail as the attempt's model asks for.

        Raises the `ProviderError` of the fault. Cancelling it leaves no timer behind.
        """
        script = self._script(call, attempt)
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

    async def ask(
        self, call: Call, attempt: Attempt, method: bytes, path_and_query: bytes
    ) -> ProviderReply:
        """Raise `ProviderRejected`: nothing is kept here."""
        raise ProviderRejected("the echo provider keeps no responses", status=404)

    def _script(self, call: Call, attempt: Attempt) -> Script:
        request = call.request
        behaviour, seconds = find_behaviour(attempt.model)
        if isinstance(request, EmbeddingsRequest):
            return behaviour.plain(EchoVectors.to(request, model=attempt.model), seconds)
        now = int(self._wall())
        answer: Streamable
        if isinstance(request, ChatRequest):
            answer = EchoAnswer.to(
                request, id=f"chatcmpl-{call.id}", created=now, model=attempt.model
            )
        elif isinstance(request, CompletionRequest):
            answer = EchoText.to(request, id=f"cmpl-{call.id}", created=now, model=attempt.model)
        else:
            raise ValueError("only chats, text completions and embeddings can be echoed")
        play = behaviour.stream if attempt.stream else behaviour.plain
        return play(answer, seconds)

    def _silence(self, seconds: float) -> Deferred[None]:
        """Say nothing for so long; for ever when that is infinite."""
        return Deferred() if seconds == inf else deferLater(self._clock, seconds)
