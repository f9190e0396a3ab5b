"""Doubles for tests, of ours and of those who extend the gateway.

Each keeps the promises of the seam it stands in for and records what it was asked. Nothing here
runs in production.
"""

from collections.abc import Iterable, Mapping

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IProtocol, IPushProducer
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from inference_gateway.errors import GatewayError
from inference_gateway.exchange import (
    Attempt,
    BodySink,
    ByteStream,
    Call,
    Principal,
    ProviderReply,
)
from inference_gateway.interfaces import IKeyStore, IProvider
from inference_gateway.wire.operations import OPERATIONS
from inference_gateway.wire.request import ModelRequest
from inference_gateway.wire.sse import Event

#: What a `FakeProvider` does when it is asked: answer, stream, or raise.
Answer = bytes | ByteStream | ProviderReply | Exception


@implementer(IProvider)
class FakeProvider:
    """Does what ``script`` says, one entry for each time it is asked.

    A Deferred in the script is waited for. ``attempts`` are those it was asked for, ``questions``
    the methods and targets of those about responses, ``cancelled`` counts those that were given up
    while it waited.
    """

    def __init__(self, id: str, *script: "Answer | Deferred[Answer]") -> None:
        self.id = id
        self.endpoints = frozenset(OPERATIONS)
        #: Whether it is asked for streams only.
        self.always_streams = False
        self.script = list(script)
        self.attempts: list[Attempt] = []
        self.questions: list[tuple[bytes, bytes]] = []
        self.cancelled = 0

    def rides_on_stream(self, request: ModelRequest) -> bool:
        """Say what the test wants."""
        return self.always_streams

    async def send(self, call: Call, attempt: Attempt) -> ProviderReply:
        """Do what is next in the script; being asked more often is the test's failure."""
        return await self._act(attempt)

    async def ask(
        self, call: Call, attempt: Attempt, method: bytes, path_and_query: bytes
    ) -> ProviderReply:
        """Do what is next in the same script."""
        self.questions.append((method, path_and_query))
        return await self._act(attempt)

    async def _act(self, attempt: Attempt) -> ProviderReply:
        self.attempts.append(attempt)
        if not self.script:
            raise AssertionError(f"provider {self.id} was asked more often than its script says")
        answer = self.script.pop(0)
        if isinstance(answer, Deferred):
            try:
                answer = await answer
            except CancelledError:
                self.cancelled += 1
                raise
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, ProviderReply):
            return answer
        return ProviderReply(status=200, body=answer)


class ManualBody:
    """A `ByteStream` whose test plays the provider with `feed` and `end`.

    What is fed before the start is delivered by it, nothing is delivered after an abort, and bytes
    fed while paused are delivered as those already on the way would be. ``asked`` lists what the
    reader asked for, in order.
    """

    def __init__(self, *data: bytes) -> None:
        self.asked: list[str] = []
        self.paused = False
        self.aborted = False
        self._early = list(data)
        self._sink: BodySink | None = None
        self._end: tuple[GatewayError | None] | None = None

    def feed(self, data: bytes) -> None:
        """Deliver ``data``."""
        if self._sink is not None:
            self._sink.received(data)
        elif not self.aborted:
            self._early.append(data)

    def end(self, error: GatewayError | None = None) -> None:
        """End the body, with ``error`` if it broke; further feeding is ignored."""
        self._end = (error,)
        sink = self._sink
        if sink is not None:
            self._sink = None
            sink.ended(error)

    def start(self, sink: BodySink) -> None:
        """Deliver what was fed so far."""
        self.asked.append("start")
        self._sink = sink
        while self._early and self._sink is not None:
            sink.received(self._early.pop(0))
        if self._end is not None and self._sink is not None:
            self.end(*self._end)

    def pause(self) -> None:
        """Record the wish."""
        self.asked.append("pause")
        self.paused = True

    def resume(self) -> None:
        """Record the wish."""
        self.asked.append("resume")
        self.paused = False

    def abort(self) -> None:
        """Deliver nothing more."""
        self.asked.append("abort")
        self.aborted = True
        self._sink = None


class RecordingSink:
    """An `EventSink` that keeps what it is given; ``results`` holds how the stream ended."""

    def __init__(self) -> None:
        self.batches: list[list[Event]] = []
        self.results: list[GatewayError | None] = []

    @property
    def raw(self) -> bytes:
        """All events as they came."""
        return b"".join(event.raw for batch in self.batches for event in batch)

    def events(self, batch: list[Event]) -> None:
        """Keep ``batch``."""
        self.batches.append(batch)

    def finished(self, error: GatewayError | None) -> None:
        """Keep the end."""
        self.results.append(error)


@implementer(IKeyStore)
class MemoryKeyStore:
    """Knows the keys of a mapping; without a key for callers it is open."""

    def __init__(self, keys: Mapping[bytes, Principal] | None = None) -> None:
        self._keys = dict(keys or {})
        self.is_open = all(principal.admin for principal in self._keys.values())
        self.has_administrators = any(principal.admin for principal in self._keys.values())

    def find(self, secret: bytes) -> Principal | None:
        """Return whose key ``secret`` is."""
        return self._keys.get(secret)

    def revoke(self, secret: bytes) -> None:
        """Know ``secret`` no longer."""
        del self._keys[secret]


class MemoryTransport(StringTransport):
    """A server's socket without the socket; `MemoryConnection` is its other end."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.half_closed = False
        self.writes: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Keep ``data``."""
        self.writes.append(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Keep the pieces as one write."""
        self.write(b"".join(data))

    def loseWriteConnection(self) -> None:
        """Take note that the server has said all."""
        self.half_closed = True


class MemoryConnection:
    """A client's connection in memory to ``protocol``, which a server's factory made."""

    def __init__(self, protocol: IProtocol) -> None:
        self.transport = MemoryTransport()
        self._protocol = protocol
        protocol.makeConnection(self.transport)

    def send(self, data: bytes) -> None:
        """Deliver ``data`` to the server in one read."""
        self._protocol.dataReceived(data)

    @property
    def received(self) -> bytes:
        """All that the server wrote."""
        return b"".join(self.transport.writes)

    @property
    def closed(self) -> bool:
        """Whether the server ended the connection, in order or not."""
        transport = self.transport
        return bool(transport.disconnecting or transport.disconnected or transport.half_closed)

    @property
    def cut(self) -> bool:
        """Whether the server cut the connection, whatever was still to be sent."""
        return bool(self.transport.disconnected)

    def pause(self) -> None:
        """Read no more, so that the server's buffer is full."""
        self._producer().pauseProducing()

    def resume(self) -> None:
        """Read on, so that the server's buffer is empty."""
        self._producer().resumeProducing()

    def leave(self, reason: Exception | None = None) -> None:
        """Lose the connection, as when the client's process dies; ``reason`` says why else.

        A transport tells the producer first and then the protocol, as Twisted's do.
        """
        producer = self.transport.producer
        if producer is not None:
            producer.stopProducing()
        self._protocol.connectionLost(Failure(reason or ConnectionLost()))

    def hang_up(self) -> None:
        """Let the server's closing take its course."""
        self._protocol.connectionLost(Failure(ConnectionDone()))

    def _producer(self) -> IPushProducer:
        producer: IPushProducer | None = self.transport.producer
        if producer is None:
            raise AssertionError("the server writes without a producer, so nobody can be paused")
        return producer
