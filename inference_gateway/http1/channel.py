"""One client connection: heads judged, bodies bounded, requests answered one after another, time kept.

It decides when a request is read, refused, dispatched or given up, and when the connection ends. What a head
may say is in `rules`, how bytes become bodies in `body`, and how an answer is written in `request`; what is
answered is the application's.
"""

from enum import Enum
from math import inf
from typing import Final, Literal, Protocol

import attrs
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IHalfCloseableProtocol,
    IPushProducer,
    IReactorTime,
    ISSLTransport,
    ITCPTransport,
)
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from inference_gateway.errors import (
    GatewayError,
    InternalError,
    PayloadTooLarge,
    RequestReadTimeout,
)
from inference_gateway.http1.answer import DateLine
from inference_gateway.http1.body import Body, ChunkedBody, SizedBody
from inference_gateway.http1.head import HeadBuffer
from inference_gateway.http1.incoming import UNREADABLE
from inference_gateway.http1.outgoing import backlog, direct_writer
from inference_gateway.http1.request import Request
from inference_gateway.http1.rules import RequestHead, judge
from inference_gateway.http1.stall import StallGuard, WriteStalled

_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


@attrs.frozen(kw_only=True)
class Limits:
    """What one connection may take, in bytes and seconds; None means without limit."""

    target: int = 8192
    request_line: int = 16384
    header_line: int = 16384
    #: The whole head, with its request line and its empty line.
    head: int = 32768
    headers: int = 100
    body: int = 10 * 1024 * 1024
    #: All chunk extensions of one body together.
    chunk_extensions: int = 16384
    trailers: int = 16384
    #: What is read beyond a request that is being answered, before reading pauses.
    read_ahead: int = 16384
    head_timeout: float = 10.0
    body_timeout: float = 60.0
    #: For so long a body may come at any rate; then its average must be ``body_rate`` bytes a second.
    body_grace: float = 10.0
    body_rate: int = 1024
    idle_timeout: float = 75.0
    write_stall: float = 60.0
    #: How long and how much is still read, and thrown away, behind an answer that ends the connection.
    linger_time: float = 1.0
    linger_bytes: int = 1024 * 1024
    requests_per_connection: int | None = None
    connection_age: float | None = None
    #: What a half-closed connection means while its request is answered.
    half_close: Literal["gone", "finish"] = "gone"


class Application(Protocol):
    """Whoever answers the requests of a channel."""

    def opened(self, channel: "HTTPChannel") -> bool:
        """Take note of a new connection; False refuses it, and `closed` is not called for it."""

    def closed(self, channel: "HTTPChannel") -> None:
        """Take note that a connection is over."""

    def judge(self, request: Request) -> GatewayError | None:
        """Return why ``request`` is refused; asked at its head, before its body or a 100 Continue."""

    def dispatch(self, request: Request) -> None:
        """Answer ``request``, whose body is complete; now or later."""

    def refuse(self, request: Request, error: GatewayError) -> None:
        """Answer ``error``; once for each refused request, of which nothing may be known."""


class _State(Enum):
    """What the bytes that come next are."""

    HEAD = "of a head, or nothing yet"
    BODY = "of a body"
    ANSWERING = "ahead of their time, or not wanted"
    LINGERING = "thrown away; the answer that ends the connection is out"
    CLOSED = "nobody's"


