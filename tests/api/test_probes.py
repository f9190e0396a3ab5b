"""The front page, the probes and the metrics."""

from inference_gateway import __version__
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
        answer = self.ask("GET", "/", None, ("Accept", "text/html,application/xhtml+xml"))
        self.assertEqual(answer.headers["content-type"], "text/html; charset=utf-8")
        self.assertIn(b"<h1>A &lt;Gateway&gt;</h1>", answer.body)
        self.assertIn(b'<a href="/v1/models">', answer.body)

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
