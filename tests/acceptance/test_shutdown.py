"""How a gateway ends: what it finishes, what it refuses meanwhile, and when it waits no longer."""

from signal import SIGINT, SIGTERM, Signals
from typing import Any

from tests.acceptance.gateway import (
    STANDARD,
    Configuration,
    Gateway,
    OwnGatewayTestCase,
    eventually,
)
from tests.acceptance.raw_client import RawConnection, chat_body, get, post

STREAMS = 50
DONE = b"data: [DONE]\n\n"
#: Seconds; much less than the timeouts that the tests must not run into.
SOON = 5.0


class ShutdownTestCase(OwnGatewayTestCase):
    """Tests that send signals."""

    def serve(self, **server: Any) -> Gateway:
        """Return a gateway that serves; ``server`` is added to its configuration."""
        configuration: Configuration = {**STANDARD, "server": server}
        gateway = self.start(configuration)
        gateway.serving()
        return gateway

    def connect(self, gateway: Gateway) -> RawConnection:
        """Return a connection; it is closed with the test."""
        client = RawConnection(gateway.address)
        self.addCleanup(client.close)
        return client

    def stream(self, gateway: Gateway, model: str) -> RawConnection:
        """Return a connection on which a stream has said its first token."""
        (client,) = self.streams(gateway, model, 1)
        return client

    def streams(self, gateway: Gateway, model: str, count: int) -> list[RawConnection]:
        """Return connections on which streams that run together have said their first token."""
        clients = [self.connect(gateway) for _ in range(count)]
        for client in clients:
            client.send(post(chat_body(model, text="one two three", stream=True)))
        for client in clients:
            client.until(b'"content":"Echo"')
        return clients

    def assertRunning(self, gateway: Gateway) -> None:
        """Assert that one call comes to be in flight, besides the question for that."""
        series = "inference_gateway_http_inflight_requests"
        self.assertTrue(eventually(lambda: gateway.metric(series) == 2))

    def assertEnds(self, gateway: Gateway, *, within: float = SOON) -> None:
        """Assert that the process ends with success before long."""
        self.assertEqual(gateway.wait(within), 0)


class FinishTests(ShutdownTestCase):
    """Calls that run when the signal comes."""

    def finish(self, number: Signals) -> None:
        """Assert that fifty streams end well behind a signal."""
        gateway = self.serve()
        streams = self.streams(gateway, "echo/slow:0.3", STREAMS)
        gateway.signal(number)
        gateway.said(f"draining: {STREAMS} in flight")
        for client in streams:
            self.assertTrue(client.rest().endswith(DONE + b"\r\n0\r\n\r\n"))
        self.assertEnds(gateway)
        gateway.said(f"{STREAMS} finished, 0 cut")

    def test_sigterm(self) -> None:
        """Fifty streams that run when SIGTERM comes say everything and [DONE]."""
        self.finish(SIGTERM)

    def test_sigint(self) -> None:
        """SIGINT means the same."""
        self.finish(SIGINT)

    def test_plain(self) -> None:
        """A plain call is answered, and its head says that the connection ends."""
        gateway = self.serve()
        client = self.connect(gateway)
        client.send(post(chat_body("echo/slow:0.2", text="one two three")))
        self.assertRunning(gateway)
        gateway.signal(SIGTERM)
        answer = client.answer()
        self.assertEqual((answer.status, answer.headers["connection"]), (200, "close"))
        self.assertEnds(gateway)

    def test_stops_listening(self) -> None:
        """While streams finish, new connections are refused and idle ones are closed."""
        gateway = self.serve()
        address = gateway.address
        idle = self.connect(gateway)
        idle.send(get("/v1/models"))
        idle.answer()
        client = self.stream(gateway, "echo/slow:0.3")
        gateway.signal(SIGTERM)
        gateway.said("stopped listening: 1 in flight")
        with self.assertRaises(ConnectionRefusedError):
            RawConnection(address)
        self.assertTrue(idle.closed())
        client.until(b"[DONE]")
        self.assertEnds(gateway)


class GraceTests(ShutdownTestCase):
    """The time in which load balancers notice that they should send nothing more."""

    def drain(self) -> tuple[Gateway, RawConnection]:
        """Return a gateway in its grace, and a connection that was kept alive from before."""
        gateway = self.serve(drain_grace="600s")
        client = self.connect(gateway)
        client.send(get("/health/ready"))
        self.assertEqual(client.answer().status, 200)
        gateway.signal(SIGTERM)
        gateway.said("draining: 0 in flight")
        return gateway, client

    def test_readiness(self) -> None:
        """Readiness says so at once, while the process is still alive."""
        gateway, client = self.drain()
        client.send(get("/health/ready"))
        answer = client.answer()
        self.assertEqual((answer.status, answer.json()["status"]), (503, "not_ready"))
        client = self.connect(gateway)
        client.send(get("/health/live"))
        self.assertEqual(client.answer().status, 200)

    def test_still_serving(self) -> None:
        """Calls that come all the same are served, on old connections and on new ones."""
        gateway, old = self.drain()
        for client in (old, self.connect(gateway)):
            client.send(post(chat_body()))
            self.assertEqual(client.answer().status, 200)
        gateway.signal(SIGTERM)
        self.assertEnds(gateway)


