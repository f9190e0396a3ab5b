"""The body of a provider's answer on its way to whoever reads it.

It hands over bytes as they come, with back-pressure and without a limit of time: those belong to
whoever asked. What the bytes say is not known here.
"""

from typing import cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol, ITransport
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from inference_gateway.exchange import BodySink
from inference_gateway.http1.response import Response
from inference_gateway.upstream.failures import body_error


@implementer(IProtocol)
class ResponseBody:
    """A `ByteStream` out of a response; it is the protocol that the response delivers to."""

    __slots__ = ("_response", "_sink")

    def __init__(self, response: Response) -> None:
        self._response = response
        self._sink: BodySink | None = None

    # --- the reader's side: ByteStream

    def start(self, sink: BodySink) -> None:
        """Begin to deliver to ``sink``."""
        self._sink = sink
        self._response.deliverBody(cast(IProtocol, self))

    def pause(self) -> None:
        """Stop reading from the provider."""
        self._response.pauseProducing()

    def resume(self) -> None:
        """Read on."""
        self._response.resumeProducing()

    def abort(self) -> None:
        """Close the provider's connection; it survives only where the whole answer has come."""
        self._sink = None
        self._response.abort()

    # --- the response's side: IProtocol

    def makeConnection(self, transport: ITransport) -> None:
        """Begin; the response, which is the transport, is known already."""
        self.connectionMade()

    def connectionMade(self) -> None:
        """Wait for the first bytes."""

    def dataReceived(self, data: bytes) -> None:
        """Hand over the next bytes."""
        if self._sink is not None:
            self._sink.received(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell the reader that the body is over."""
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.ended(body_error(cast(BaseException, reason.value)))


def read_start(response: Response, most: int) -> "Deferred[bytes]":
    """Read the body of a failed answer, however it ends, but no more than ``most`` bytes.

    Cancelling closes the connection, and so does what is beyond ``most``.
    """
    return _Start(response, most).read


class _Start:
    """Keeps the beginning of a body: a `BodySink`."""

    def __init__(self, response: Response, most: int) -> None:
        self._body = ResponseBody(response)
        self._most = most
        self._parts: list[bytes] = []
        self._size = 0
        self.read: Deferred[bytes] = Deferred(lambda _: self._body.abort())
        self._body.start(self)

    def received(self, data: bytes) -> None:
        self._parts.append(data)
        self._size += len(data)
        if self._size > self._most:
            self._body.abort()
            self.ended(None)

    def ended(self, error: object) -> None:
        if not self.read.called:
            self.read.callback(b"".join(self._parts)[: self._most])
