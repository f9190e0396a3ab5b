"""From settings to a gateway that answers."""

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.service.graph import Graph, build
from tests.api.gateway import Client
from tests.config.loading import loaded
from tests.pipeline.chats import request
from tests.telemetry.files import MemoryLog

CHAT = "/v1/chat/completions"


class GraphTestCase(SynchronousTestCase):
    """Gateways built from text."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1000.0)
        self.log = MemoryLog(Clock(), self.addCleanup)

    def build(self, text: str | None = None, **caps: int) -> Graph:
        """Return the graph of a configuration file's text, or of nothing at all."""
        environment = {"KEY": "alices-very-secret-key", "ROOT_KEY": "the-roots-secret-key"}
        self.graph = build(
            loaded(text, environment).settings,
            self.clock,
            lines=self.log.lines,
            wall=lambda: 1.7e9,
            **caps,
        )
        return self.graph

    def client(self, factory: Any = None) -> Client:
        """Return a client of a listener, of the main one by default."""
        protocol: Any = (factory or self.graph.factory).buildProtocol(None)
        return Client(protocol)

    def status(self, method: str, target: str, body: bytes | None = None, **sent: Any) -> int:
        """Return the status that a request gets."""
        client = self.client(sent.pop("factory", None))
        client.send(method, target, body, *sent.pop("headers", ()))
        return client.answer.status


class DefaultTests(GraphTestCase):
    """With no configuration at all."""

    def test_echo(self) -> None:
        """The echo provider answers, without a key."""
        self.build()
        client = self.client()
        client.send("POST", CHAT, request("echo"))
        message = client.answer.json["choices"][0]["message"]
        self.assertEqual(message["content"], "Echo: hello there")
        self.assertEqual(self.log.records[0]["gen_ai.provider.name"], "echo")

    def test_routes(self) -> None:
        """Models, probes and metrics are there, on one listener."""
        self.build()
        for target in ("/", "/v1/models", "/healthz", "/health/ready", "/metrics"):
            self.assertEqual(self.status("GET", target), 200, target)
        self.assertIsNone(self.graph.admin_factory)
        self.assertEqual(self.graph.in_flight, 0)

    def test_in_flight(self) -> None:
        """Running calls are counted."""
        self.build()
        client = self.client()
        client.send("POST", CHAT, request("echo/silent"))
        self.assertEqual(self.graph.in_flight, 1)
        client.connection.leave()
        self.assertEqual(self.graph.in_flight, 0)

    def test_reactor_lag(self) -> None:
        """The event loop's lateness is among the metrics."""
        self.build()
        self.graph.lag.start()
        self.clock.advance(0.75)
        self.assertIn(b"reactor_lag_seconds 0.25", self.graph.metrics.expose())
        self.graph.lag.stop()


class ConfiguredTests(GraphTestCase):
    """With a configuration."""

    def test_keys(self) -> None:
        """Keys of the configuration open the gateway to their owners alone."""
        self.build(
            """
            version: one
            middleware: {auth: {keys: [{id: alice, key: '${KEY}'}]}}
            """
        )
        key = ("Authorization", "Bearer alices-very-secret-key")
        self.assertEqual(self.status("GET", "/v1/models"), 401)
        self.assertEqual(self.status("GET", "/v1/models", headers=[key]), 200)

    def test_admin_listener(self) -> None:
        """With a listener for administrators, metrics are there and nowhere else."""
        self.build(
            """
            version: one
            server: {admin_listen: ["tcp:9000:interface=127.0.0.1"]}
            """
        )
        admin = self.graph.admin_factory
        client = self.client()
        client.send("GET", "/")
        self.assertNotIn("metrics", client.answer.json["links"])
        self.assertEqual(self.status("GET", "/metrics"), 404)
        self.assertEqual(self.status("GET", "/metrics", factory=admin), 200)
        self.assertEqual(self.status("GET", "/healthz", factory=admin), 200)
        self.assertEqual(self.status("GET", "/v1/models", factory=admin), 404)
        self.assertEqual(self.status("POST", CHAT, request("echo"), factory=admin), 404)

    def test_metrics_for_administrators(self) -> None:
        """Metrics may ask for an administrator's key."""
        self.build(
            """
            version: one
            middleware: {auth: {admin_keys: [{id: root, key: '${ROOT_KEY}'}]}}
            telemetry: {metrics: {auth: admin}}
            """
        )
        key = ("Authorization", "Bearer the-roots-secret-key")
        self.assertEqual(self.status("GET", "/metrics"), 401)
        self.assertEqual(self.status("GET", "/metrics", headers=[key]), 200)

    def test_server(self) -> None:
        """Root path, title, limits and the name of the id's header are taken from it."""
        self.build(
            """
            version: one
            server:
              root_path: /gw
              api_title: Ours
              body_limit: 1KiB
              request_id_header: X-Our-ID
            """
        )
        client = self.client()
        client.send("GET", "/gw/", None, ("X-Our-ID", "r-9"))
        self.assertEqual(client.answer.json["title"], "Ours")
        self.assertEqual(client.answer.headers["x-our-id"], "r-9")
        self.assertEqual(self.status("POST", CHAT, bytes(2000)), 413)

    def test_text_log(self) -> None:
        """The access log may be for people."""
        self.build("version: one\ntelemetry: {log: {format: text}}\n")
        self.status("GET", "/healthz")
        self.assertIn(" GET /healthz 200 ", self.log.text)

    def test_caps(self) -> None:
        """The configuration's cap of connections counts, else the process's."""
        self.build(most_connections=1)
        self.assertFalse(self.client().connection.closed)
        self.assertTrue(self.client().connection.closed)
        self.build("version: one\nserver: {max_connections: 2}\n", most_connections=1)
        self.assertFalse(self.client().connection.closed)
        self.assertFalse(self.client().connection.closed)
        self.assertTrue(self.client().connection.closed)
