"""The routes of administrators, over a real roster."""

from typing import ClassVar

from twisted.web.server import Site

from inference_gateway.api.admin import Admin
from inference_gateway.api.connections import SiteFactory
from inference_gateway.api.forwarding import Forwarding
from inference_gateway.api.respond import Responder
from inference_gateway.api.router import Access, Router
from inference_gateway.api.site import Application, GatewayResource
from inference_gateway.exchange import Principal
from inference_gateway.http1.answer import DateLine
from inference_gateway.http1.limits import Limits
from inference_gateway.pipeline.authenticate import KeyAuthenticator
from inference_gateway.pipeline.observe import CallObserver
from inference_gateway.resilience.breaker import Breaker
from inference_gateway.service.control import Control
from inference_gateway.telemetry.accesslog import AccessLog
from tests.api.gateway import HOP, GatewayTestCase
from tests.api.http import Answer

RESET = "/admin/circuit-breakers/{}/reset"
ROUTES = [
    ("GET", "/health/providers"),
    ("GET", "/admin/circuit-breakers"),
    ("POST", RESET.format("a")),
]


class AdminTestCase(GatewayTestCase):
    """The gateway's own providers, ``a`` and ``b``, and nothing but these routes."""

    keys: ClassVar = {
        b"root-key": Principal(id="root", admin=True),
        b"good-key": Principal(id="alice"),
    }

    def setUp(self) -> None:
        super().setUp()
        responder = Responder("X-Request-ID", self.clock.seconds)
        control = Control(self.roster, self.clock.seconds, lambda: 1.7e9)
        self.app = Application(
            Router([(Admin(control, responder), Access.ADMIN)], ""),
            KeyAuthenticator(self.store),
            self.gate,
            CallObserver(self.metrics, AccessLog(self.log.lines, wall=lambda: 1.7e9), self.clock),
            responder,
            self.connections,
            Forwarding(HOP),
            self.clock,
            request_id_header="X-Request-ID",
            unguarded=self.store.is_open,
            upload_limit=1000,
        )
        self.factory = (
            Site(GatewayResource(self.app), reactor=self.clock)
            if self.stock
            else SiteFactory(self.app, Limits(), self.clock, DateLine(lambda: 1.7e9))
        )

    def admin(self, method: str, target: str, *headers: tuple[str, str]) -> Answer:
        """Ask with an administrator's key."""
        key = ("Authorization", "Bearer root-key")
        return self.ask(method, target, None, key, *headers)

    def breaker(self, model: str, outcomes: str) -> Breaker:
        """Return the breaker of a model at ``a``, after ``outcomes``: ``+`` is a good one."""
        breaker = self.roster["a"].breaker(model)
        assert breaker is not None
        for outcome in outcomes:
            (breaker.succeed if outcome == "+" else breaker.fail)(breaker.admit())
        return breaker


class AccessTests(AdminTestCase):
    """Who may ask."""

    def test_nobody(self) -> None:
        """Without a key nobody may, with a client's key nobody either."""
        for method, path in ROUTES:
            self.assertEqual(self.ask(method, path).status, 401, path)
            answer = self.ask(method, path, None, ("Authorization", "Bearer good-key"))
            self.assertEqual(answer.status, 403, path)
            self.assertEqual(answer.error["code"], "insufficient_permissions")

    def test_administrator(self) -> None:
        """An administrator may."""
        for method, path in ROUTES:
            self.assertIn(self.admin(method, path).status, (200, 204), path)

    def test_draining(self) -> None:
        """A gateway that shuts down takes no more of this than of other calls."""
        self.gate.draining = True
        self.assertEqual(self.admin("GET", "/health/providers").status, 503)


class UnconfiguredTests(AdminTestCase):
    """Without any administrator's key in the configuration."""

    keys: ClassVar = {b"good-key": Principal(id="alice")}

    def test_told(self) -> None:
        """Everybody is told how to set one, whatever they send."""
        for method, path in ROUTES:
            for headers in ([], [("Authorization", "Bearer good-key")]):
                answer = self.ask(method, path, None, *headers)
                self.assertEqual(answer.status, 403, path)
                self.assertIn("INFERENCE_GATEWAY_ADMIN_KEY", answer.error["message"])


