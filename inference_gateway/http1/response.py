"""The answer as its receiver sees it: an `IResponse` whose body flows only as fast as it is taken.

It holds what came before somebody asked for the body, or while that somebody paused; reading from
the socket, and everything about framing, is `connection`'s.
"""

from typing import Protocol, cast

from twisted.internet import protocol
from twisted.internet.interfaces import IProtocol, IPushProducer, ITransport
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http_headers import Headers
from twisted.web.iweb import IClientRequest, IResponse
from zope.interface import implementer

from inference_gateway.http1.response_rules import Field, Head


class BodySource(Protocol):
    """The connection that a body comes from, for as long as it is coming."""

    def pause(self) -> None:
        """Stop reading from the socket."""

    def resume(self) -> None:
        """Read from the socket again."""

    def abort(self) -> None:
        """Close the socket at once."""


@implementer(IResponse, IPushProducer)
class Response:
    """An answer whose head has come; the body goes to whoever calls ``deliverBody``, once.

    The response is itself the transport of that protocol: pausing it stops the socket, and nothing
    is delivered before it is resumed, neither what had been read already nor the end.
    ``stopProducing``, ``loseConnection`` and ``abortConnection`` all close the connection at once.

    ``connectionLost`` gets `ResponseDone`; `PotentialDataLoss` where only the end of the connection
    marked the end of the body; `ExchangeBroken` or `BadResponse` where some of it is missing.
    """

    __slots__ = (
        "_buffer",
        "_buffered",
        "_delivering",
        "_end",
        "_headers",
        "_paused",
        "_protocol",
        "_source",
        "_unread",
        "code",
        "length",
        "phrase",
        "previousResponse",
        "raw_headers",
        "request",
        "version",
    )

    def __init__(
        self,
        head: Head,
        raw_headers: list[Field],
        *,
        length: int | str,
        source: BodySource,
        unread: int,
    ) -> None:
        self.version = (b"HTTP", 1, head.minor)
        self.code = head.status
        self.phrase = head.reason
        #: Fields in the order they came, with names in lower case.
        self.raw_headers = raw_headers
        self.length = length
        self.request: IClientRequest | None = None
        self.previousResponse: IResponse | None = None
        self._headers: Headers | None = None
        self._source: BodySource | None = source
        self._unread = unread
        self._protocol: IProtocol | None = None
        self._buffer: list[bytes] = []
        self._buffered = 0
        self._paused = False
        self._delivering = False
        self._end: Failure | None = None

    # --- the head

    @property
    def headers(self) -> Headers:
        """The fields as Twisted's `Headers`, built when first asked for."""
        if self._headers is None:
            self._headers = Headers()
            for name, value in self.raw_headers:
                self._headers.addRawHeader(name, value)
        return self._headers

    def header(self, name: bytes) -> bytes | None:
        """Return the first value of ``name``, which must be in lower case."""
        for found, value in self.raw_headers:
            if found == name:
                return value
        return None

    def setPreviousResponse(self, response: IResponse) -> None:
        """Remember the answer that redirected here."""
        self.previousResponse = response

    # --- the body, from the connection's side

    def received(self, data: bytes, end: Failure | None) -> None:
        """Take payload, and with ``end`` the news that no more will come.

        From the end on, the response has let go of the connection, which may already serve another
        exchange.
        """
        protocol = self._protocol
        if (
            end is None
            and data
            and protocol is not None
            and not (self._paused or self._delivering or self._buffer)
        ):  # nothing is in the way of it, as is usual in a stream
            self._delivering = True
            try:
                protocol.dataReceived(data)
            finally:
                self._delivering = False
            if self._buffer or self._end is not None:
                self._deliver()
            return
        if end is not None:
            self._end = end
            self._source = None
        if data:
            self._buffer.append(data)
            if self._protocol is None:
                self._buffered += len(data)
                if self._buffered > self._unread and self._source is not None:
                    self._source.pause()
        self._deliver()

    def _deliver(self) -> None:
        """Hand over what may be; a call from within a delivery is left to the outer one."""
        protocol = self._protocol
        if protocol is None or self._delivering:
            return
        buffer = self._buffer
        self._delivering = True
        try:
            while buffer and not self._paused:
                data = buffer[0] if len(buffer) == 1 else b"".join(buffer)
                buffer.clear()
                protocol.dataReceived(data)
            if self._end is not None and not self._paused:
                end, self._end = self._end, None
                self._protocol = _NOBODY  # the receiver mostly holds us, too
                protocol.connectionLost(end)
        finally:
            self._delivering = False

    # --- the body, from the receiver's side

    def take_whole(self) -> bytes | None:
        """Return the body if all of it has come and nobody has asked for it, else None.

        Nothing is left to deliver then. For answers that arrive in one piece, as most do.
        """
        if self._end is not DONE or self._protocol is not None:
            return None
        buffer, self._buffer = self._buffer, []
        return buffer[0] if len(buffer) == 1 else b"".join(buffer)

    def deliverBody(self, protocol: IProtocol) -> None:
        """Send the body to ``protocol``, beginning with what came before this call.

        A pause in ``connectionMade`` or in the first ``dataReceived`` holds (twisted #9132). Raises
        `RuntimeError` when the body has a receiver already.
        """
        if self._protocol is not None:
            raise RuntimeError("the body is being delivered already")
        # A body's protocol is promised a producer that can be closed, not a whole ITransport.
        protocol.makeConnection(cast(ITransport, self))
        self._protocol = protocol
        self._deliver()
        if not self._paused and self._source is not None:
            self._source.resume()

    def pauseProducing(self) -> None:
        """Stop reading the socket and deliver nothing until ``resumeProducing``."""
        self._paused = True
        if self._source is not None:
            self._source.pause()

    def resumeProducing(self) -> None:
        """Deliver what is held back, then read the socket again."""
        self._paused = False
        self._deliver()
        # Whoever got the bytes just now may have paused again.
        if not self._paused and self._source is not None:
            self._source.resume()

    def abort(self) -> None:
        """Drop what is held back and close the connection at once; for answers nobody reads, too.

        A body's protocol hears `ExchangeBroken` when the connection is gone. Does nothing to a
        connection that this answer has left complete: only the end is then delivered.
        """
        self._buffer.clear()
        self._paused = False
        if self._source is not None:
            self._source.abort()
        else:
            self._deliver()

    stopProducing = abort
    loseConnection = abort
    abortConnection = abort


#: Who receives when all was delivered.
_NOBODY: IProtocol = protocol.Protocol()

#: The reason for a body's regular end.
DONE = Failure(ResponseDone())
DONE.cleanFailure()
