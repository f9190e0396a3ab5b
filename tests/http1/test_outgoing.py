"""Writing to real sockets without waiting for the reactor."""

import socket
from typing import cast

from twisted.internet.abstract import FileDescriptor
from twisted.internet.error import ConnectionAborted
from twisted.internet.interfaces import IReactorFDSet
from twisted.internet.protocol import Protocol
from twisted.internet.tcp import Connection
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.http1.outgoing import backlog, direct_writer, unacknowledged


class Poller:
    """What of a reactor a transport asks for while it only writes; it remembers who wants to."""

    def __init__(self) -> None:
        self.writers: set[object] = set()

    def addReader(self, reader: object) -> None:
        pass

    removeReader = addReader

    def addWriter(self, writer: object) -> None:
        self.writers.add(writer)

    def removeWriter(self, writer: object) -> None:
        self.writers.discard(writer)

    def callLater(self, delay: float, function: object, *args: object) -> None:
        pass


class SocketTestCase(SynchronousTestCase):
    """A transport on one end of a socket pair, the bare socket on the other."""

    def setUp(self) -> None:
        self.poller = Poller()
        ours, self.peer = socket.socketpair()
        self.peer.settimeout(5)
        self.addCleanup(self.peer.close)
        self.addCleanup(ours.close)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        self.protocol = Protocol()
        self.transport = Connection(ours, self.protocol, cast(IReactorFDSet, self.poller))
        self.transport.connected = 1
        self.protocol.makeConnection(self.transport)
        self.write = direct_writer(self.transport)

    def fill(self) -> bytes:
        """Write more than the socket takes, and return it."""
        data = bytes(range(256)) * 4096
        self.write(data)
        return data

    def drain(self, size: int) -> bytes:
        """Read ``size`` bytes at the peer, giving the transport its turns."""
        received = b""
        while len(received) < size:
            received += self.peer.recv(65536)
            if self.poller.writers:
                self.transport.doWrite()
        return received


class DirectWriterTests(SocketTestCase):
    """Order is kept, whether the socket takes the bytes or not."""

    def test_at_once(self) -> None:
        """What the socket takes is sent without a turn of the reactor."""
        self.write(b"hello")
        self.assertEqual(self.peer.recv(99), b"hello")
        self.assertEqual((self.poller.writers, backlog(self.transport)), (set(), 0))

    def test_rest_queued(self) -> None:
        """What the socket does not take is queued, and what comes later stays behind it."""
        data = self.fill()
        self.assertGreater(backlog(self.transport), 0)
        self.write(b"later")
        self.assertEqual(self.drain(len(data) + 5), data + b"later")
        self.write(b"!")
        self.assertEqual(self.peer.recv(99), b"!")

    def test_full(self) -> None:
        """A socket that takes nothing gets everything queued."""
        self.fill()
        self.transport.dataBuffer, self.transport._tempDataBuffer = b"", []
        self.transport.offset = self.transport._tempDataLen = 0
        self.write(b"hello")
        self.assertEqual(backlog(self.transport), 5)

    def test_broken(self) -> None:
        """A broken connection is left to the transport to report."""
        self.peer.close()
        self.write(b"hello")
        self.assertEqual(backlog(self.transport), 5)
        self.assertIn(self.transport, self.poller.writers)

    def test_aborted(self) -> None:
        """Nothing is sent behind an abort."""
        self.transport.abortConnection()
        self.write(b"hello")
        self.peer.setblocking(False)
        self.assertRaises(BlockingIOError, self.peer.recv, 99)

    def test_lost(self) -> None:
        """Nothing happens behind the end of the connection."""
        self.transport.connectionLost(Failure(ConnectionAborted()))
        self.write(b"hello")
        self.assertEqual(backlog(self.transport), 0)

    def test_producer(self) -> None:
        """The transport's producer is paused by what had to be queued, and resumed."""
        turns: list[str] = []

        class Producer:
            def pauseProducing(self) -> None:
                turns.append("pause")

            def resumeProducing(self) -> None:
                turns.append("resume")

        self.transport.registerProducer(Producer(), True)
        data = self.fill()
        self.assertEqual(turns, ["pause"])
        self.drain(len(data))
        self.assertEqual(turns, ["pause", "resume"])

    def test_other_transports(self) -> None:
        """A transport without a socket of its own writes as it does."""
        transport = StringTransport()
        direct_writer(transport)(b"hello")
        self.assertEqual(transport.value(), b"hello")


class CountingTests(SocketTestCase):
    """What is not out yet is counted in every place it may wait."""

    def test_kernel(self) -> None:
        """What the peer has not read counts as unacknowledged, in the kernel too."""
        self.write(b"hello")
        self.assertEqual(backlog(self.transport), 0)
        self.assertGreater(unacknowledged(self.transport), 0)
        self.peer.recv(99)
        self.assertEqual(unacknowledged(self.transport), 0)

    def test_both(self) -> None:
        """Backlog and kernel add up."""
        self.fill()
        self.assertGreater(unacknowledged(self.transport), backlog(self.transport))

    def test_closed(self) -> None:
        """Nothing waits in a connection that is over."""
        self.transport.connectionLost(Failure(ConnectionAborted()))
        self.assertEqual(unacknowledged(self.transport), 0)

    def test_no_socket(self) -> None:
        """Nothing is known to wait where there is no socket."""
        self.assertEqual(unacknowledged(StringTransport()), 0)

    def test_layers(self) -> None:
        """A layer above the socket, as TLS is one, adds what waits in itself."""

        class Layer:
            def __init__(self, transport: FileDescriptor) -> None:
                self.transport = transport
                self._appSendBuffer = [b"abc", b"de"]

        self.write(b"hello")
        self.assertEqual(backlog(Layer(self.transport)), 5)
        self.assertGreater(unacknowledged(Layer(self.transport)), 5)
