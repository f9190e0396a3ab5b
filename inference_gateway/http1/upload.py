"""A request body from an `IBodyProducer`: whole where it is short, else as it comes.

It frames the body and keeps producer and socket in step. Heads, and the question whether a request
may be sent again, are the agent's.
"""

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IConsumer, IProducer
from twisted.python.failure import Failure
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from zope.interface import implementer

from inference_gateway.http1.origin import UnsendableRequest

#: Bytes that are collected before a connection is chosen; a body that stays below can be sent
#: again.
_HELD: Final = 64 * 1024


@implementer(IConsumer)
class Upload:
    """Takes one body from ``producer``, framed by its length or, if unknown, in chunks.

    `gather` comes first and once. If ``finished`` is set when it fires, `collected` is the whole
    body; else the producer waits until `send_to`.
    """

    __slots__ = (
        "_error",
        "_failed",
        "_gathering",
        "_held",
        "_left",
        "_parts",
        "_producer",
        "_transport",
        "finished",
        "length",
    )

    def __init__(self, producer: IBodyProducer) -> None:
        self._producer = producer
        #: The declared length; None asks for the chunked coding.
        self.length: int | None = None if producer.length == UNKNOWN_LENGTH else producer.length
        self._left = self.length
        self._parts: list[bytes] = []
        self._held = 0
        self._transport: IConsumer | None = None
        self._gathering: Deferred[None] | None = None
        self._failed: Callable[[Failure], None] | None = None
        # What went wrong while nobody listened: between gathering and sending.
        self._error: UnsendableRequest | None = None
        self.finished = False

    def gather(self) -> Deferred[None]:
        """Start the producer and wait until the body is whole, or too large to be held.

        Fails with `UnsendableRequest`; cancelling stops the producer.
        """
        gathering: Deferred[None] = Deferred(lambda _: self.stop())
        self._gathering = gathering
        try:
            done = self._producer.startProducing(self)
        except Exception:
            self._broke(Failure())
        else:
            done.addCallback(self._produced).addErrback(self._broke)
        return gathering

    def collected(self) -> bytes:
        """Return what has come so far, framed."""
        return b"".join(self._parts)

    def send_to(self, transport: IConsumer, failed: Callable[[Failure], None]) -> None:
        """Write the body with back-pressure; ``failed`` hears of a broken producer."""
        self._transport = transport
        self._failed = failed
        transport.write(self.collected())
        self._parts.clear()
        if self._error is not None:
            failed(Failure(self._error))
        elif not self.finished:
            transport.registerProducer(self._producer, True)
            self._producer.resumeProducing()

    def stop(self) -> None:
        """End the production early; the body stays incomplete and nobody is told."""
        if not self.finished:
            self._gathering = self._failed = None
            self._finish()
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
                self._producer.stopProducing()
                self._fail(UnsendableRequest("the body is longer than announced"))
                return
        self._emit(data)

    def _emit(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)
            return
        self._parts.append(data)
        self._held += len(data)
        if self._held > _HELD and self._gathering is not None:
            self._producer.pauseProducing()
            gathering, self._gathering = self._gathering, None
            gathering.callback(None)

    def _produced(self, ignored: object) -> None:
        if self.finished:
            return
        if self._left:
            self._fail(UnsendableRequest("the body is shorter than announced"))
            return
        gathering, self._gathering = self._gathering, None
        if self._left is None:
            self._emit(b"0\r\n\r\n")
        self._finish()
        if gathering is not None:
            gathering.callback(None)

    def _broke(self, failure: Failure) -> None:
        if not self.finished:
            error = UnsendableRequest("the body's producer failed")
            error.__cause__ = failure.value
            self._fail(error)

    def _fail(self, error: UnsendableRequest) -> None:
        self._finish()
        gathering, self._gathering = self._gathering, None
        if gathering is not None:
            gathering.errback(error)
        elif self._failed is not None:
            self._failed(Failure(error))
        else:
            self._error = error

    def _finish(self) -> None:
        self.finished = True
        if self._transport is not None:
            self._transport.unregisterProducer()

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """Refuse: a body producer is told to pause directly."""
        raise NotImplementedError("a body producer does not register itself")

    def unregisterProducer(self) -> None:
        """Refuse: the end of a body is its producer's Deferred."""
        raise NotImplementedError("a body producer does not unregister itself")
