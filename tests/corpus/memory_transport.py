"""A connection in memory: Twisted's own buffering and producers above a client that a test moves.

What a kernel does is done here on demand: nothing is written while the client's window is closed,
nothing is delivered while the server does not read.
"""

import socket
from collections import deque
from math import inf

from twisted.internet.abstract import FileDescriptor
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableProtocol, IReactorTime, ITCPTransport
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure
from zope.interface import implementer

#: What two kernels hold between them for a client that does not read.
_KERNEL = 64 * 1024
#: The largest read of a Twisted socket.
_PACKET = 64 * 1024


@implementer(ITCPTransport)
class MemoryTransport(FileDescriptor):
    """The server's end of a connection; the other end is moved by calling `arrive` and the like."""

    def __init__(self, protocol: Protocol, clock: IReactorTime) -> None:
        super().__init__(clock)  # type: ignore[arg-type]
        self._clock = clock
        self.protocol = protocol
        self._arriving: deque[bytes] = deque()
        #: A socket without a peer, for those who ask how long the kernel's queue is.
        self._socket = socket.socket(socket.AF_UNIX)
        self._reading = self._writing = self._aborting = False
        self._fin_arriving = False
        #: Bytes that the client takes before the next `open_window`.
        self._window = inf
        self.received = bytearray()
        #: The server will send nothing more.
        self.ended = False
        self.taken = 0
        #: The most bytes that ever waited here.
        self.waiting = 0
        self.connected = 1
        self.startReading()
        protocol.makeConnection(self)

    # --- the client's end

    def arrive(self, data: bytes) -> None:
        """Let ``data`` come, in one packet if it is short enough."""
        self._arriving.extend(
            data[start : start + _PACKET] for start in range(0, len(data), _PACKET)
        )
        self.pump()

    def half_close(self) -> None:
        """Let the client's FIN come, behind everything it has sent."""
        self._fin_arriving = True
        self.pump()

    def reset(self) -> None:
        """Let the client's RST come, which overtakes what was not read."""
        self._arriving.clear()
        if self.connected:
            self.connectionLost(Failure(ConnectionLost()))

    def close_window(self) -> None:
        """Take no more than what the kernels hold."""
        self._window = _KERNEL

    def open_window(self, size: float = inf) -> None:
        """Take ``size`` more bytes."""
        self._window += size
        self.pump()

    def pump(self) -> None:
        """Move whatever can move now, in both directions."""
        moved = True
        while moved and self.connected:
            moved = self._pump_out() or self._pump_in()

    def _pump_out(self) -> bool:
        if self._aborting or not self._writing or (not self._window and self._backlog()):
            return False
        failed = self.doWrite()
        if failed is not None:
            self.connectionLost(Failure(failed))
        return True

    def _pump_in(self) -> bool:
        if not self._reading or self._aborting:
            return False
        if self._arriving:
            data = self._arriving.popleft()
            self.taken += len(data)
            self.protocol.dataReceived(data)
            return True
        if self._fin_arriving:
            self._fin_arriving = False
            self.stopReading()
            if IHalfCloseableProtocol.providedBy(self.protocol) and not self._writeDisconnected:
                IHalfCloseableProtocol(self.protocol).readConnectionLost()
            else:
                self.connectionLost(Failure(ConnectionDone()))
            return True
        return False

    # --- the server's end: what a socket's descriptor would do

    def _backlog(self) -> int:
        return len(self.dataBuffer) - self.offset + self._tempDataLen

    def write(self, data: bytes) -> None:
        """Queue ``data``."""
        super().write(data)
        self.waiting = max(self.waiting, self._backlog())

    def writeSomeData(self, data: bytes) -> int:
        """Give the client as much as it takes."""
        size = int(min(len(data), self._window))
        self._window -= size
        self.received += bytes(data[:size])
        return size

    def startReading(self) -> None:
        """Want what comes."""
        self._reading = True

    def stopReading(self) -> None:
        """Want nothing."""
        self._reading = False

    def startWriting(self) -> None:
        """Have something to write."""
        self._writing = True

    def stopWriting(self) -> None:
        """Have nothing to write."""
        self._writing = False

    def _closeWriteConnection(self) -> None:
        self.ended = True
        if IHalfCloseableProtocol.providedBy(self.protocol):
            IHalfCloseableProtocol(self.protocol).writeConnectionLost()

    def abortConnection(self) -> None:
        """Cut the connection in the next turn."""
        if self.connected and not self._aborting:
            self._aborting = True
            self.stopReading()
            self.stopWriting()
            self._clock.callLater(0, self.connectionLost, Failure(ConnectionAborted()))

    def connectionLost(self, reason: Failure) -> None:
        """Tell the protocol, once."""
        if not self.connected:
            return
        super().connectionLost(reason)
        self.ended = True
        self._socket.close()
        self.protocol.connectionLost(reason)

    def fileno(self) -> int:
        """Return a descriptor that no poller watches."""
        return self._socket.fileno()

    def getHost(self) -> IPv4Address:
        """Return the server's address."""
        return IPv4Address("TCP", "127.0.0.1", 8000)

    def getPeer(self) -> IPv4Address:
        """Return the client's address."""
        return IPv4Address("TCP", "192.0.2.1", 50000)

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Do nothing: there are no packets to delay."""

    def getTcpNoDelay(self) -> bool:
        """Return that nothing is delayed."""
        return True

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """Do nothing: the other end is here."""

    def getTcpKeepAlive(self) -> bool:
        """Return that nobody probes the other end."""
        return False
