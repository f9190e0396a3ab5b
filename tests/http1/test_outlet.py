"""The way out of one connection."""

from typing import cast

from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import ISSLTransport, ITCPTransport
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import directlyProvides

from inference_gateway.http1.outlet import Outlet
from inference_gateway.http1.stall import WriteStalled
from tests.http1.test_stall import Producer, Queue


class OutletTests(SynchronousTestCase):
    """Writing, pausing, closing."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.transport = Queue()
        self.outlet = Outlet(cast(ITCPTransport, self.transport), self.clock, 60)

    def lose(self) -> Failure:
        return self.outlet.lost(Failure(ConnectionLost()))

    def test_send(self) -> None:
        """What is sent is written."""
        self.outlet.send(b"hello")
        self.assertEqual(self.transport.value(), b"hello")

    def test_producer(self) -> None:
        """A producer is paused and resumed by the transport, until it is let go."""
        producer = Producer()
        self.outlet.register_producer(producer)
        assert self.transport.producer is not None
        self.transport.producer.pauseProducing()
        self.transport.producer.resumeProducing()
        self.assertEqual(producer.turns, ["pause", "resume"])
        self.outlet.unregister_producer()
        self.assertIsNone(self.transport.producer)
        self.lose()

    def test_stalled(self) -> None:
        """Output that is left waiting is watched, and its stall is the reason of the loss."""
        self.outlet.settle()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.transport._appSendBuffer.append(b"waiting")
        self.assertEqual(self.outlet.waiting, 7)
        self.outlet.settle()
        self.clock.pump([15] * 4)
        self.assertTrue(self.transport.disconnected)
        self.assertTrue(self.lose().check(WriteStalled))

    def test_lost(self) -> None:
        """A loss for other reasons stays what it was, and ends the watch."""
        self.assertFalse(self.lose().check(WriteStalled))
        self.transport._appSendBuffer.append(b"waiting")
        self.outlet.close()
        self.assertTrue(self.transport.disconnecting)
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.assertFalse(self.lose().check(WriteStalled))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_half_close(self) -> None:
        """A plain connection is half-closed, one under TLS stays as it is."""
        self.outlet.half_close()
        self.assertTrue(self.transport.half_closed)
        secured = Queue()
        directlyProvides(secured, ISSLTransport)
        outlet = Outlet(cast(ITCPTransport, secured), self.clock, 60)
        outlet.half_close()
        self.assertTrue(outlet.secure)
        self.assertFalse(secured.half_closed)

    def test_abort(self) -> None:
        """An abort waits for nothing."""
        self.transport._appSendBuffer.append(b"waiting")
        self.outlet.abort()
        self.assertTrue(self.transport.disconnected)
