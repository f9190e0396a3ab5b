"""Idle connections: which is used next, how many are kept and for how long."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.http1.connection import ClientConnection
from inference_gateway.http1.origin import Origin
from inference_gateway.http1.pool import Pool
from inference_gateway.http1.response_rules import ResponseLimits
from tests.http1.fake_upstream import ORIGIN, FakeSocket, MemoryNetwork

OTHER = Origin(scheme="http", host="127.0.0.1", port=9)


class PoolTests(SynchronousTestCase):
    """Connections on a clock of their own."""

    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.clock: Clock = self.network.reactor
        self.pool = Pool(self.clock, idle_limit=4.0, max_idle=2)

    def connect(self, origin: Origin = ORIGIN) -> ClientConnection:
        connection = ClientConnection(origin, self.pool, ResponseLimits())
        connection.makeConnection(FakeSocket(self.network, connection))
        return connection

    def idle(self, origin: Origin = ORIGIN) -> ClientConnection:
        connection = self.connect(origin)
        self.pool.idle(connection)
        return connection

    def test_empty(self) -> None:
        """There is nothing to take at first, and no timer."""
        self.assertIsNone(self.pool.take(ORIGIN))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_most_recent_first(self) -> None:
        """The connection that was used last is used next."""
        first, second = self.idle(), self.idle()
        taken = [self.pool.take(ORIGIN) for _ in range(3)]
        self.assertEqual(taken, [second, first, None])

    def test_by_origin(self) -> None:
        """Another origin's connections are not there to take."""
        self.idle(OTHER)
        self.assertIsNone(self.pool.take(ORIGIN))

    def test_max_idle(self) -> None:
        """One connection too many costs the oldest of its origin."""
        other, oldest, *rest = self.idle(OTHER), self.idle(), self.idle(), self.idle()
        self.assertTrue(oldest.closed)
        self.assertFalse(any(connection.closed for connection in (other, *rest)))

    def test_too_old_to_take(self) -> None:
        """A connection at its limit is not taken, even when the timer is late."""
        connection = self.idle()
        self.clock.rightNow += 4.0
        self.assertIsNone(self.pool.take(ORIGIN))
        self.assertTrue(connection.closed)

    def test_closed_in_this_turn(self) -> None:
        """A connection that was closed but is not gone yet is not taken."""
        older, newer = self.idle(), self.idle()
        newer.dataReceived(b"bytes nobody asked for")
        self.assertIs(self.pool.take(ORIGIN), older)

    def test_gone(self) -> None:
        """A connection that is gone is forgotten."""
        connection = self.idle()
        connection.abort()
        self.clock.advance(0)
        self.assertIsNone(self.pool.take(ORIGIN))
        self.assertEqual(self.pool.open_connections, 0)

    def test_sweep(self) -> None:
        """Connections are closed at their limit, by one timer for all of them."""
        first = self.idle()
        self.clock.advance(1)
        second = self.idle(OTHER)
        self.clock.advance(1)
        third = self.idle()
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        for closed in ([True, False, False], [True, True, False], [True, True, True]):
            self.clock.advance(2 if closed[1:] == [False, False] else 1)
            self.assertEqual([c.closed for c in (first, second, third)], closed)
        self.clock.advance(0)
        self.assertEqual((self.pool.open_connections, self.clock.getDelayedCalls()), (0, []))

    def test_sweep_waits_for_the_oldest(self) -> None:
        """The timer is set for the oldest that is left, whichever origin it has."""
        third = Origin(scheme="http", host="127.0.0.1", port=10)
        self.idle(third)
        self.clock.advance(1)
        older = self.idle()
        self.clock.advance(1)
        self.idle(OTHER)
        self.clock.advance(2)
        self.assertEqual([call.getTime() for call in self.clock.getDelayedCalls()][-1:], [5.0])
        self.clock.advance(1)
        self.assertTrue(older.closed)

    def test_sweep_of_taken(self) -> None:
        """A connection in use is not swept, and its origin leaves no trace."""
        connection = self.idle()
        self.pool.take(ORIGIN)
        self.clock.advance(4)
        self.assertFalse(connection.closed)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_close(self) -> None:
        """Closing ends all connections and the timer, and fires when they are gone."""
        idle, busy = self.idle(), self.connect()
        closed = self.pool.close()
        self.assertNoResult(closed)
        self.assertIs(self.pool.close(), closed)
        self.assertTrue(idle.closed and busy.closed)
        self.clock.advance(0)
        self.successResultOf(closed)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_close_empty(self) -> None:
        """Closing an empty pool is done at once."""
        self.successResultOf(self.pool.close())
