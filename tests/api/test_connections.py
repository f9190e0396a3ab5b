"""The open connections: how many there may be, and what becomes of them at the end."""

from inference_gateway.testing.doubles import ManualBody
from tests.api.gateway import GatewayTestCase
from tests.pipeline import chats


class CountTests(GatewayTestCase):
    """Connections are counted."""

    def test_counted(self) -> None:
        """Each open connection counts until it is gone."""
        clients = [self.connect() for _ in range(3)]
        self.assertEqual(len(self.connections), 3)
        self.assertIn(b"open_connections 3.0", self.metrics.expose())
        clients[0].connection.leave()
        self.assertEqual(len(self.connections), 2)
        self.assertIn(b"open_connections 2.0", self.metrics.expose())


class CapTests(GatewayTestCase):
    """As many as there may be."""

    most = 2

    def test_cap(self) -> None:
        """What is above the cap is closed and counted, and makes no room by leaving."""
        clients = [self.connect() for _ in range(3)]
        self.assertEqual([client.connection.closed for client in clients], [False, False, True])
        self.assertIn(b"refused_connections_total 1.0", self.metrics.expose())
        clients[2].connection.hang_up()
        self.assertEqual(len(self.connections), 2)

    def test_room_again(self) -> None:
        """A connection that ends makes room for another."""
        self.connect()
        self.connect().connection.leave()
        self.assertFalse(self.connect().connection.closed)


class AddressCapTests(GatewayTestCase):
    """As many from one address as there may be; in memory all have the same."""

    most_per_address = 1

    def test_cap(self) -> None:
        """The next from the same address is closed until the first has gone."""
        first, second = self.connect(), self.connect()
        self.assertEqual((first.connection.closed, second.connection.closed), (False, True))
        second.connection.hang_up()
        self.assertTrue(self.connect().connection.closed)
        first.connection.leave()
        self.assertFalse(self.connect().connection.closed)


class EndTests(GatewayTestCase):
    """When the gateway shuts down."""

    def test_drain(self) -> None:
        """Idle connections are closed now, busy ones behind their answer, which says so."""
        body = ManualBody()
        self.a.script = [body]
        idle, busy = self.connect(), self.connect()
        busy.send("POST", "/v1/chat/completions", chats.request())
        self.connections.drain()
        self.assertEqual((idle.connection.closed, busy.connection.closed), (True, False))
        body.feed(chats.answer())
        body.end()
        self.assertEqual(busy.answer.headers["connection"], "close")
        self.assertTrue(busy.connection.closed)

    def test_abort(self) -> None:
        """What is left at the very end is cut."""
        clients = [self.connect() for _ in range(2)]
        self.connections.abort()
        self.assertEqual([client.connection.cut for client in clients], [True, True])
