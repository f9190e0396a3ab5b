"""An upstream on a real socket that plays a fault for each model it is asked for.

It speaks as much HTTP/1.1 as a gateway needs that sends bodies with a length, and records what it
was asked and whether it was left. The faults themselves are in `scripted_faults`.
"""

import json
from collections.abc import Mapping
from math import inf
from typing import Any, cast

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IDelayedCall,
    IListeningPort,
    IReactorTime,
    IStreamServerEndpoint,
    ITCPTransport,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from inference_gateway.testing.scripted_faults import play
from inference_gateway.testing.scripted_steps import Asked, End, Script

_HEAD_END = b"\r\n\r\n"
_BEARER = "Bearer "


@attrs.define(kw_only=True, eq=False)
class Request:
    """One request as it came, and what became of it; times are the clock's seconds."""

    #: Method, target and version.
    line: str
    #: By lower-case name; the last one of a name counts.
    headers: Mapping[str, str] = attrs.field(repr=False)
    #: What the body says; empty where it is no JSON object.
    body: Mapping[str, Any] = attrs.field(repr=False)
    arrived: float
    #: When its answer was told to its end, or was broken off as its fault wants it.
    ended: float | None = None
    #: When its client left before that.
    left: float | None = None

    @property
    def model(self) -> str:
        """The model that was asked for, which names the fault."""
        return str(self.body.get("model", ""))

    @property
    def streamed(self) -> bool:
        """Whether a stream was asked for."""
        return bool(self.body.get("stream"))

    @property
    def credential(self) -> str:
        """The key of the bearer token; empty without one."""
        value = self.headers.get("authorization", "")
        return value.removeprefix(_BEARER) if value.startswith(_BEARER) else ""


class ScriptedUpstream(Factory):
    """Serves on an endpoint from `listen` until `close`; ``clock`` times its pauses.

    Whether a fault happens once or always is counted for each model, from the making of this.
    """

    noisy = False

    def __init__(self, clock: IReactorTime) -> None:
        self.clock = clock
        #: All that was asked so far, in order.
        self.requests: list[Request] = []
        self._connections: set[_Connection] = set()
        self._port: IListeningPort | None = None
        self._closed: Deferred[None] | None = None

    async def listen(self, endpoint: IStreamServerEndpoint) -> None:
        """Begin to serve on ``endpoint``."""
        self._port = await endpoint.listen(self)

    @property
    def port(self) -> int:
        """The number of the port that it listens on."""
        if self._port is None:
            raise ValueError("it does not listen")
        number: int = cast(Any, self._port.getHost()).port
        return number

    @property
    def base_url(self) -> str:
        """What to tell a client."""
        return f"http://127.0.0.1:{self.port}/v1"

    def asked_for(self, model: str) -> list[Request]:
        """Return the requests for ``model``."""
        return [request for request in self.requests if request.model == model]

    async def close(self) -> None:
        """Listen no more and end all connections; returns when they are ended."""
        if self._port is not None:
            port, self._port = self._port, None
            await cast("Deferred[None]", port.stopListening())
        if self._connections:
            self._closed = Deferred()
            for connection in list(self._connections):
                connection.abort()
            await self._closed

    # --- for its connections

    def buildProtocol(self, address: object) -> "_Connection":
        """Serve one connection."""
        return _Connection(self)

    def begin(self, request: Request) -> Script:
        """Take note of ``request``, and return what is to be played for it."""
        before = self.asked_for(request.model)
        self.requests.append(request)
        asked = Asked(
            body=request.body,
            id=f"chatcmpl-{id(self):x}-{len(self.requests)}",
            credential=request.credential,
            number=len(before),
            elapsed=request.arrived - before[0].arrived if before else 0.0,
        )
        return play(asked, request.model)

    def opened(self, connection: "_Connection") -> None:
        """Take note of a connection."""
        self._connections.add(connection)

    def lost(self, connection: "_Connection") -> None:
        """Forget a connection."""
        self._connections.discard(connection)
        if self._closed is not None and not self._connections:
            self._closed.callback(None)


class _Connection(Protocol):
    """Serves one request after the other."""

    def __init__(self, upstream: ScriptedUpstream) -> None:
        self._upstream = upstream
        self._clock = upstream.clock
        self._unread = b""
        self._request: Request | None = None
        self._script: Script = iter(())
        self._timer: IDelayedCall | None = None

    @property
    def _socket(self) -> ITCPTransport:
        return cast(ITCPTransport, self.transport)

    def abort(self) -> None:
        """End the connection with a reset."""
        self._socket.abortConnection()

    def connectionMade(self) -> None:
        """Send at once what is sent."""
        if ITCPTransport.providedBy(self.transport):  # others have nothing to wait for
            self._socket.setTcpNoDelay(True)
        self._upstream.opened(self)

    def dataReceived(self, data: bytes) -> None:
        """Gather requests."""
        self._unread += data
        if self._request is None:
            self._read()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Leave the script; a request that was not answered was left."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._request is not None:
            self._request.left = self._clock.seconds()
            self._request = None
        self._upstream.lost(self)

    def _read(self) -> None:
        """Begin to answer the next request, once all of it is there."""
        head, end, rest = self._unread.partition(_HEAD_END)
        if not end:
            return
        line, *fields = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in [field.partition(":") for field in fields]
        }
        size = int(headers.get("content-length", "0"))
        if len(rest) < size:
            return
        self._unread = rest[size:]
        request = self._request = Request(
            line=line,
            headers=headers,
            body=_object(rest[:size]),
            arrived=self._clock.seconds(),
        )
        self._script = self._upstream.begin(request)
        self._play(request)

    def _play(self, request: Request) -> None:
        """Take steps of the script up to the next pause."""
        self._timer = None
        for step in self._script:
            if isinstance(step, bytes):
                self._socket.write(step)
            elif isinstance(step, End):
                self._over(request)
                self._end(step)
                return
            elif step:
                if step != inf:
                    self._timer = self._clock.callLater(step, self._play, request)
                return
        self._over(request)
        self._read()

    def _end(self, end: End) -> None:
        if end is End.RESET:
            self._socket.abortConnection()
        else:
            self._socket.loseConnection()

    def _over(self, request: Request) -> None:
        request.ended = self._clock.seconds()
        self._request = None


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