@implementer(IHalfCloseableProtocol)
class HTTPChannel(TwistedProtocol):
    """Serves one connection with ``application``; ``clock`` must be the reactor's.

    ``date`` makes the ``Date`` header of answers; without one there is none. ``host``, ``peer`` and
    ``secure`` describe the connection.
    """

    __slots__ = (
        "_ahead",
        "_application",
        "_at",
        "_body",
        "_body_started",
        "_born",
        "_busy",
        "_clock",
        "_draining",
        "_ended",
        "_guard",
        "_head",
        "_limits",
        "_lingered",
        "_paused",
        "_request",
        "_requests",
        "_state",
        "_timer",
        "_unread",
        "_write",
        "_written",
        "connected",
        "date",
        "factory",
        "host",
        "peer",
        "secure",
        "transport",
    )
    _log = Logger()

    host: IAddress
    peer: IAddress
    transport: ITCPTransport

    def __init__(
        self,
        application: Application,
        limits: Limits,
        clock: IReactorTime,
        date: DateLine | None = None,
    ) -> None:
        self._application = application
        self._limits = limits
        self._clock = clock
        self.date = date
        self.secure = False
        self._state = _State.HEAD
        self._head = HeadBuffer(limits)
        self._body: Body | None = None
        self._request: Request | None = None
        self._ahead = b""
        self._at = inf
        self._timer: IDelayedCall | None = None
        self._guard: StallGuard | None = None
        self._busy = self._draining = self._ended = self._paused = self._unread = False
        self._requests = self._lingered = self._written = 0
        self._born = self._body_started = 0.0

    # --- what the application may ask ---

    @property
    def idle(self) -> bool:
        """Whether no request is on its way in or out."""
        return self._state is _State.HEAD and self._head.empty

    def drain(self) -> None:
        """Take no further request: close at once if idle, else after the running answer."""
        self._draining = True
        if self.idle and not self._busy:
            self._close()
        elif self._request is not None:
            self._request.close_connection = True

    def abort(self) -> None:
        """Cut the connection, without a clean end and whatever is still to be sent."""
        self.transport.abortConnection()

    # --- what the request asks ---

    def send(self, data: bytes) -> None:
        """Write to the client."""
        self._written += len(data)
        self._write(data)

    def answered(self, request: Request) -> None:
        """Go on behind an answer that was written to its end."""
        if backlog(self.transport):
            self._watch().watch()
        self._request = self._body = None
        if self._state is _State.CLOSED:
            return
        if request.close_connection or self._draining or self._unread:
            self._close()
            return
        self._state = _State.HEAD
        now = self._clock.seconds()
        age = self._limits.connection_age
        idle_until = now + self._limits.idle_timeout
        self._set_deadline(now, idle_until if age is None else min(idle_until, self._born + age))
        if not self._busy:
            self._catch_up()

    def refuse(self, request: Request, error: GatewayError) -> None:
        """Have the application answer ``error``, unless it was asked to refuse this request before."""
        if request.refused or request.startedWriting:
            request.abort()
            return
        request.refused = True
        self._at = inf
        self._state = _State.ANSWERING
        if self._unread:
            request.close_connection = True
        try:
            self._application.refuse(request, error)
        except Exception:
            self._log.failure("refusing a request failed")
            request.abort()

    def register_producer(self, producer: IPushProducer) -> None:
        """Let the transport's buffer pause and resume ``producer``."""
        guard = self._watch()
        guard.producer = producer
        self.transport.registerProducer(guard, True)

    def unregister_producer(self) -> None:
        """Let go of the producer."""
        self._watch().producer = None
        self.transport.unregisterProducer()

    # --- what the transport tells ---

    def connectionMade(self) -> None:
        """Begin with a new connection."""
        transport = self.transport
        self.host = transport.getHost()
        self.peer = transport.getPeer()
        self.secure = ISSLTransport.providedBy(transport)
        self._write = direct_writer(transport)
        self._born = now = self._clock.seconds()
        try:
            welcome = self._application.opened(self)
        except Exception:
            self._log.failure("taking a connection failed")
            welcome = False
        if welcome:
            self._set_deadline(now, now + self._limits.head_timeout)
        else:
            self._state = _State.CLOSED
            self._application = _NOBODY
            transport.loseConnection()

    def dataReceived(self, data: bytes) -> None:
        """Take what the client sent."""
        state = self._state
        if state is _State.ANSWERING:
            if not self._unread:
                self._read_ahead(data)
        elif state is _State.LINGERING:
            self._lingered += len(data)
            if self._lingered > self._limits.linger_bytes:
                self._lose()
        elif state is not _State.CLOSED:
            self._advance(data)

    def readConnectionLost(self) -> None:
        """Take the client's half-close: it will send nothing more (RFC 9112 section 9.6)."""
        self._ended = True
        if self._state is _State.ANSWERING:
            request = self._request
            if self._limits.half_close == "gone" and request is not None and not request.refused:
                request.lost(Failure(ConnectionDone("the client half-closed the connection")))
                self._state = _State.CLOSED
                self.abort()
        else:
            if self._request is not None:
                self._request.lost(Failure(ConnectionDone("the client left in mid-request")))
            self._lose()

    def writeConnectionLost(self) -> None:
        """Take note that our own half-close went out; nothing is to be done."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Clean up behind the connection, whoever ended it."""
        self._state = _State.CLOSED
        self._at = inf
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        guard = self._guard
        if guard is not None:
            guard.stop()
            if guard.stalled:
                reason = Failure(WriteStalled())
        request = self._request
        if request is not None:
            self._request = None
            request.lost(reason)
        try:
            self._application.closed(self)
        except Exception:
            self._log.failure("letting go of a connection failed")

    # --- from bytes to requests ---

    def _advance(self, data: bytes) -> None:
        """Read requests from ``data`` until one is being answered or nothing is left."""
        self._busy = True
        try:
            while data:
                if self._state is _State.HEAD:
                    data = self._read_head(data)
                elif self._state is _State.BODY:
                    data = self._read_body(data)
                else:
                    break
        finally:
            self._busy = False
        if data and self._state is _State.ANSWERING and not self._unread:
            self._read_ahead(data)

    def _read_head(self, data: bytes) -> bytes:
        """Feed the head; behind a whole one begin the request. Return what is left over."""
        head = self._head
        fresh = head.empty
        try:
            raw = head.feed(data)
            if raw is None:
                if fresh and self._requests:
                    now = self._clock.seconds()
                    self._set_deadline(now, now + self._limits.head_timeout)
                return b""
            judged = judge(raw)
        except GatewayError as error:
            self._unread = True
            self._requests += 1
            self._request = request = Request(self, UNREADABLE)
            self.refuse(request, error)
            return b""
        rest, head.rest = head.rest, b""
        self._begin(judged, len(raw) + 4, rest)
        return rest

    def _begin(self, head: RequestHead, size: int, rest: bytes) -> None:
        """Ask whether the request whose head was read is welcome, and dispatch it or read its body."""
        self._requests = requests = self._requests + 1
        limits = self._limits
        self._request = request = Request(self, head)
        request.bytes_in = size
        if (
            self._draining
            or (limits.requests_per_connection is not None and requests >= limits.requests_per_connection)
            or (
                limits.connection_age is not None
                and self._clock.seconds() - self._born >= limits.connection_age
            )
        ):
            request.close_connection = True
        has_body = head.chunked or head.content_length > 0
        try:
            error = self._application.judge(request)
        except Exception:
            self._log.failure("judging a request failed")
            error = InternalError("internal error")
        if error is None and head.content_length > limits.body:
            error = PayloadTooLarge(f"the body is larger than {limits.body} bytes")
        if self._state is _State.CLOSED:
            return
        if error is not None:
            self._unread = has_body
            self.refuse(request, error)
        elif not has_body:
            self._dispatch(request)
        else:
            self._body = ChunkedBody(limits) if head.chunked else SizedBody(head.content_length)
            self._state = _State.BODY
            if head.expects_continue and not rest:
                self.send(_CONTINUE)
            if len(rest) < head.content_length or head.chunked:
                self._body_started = now = self._clock.seconds()
                self._set_deadline(now, self._body_deadline())

    def _read_body(self, data: bytes) -> bytes:
        """Feed the body; dispatch the request behind a whole one. Return what is left over."""
        body, request = self._body, self._request
        assert body is not None
        assert request is not None
        try:
            rest = body.feed(data)
        except GatewayError as error:
            self._unread = True
            self.refuse(request, error)
            return b""
        if rest is None:
            return b""
        request.body = body.take()
        request.bytes_in += body.received
        self._body = None
        self._dispatch(request)
        return rest

    def _dispatch(self, request: Request) -> None:
        self._state = _State.ANSWERING
        self._at = inf
        try:
            self._application.dispatch(request)
        except Exception:
            self._log.failure("dispatching a request failed")
            if not request.finished:
                self.refuse(request, InternalError("internal error"))

    def _read_ahead(self, data: bytes) -> None:
        """Keep what came before its time; reading goes on, so that the client's leaving is seen."""
        self._ahead = self._ahead + data if self._ahead else data
        if len(self._ahead) > self._limits.read_ahead and not self._paused:
            self._paused = True
            self.transport.pauseProducing()

    def _catch_up(self) -> None:
        """Read what was kept while an answer was running."""
        ahead, self._ahead = self._ahead, b""
        if ahead:
            self._advance(ahead)
        if self._paused and not self._ahead and self._state is not _State.CLOSED:
            self._paused = False
            self.transport.resumeProducing()
        if self._ended and self._state in (_State.HEAD, _State.BODY):
            self.readConnectionLost()

    # --- time ---

    def _set_deadline(self, now: float, at: float) -> None:
        """Expire at ``at``; a timer that fires too early is cheaper than one that is moved."""
        self._at = at
        timer = self._timer
        if timer is None:
            self._timer = self._clock.callLater(max(0.0, at - now), self._tick)
        elif timer.getTime() > at:
            timer.reset(max(0.0, at - now))

    def _tick(self) -> None:
        self._timer = None
        if self._at == inf:
            return
        now = self._clock.seconds()
        if self._state is _State.BODY:
            self._at = self._body_deadline()
        if self._at > now:
            self._set_deadline(now, self._at)
        elif self._state is _State.BODY or not self._head.empty:
            self._expire()
        else:
            self._lose()

    def _body_deadline(self) -> float:
        """Return when the body is too late, if nothing more comes."""
        assert self._body is not None
        limits = self._limits
        paid = max(limits.body_grace, self._body.received / limits.body_rate)
        return self._body_started + min(limits.body_timeout, paid)

    def _expire(self) -> None:
        self._unread = True
        request = self._request
        if request is None:
            self._requests += 1
            self._request = request = Request(self, UNREADABLE)
        self.refuse(request, RequestReadTimeout("the request came too slowly"))

    # --- the end ---

    def _close(self) -> None:
        """End the connection behind what was written, so that the client can read it.

        A socket that is closed with unread input resets the connection, and the reset may overtake the
        answer; hence the half-close and the reading on (RFC 9112 section 9.6).
        """
        half_close = None if self.secure else getattr(self.transport, "loseWriteConnection", None)
        if self._ended or not (self._unread or self._ahead or self._paused):
            self._lose()
            return
        self._state = _State.LINGERING
        self._ahead = b""
        if self._paused:
            self._paused = False
            self.transport.resumeProducing()
        if half_close is not None:
            half_close()
        now = self._clock.seconds()
        self._set_deadline(now, now + self._limits.linger_time)

    def _lose(self) -> None:
        """Close once everything written is out."""
        self._state = _State.CLOSED
        self._at = inf
        if backlog(self.transport):
            self._watch().watch()
        self.transport.loseConnection()

    def _watch(self) -> StallGuard:
        if self._guard is None:
            self._guard = StallGuard(
                self.transport, self._clock, self._limits.write_stall, self._bytes_written
            )
        return self._guard

    def _bytes_written(self) -> int:
        return self._written


class _Nobody:
    """Stands in for the application on a connection that it refused."""

    def closed(self, channel: HTTPChannel) -> None:
        """Do nothing: the connection was never taken."""


_NOBODY: Final = _Nobody()
