"""Whether new calls are welcome."""

from time import process_time
from typing import Literal

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.routing_settings import BreakerSettings, RoutingSettings
from inference_gateway.config.settings import HealthSettings
from inference_gateway.pipeline.admit import Gate
from inference_gateway.routing.roster import Roster, RosterEntry
from inference_gateway.routing.table import ModelTable
from inference_gateway.service.readiness import Readiness
from inference_gateway.telemetry.reactor_lag import INTERVAL, ReactorLag
from tests.routing.rosters import entry

READY = {"accepting": True, "providers": True, "reactor": True}


class ReadinessTestCase(SynchronousTestCase):
    """Provider ``a`` serves two models, ``b`` only the second of them."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.gate = Gate()
        self.lag = ReactorLag(self.clock)
        self.a = self.entry("a", "m", "n")
        self.b = self.entry("b", "n")

    def entry(self, id: str, *models: str) -> RosterEntry:
        """Return a provider that is unhealthy, and whose breakers open, at the first failure."""
        return entry(
            id,
            {model: model for model in models},
            clock=self.clock,
            breaker=BreakerSettings(failures=1, open_for=5.0),
            health=HealthSettings(fall=1, rise=1),
        )

    def readiness(self, *entries: RosterEntry, wanted: Literal["any", "all"] = "any") -> Readiness:
        """Return the readiness of a gateway with these providers, ``a`` and ``b`` by default."""
        table = ModelTable(Roster(entries or (self.a, self.b)), RoutingSettings())
        return Readiness(self.gate, table, wanted, self.lag)

    def has_providers(self, wanted: Literal["any", "all"] = "any") -> bool:
        """Return what is said of ``a`` and ``b``."""
        return self.readiness(wanted=wanted)()["providers"]

    def break_circuit(self, entry: RosterEntry, circuit: str) -> None:
        """Have a call of one model fail."""
        breaker = entry.breaker(circuit)
        assert breaker is not None
        breaker.fail(breaker.admit())


class GatewayTests(ReadinessTestCase):
    """What is the gateway's own concern."""

    def test_ready(self) -> None:
        """A gateway that serves is ready."""
        self.assertEqual(self.readiness()(), READY)

    def test_leaving(self) -> None:
        """One that will shut down, or does, is not."""
        ready = self.readiness()
        self.gate.leaving = True
        self.assertEqual(ready(), {**READY, "accepting": False})
        self.gate.leaving, self.gate.draining = False, True
        self.assertEqual(ready(), {**READY, "accepting": False})

    def test_late(self) -> None:
        """One whose event loop is more than a second late is not, until it has caught up."""
        ready = self.readiness()
        self.lag.start()
        self.clock.advance(INTERVAL + 1.0)
        self.assertEqual(ready(), READY)
        self.clock.advance(INTERVAL + 1.5)
        self.assertEqual(ready(), {**READY, "reactor": False})
        self.clock.advance(INTERVAL)
        self.assertEqual(ready(), READY)
        self.lag.stop()


class ProviderTests(ReadinessTestCase):
    """Who could be asked."""

    def test_no_models(self) -> None:
        """A gateway that knows no model is not ready, whatever is wanted."""
        for wanted in ("any", "all"):
            self.assertEqual(
                self.readiness(self.entry("c"), wanted=wanted)(), {**READY, "providers": False}
            )

    def test_unhealthy(self) -> None:
        """Any model with a provider that is not unhealthy is enough, or every model needs one."""
        self.assertTrue(self.has_providers("all"))
        self.a.health.failed("it is away")
        self.assertTrue(self.has_providers())
        self.assertFalse(self.has_providers("all"))
        self.b.health.failed("it is away")
        self.assertFalse(self.has_providers())
        self.a.health.passed(0.1)
        self.assertTrue(self.has_providers("all"))

    def test_later_models(self) -> None:
        """A later model is looked at as the first one is."""
        self.b.health.failed("it is away")
        self.assertTrue(self.readiness(self.b, self.a)()["providers"])
        gone = self.entry("c", "o")
        gone.health.failed("it is away")
        for entries in ((gone, self.a), (self.a, gone)):
            self.assertTrue(self.readiness(*entries)()["providers"])
            self.assertFalse(self.readiness(*entries, wanted="all")()["providers"])

    def test_breaker(self) -> None:
        """A model whose breaker is open has no provider, until the breaker wants a probe."""
        self.break_circuit(self.a, "m")
        self.assertTrue(self.has_providers())
        self.assertFalse(self.has_providers("all"))
        self.break_circuit(self.a, "n")
        self.assertTrue(self.has_providers())
        self.break_circuit(self.b, "n")
        self.assertFalse(self.has_providers())
        self.clock.advance(10.0)
        self.assertTrue(self.has_providers("all"))

    def test_credentials(self) -> None:
        """A provider that refuses every credential is none, until they are tried again."""
        only = self.readiness(self.a)
        self.a.credentials.refuse(self.a.credentials.take())
        self.assertFalse(only()["providers"])
        self.clock.advance(60.0)
        self.assertTrue(only()["providers"])

    def test_limits(self) -> None:
        """A provider that only limits the gateway for now, or has no room, still counts."""
        busy = entry("c", {"o": "o"}, clock=self.clock, max_in_flight=1)
        ready = self.readiness(busy)
        busy.credentials.cool(busy.credentials.take(), 30.0)
        self.assertTrue(busy.places.take())
        self.assertTrue(ready()["providers"])

    def test_cost(self) -> None:
        """A thousand models, each with an open breaker, take a few milliseconds at the most."""
        names = [f"model-{number}" for number in range(1000)]
        many = self.entry("c", *names)
        for name in names:
            self.break_circuit(many, name)
        ready = self.readiness(many)
        started = process_time()
        for _ in range(10):
            self.assertFalse(ready()["providers"])
        self.assertLess((process_time() - started) / 10, 0.01)
