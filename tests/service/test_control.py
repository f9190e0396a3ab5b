"""What administrators see and change."""

from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from inference_gateway.config.kinds import Secret
from inference_gateway.config.routing_settings import BreakerSettings
from inference_gateway.errors import ResourceNotFound
from inference_gateway.interfaces import BreakerReport, IControl, ProviderReport
from inference_gateway.resilience.breaker import Breaker
from inference_gateway.resilience.concurrency import Waiter
from inference_gateway.routing.roster import Roster
from inference_gateway.service.control import Control
from tests.routing.rosters import entry

#: What is added to the clock to have the time of day.
EPOCH = 1.7e9


class ControlTestCase(SynchronousTestCase):
    """Provider ``a`` with two credentials and a model ``m``, and ``b``; breakers open at once."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1000.0)
        settings = BreakerSettings(failures=1, open_for=5.0)
        self.a = entry(
            "a",
            clock=self.clock,
            breaker=settings,
            api_keys=(Secret("one"), Secret("two")),
            max_in_flight=1,
        )
        self.b = entry("b", clock=self.clock, breaker=settings)
        self.control = Control(
            Roster([self.a, self.b]), self.clock.seconds, lambda: EPOCH + self.clock.seconds()
        )

    def breaker(self, model: str, outcomes: str = "") -> Breaker:
        """Return the breaker of a model at ``a``, after ``outcomes``: ``+`` is a good one."""
        breaker = self.a.breaker(model)
        assert breaker is not None
        for outcome in outcomes:
            (breaker.succeed if outcome == "+" else breaker.fail)(breaker.admit())
        return breaker

    def report(self) -> ProviderReport:
        """Return the report on ``a``."""
        return self.control.providers()[0]


class ProvidersTests(ControlTestCase):
    """Reports on providers."""

    def test_interface(self) -> None:
        """It is a control."""
        verifyObject(IControl, self.control)

    def test_unknown(self) -> None:
        """Of a provider that was neither checked nor asked nothing is known."""
        expected = ProviderReport(
            id="a",
            status="unknown",
            latency=None,
            error_rate=None,
            circuit="closed",
            last_check=None,
            in_flight=0,
            max_in_flight=1,
            queued=0,
            cooling_down=0.0,
            credentials_refused=0,
        )
        self.assertEqual(self.report(), expected)

    def test_order(self) -> None:
        """All are reported, in their order."""
        self.assertEqual([report.id for report in self.control.providers()], ["a", "b"])

    def test_healthy(self) -> None:
        """A good check makes it healthy; when that was is told as the time of day."""
        self.a.health.passed(0.25)
        self.clock.advance(7.0)
        report = self.report()
        self.assertEqual((report.status, report.latency), ("healthy", 0.25))
        self.assertEqual(report.last_check, EPOCH + 1000.0)

    def test_busy(self) -> None:
        """What is under way there is told, and how many wait until that is over."""
        self.a.places.take()
        self.a.load.begin()
        waiters = [Waiter("key", lambda places: None, lambda: None) for _ in range(2)]
        for waiter in waiters:
            waiter.wait_for([self.a.places])
        self.assertEqual((self.report().in_flight, self.report().queued), (1, 2))

    def test_called(self) -> None:
        """One that is not checked is healthy while its calls succeed, and not long after."""
        self.a.load.begin()
        self.a.load.succeed(0.1)
        self.assertEqual(self.report().status, "healthy")
        self.clock.advance(61.0)
        self.assertEqual(self.report().status, "unknown")

    def test_unhealthy(self) -> None:
        """Checks that fail make it unhealthy, whatever else is known."""
        self.breaker("m", "+")
        while not self.a.health.is_unhealthy:
            self.a.health.failed("refused")
        self.assertEqual(self.report().status, "unhealthy")

    def test_refused(self) -> None:
        """Without one of its credentials it is degraded, without any unhealthy."""
        self.a.health.passed(0.1)
        self.a.credentials.refuse(self.a.credentials.take())
        report = self.report()
        self.assertEqual((report.status, report.credentials_refused), ("degraded", 1))
        self.a.credentials.refuse(self.a.credentials.take())
        report = self.report()
        self.assertEqual((report.status, report.credentials_refused), ("unhealthy", 2))

    def test_cooling(self) -> None:
        """While none of its credentials may be used it is degraded, and for how long is told."""
        self.a.health.passed(0.1)
        self.a.credentials.cool(0, 30.0)
        self.assertEqual(self.report().status, "healthy")
        self.a.credentials.cool(1, 12.0)
        report = self.report()
        self.assertEqual((report.status, report.cooling_down), ("degraded", 12.0))

    def test_circuits(self) -> None:
        """One breaker that is not closed makes it degraded; the worst of all is told."""
        self.a.health.passed(0.1)
        self.breaker("m", "+")
        self.assertEqual((self.report().status, self.report().circuit), ("healthy", "closed"))
        half_open = self.breaker("n", "-")
        self.clock.advance(5.0)
        half_open.admit()
        self.assertEqual((self.report().status, self.report().circuit), ("degraded", "half_open"))
        self.breaker("o", "-")
        self.assertEqual((self.report().status, self.report().circuit), ("degraded", "open"))

    def test_error_rate(self) -> None:
        """The error rate is that of all models together, in the window of their breakers."""
        self.breaker("m", "+++")
        self.breaker("n", "-")
        self.assertEqual(self.report().error_rate, 0.25)
        self.clock.advance(60.0)
        self.assertIsNone(self.report().error_rate)


class BreakersTests(ControlTestCase):
    """Reports on breakers."""

    def test_none(self) -> None:
        """Models that were never asked have none."""
        self.assertEqual(self.control.breakers(), [])

    def test_reports(self) -> None:
        """Each tells its state, its counters, and while it is open how long it will be so."""
        self.breaker("m", "+-")
        self.clock.advance(1.0)
        self.breaker("n")
        opened = BreakerReport(
            provider="a",
            model="m",
            state="open",
            successes=1,
            failures=1,
            openings=1,
            reopens_in=4.0,
        )
        closed = BreakerReport(
            provider="a",
            model="n",
            state="closed",
            successes=0,
            failures=0,
            openings=0,
            reopens_in=None,
        )
        self.assertEqual(self.control.breakers(), [opened, closed])

    def test_half_open(self) -> None:
        """How long a probe takes nobody knows."""
        breaker = self.breaker("m", "-")
        self.clock.advance(5.0)
        breaker.admit()
        (report,) = self.control.breakers()
        self.assertEqual((report.state, report.reopens_in), ("half_open", None))


class ResetTests(ControlTestCase):
    """Resets of breakers."""

    def states(self) -> dict[str, str]:
        """Return the state of each breaker of ``a``."""
        return {report.model: report.state for report in self.control.breakers()}

    def setUp(self) -> None:
        super().setUp()
        self.breaker("m", "-")
        self.breaker("n", "-")

    def test_all(self) -> None:
        """Without a model all breakers of the provider close."""
        self.control.reset_breakers("a", None)
        self.assertEqual(self.states(), {"m": "closed", "n": "closed"})

    def test_one(self) -> None:
        """With a model its breaker closes, and no other."""
        self.control.reset_breakers("a", "n")
        self.assertEqual(self.states(), {"m": "open", "n": "closed"})

    def test_none_there(self) -> None:
        """A provider without any breaker yet has nothing to reset, which is no mistake."""
        self.control.reset_breakers("b", None)
        self.assertEqual(self.states(), {"m": "open", "n": "open"})

    def test_unknown(self) -> None:
        """A provider that is not there, and a model without a breaker, are not found."""
        for provider, model in (("c", None), ("c", "m"), ("b", "m"), ("a", "o"), ("a", "")):
            error = self.assertRaises(
                ResourceNotFound, self.control.reset_breakers, provider, model
            )
            self.assertEqual(error.code, "provider_not_found")
        self.assertEqual(self.states(), {"m": "open", "n": "open"})

    def test_logged(self) -> None:
        """It is in the log, with the number of breakers."""
        with capturedLogs() as events:
            self.control.reset_breakers("a", None)
        (event,) = [event for event in events if "count" in event]
        self.assertEqual((event["provider"], event["count"]), ("a", 2))
