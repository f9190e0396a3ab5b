"""A request body from an `IBodyProducer`: whole at once where the producer allows, else as it comes.

It frames the body and keeps producer and socket in step. Heads, and the question whether a request may be
sent again, are the agent's.
"""

from collections.abc import Callable

from twisted.internet.interfaces import IConsumer, IProducer, ITransport
from twisted.python.failure import Failure
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from zope.interface import implementer


class UnsendableRequest(ValueError):
    """The request cannot be written as HTTP/1.1, or its body did not come as announced."""


@implementer(IConsumer)
class Upload:
    """Takes one body from ``producer``, framed with its length or, where that is unknown, in chunks.

    `start` is called once. If it leaves ``finished`` set, the body is whole in `collected`; else the
    producer waits until `send_to`.
    """

    __slots__ = ("_failed", "_failure", "_left", "_parts", "_producer", "_transport", "finished")

    def __init__(self, producer: IBodyProducer) -> None:
        self._producer = producer
        #: Bytes still to come, or None in chunks.
        self._left: int | None = None if producer.length == UNKNOWN_LENGTH else producer.length
        self._parts: list[bytes] = []
        self._transport: ITransport | None = None
        self._failure: Failure | None = None
        self._failed: Callable[[Failure], None] | None = None
        self.finished = False

    @property
    def length(self) -> int | None:
        """The declared length; None asks for the chunked coding."""
        declared = self._producer.length
        return None if declared == UNKNOWN_LENGTH else declared

    def start(self) -> None:
        """Start the producer; raise `UnsendableRequest` when it fails at once."""
        try:
            done = self._producer.startProducing(self)
        except Exception as error:
            raise UnsendableRequest("the body's producer failed") from error
        done.addCallback(self._produced).addErrback(self._broke)
        if self._failure is not None:
            self._failure.raiseException()
        if not self.finished:
            self._producer.pauseProducing()

    def collected(self) -> bytes:
        """Return what has come so far, framed."""
        return b"".join(self._parts)

    def send_to(self, transport: ITransport, failed: Callable[[Failure], None]) -> None:
        """Write the body to ``transport``, with back-pressure; ``failed`` hears of a broken producer."""
        self._transport = transport
        self._failed = failed
        transport.write(self.collected())
        self._parts.clear()
        transport.registerProducer(self._producer, True)
        self._producer.resumeProducing()

    def stop(self) -> None:
        """End the production early; the body stays incomplete."""
        if not self.finished:
            self.finished = True
            self._failed = None
            self._detach()
            self._producer.stopProducing()

    def write(self, data: bytes) -> None:
        """Take bytes from the producer; more than it announced ends the exchange."""
        if self.finished or not data:
            return
        if self._left is None:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        else:
            self._left -= len(data)
            if self._left < 0:
                self._fail(UnsendableRequest("the body is longer than announced"))
                self._producer.stopProducing()
                return
        self._emit(data)

    def _emit(self, data: bytes) -> None:
        if self._transport is None:
            self._parts.append(data)
        else:
            self._transport.write(data)

    def _produced(self, ignored: object) -> None:
        if self.finished:
            return
        if self._left:
            self._fail(UnsendableRequest("the body is shorter than announced"))
            return
        if self._left is None:
            self._emit(b"0\r\n\r\n")
        self.finished = True
        self._detach()

    def _broke(self, failure: Failure) -> None:
        if not self.finished:
            error = UnsendableRequest("the body's producer failed")
            error.__cause__ = failure.value
            self._fail(error)

    def _fail(self, error: UnsendableRequest) -> None:
        self.finished = True
        self._failure = Failure(error)
        self._detach()
        if self._failed is not None:
            self._failed(self._failure)

    def _detach(self) -> None:
        if self._transport is not None:
            self._transport.unregisterProducer()

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """Refuse: a body producer is told to pause directly."""
        raise NotImplementedError("a body producer does not register itself")

    def unregisterProducer(self) -> None:
        """Refuse: the end of a body is its producer's Deferred."""
        raise NotImplementedError("a body producer does not unregister itself")