class ProvidersTests(AdminTestCase):
    """``GET /health/providers``."""

    def test_nothing_known(self) -> None:
        """What is not known is null."""
        answer = self.admin("GET", "/health/providers")
        self.assertEqual(answer.status, 200)
        first, second = answer.json["providers"]
        self.assertEqual(
            first,
            {
                "id": "a",
                "status": "unknown",
                "latency_ms": None,
                "error_rate": None,
                "circuit_breaker_state": "closed",
                "last_check": None,
                "in_flight": 0,
                "max_in_flight": None,
                "queued": 0,
                "cooling_down_s": 0.0,
                "credentials_refused": 0,
            },
        )
        self.assertEqual(second["id"], "b")

    def test_known(self) -> None:
        """Seconds are shown as milliseconds, the time of a check as RFC 3339."""
        entry = self.roster["a"]
        entry.health.passed(0.01234)
        self.breaker("m", "++-")
        entry.credentials.cool(0, 12.34567)
        first = self.admin("GET", "/health/providers").json["providers"][0]
        self.assertEqual(first["latency_ms"], 12.3)
        self.assertEqual(first["last_check"], "2023-11-14T22:13:20.000Z")
        self.assertEqual(first["error_rate"], 0.3333)
        self.assertEqual((first["status"], first["cooling_down_s"]), ("degraded", 12.346))


class BreakersTests(AdminTestCase):
    """``GET /admin/circuit-breakers``."""

    def test_none(self) -> None:
        """Before the first call there are none."""
        answer = self.admin("GET", "/admin/circuit-breakers")
        self.assertEqual((answer.status, answer.json), (200, {"circuit_breakers": []}))

    def test_listed(self) -> None:
        """Each has its state and its counters."""
        self.breaker("m", "+-----")
        self.breaker("org/n", "+")
        opened, closed = self.admin("GET", "/admin/circuit-breakers").json["circuit_breakers"]
        self.assertEqual(
            opened,
            {
                "provider": "a",
                "model": "m",
                "state": "open",
                "failures": 5,
                "successes": 1,
                "openings": 1,
                "reopens_in_s": 5.0,
            },
        )
        self.assertEqual((closed["model"], closed["state"]), ("org/n", "closed"))
        self.assertIsNone(closed["reopens_in_s"])


class ResetTests(AdminTestCase):
    """``POST /admin/circuit-breakers/{id}/reset``."""

    def setUp(self) -> None:
        super().setUp()
        self.breaker("m", "-----")
        self.breaker("org/n + x", "-----")

    def states(self) -> list[str]:
        """Return the states of both breakers."""
        return [breaker.state for breaker in self.roster["a"].breakers.values()]

    def test_all(self) -> None:
        """It needs no body and answers with none; all breakers of the provider close."""
        answer = self.admin("POST", RESET.format("a"))
        self.assertEqual((answer.status, answer.body), (204, b""))
        self.assertEqual(self.states(), ["closed", "closed"])

    def test_one(self) -> None:
        """The query narrows it to one model, whose name is encoded as in every query."""
        answer = self.admin("POST", RESET.format("a") + "?model=org/n+%2B%20x")
        self.assertEqual(answer.status, 204)
        self.assertEqual(self.states(), ["open", "closed"])

    def test_unknown(self) -> None:
        """What is not there is not found, and nothing is closed."""
        for provider, query in (("c", ""), ("a", "?model="), ("b", "?model=m")):
            answer = self.admin("POST", RESET.format(provider) + query)
            self.assertEqual((answer.status, answer.error["code"]), (404, "provider_not_found"))
        self.assertEqual(self.states(), ["open", "open"])

    def test_two(self) -> None:
        """Two models at once are refused, rather than one of them left as it is."""
        answer = self.admin("POST", RESET.format("a") + "?model=m&model=n")
        self.assertEqual((answer.status, answer.error["param"]), (400, "model"))
        self.assertEqual(self.states(), ["open", "open"])

    def test_method(self) -> None:
        """Looking at it does not reset anything."""
        answer = self.admin("GET", RESET.format("a"))
        self.assertEqual((answer.status, answer.headers["allow"]), (405, "POST"))
        self.assertEqual(self.states(), ["open", "open"])


class StockResetTests(ResetTests):
    """The same through Twisted's own web server."""

    stock = True
