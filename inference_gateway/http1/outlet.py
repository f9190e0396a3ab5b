"""The way out of one server connection: writing, the producer's pace, stalls, and closing.

It wraps a transport and knows nothing of HTTP; when to close is the channel's decision.
"""

from collections.abc import Callable
from typing import Any, cast

from twisted.internet.abstract import FileDescriptor
from twisted.internet.interfaces import (
    IConsumer,
    IPullProducer,
    IPushProducer,
    IReactorTime,
    ISSLTransport,
    ITCPTransport,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from inference_gateway.http1.outgoing import backlog, descriptor_backlog, direct_writer
from inference_gateway.http1.stall import StallGuard, WriteStalled


class Outlet:
    """Writes to ``transport`` and drops a peer that takes nothing for ``stall_limit`` seconds."""

    __slots__ = (
        "_backlog",
        "_clock",
        "_guard",
        "_stall_limit",
        "_transport",
        "_write",
        "_written",
        "secure",
    )

    def __init__(self, transport: ITCPTransport, clock: IReactorTime, stall_limit: float) -> None:
        """Take a connected transport, which must also be a consumer."""
        self._transport = transport
        self._clock = clock
        self._stall_limit = stall_limit
        self._write: Callable[[bytes], None] = direct_writer(transport)
        # told apart once: it is asked for with each answer
        self._backlog: Callable[[Any], int] = (
            descriptor_backlog if isinstance(transport, FileDescriptor) else backlog
        )
        self._written = 0
        self._guard: StallGuard | None = None
        self.secure = ISSLTransport.providedBy(transport)
        if ITCPTransport.providedBy(transport):
            # an event must not wait until the client has acknowledged the one before
            transport.setTcpNoDelay(True)

    @property
    def waiting(self) -> int:
        """How many bytes the socket has not taken yet."""
        return self._backlog(self._transport)

    def send(self, data: bytes) -> None:
        """Write ``data``, in order."""
        self._written += len(data)
        self._write(data)

    def settle(self) -> int:
        """Watch what still waits, now that nobody will be paused for it; return its bytes."""
        waiting = self._backlog(self._transport)
        if waiting:
            self._stall_guard().watch()
        return waiting

    def register_producer(self, producer: IPushProducer) -> None:
        """Let the transport's buffer pause and resume ``producer``."""
        guard = self._stall_guard()
        guard.producer = producer
        cast(IConsumer, self._transport).registerProducer(guard, True)

    def unregister_producer(self) -> None:
        """Let go of the producer that is registered."""
        if self._guard is not None:  # there is none after a loss
            self._guard.producer = None
        cast(IConsumer, self._transport).unregisterProducer()

    def when_empty(self, proceed: Callable[[], None]) -> None:
        """Call ``proceed`` when the socket has taken everything; not if the connection ends."""
        cast(IConsumer, self._transport).registerProducer(_Emptied(self, proceed), False)

    def half_close(self) -> None:
        """Say that nothing more will come, once everything is out; TLS has no such word."""
        if not self.secure:  # the socket's own would cut off what is still to be encrypted
            self._transport.loseWriteConnection()

    def close(self) -> None:
        """Close once everything is out."""
        self.settle()
        self._transport.loseConnection()

    def abort(self) -> None:
        """Cut the connection, whatever still waits."""
        self._transport.abortConnection()

    def lost(self, reason: Failure) -> Failure:
        """Clean up behind a lost connection; return the true reason of the loss."""
        guard, self._guard = self._guard, None
        if guard is None:
            return reason
        guard.stop()
        return Failure(WriteStalled()) if guard.stalled else reason

    def _stall_guard(self) -> StallGuard:
        if self._guard is None:
            self._guard = StallGuard(
                self._transport, self._clock, self._stall_limit, self._bytes_written
            )
        return self._guard

    def _bytes_written(self) -> int:
        return self._written


@implementer(IPullProducer)
class _Emptied:
    """Nothing to produce: a transport asks its pull producer whenever it has sent everything.

    It also asks at once when it gets one, which says nothing.
    """

    __slots__ = ("_asked", "_outlet", "_proceed")

    def __init__(self, outlet: Outlet, proceed: Callable[[], None]) -> None:
        self._outlet = outlet
        self._proceed = proceed
        self._asked = False

    def resumeProducing(self) -> None:
        """Proceed, the second time."""
        asked, self._asked = self._asked, True
        if asked:
            self._outlet.unregister_producer()
            self._proceed()

    def stopProducing(self) -> None:
        """Do nothing: the connection is over."""