class NewcomerTests(ShutdownTestCase):
    """Calls that come too late."""

    def test_kept_alive(self) -> None:
        """A call that was on its way on an old connection is refused, with when to come again."""
        gateway = self.serve()
        calls = (post(chat_body(stream=True)), get("/v1/models"))
        clients = [self.connect(gateway) for _ in calls]
        for client, call in zip(clients, calls, strict=True):
            client.send(get("/health/ready"))
            client.answer()
            client.send(call[:20])
        client = self.connect(gateway)
        client.send(get("/health/live"))
        client.answer()  # what came before it has been read
        gateway.signal(SIGTERM)
        gateway.said("stopped listening")
        for client, call in zip(clients, calls, strict=True):
            client.send(call[20:])
            answer = client.answer()
            self.assertEqual((answer.status, answer.error["code"]), (503, "draining"))
            self.assertEqual(answer.error["type"], "service_unavailable_error")
            self.assertGreaterEqual(int(answer.headers["retry-after"]), 1)
            self.assertEqual(answer.headers["connection"], "close")
            self.assertTrue(client.closed())
        self.assertEnds(gateway)


class DeadlineTests(ShutdownTestCase):
    """Calls that do not end by themselves."""

    def test_stream(self) -> None:
        """A stream that takes too long ends with an error event, and the process with success."""
        gateway = self.serve(shutdown_timeout="200ms")
        client = self.stream(gateway, "echo/stall")
        gateway.signal(SIGTERM)
        rest = client.rest()
        self.assertIn(b'event: error\ndata: {"error":{', rest)
        self.assertIn(b'"code":"draining"', rest)
        self.assertNotIn(b"[DONE]", rest)
        self.assertEnds(gateway)
        gateway.said("0 finished, 1 cut")
        gateway.said('"verdict":"drained"')

    def test_before_first_token(self) -> None:
        """A stream that has only been kept alive so far ends in the same way."""
        gateway = self.serve(shutdown_timeout="200ms", keepalive_interval="20ms")
        client = self.connect(gateway)
        client.send(post(chat_body("echo/silent", stream=True)))
        client.until(b": keepalive")
        gateway.signal(SIGTERM)
        self.assertIn(b'"code":"draining"', client.rest())
        self.assertEnds(gateway)

    def test_plain(self) -> None:
        """A plain call that takes too long is told that the gateway ends."""
        gateway = self.serve(shutdown_timeout="200ms")
        client = self.connect(gateway)
        client.send(post(chat_body("echo/silent")))
        self.assertRunning(gateway)
        gateway.signal(SIGTERM)
        answer = client.answer()
        self.assertEqual((answer.status, answer.error["code"]), (503, "draining"))
        self.assertEnds(gateway)

    def test_unread(self) -> None:
        """A client that does not read cannot keep the process."""
        gateway = self.serve(shutdown_timeout="200ms")
        client = self.connect(gateway)
        client.send(post(chat_body(text="word " * 200_000, stream=True)))
        client.until(b'"content":"Echo"')
        gateway.signal(SIGTERM)
        self.assertEnds(gateway)

    def test_second_signal(self) -> None:
        """A second signal ends the waiting."""
        gateway = self.serve(shutdown_timeout="600s", drain_grace="600s")
        client = self.stream(gateway, "echo/stall")
        gateway.signal(SIGTERM)
        gateway.said("draining: 1 in flight")
        gateway.signal(SIGTERM)
        self.assertIn(b"event: error", client.rest())
        self.assertEnds(gateway)


class QuickEndTests(ShutdownTestCase):
    """Endings for which nothing has to be waited."""

    def test_idle_connections(self) -> None:
        """Connections that are kept alive, or have asked nothing yet, do not delay the end."""
        gateway = self.serve(shutdown_timeout="600s")
        fresh = self.connect(gateway)
        served = self.connect(gateway)
        served.send(get("/v1/models"))
        served.answer()
        gateway.signal(SIGTERM)
        self.assertTrue(fresh.closed())
        self.assertTrue(served.closed())
        self.assertEnds(gateway)

    def test_right_after_start(self) -> None:
        """A signal as soon as the gateway serves ends it with success."""
        gateway = self.serve()
        gateway.signal(SIGTERM)
        self.assertEnds(gateway)

    def test_while_starting(self) -> None:
        """A signal before it serves ends it as well, without a trace in the log."""
        gateway = self.start(STANDARD)
        gateway.said("starting up")
        gateway.signal(SIGTERM)
        self.assertIn(gateway.wait(SOON), (0, -SIGTERM))
