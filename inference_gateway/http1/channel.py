"""One client connection: requests are read, judged, answered one by one, and given up in time.

It decides when a request is read, refused, dispatched or dropped, and when the connection ends. How
bytes become requests is in `intake`, how an answer is written in `request`; what is answered is the
application's.
"""

from typing import Final

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import (
    IAddress,
    IHalfCloseableProtocol,
    IReactorTime,
    ITCPTransport,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from inference_gateway.errors import GatewayError
from inference_gateway.http1.answer import DateLine
from inference_gateway.http1.application import Application, Guarded
from inference_gateway.http1.expiry import Expiry
from inference_gateway.http1.incoming import UNREADABLE
from inference_gateway.http1.intake import Intake
from inference_gateway.http1.limits import Limits
from inference_gateway.http1.outlet import Outlet
from inference_gateway.http1.read_ahead import ReadAhead
from inference_gateway.http1.refusals import PayloadTooLarge, RequestReadTimeout
from inference_gateway.http1.request import Request
from inference_gateway.http1.rules import RequestHead
from inference_gateway.http1.state import ANSWERING, CLOSED, FLUSHING, LINGERING, READING

_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


@implementer(IHalfCloseableProtocol)
class HTTPChannel(Protocol):
    """Serves one connection with ``application``; ``clock`` must be the reactor's.

    Without a ``date`` answers have no ``Date`` header. ``outlet`` is the way out.
    """

    __slots__ = (
        "_ahead",
        "_application",
        "_born",
        "_busy",
        "_clock",
        "_draining",
        "_ended",
        "_expiry",
        "_intake",
        "_limits",
        "_lingered",
        "_request",
        "_requests",
        "_state",
        "_unread",
        "connected",
        "date",
        "factory",
        "host",
        "outlet",
        "peer",
        "transport",
    )

    host: IAddress
    peer: IAddress
    outlet: Outlet
    transport: ITCPTransport
    _ahead: ReadAhead

    def __init__(
        self,
        application: Application,
        limits: Limits,
        clock: IReactorTime,
        date: DateLine | None = None,
    ) -> None:
        self.connected = 0
        self.factory: Factory | None = None
        self.date = date
        self._application = Guarded(application)
        self._limits = limits
        self._clock = clock
        self._expiry = Expiry(clock, self._expired)
        self._intake = Intake(limits)
        self._state = READING
        self._request: Request | None = None
        #: Inside `_advance`, which goes on by itself.
        self._busy = False
        self._draining = False
        #: The client will send nothing more.
        self._ended = False
        #: A part of the last request will not be read, so that nothing behind it can be.
        self._unread = False
        self._requests = self._lingered = 0
        self._born = 0.0

    @property
    def idle(self) -> bool:
        """Whether no request is on its way in or out."""
        return self._reading and self._request is None and self._intake.empty

    @property
    def _reading(self) -> bool:
        return self._state is READING

    def drain(self) -> None:
        """Take no further request: close at once if idle, else after the running answer."""
        self._draining = True
        if self.idle:
            self._lose()
        elif self._request is not None:
            self._request.close_connection = True

    def abort(self) -> None:
        """Cut the connection, without a clean end and whatever is still to be sent."""
        self._state = CLOSED
        self._expiry.clear()
        self.outlet.abort()

    def answered(self, request: Request) -> None:
        """Go on behind an answer that was written to its end."""
        waiting = self.outlet.settle()
        self._request = None
        if self._state is CLOSED:
            return
        if request.close_connection or self._draining or self._unread:
            self._close()
        elif waiting > self._limits.read_ahead:
            self._state = FLUSHING  # no further answers for a client that does not read
            self.outlet.when_empty(self._go_on)
        elif not self._busy and (self._ended or not self._ahead.empty):
            self._state = FLUSHING  # whoever has answered is still accounting for that
            self._clock.callLater(0, self._go_on)
        else:
            self._await_request()

    def refuse(self, request: Request, error: GatewayError) -> None:
        """Have the application answer ``error``; if it is too late for that, cut the connection."""
        if request.refused or request.startedWriting:
            request.abort()
            return
        self._state = ANSWERING
        self._expiry.clear()
        self._intake.drop_body()
        request.refused = True
        request.bytes_in = self._intake.size
        if self._unread:
            request.close_connection = True
        self._application.refuse(request, error)

    def connectionMade(self) -> None:
        """Begin with a new connection."""
        transport = self.transport
        self.host = transport.getHost()
        self.peer = transport.getPeer()
        self.outlet = Outlet(transport, self._clock, self._limits.write_stall)
        self._ahead = ReadAhead(transport, self._limits.read_ahead)
        self._born = self._clock.seconds()
        self._expiry.set(self._born + self._limits.head_timeout)
        if not self._application.opened(self):
            self._lose()

    def dataReceived(self, data: bytes) -> None:
        """Take what the client sent."""
        state = self._state
        if state is READING:
            self._advance(data)
        elif state is ANSWERING or state is FLUSHING:
            if not self._unread:
                self._ahead.keep(data)
        elif state is LINGERING:
            self._lingered += len(data)
            if self._lingered > self._limits.linger_bytes:
                self._lose()

    def readConnectionLost(self) -> None:
        """Take the client's half-close: it will send nothing more (RFC 9112 section 9.6)."""
        self._ended = True
        request, patient = self._request, self._limits.half_close == "finish"
        left = Failure(ConnectionDone("the client half-closed"))
        if self._state is ANSWERING:
            if not patient and request is not None and not request.refused:
                self._leave(left)
                self.abort()
        elif not (patient and self._state is FLUSHING):
            self._leave(left)
            self._lose()

    def writeConnectionLost(self) -> None:
        """Do nothing: our own half-close went out."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Clean up behind the connection, whoever ended it."""
        self._state = CLOSED
        self._expiry.close()
        self._intake.drop_body()
        self._leave(self.outlet.lost(reason))
        self._application.closed(self)

    def _leave(self, reason: Failure) -> None:
        """Tell that the client left its request unanswered, if there is one."""
        request, self._request = self._request, None
        if request is not None and not request.finished:
            request.lost(reason)
            self._application.left(request, reason)

    def _advance(self, data: bytes) -> None:
        """Read requests from ``data`` until one is being answered or nothing is left."""
        self._busy = True
        intake = self._intake
        try:
            while data and self._state is READING:
                try:
                    part = intake.feed(data)
                except GatewayError as error:
                    self._refuse_unread(error)
                    return
                if isinstance(part, RequestHead):
                    self._begin(part)
                elif part is not None:
                    self._dispatch(part)
                elif self._requests and intake.size == len(data) and not intake.empty:
                    # the first bytes of a request that is not the first
                    self._expiry.set(self._clock.seconds() + self._limits.head_timeout)
                data = intake.rest
        finally:
            self._busy = False
        if data and not self._unread and self._state in (ANSWERING, FLUSHING):
            self._ahead.keep(data)

    def _begin(self, head: RequestHead) -> None:
        """Ask whether the request whose head was read is welcome, and go on with it if it is."""
        self._requests += 1
        self._request = request = Request(self, head)
        age = self._clock.seconds() - self._born
        if self._draining or self._limits.used_up(self._requests, age):
            request.close_connection = True
        error = self._application.judge(request)
        if self._state is CLOSED:
            return
        most = request.body_limit
        if most is None:
            most = self._limits.body
        if error is None and head.content_length > most:
            error = PayloadTooLarge(f"the body is larger than {most} bytes")
        intake = self._intake
        if error is not None:
            self._unread = head.chunked or head.content_length > 0
            self.refuse(request, error)
        elif not head.chunked and len(intake.rest) >= head.content_length:
            self._dispatch(intake.take_body(head.content_length))
        else:
            if head.expects_continue and not intake.rest:
                self.outlet.send(_CONTINUE)
            intake.expect_body(head, self._clock.seconds(), most)
            self._expiry.set(intake.body_deadline())

    def _dispatch(self, body: bytes) -> None:
        """Hand the request to the application, with its whole body."""
        request = self._request
        assert request is not None
        request.body = body
        request.bytes_in = self._intake.size
        self._state = ANSWERING
        self._expiry.clear()
        bug = self._application.dispatch(request)
        if bug is not None:
            self.refuse(request, bug)

    def _refuse_unread(self, error: GatewayError) -> None:
        """Refuse what cannot be read on, be there a head or not."""
        self._unread = True
        request = self._request
        if request is None:
            self._requests += 1
            self._request = request = Request(self, UNREADABLE)
        self.refuse(request, error)

    def _await_request(self) -> None:
        self._state = READING
        self._expiry.set(self._limits.idle_until(self._clock.seconds(), self._born))

    def _go_on(self) -> None:
        """Read on, beginning with what came while the answers were on their way."""
        if self._state is not FLUSHING:
            return
        if self._draining:
            self._close()
            return
        self._await_request()
        self._advance(self._ahead.take())
        self._ahead.relieve()
        if self._ended and self._reading:
            self._leave(Failure(ConnectionDone("the client half-closed")))
            self._lose()

    def _expired(self, now: float) -> None:
        """Give up what the client did not do in time, or close what it left idle."""
        intake = self._intake
        if self._state is CLOSED and not self.outlet.waiting:
            self.outlet.abort()
        elif self._state is not READING or intake.empty:
            self._lose()
        elif intake.in_body and intake.body_deadline() > now:
            self._expiry.set(intake.body_deadline())
        else:
            self._refuse_unread(RequestReadTimeout("the request came too slowly"))

    def _close(self) -> None:
        """End the connection behind what was written, so that the client can read it.

        A socket closed with unread input resets the connection, and the reset may overtake the
        answer; hence the half-close and the reading on (RFC 9112 section 9.6).
        """
        if self._ended or (self._ahead.empty and not self._unread):
            self._lose()
            return
        self._state = LINGERING
        self._ahead.take()
        self._ahead.relieve()
        self.outlet.half_close()
        self._expiry.set(self._clock.seconds() + self._limits.linger_time)

    def _lose(self) -> None:
        """Close once everything is out; a TLS peer that never says goodbye is cut off in time."""
        self._state = CLOSED
        self._expiry.set(self._clock.seconds() + self._limits.write_stall)
        self.outlet.close()
