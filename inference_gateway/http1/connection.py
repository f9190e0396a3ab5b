"""The client's end of one connection: one exchange at a time, and whether another may follow it.

It writes a finished request, reads the answer and hands it to a `Response`. It knows nothing of
retries or of where idle connections are kept; time limits belong to whoever made the request.
"""

from typing import Protocol as Structural
from typing import cast

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IConsumer, IPushProducer, ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import PotentialDataLoss  # type: ignore[attr-defined]

from inference_gateway.http1.origin import Origin
from inference_gateway.http1.outgoing import backlog, direct_writer
from inference_gateway.http1.response import DONE, Response
from inference_gateway.http1.response_parser import DeclaredBody, HeadBuffer, ResponseParser
from inference_gateway.http1.response_rules import (
    BadResponse,
    Head,
    ResponseLimits,
    body_length,
    head_fields,
    keeps_connection,
    read_head,
)
from inference_gateway.http1.upload import Upload

#: Statuses whose answers have no body, whatever their heads say (RFC 9112, section 6.3).
_BODILESS = frozenset({204, 304})
#: Before the first answer.
_NO_BODY = DeclaredBody(0)


class ExchangeBroken(Exception):
    """The connection ended before the answer was complete.

    ``bytes_received`` says whether any byte of the answer had come; where it is false, and the
    connection had served before, the upstream most likely closed it as idle and never saw the
    request.
    """

    def __init__(self, *, bytes_received: bool) -> None:
        super().__init__("the connection ended before the answer was complete")
        self.bytes_received = bytes_received


class Owner(Structural):
    """Who keeps connections: told when one opens, has become idle, or is gone."""

    def opened(self, connection: "ClientConnection") -> None:
        """Count a connection as open."""

    def idle(self, connection: "ClientConnection") -> None:
        """Take a connection that can serve another exchange."""

    def gone(self, connection: "ClientConnection") -> None:
        """Forget a connection whose socket is closed."""


