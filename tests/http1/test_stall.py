"""Peers that stop reading are dropped, slow ones are kept."""

from typing import cast

from twisted.internet.interfaces import IPushProducer, ITCPTransport
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from inference_gateway.http1.stall import StallGuard
from tests.http1.server import Transport
from tests.http1.test_outgoing import SocketTestCase


class Queue(Transport):
    """A transport whose queue the test fills and empties."""

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Do nothing: a queue has no timers."""


@implementer(IPushProducer)
class Producer:
    def __init__(self) -> None:
        self.turns: list[str] = []

    def pauseProducing(self) -> None:
        self.turns.append("pause")

    def resumeProducing(self) -> None:
        self.turns.append("resume")

    def stopProducing(self) -> None:
        self.turns.append("stop")


class StallGuardTests(SynchronousTestCase):
    """The guard counts what was acknowledged."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.transport = Queue()
        self.written = 0
        self.guard = StallGuard(
            cast(ITCPTransport, self.transport), self.clock, 60, lambda: self.written
        )

    def write(self, size: int) -> None:
        self.written += size
        self.transport._appSendBuffer.append(b"x" * size)

    def read(self, size: int) -> None:
        queue = b"".join(self.transport._appSendBuffer)
        self.transport._appSendBuffer = [queue[size:]]

    def pass_time(self, seconds: int) -> None:
        self.clock.pump([1] * seconds)

    def test_interface(self) -> None:
        """The guard stands in for a push producer."""
        self.assertTrue(verifyObject(IPushProducer, self.guard))

    def test_stalled(self) -> None:
        """Without any progress the connection is cut when the limit is over."""
        self.write(100)
        self.guard.watch()
        self.guard.watch()
        self.pass_time(59)
        self.assertFalse(self.transport.disconnected)
        self.pass_time(1)
        self.assertTrue(self.transport.disconnected)
        self.assertTrue(self.guard.stalled)
        self.guard.watch()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_slow(self) -> None:
        """A byte now and then is progress enough."""
        self.write(100)
        self.guard.watch()
        for _ in range(20):
            self.pass_time(50)
            self.read(1)
        self.assertFalse(self.transport.disconnected)
        self.guard.stop()

    def test_progress_behind_new_output(self) -> None:
        """What was taken counts even if more was written meanwhile."""
        self.write(100)
        self.guard.watch()
        for _ in range(20):
            self.pass_time(50)
            self.read(10)
            self.write(20)
        self.assertFalse(self.transport.disconnected)
        self.guard.stop()

    def test_new_output_is_no_progress(self) -> None:
        """What is written does not hide that nothing is taken."""
        self.write(100)
        self.guard.watch()
        for _ in range(12):
            self.pass_time(5)
            self.write(20)
        self.assertTrue(self.transport.disconnected)

    def test_all_out(self) -> None:
        """When everything is out the guard goes to sleep, and may be woken again."""
        self.write(100)
        self.guard.watch()
        self.read(100)
        self.pass_time(15)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.guard.watch()
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.guard.stop()

    def test_stop(self) -> None:
        """Stopped, the guard leaves no delayed call; before it watched, there is none."""
        self.guard.stop()
        self.guard.watch()
        self.guard.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_producer(self) -> None:
        """Pause and resume reach the producer, the stop does not, and a pause wakes the guard."""
        producer = Producer()
        self.guard.pauseProducing()
        self.guard.resumeProducing()
        self.guard.producer = producer
        self.guard.pauseProducing()
        self.guard.resumeProducing()
        self.guard.stopProducing()
        self.assertEqual(producer.turns, ["pause", "resume"])
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.guard.stop()


class SocketStallTests(SocketTestCase):
    """The same on a socket, whose kernel holds a part."""

    def test_kernel_progress(self) -> None:
        """A peer that reads is kept although the transport had no turn; else it is dropped."""
        clock = Clock()
        data = self.fill()
        guard = StallGuard(self.transport, clock, 60, lambda: len(data))
        guard.watch()
        for _ in range(2):
            clock.pump([15] * 3)
            self.peer.recv(40000)
            clock.advance(15)
        self.assertFalse(guard.stalled)
        clock.pump([15] * 4)
        self.assertTrue(guard.stalled)
