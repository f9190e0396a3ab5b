"""The reactor that reads at once: real sockets, served by an instance of its own."""

from collections.abc import Callable
from typing import Any, cast
from unittest import skipUnless

from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import ITransport
from twisted.internet.protocol import ClientFactory, Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

try:
    from inference_gateway.service.reactor import GatewayReactor
except (ImportError, AttributeError):  # a system without epoll
    HAS_EPOLL = False
else:
    HAS_EPOLL = True


class Peer(Protocol):
    """Reports to the test."""

    def __init__(self, test: "ReactorTests", name: str) -> None:
        self.test = test
        self.name = name

    def connectionMade(self) -> None:
        self.test.peers[self.name] = self
        self.test.happened(self.name, "made")

    def dataReceived(self, data: bytes) -> None:
        self.test.happened(self.name, data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.test.happened(self.name, reason.type)

    def write(self, data: bytes) -> None:
        cast(ITransport, self.transport).write(data)


@skipUnless(HAS_EPOLL, "this system has no epoll")
class ReactorTests(SynchronousTestCase):
    """A client and a server connected through one reactor."""

    def setUp(self) -> None:
        self.reactor: Any = GatewayReactor()
        self.peers: dict[str, Peer] = {}
        self.events: list[tuple[str, object]] = []
        #: What to do when something happened.
        self.on: dict[tuple[str, object], Any] = {}

    def happened(self, name: str, what: object) -> None:
        self.events.append((name, what))
        self.on.get((name, what), lambda: None)()

    def run_until(self, *last: tuple[str, object]) -> None:
        """Connect, and serve until all of ``last`` has happened."""
        server = Factory()
        server.noisy = False
        server.buildProtocol = lambda addr: Peer(self, "server")  # type: ignore[method-assign]
        client = ClientFactory()
        client.noisy = False
        client.buildProtocol = lambda addr: Peer(self, "client")  # type: ignore[method-assign]
        port = self.reactor.listenTCP(0, server, interface="127.0.0.1")
        self.reactor.connectTCP("127.0.0.1", port.getHost().port, client)
        deadline = self.reactor.seconds() + 10
        while not set(last) <= set(self.events):
            self.assertLess(self.reactor.seconds(), deadline, self.events)
            self.reactor.runUntilCurrent()
            self.reactor.doIteration(0.05)
        port.stopListening()
        for peer in self.peers.values():
            if peer.transport is not None:
                peer.transport.abortConnection()  # type: ignore[attr-defined]
        while self.reactor.removeAll() or self.reactor.getDelayedCalls():
            self.reactor.runUntilCurrent()
        for waker in self.reactor._internalReaders:
            waker.connectionLost(Failure(ConnectionDone()))
        self.reactor._poller.close()

    def test_exchange(self) -> None:
        """Bytes go both ways, and the end of a connection is seen on both sides."""
        self.on[("server", "made")] = lambda: self.peers["server"].write(b"hello")
        self.on[("client", b"hello")] = lambda: self.peers["client"].write(b"you")
        self.on[("server", b"you")] = lambda: self.peers["server"].transport.loseConnection()  # type: ignore[union-attr]
        self.run_until(("client", ConnectionDone), ("server", ConnectionDone))

    def test_large(self) -> None:
        """What the socket does not take at once leaves when it is writable."""
        size = 8_000_000
        received = 0

        def count() -> None:
            nonlocal received
            received = sum(len(data) for _, data in self.events if isinstance(data, bytes))
            if received == size:
                self.events.append(("client", "all"))

        self.on[("server", "made")] = lambda: self.peers["server"].write(b"x" * size)
        self.happened_before = self.happened

        def happened(name: str, what: object) -> None:
            self.happened_before(name, what)
            count()

        self.happened = happened  # type: ignore[method-assign]
        self.run_until(("client", "all"))

    def test_bug(self) -> None:
        """A protocol that raises loses its connection and no other, and the bug is logged."""

        def fail() -> None:
            raise ZeroDivisionError

        self.on[("server", "made")] = lambda: self.peers["server"].write(b"hello")
        self.on[("client", b"hello")] = fail
        self.run_until(("client", ZeroDivisionError), ("server", ConnectionDone))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_reset(self) -> None:
        """A broken connection is told apart from one that ended."""
        self.on[("server", "made")] = lambda: self.peers["server"].transport.abortConnection()  # type: ignore[union-attr]
        self.run_until(("client", ConnectionLost))

    def both_speak(self, answer: Callable[[Peer], None]) -> list[object]:
        """Have both sides receive in one turn, do ``answer`` to the later one; return what came."""

        def speak() -> None:
            if len(self.peers) == 2:
                for peer in self.peers.values():
                    peer.write(b"hello")

        others = {"server": "client", "client": "server"}
        for name, other in others.items():
            self.on[(name, "made")] = speak
            self.on[(name, b"hello")] = lambda other=other: self.meet(other, answer)
        self.reactor.callLater(0.2, self.happened, "test", "over")
        self.run_until(("test", "over"))
        return [what for _, what in self.events if isinstance(what, bytes)]

    def meet(self, other: str, answer: Callable[[Peer], None]) -> None:
        if other not in [name for name, what in self.events if isinstance(what, bytes)]:
            answer(self.peers[other])

    def test_aborted_meanwhile(self) -> None:
        """Who is aborted by what was served before hears no more, whatever had been read."""
        received = self.both_speak(lambda peer: peer.transport.abortConnection())  # type: ignore[union-attr]
        self.assertEqual(received, [b"hello"])

    def test_paused_meanwhile(self) -> None:
        """What had been read when its transport was paused is delivered all the same."""
        received = self.both_speak(lambda peer: peer.transport.pauseProducing())  # type: ignore[union-attr]
        self.assertEqual(received, [b"hello", b"hello"])
