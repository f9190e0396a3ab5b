"""A network in memory for the client: sockets that record, and answers typed by hand."""

from typing import Any, cast

from twisted.internet import reactor as global_reactor
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from inference_gateway.http1.origin import Origin

#: The reactor of tests with real sockets; its stubs do not know what every platform has.
reactor: Any = global_reactor

ORIGIN = Origin(scheme="http", host="127.0.0.1", port=8001)
GET = b"GET / HTTP/1.1\r\nHost: upstream\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


class FakeSocket(StringTransport):
    """The client's side of a connection; the protocol hears of an abort in the next turn."""

    def __init__(self, network: "MemoryNetwork", protocol: Protocol) -> None:
        super().__init__()
        self.protocol = protocol
        self.lost = False
        self.pauses = 0
        self._network = network

    def pauseProducing(self) -> None:
        super().pauseProducing()
        self.pauses += 1

    def abortConnection(self) -> None:
        super().abortConnection()
        self._network.reactor.callLater(0, self._lose, ConnectionAborted())

    def _lose(self, error: Exception) -> None:
        if not self.lost:
            self.lost = True
            self.protocol.connectionLost(Failure(error))

    def hold(self, data: bytes) -> None:
        """Have ``data`` wait in this process, where Twisted's TLS transports keep it."""
        self._appSendBuffer = [data]

    def answer(self, data: bytes) -> None:
        """Have the upstream send ``data``."""
        self.protocol.dataReceived(data)

    def end(self) -> None:
        """Have the upstream close in order."""
        self._lose(ConnectionDone())

    def reset(self) -> None:
        """Have the upstream break the connection."""
        self._lose(ConnectionLost())


class MemoryNetwork:
    """The reactor an agent connects through, and the connections it made."""

    def __init__(self) -> None:
        self.reactor = MemoryReactorClock()
        self.sockets: list[FakeSocket] = []

    @property
    def attempts(self) -> int:
        """How many connections were asked for."""
        return len(self.reactor.tcpClients)

    def accept(self, attempt: int = -1) -> FakeSocket:
        """Let an attempt succeed, the last one unless told otherwise."""
        host, port, factory, _, _ = self.reactor.tcpClients[attempt]
        protocol = cast(Protocol, factory.buildProtocol(IPv4Address("TCP", host, port)))
        socket = FakeSocket(self, protocol)
        self.sockets.append(socket)
        protocol.makeConnection(socket)
        return socket

    def refuse(self, error: Exception) -> None:
        """Let the last attempt fail."""
        _, _, factory, _, _ = self.reactor.tcpClients[-1]
        connector = self.reactor.connectors[-1]
        factory.clientConnectionFailed(connector, Failure(error))

    def turn(self) -> None:
        """Run what waits for the reactor's next turn."""
        self.reactor.advance(0)


class BodyReceiver(Protocol):
    """Keeps what `deliverBody` brings: each piece, and the reason for the end."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.ends: list[type[BaseException] | None] = []

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    def dataReceived(self, data: bytes) -> None:
        self.pieces.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.ends.append(reason.type)
