"""Tests of `inference_gateway.http1.channel` with clients that do not take their answers."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.http1.limits import Limits
from tests.http1.server import GET, Connection


class UnreadTests(SynchronousTestCase):
    """A client that asked twice and has not taken its first answer."""

    def connect(self, limits: Limits | None = None) -> Connection:
        """Return its connection."""
        connection = Connection(limits)
        connection.transport._appSendBuffer.append(b"x" * 20000)
        connection.send(GET + GET)
        self.assertEqual(connection.statuses, [200])
        self.addCleanup(self.check_clean, connection)
        return connection

    def check_clean(self, connection: Connection) -> None:
        if connection.app.open:
            connection.lose()
        self.assertEqual(connection.clock.getDelayedCalls(), [])

    def take_all(self, connection: Connection) -> None:
        """Let the client take what waits for it."""
        producer = connection.transport.producer
        assert producer is not None
        connection.transport._appSendBuffer.clear()
        for _ in range(2):  # a transport asks a pull producer at first, and when it is empty
            producer.resumeProducing()

    def test_answered_when_read(self) -> None:
        """It is answered again as soon as it has taken what there was."""
        connection = self.connect()
        connection.send(GET)
        self.assertEqual(connection.statuses, [200])
        self.take_all(connection)
        self.assertEqual(connection.statuses, [200, 200, 200])

    def test_drain(self) -> None:
        """In a drain, what it asked behind that is not answered any more."""
        connection = self.connect()
        connection.channel.drain()
        self.assertFalse(connection.ended)
        self.take_all(connection)
        self.assertEqual(connection.statuses, [200])
        self.assertTrue(connection.transport.half_closed)

    def test_half_closed(self) -> None:
        """A patient channel waits for a client that has only stopped sending."""
        connection = self.connect(Limits(half_close="finish"))
        connection.channel.readConnectionLost()
        self.take_all(connection)
        self.assertEqual(connection.statuses, [200, 200])
        self.assertTrue(connection.transport.disconnecting)

    def test_half_a_request_behind(self) -> None:
        """Half a request of a client that has stopped sending is not waited for."""
        connection = self.connect(Limits(half_close="finish"))
        connection.send(GET[:9])
        connection.channel.readConnectionLost()
        self.take_all(connection)
        self.assertEqual(connection.statuses, [200, 200])
        self.assertTrue(connection.transport.disconnecting)

    def test_lost(self) -> None:
        """A client that leaves instead of reading costs nothing more."""
        connection = self.connect()
        producer = connection.transport.producer
        assert producer is not None
        connection.lose()
        producer.stopProducing()
        self.take_all(connection)
        self.assertEqual(connection.statuses, [200])
