"""The front page, the probes and the metrics."""

from typing import ClassVar

from inference_gateway import __version__
from inference_gateway.exchange import Principal
from tests.api.gateway import GatewayTestCase


class FrontPageTests(GatewayTestCase):
    """What is at the root."""

    def test_json(self) -> None:
        """A program gets title, version and links."""
        for headers in ([], [("Accept", "*/*")], [("Accept", "application/json")]):
            value = self.ask("GET", "/", None, *headers).json
            self.assertEqual((value["title"], value["version"]), ("A <Gateway>", __version__))
            self.assertEqual(value["links"]["models"], "/v1/models")

    def test_page(self) -> None:
        """A browser gets a page whose title cannot be markup."""
        answer = self.ask("GET", "/", None, ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"))
        self.assertEqual(answer.headers["content-type"], "text/html; charset=utf-8")
        self.assertIn(b"<h1>A &lt;Gateway&gt;</h1>", answer.body)
        self.assertIn(b'<a href="/v1/models">', answer.body)
        self.assertIn(b'<a href="/openapi.json">', answer.body)

    def test_preference(self) -> None:
        """Who takes a page, but would rather have JSON, gets that; caches are told of it."""
        answer = self.ask("GET", "/", None, ("Accept", "application/json, text/html;q=0.5"))
        self.assertEqual(answer.json["version"], __version__)
        self.assertEqual(answer.headers["vary"], "Accept")

    def test_links_lead_somewhere(self) -> None:
        """Every link is a path that is there."""
        for path in self.ask("GET", "/").json["links"].values():
            self.assertIn(self.ask("GET", path).status, (200, 405), path)


class RootedTests(GatewayTestCase):
    """Below a root path."""

    root_path = "/gw"

    def test_links(self) -> None:
        """The links are below it, and lead somewhere."""
        links = self.ask("GET", "/gw/").json["links"]
        self.assertEqual(links["chat_completions"], "/gw/v1/chat/completions")
        self.assertEqual(self.ask("GET", links["models"]).status, 200)
        self.assertEqual(self.log.records[-1]["route"], "/v1/models")

    def test_description(self) -> None:
        """The description is there, too, and tells where it is."""
        for path in ("/openapi.json", "/gw/openapi.json"):
            value = self.ask("GET", path).json
            self.assertEqual(value["servers"], [{"url": "/gw"}])


class DescriptionTests(GatewayTestCase):
    """The description of the routes."""

    def test_served(self) -> None:
        """It is JSON, under the title of the gateway, and the same each time."""
        answer, again = self.ask("GET", "/openapi.json"), self.ask("GET", "/openapi.json")
        self.assertEqual(answer.headers["content-type"], "application/json")
        self.assertEqual(answer.json["info"]["title"], "A <Gateway>")
        self.assertEqual(answer.body, again.body)


class ClosedDescriptionTests(GatewayTestCase):
    """The description, of a gateway that wants a key."""

    keys: ClassVar = {b"good-key": Principal(id="alice")}

    def test_open(self) -> None:
        """It needs none."""
        self.assertEqual(self.ask("GET", "/openapi.json").status, 200)
        self.assertEqual(self.ask("GET", "/v1/models").status, 401)


class HealthTests(GatewayTestCase):
    """Alive and ready."""

    def test_live(self) -> None:
        """The process lives while it answers, even when it drains."""
        self.gate.draining = True
        for target in ("/healthz", "/health/live"):
            answer = self.ask("GET", target)
            self.assertEqual((answer.status, answer.json), (200, {"status": "alive"}))

    def test_ready(self) -> None:
        """It is ready while every check holds."""
        answer = self.ask("GET", "/health/ready")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.json, {"status": "ready", "checks": {"accepting": "ok"}})

    def test_not_ready(self) -> None:
        """One check that fails is enough, and it says which."""
        self.checks = {"accepting": True, "providers": False}
        answer = self.ask("GET", "/health/ready")
        self.assertEqual(answer.status, 503)
        self.assertEqual(
            answer.json,
            {"status": "not_ready", "checks": {"accepting": "ok", "providers": "failed"}},
        )


class ExpositionTests(GatewayTestCase):
    """The metrics."""

    def test_metrics(self) -> None:
        """They come in Prometheus' text format and have counted what was before."""
        self.ask("GET", "/healthz")
        answer = self.ask("GET", "/metrics")
        self.assertEqual(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8")
        self.assertIn(
            b'http_requests_total{method="GET",route="/healthz",status="200"} 1.0', answer.body
        )

    def test_bounded(self) -> None:
        """Paths that nobody knows are one series."""
        self.ask("GET", "/nothing")
        before = len(self.metrics.expose().splitlines())
        for number in range(50):
            self.ask("GET", f"/nothing/{number}")
        self.assertEqual(len(self.metrics.expose().splitlines()), before)
