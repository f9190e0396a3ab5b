"""A body producer for tests that does as it is told and keeps what it was asked."""

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IConsumer
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from zope.interface import implementer


@implementer(IBodyProducer)
class Body:
    """A body that is written in pieces, the first ones at once."""

    def __init__(self, *pieces: bytes, length: int | str = UNKNOWN_LENGTH) -> None:
        self.length = length
        self.pieces = pieces
        self.done: Deferred[None] = succeed(None)
        self.calls: list[str] = []

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        self.consumer = consumer
        for piece in self.pieces:
            consumer.write(piece)
        return self.done

    def pauseProducing(self) -> None:
        self.calls.append("pause")

    def resumeProducing(self) -> None:
        self.calls.append("resume")

    def stopProducing(self) -> None:
        self.calls.append("stop")
