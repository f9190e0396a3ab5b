"""Playing one case of the relay: a client on a socket, the scripted upstream behind the gateway.

It collects the evidence and judges nothing. Waiting is always for something and ends with it.
"""

import json
from typing import cast

import attrs
from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.interfaces import IReactorTime, ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from tests.corpus.relay_case import Mode, RelayCase
from tests.corpus.relay_gateway import model_of
from tests.corpus.requests import AUTH, CHAT, CLOSE, HOST, JSON, PROMPT, head, length
from tests.corpus.scripted_upstream import Received, ScriptedUpstream

reactor = cast(IReactorTime, global_reactor)

#: Seconds after which a client gives up, far more than any answer needs.
_PATIENCE = 10.0
#: Seconds in which a connection that is not of use any more is closed.
_CLOSING = 3.0


@attrs.frozen(kw_only=True)
class RelayEvidence:
    """What was seen of one case beside the log."""

    received: bytes
    requests: tuple[Received, ...]
    #: Whether the connection of the last request was closed in time.
    closed: bool


class Client(Protocol):
    """Sends one request and reads to the end of its connection, unless it leaves before."""

    def __init__(self, request: bytes, id: str, upstream: ScriptedUpstream) -> None:
        self._request = request
        self._id = id
        self._upstream = upstream
        self._received: list[bytes] = []
        self.done: Deferred[bytes] = Deferred()

    def connectionMade(self) -> None:
        socket = cast(ITCPTransport, self.transport)
        socket.write(self._request)
        self._timer = reactor.callLater(_PATIENCE, socket.abortConnection)

    @property
    def received(self) -> bytes:
        """What has come so far."""
        return b"".join(self._received)

    def leave(self) -> None:
        """Go away with RST."""
        cast(ITCPTransport, self.transport).abortConnection()

    def dataReceived(self, data: bytes) -> None:
        self._received.append(data)
        self._upstream.client_received(self._id, data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._timer.active():
            self._timer.cancel()
        self.done.callback(self.received)


def request_of(case: RelayCase, *headers: bytes) -> bytes:
    """Return the client's request."""
    body = json.dumps(
        {
            "model": model_of(case),
            "messages": [{"role": "user", "content": PROMPT}],
            **({"stream": True} if case.mode is Mode.STREAM else {}),
            **case.fields,
        }
    ).encode()
    id = b"X-Request-ID: " + case.id.encode()
    lines = (HOST, AUTH, JSON, id, *case.headers, *headers, length(body))
    return head(b"POST %b HTTP/1.1" % CHAT, *lines) + body


async def call(port: int, upstream: ScriptedUpstream, case: RelayCase, *headers: bytes) -> Client:
    """Make the call of ``case`` on a connection of its own."""
    upstream.expect(case.id, case.scripts)
    client = Client(request_of(case, CLOSE, *headers), case.id, upstream)
    await connectProtocol(TCP4ClientEndpoint(reactor, "127.0.0.1", port), client)
    return client


async def ask(port: int, upstream: ScriptedUpstream, case: RelayCase, *headers: bytes) -> bytes:
    """Make the call of ``case``; return everything that comes."""
    client = await call(port, upstream, case, *headers)
    return await client.done


async def play(
    port: int, upstream: ScriptedUpstream, case: RelayCase, *, close: float = _CLOSING
) -> RelayEvidence:
    """Play ``case`` to the gateway at ``port``."""
    if case.warm:
        await ask(port, upstream, ordinary(case, "before"))
    received = await ask(port, upstream, case)
    requests = tuple(upstream.received(case.id))
    closed = False
    if requests and close:
        closed = await _closed(requests[-1].connection.closed, close)
    return RelayEvidence(received=received, requests=requests, closed=closed)


async def _closed(end: Deferred[None], seconds: float) -> bool:
    """Wait so long for the end of a connection."""
    if end.called:
        return True
    waiting: Deferred[bool] = Deferred()
    timer = reactor.callLater(seconds, waiting.callback, False)

    def ended(_: None) -> None:
        if timer.active():
            timer.cancel()
            waiting.callback(True)

    end.addCallback(ended)
    return await waiting


def ordinary(case: RelayCase, when: str) -> RelayCase:
    """Return a call of the same kind to which nothing happens."""
    return attrs.evolve(case, id=f"{when}.{case.id}", scripts=(), headers=(), fields={})
