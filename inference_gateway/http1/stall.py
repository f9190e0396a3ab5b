"""Dropping peers that stop reading: output without progress for too long ends the connection.

Slow is not stalled: whoever takes a byte now and then stays. The guard watches one transport; it
knows nothing of what is written, and costs nothing until somebody says that output is waiting.
"""

from collections.abc import Callable

from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import (
    IDelayedCall,
    IPushProducer,
    IReactorTime,
    ITCPTransport,
)
from twisted.logger import Logger
from zope.interface import implementer

from inference_gateway.http1.outgoing import unacknowledged

#: How many looks fit in the limit; a stall is noticed at most one look too late.
_LOOKS = 4


class WriteStalled(ConnectionLost):
    """The peer took nothing for too long while output waited for it."""


@implementer(IPushProducer)
class StallGuard:
    """Aborts ``transport`` when none of its waiting output was acknowledged for ``limit`` seconds.

    Register it with the transport as the producer, with the real one in ``producer``: it passes
    pause and resume on and begins to watch at a pause. ``written`` tells how many bytes were given
    to the transport so far. ``stop`` must be called when the connection is lost.
    """

    __slots__ = (
        "_acknowledged",
        "_call",
        "_clock",
        "_limit",
        "_moved",
        "_transport",
        "_written",
        "producer",
        "stalled",
    )
    _log = Logger()

    def __init__(
        self,
        transport: ITCPTransport,
        clock: IReactorTime,
        limit: float,
        written: Callable[[], int],
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._limit = limit
        self._written = written
        self._call: IDelayedCall | None = None
        self._acknowledged = 0
        self._moved = 0.0
        self.producer: IPushProducer | None = None
        self.stalled = False

    def watch(self) -> None:
        """Look after the output that waits now, until all of it is gone; idempotent."""
        if self._call is None and not self.stalled:
            self._acknowledged = self._written() - unacknowledged(self._transport)
            self._moved = self._clock.seconds()
            self._call = self._clock.callLater(self._limit / _LOOKS, self._look)

    def stop(self) -> None:
        """Watch no more; idempotent."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _look(self) -> None:
        self._call = None
        waiting = unacknowledged(self._transport)
        if not waiting:
            return
        now = self._clock.seconds()
        acknowledged = self._written() - waiting
        if acknowledged > self._acknowledged:
            self._acknowledged = acknowledged
            self._moved = now
        elif now - self._moved >= self._limit:
            self.stalled = True
            self._log.info(
                "dropping a peer that took nothing for {seconds} s with {waiting} bytes waiting",
                seconds=self._limit,
                waiting=waiting,
            )
            self._transport.abortConnection()
            return
        self._call = self._clock.callLater(self._limit / _LOOKS, self._look)

    def pauseProducing(self) -> None:
        """Hold the producer back, and watch: the transport's buffer is full."""
        self.watch()
        if self.producer is not None:
            self.producer.pauseProducing()

    def resumeProducing(self) -> None:
        """Let the producer go on: the transport's buffer is empty."""
        if self.producer is not None:
            self.producer.resumeProducing()

    def stopProducing(self) -> None:
        """Do nothing: the protocol hears of the lost connection itself and tells the producer."""
