"""Upstreams that close an idle connection in the very moment when a request is sent on it."""

from collections import Counter
from typing import cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import SynchronousTestCase, TestCase

from inference_gateway.http1.agent import Agent
from inference_gateway.http1.origin import Origin
from tests.http1.fake_upstream import GET, OK, ORIGIN, BodyReceiver, MemoryNetwork, reactor

TRIES = 1_000


class MemoryTests(SynchronousTestCase):
    """In memory, where the moment can be chosen."""

    def test_thousand(self) -> None:
        """A thousand requests on connections that close as they are written: all are answered."""
        network = MemoryNetwork()
        agent = Agent(network.reactor)
        answered = 0
        for at in range(TRIES):
            answer = agent.send(ORIGIN, GET)
            if at:
                # The idle connection got the request, and is closed without a byte.
                (network.sockets[-1].end, network.sockets[-1].reset)[at % 2]()
            network.accept().answer(OK)
            receiver = BodyReceiver()
            self.successResultOf(answer).deliverBody(receiver)
            answered += receiver.body == b"hi"
        self.assertEqual((answered, network.attempts, agent.open_connections), (TRIES, TRIES, 1))
        agent.close()


class ClosingServer(Protocol):
    """Answers one request, and meets the second with the end of the connection."""

    def __init__(self, counts: Counter[str]) -> None:
        self.counts = counts
        self.answered = False

    def connectionMade(self) -> None:
        self.socket = cast(ITCPTransport, self.transport)
        self.counts["accepted"] += 1

    def dataReceived(self, data: bytes) -> None:
        if self.answered:
            self.counts["stale"] += 1
            self.socket.abortConnection()
        else:
            self.answered = True
            self.socket.write(OK)


class SocketTests(TestCase):
    """On real sockets."""

    timeout = 60

    async def test_thousand(self) -> None:
        """A thousand requests to a server that resets used connections: all are answered."""
        counts: Counter[str] = Counter()
        factory = Factory.forProtocol(lambda: ClosingServer(counts))
        factory.noisy = False
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        agent = Agent(reactor)
        origin = Origin(scheme="http", host="127.0.0.1", port=port.getHost().port)
        for _ in range(TRIES):
            response = await agent.send(origin, GET)
            done: Deferred[None] = Deferred()

            class Receiver(BodyReceiver):
                def connectionLost(
                    self, reason: object = None, done: Deferred[None] = done
                ) -> None:
                    done.callback(None)

            receiver = Receiver()
            response.deliverBody(receiver)
            await done
            self.assertEqual(receiver.body, b"hi")
        # The first had nothing to be stale on; every other one met a closing connection.
        self.assertEqual(counts, {"stale": TRIES - 1, "accepted": TRIES})
        await agent.close()
        await port.stopListening()
