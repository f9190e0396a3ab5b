"""An upstream on a real socket that plays a script for each request it recognises.

A request is known by its ``X-Request-ID``, which the gateway passes on: the first request with an
id plays the first script of that id, and so on. Whoever is not known is answered well. It records
what it got and what became of its connections; what that should be is not known here.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IConsumer,
    IDelayedCall,
    IPullProducer,
    IReactorTime,
    ITCPTransport,
)
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from tests.corpus.relay_payloads import ANSWER, STREAM, framed
from tests.corpus.upstream_cases import Step

_HEAD_END = b"\r\n\r\n"
#: Bytes of a flood that wait in this process.
_BATCH = 1024 * 1024


@attrs.frozen
class Seen:
    """Wait until the client has received ``data``."""

    data: bytes


@attrs.frozen
class Flood:
    """Send ``data`` so many times over, or until the connection is closed."""

    data: bytes
    times: int


@attrs.frozen
class Pause:
    """Do nothing for so many seconds: for limits of time that go on while an answer comes."""

    seconds: float


Action = bytes | Step | Seen | Flood | Pause
#: What is done for one request, in order; behind the last action there is silence.
Script = tuple[Action, ...]


@attrs.define(kw_only=True, eq=False)
class Received:
    """One request as it came, and the connection that it came on."""

    line: bytes
    #: By lower-case name, every value.
    headers: Mapping[bytes, tuple[bytes, ...]]
    body: bytes
    connection: "ScriptedConnection"

    @property
    def provider(self) -> str:
        """Under which provider's address it was sent: the first segment of the path."""
        return self.line.split(b"/", 2)[1].decode()


@attrs.define(kw_only=True, eq=False)
class _Play:
    """What is played for one id."""

    scripts: tuple[Script, ...]
    received: list[Received] = attrs.field(factory=list)
    #: What the client has received so far.
    client: bytearray = attrs.field(factory=bytearray)
    #: Connections that wait for the client to have received more.
    waiting: "list[ScriptedConnection]" = attrs.field(factory=list)


@implementer(IPullProducer)
class ScriptedConnection(Protocol):
    """One connection; ``closed`` fires when the gateway, or a script, has ended it."""

    def __init__(self, upstream: "ScriptedUpstream") -> None:
        self._upstream = upstream
        self._unread = b""
        self._steps: Iterator[Action] = iter(())
        self._timer: IDelayedCall | None = None
        self._play: _Play | None = None
        self._awaited = b""
        self._flood: tuple[bytes, int] | None = None
        self.closed: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        """Send at once what is sent."""
        self._socket = cast(ITCPTransport, self.transport)
        self._socket.setTcpNoDelay(True)
        self._upstream.connections.add(self)

    def dataReceived(self, data: bytes) -> None:
        """Gather requests and play their scripts."""
        self._unread += data
        head, end, rest = self._unread.partition(_HEAD_END)
        if not end:
            return
        line, *fields = head.split(b"\r\n")
        headers: dict[bytes, tuple[bytes, ...]] = {}
        for field in fields:
            name, _, value = field.partition(b":")
            headers[name.lower()] = (*headers.get(name.lower(), ()), value.strip())
        size = int(headers.get(b"content-length", (b"0",))[0])
        if len(rest) < size:
            return
        body, self._unread = rest[:size], rest[size:]
        self._begin(Received(line=line, headers=headers, body=body, connection=self))

    def _begin(self, received: Received) -> None:
        id = received.headers.get(b"x-request-id", (b"",))[0].decode()
        play = self._play = self._upstream.plays.setdefault(id, _Play(scripts=()))
        number = len(play.received)
        play.received.append(received)
        self._stop()  # what is left of the script before
        known = play.scripts[number : number + 1]
        self._steps = iter(known[0] if known else good_script(received.body))
        self._go_on()

    def _go_on(self, seconds: float = 0.0) -> None:
        """Take the next step in a turn of its own: what was written has left by then."""
        if not self.closed.called:
            self._timer = self._upstream.clock.callLater(seconds, self._next)

    def _next(self) -> None:
        self._timer = None
        step = next(self._steps, None)
        if step is None:
            return
        match step:
            case bytes():
                self._socket.write(step)
            case Flood(data, times):
                self._flood = (data * max(1, _BATCH // len(data)), len(data) * times)
                cast(IConsumer, self._socket).registerProducer(self, False)
                return
            case Seen(data):
                play = self._play
                assert play is not None
                if data not in play.client:
                    self._awaited = data
                    play.waiting.append(self)
                    return
            case Pause(seconds):
                self._go_on(seconds)
                return
            case Step.FIN:
                self._socket.loseConnection()
            case Step.RST:
                self._socket.abortConnection()
        self._go_on()

    def resumeProducing(self) -> None:
        """Send more of a flood: the socket has room."""
        assert self._flood is not None
        data, left = self._flood
        self._socket.write(data[:left])
        self._flood = (data, left - len(data))
        if left <= len(data):
            cast(IConsumer, self._socket).unregisterProducer()
            self._go_on()

    def stopProducing(self) -> None:
        """End a flood whose connection is gone."""

    def client_received(self, client: bytearray) -> bool:
        """Go on if the client has received what is waited for."""
        if self._awaited not in client:
            return False
        self._go_on()
        return True

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Say that this connection is over."""
        self._stop()
        self._upstream.connections.discard(self)
        self.closed.callback(None)

    def _stop(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def end(self) -> None:
        """Break the connection if it is still there."""
        if not self.closed.called:
            self._socket.abortConnection()


class ScriptedUpstream(ServerFactory):
    """Plays ``plays``; listening, and ending that, is for whoever makes it."""

    noisy = False

    def __init__(self, clock: IReactorTime) -> None:
        self.clock = clock
        self.connections: set[ScriptedConnection] = set()
        self.plays: dict[str, _Play] = {}

    def buildProtocol(self, addr: object) -> ScriptedConnection:
        """Take another connection."""
        return ScriptedConnection(self)

    def expect(self, id: str, scripts: tuple[Script, ...]) -> None:
        """Play ``scripts`` to the requests with ``id``."""
        self.plays[id] = _Play(scripts=scripts)

    def received(self, id: str) -> list[Received]:
        """Return the requests with ``id`` so far."""
        play = self.plays.get(id)
        return [] if play is None else play.received

    def client_received(self, id: str, data: bytes) -> None:
        """Take note of what the client with ``id`` receives."""
        play = self.plays[id]
        play.client += data
        play.waiting = [one for one in play.waiting if not one.client_received(play.client)]


def good_script(body: bytes) -> Script:
    """Answer the request with this body as a good provider does."""
    asked: dict[str, Any] = json.loads(body)
    return (framed(STREAM if asked.get("stream") else ANSWER),)
