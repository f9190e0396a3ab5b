"""Letting running calls finish, and ending those that do not."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.load import Flags, load
from inference_gateway.service.drain import Drain, DrainResult
from inference_gateway.service.graph import build
from tests.api.gateway import Client
from tests.pipeline.chats import request
from tests.telemetry.files import MemoryLog

STEP = 0.02


class DrainTestCase(SynchronousTestCase):
    """A gateway with the echo provider."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1000.0)
        self.log = MemoryLog(Clock(), self.addCleanup)
        self.graph = build(
            load(Flags(), {}).settings, self.clock, lines=self.log.lines, wall=lambda: 1.7e9
        )
        self.drain = Drain(self.graph, self.clock)
        self.clients: list[Client] = []

    def client(self) -> Client:
        """Return a connected client whose end of the connection closes when the server's does."""
        client = Client(self.graph.factory.buildProtocol(None))  # type: ignore[arg-type]
        self.clients.append(client)
        return client

    def running(self, model: str = "echo/silent", *, stream: bool = False) -> Client:
        """Return a client that waits for an answer."""
        client = self.client()
        client.send("POST", "/v1/chat/completions", request(model, stream=stream))
        return client

    def pass_time(self, seconds: float) -> None:
        """Let time pass in small steps, closing what the server closed."""
        for _ in range(round(seconds / STEP)):
            self.clock.advance(STEP)
            for client in [client for client in self.clients if client.connection.closed]:
                self.clients.remove(client)
                client.connection.hang_up()

    def finish(self, timeout: float) -> "Deferred[DrainResult]":
        """Begin to drain."""
        return Deferred.fromCoroutine(self.drain.finish(timeout))


class FinishTests(DrainTestCase):
    """The wait for those that run."""

    def test_nobody(self) -> None:
        """With nobody there it is over at once."""
        self.assertEqual(self.successResultOf(self.finish(30.0)), DrainResult(finished=0, cut=0))

    def test_idle(self) -> None:
        """Idle connections are not waited for."""
        self.client()
        result = self.finish(30.0)
        self.pass_time(0.1)
        self.assertEqual(self.successResultOf(result), DrainResult(finished=0, cut=0))

    def test_finished(self) -> None:
        """A call that ends in time is finished."""
        client = self.running("echo/slow:0.1", stream=True)
        result = self.finish(30.0)
        self.pass_time(0.2)
        self.assertNoResult(result)
        self.pass_time(10.0)
        self.assertEqual(self.successResultOf(result), DrainResult(finished=1, cut=0))
        self.assertIn(b"[DONE]", client.answer.body)

    def test_cut(self) -> None:
        """What still runs at the deadline is cut: a 503, or an error event."""
        plain = self.running()
        stream = self.running("echo/stall", stream=True)
        result = self.finish(2.0)
        self.pass_time(1.9)
        self.assertNoResult(result)
        self.pass_time(0.5)
        self.assertEqual(self.successResultOf(result), DrainResult(finished=0, cut=2))
        self.assertEqual(plain.answer.status, 503)
        self.assertIn(b"event: error", stream.answer.body)
        self.assertEqual([line["verdict"] for line in self.log.records], ["drained", "drained"])

    def test_some(self) -> None:
        """What finished and what was cut are told apart."""
        self.running("echo/slow:0.1", stream=True)
        self.running()
        result = self.finish(5.0)
        self.pass_time(6.0)
        self.assertEqual(self.successResultOf(result), DrainResult(finished=1, cut=1))

    def test_hurry(self) -> None:
        """Whoever hurries waits no longer."""
        self.running()
        result = self.finish(30.0)
        self.pass_time(0.1)
        self.drain.hurry()
        self.pass_time(0.1)
        self.assertEqual(self.successResultOf(result), DrainResult(finished=0, cut=1))

    def test_half_a_head(self) -> None:
        """A client that has sent half of a head is not waited for as long as a call."""
        client = self.client()
        client.connection.send(b"POST /v1/chat/comp")
        result = self.finish(30.0)
        self.pass_time(0.5)
        self.assertNoResult(result)
        self.pass_time(1.5)
        self.assertEqual(self.successResultOf(result), DrainResult(finished=0, cut=0))
        self.assertTrue(client.connection.cut)

    def upload(self) -> Client:
        """Return a client whose request is judged and whose body is on its way."""
        client = self.client()
        body = request("echo")
        head = "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        client.connection.send(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:9])
        return client

    def test_upload(self) -> None:
        """A body that is on its way is waited for like a call, and its request answered."""
        client = self.upload()
        self.graph.gate.draining = True
        result = self.finish(30.0)
        self.pass_time(3.0)
        self.assertNoResult(result)
        client.connection.send(request("echo")[9:])
        self.pass_time(0.1)
        self.assertIn(b'"code":"draining"', client.connection.received)
        self.assertEqual(self.successResultOf(result), DrainResult(finished=1, cut=0))

    def test_upload_cut(self) -> None:
        """One that does not come in time is cut, and the log says by whom."""
        client = self.upload()
        result = self.finish(2.0)
        self.pass_time(3.0)
        self.assertEqual(self.successResultOf(result), DrainResult(finished=0, cut=1))
        self.assertTrue(client.connection.cut)
        client.connection.hang_up()
        self.assertEqual([line["verdict"] for line in self.log.records], ["drained"])

    def test_deaf_client(self) -> None:
        """A client that does not even take its error is cut off in the end."""
        client = self.running()
        self.clients.clear()
        result = self.finish(1.0)
        self.pass_time(2.0)
        self.assertEqual(self.successResultOf(result).cut, 1)
        self.assertTrue(client.connection.cut)


class GraceTests(DrainTestCase):
    """The time for load balancers to notice."""

    def grace(self, seconds: float) -> "Deferred[None]":
        """Begin the wait."""
        return Deferred.fromCoroutine(self.drain.grace(seconds))

    def test_none(self) -> None:
        """No time is no wait."""
        self.successResultOf(self.grace(0.0))

    def test_waits(self) -> None:
        """It waits as long as it was told, however short that is."""
        waiting = self.grace(1.0)
        self.pass_time(0.98)
        self.assertNoResult(waiting)
        self.pass_time(0.04)
        self.successResultOf(waiting)

    def test_hurry(self) -> None:
        """It waits no longer than the next look when somebody hurries."""
        waiting = self.grace(1.0)
        self.drain.hurry()
        self.pass_time(0.04)
        self.successResultOf(waiting)