class ClientConnection(Protocol):
    """Serves one exchange after another; whatever ends one badly closes the connection.

    Any byte or end of stream that comes while no exchange is under way closes it, too.
    """

    #: When it became idle, on the owner's clock.
    idle_since = 0.0
    #: The socket is closed, or will be in the reactor's next turn.
    closed = False

    def __init__(self, origin: Origin, owner: Owner, limits: ResponseLimits) -> None:
        self.origin = origin
        self._owner = owner
        self._limits = limits
        #: For bodies whose length is not declared, kept for the next of them.
        self._parser: ResponseParser | None = None
        self._body: DeclaredBody | ResponseParser = _NO_BODY
        self._keep_alive = False
        self._paused = False
        self._until_close = False
        self._head_only = False
        self._accepts_encoding = False
        self._answered = False
        self._interim = 0
        self._heads = HeadBuffer(limits)
        self._upload: Upload | None = None
        self._waiter: Deferred[Response] | None = None
        self._response: Response | None = None

    def connectionMade(self) -> None:
        """Send small requests at once, and be counted."""
        transport = self.transport
        assert transport is not None
        if ITCPTransport.providedBy(transport):
            transport.setTcpNoDelay(True)
        self._send = direct_writer(transport)
        self._socket = cast(IPushProducer, transport)
        self._owner.opened(self)

    # --- one exchange

    def exchange(
        self,
        request: bytes,
        *,
        accepts_encoding: bool = False,
        upload: Upload | None = None,
    ) -> Deferred[Response]:
        """Send ``request``, then ``upload`` if given, and wait for the head of the answer.

        Only one at a time. Fails with `ExchangeBroken`, with `BadResponse` or, where an upload's
        producer fails, with `UnsendableRequest`; cancelling closes the connection at once.
        """
        self._head_only = request.startswith(b"HEAD ")
        self._accepts_encoding = accepts_encoding
        self._answered = False
        self._interim = 0
        waiter: Deferred[Response] = Deferred(self._cancelled)
        self._waiter = waiter
        self._send(request)
        if upload is not None:
            self._upload = upload
            upload.send_to(cast(IConsumer, self.transport), self._fail)
        return waiter

    def _cancelled(self, waiter: Deferred[Response]) -> None:
        self._waiter = None
        self.abort()

    def _fail(self, reason: Failure) -> None:
        self.abort()
        self._end(reason)

    def _end(self, reason: Failure) -> None:
        """Tell whoever waits, for the head or for the body, that no more will come."""
        waiter, self._waiter = self._waiter, None
        response, self._response = self._response, None
        if waiter is not None:
            waiter.errback(reason)
        elif response is not None:
            response.received(b"", reason)

    # --- reading

    def dataReceived(self, data: bytes) -> None:
        """Take what one read of the socket brought."""
        if self.closed:
            return
        if self._response is not None:
            self._read_body(self._response, self._body, data)
        elif (waiter := self._waiter) is not None:
            self._answered = True
            try:
                response = self._read_head(data)
            except BadResponse:
                self._fail(Failure())
                return
            if response is not None:
                waiter.callback(response)
        else:
            self.abort()

    def _read_head(self, data: bytes) -> Response | None:
        """Return the answer once its head is whole, with what of its body came along."""
        while data:
            cut = self._heads.cut(data)
            if cut is None:
                return None
            raw, data = cut
            head = read_head(raw, self._limits)
            if head.status >= 200:
                return self._begin(head, data)
            self._interim += 1
            if head.status == 101:
                raise BadResponse("the upstream switched protocols")
            if self._interim > self._limits.interim:
                raise BadResponse("too many interim answers")
        return None

    def _begin(self, head: Head, rest: bytes) -> Response:
        fields = head_fields(head)
        length, self._until_close = body_length(
            head,
            fields,
            bodiless=self._head_only or head.status in _BODILESS,
            accepts_encoding=self._accepts_encoding,
        )
        self._keep_alive = keeps_connection(head, fields)
        body: DeclaredBody | ResponseParser
        if isinstance(length, int):
            body = DeclaredBody(length)
        else:
            body = self._parser = self._parser or ResponseParser()
            body.begin(head)
        self._body = body
        response = Response(head, fields, length=length, source=self, unread=self._limits.unread)
        self._waiter = None
        self._response = response
        if rest or body.complete:
            self._read_body(response, body, rest)
        return response

    def _read_body(
        self, response: Response, body: DeclaredBody | ResponseParser, data: bytes
    ) -> None:
        payload = body.parse_body(data)
        if body.complete:
            self._finish(response, payload, reusable=self._keep_alive and not body.excess)
        elif body.broken:
            self._response = None
            self.abort()
            response.received(payload, Failure(BadResponse("the body is malformed")))
        else:
            response.received(payload, None)

    def _finish(self, response: Response, payload: bytes, *, reusable: bool) -> None:
        """End the exchange; the receiver may want the connection, so that goes back first."""
        self._response = None
        if reusable and self._sent():
            self.resume()
            self._owner.idle(self)
        else:
            self.abort()
        response.received(payload, DONE)

    def _sent(self) -> bool:
        """Say whether the whole request has left, and let go of its upload if so."""
        if self._upload is not None:
            if not self._upload.finished:
                return False
            self._upload = None
        return not backlog(self.transport)

    # --- the socket

    def pause(self) -> None:
        """Stop reading from the socket; the peer's end of stream is not seen either."""
        if not self._paused and not self.closed:
            self._paused = True
            self._socket.pauseProducing()

    def resume(self) -> None:
        """Read from the socket again."""
        if self._paused and not self.closed:
            self._paused = False
            self._socket.resumeProducing()

    def abort(self) -> None:
        """Close the socket at once, unsent bytes and all; ``connectionLost`` follows."""
        if not self.closed:
            self.closed = True
            self._stop_upload()
            cast(ITCPTransport, self.transport).abortConnection()

    def _stop_upload(self) -> None:
        upload, self._upload = self._upload, None
        if upload is not None:
            upload.stop()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """End what was under way, and be forgotten."""
        orderly = not self.closed and reason.check(ConnectionDone) is not None
        self.closed = True
        self._stop_upload()
        if self._parser is not None:
            self._parser.close()
            self._parser = None
        self._body = _NO_BODY
        self._owner.gone(self)
        if orderly and self._until_close and self._response is not None:
            self._end(Failure(PotentialDataLoss()))
        else:
            self._end(Failure(ExchangeBroken(bytes_received=self._answered)))
