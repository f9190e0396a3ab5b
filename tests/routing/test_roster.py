"""The roster: what is known of each provider now."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.routing_settings import BreakerSettings
from inference_gateway.errors import ClientGone, GatewayError, InvalidRequest
from inference_gateway.exchange import COMPLETE, Attempt, Outcome
from inference_gateway.provider_errors import (
    ProviderAuthFailed,
    ProviderError,
    ProviderInvalidAnswer,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from inference_gateway.resilience.breaker import Breaker
from tests.routing.rosters import entry, roster


class RosterTests(SynchronousTestCase):
    """Providers in the order of the configuration."""

    def test_order(self) -> None:
        """It yields its entries in the order in which they were given."""
        self.assertEqual([found.id for found in roster(b=(), a=(), c=())], ["b", "a", "c"])

    def test_by_id(self) -> None:
        """An entry is found by its provider's id."""
        self.assertEqual(roster(a=(), b=())["b"].provider.id, "b")
        self.assertRaises(KeyError, roster(a=()).__getitem__, "x")
        self.assertIsNone(roster(a=()).get("x"))


class EntryTests(SynchronousTestCase):
    """What one provider is busy with, and what its attempts tell of it."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1.0)
        breaker = BreakerSettings(failures=1)
        self.entry = entry("p", clock=self.clock, breaker=breaker, max_in_flight=2)

    def begin(self) -> Attempt:
        """Return an attempt that has begun."""
        self.assertTrue(self.entry.places.take())
        attempt = Attempt(provider="p", model="m", started=self.clock.seconds())
        self.entry.occupy(attempt, "m")
        return attempt

    def end(self, error: GatewayError | None = None) -> None:
        """Let an attempt take a second and end so."""
        attempt = self.begin()
        self.clock.advance(1.0)
        attempt.complete(COMPLETE if error is None else Outcome.of(error))

    def breaker(self) -> Breaker:
        """Return the breaker of the only model."""
        return self.entry.breakers["m"]

    def test_in_flight(self) -> None:
        """An attempt counts from when it occupies the provider until it completes, once."""
        attempts = [self.begin() for _ in range(2)]
        self.assertEqual((self.entry.in_flight, self.entry.places.has_room), (2, False))
        for _ in range(2):
            attempts[0].complete(COMPLETE)
        self.assertEqual((self.entry.in_flight, self.entry.places.has_room), (1, True))
        attempts[1].complete(COMPLETE)

    def test_success(self) -> None:
        """An answer counts for the breaker and for the time that answers take."""
        self.end()
        self.assertEqual((self.breaker().successes, self.breaker().failures), (1, 0))
        self.assertEqual(self.entry.load.last_success, 2.0)

    def test_failures(self) -> None:
        """What tells that the provider is in trouble opens the breaker, and counts as load."""
        for error in (
            ProviderError("500"),
            ProviderUnavailable("refused"),
            ProviderTimeout("idle", 1.0),
            ProviderInvalidAnswer("html"),
        ):
            self.setUp()
            self.end(error)
            self.assertFalse(self.breaker().is_ready())
            self.assertGreater(self.entry.load.failure_load(), 0.0)

    def test_nobodys_fault(self) -> None:
        """A caller's mistake and a client that left tell nothing."""
        for error in (
            ProviderRejected("bad", status=400),
            ProviderRejected("no such model", status=404),
            ClientGone("left"),
            InvalidRequest("a bad field"),
        ):
            self.end(error)
            self.assertTrue(self.breaker().is_ready())
            self.assertTrue(self.entry.credentials.is_ready())
            self.assertEqual(self.entry.load.failure_load(), 0.0)

    def test_rate_limit(self) -> None:
        """A rate limit lets the provider cool down for as long as it says, within reason."""
        for said, seconds in ((5.0, 5.0), (None, 1.0), (1e9, 600.0)):
            self.setUp()
            self.end(ProviderRateLimited("429", retry_after=said))
            self.assertTrue(self.breaker().is_ready())
            self.assertEqual(self.entry.credentials.ready_in(), seconds)

    def test_refused(self) -> None:
        """A credential that is refused is out."""
        self.end(ProviderAuthFailed("401"))
        self.assertTrue(self.breaker().is_ready())
        self.assertTrue(self.entry.credentials.are_refused)

    def test_first_content(self) -> None:
        """Of a stream the time to its first content counts, not how long it went on."""
        attempt = self.begin()
        attempt.first_content_at = self.clock.seconds() + 0.5
        self.clock.advance(100.0)
        attempt.complete(COMPLETE)
        self.assertLess(self.entry.load.score(), 1.0)

    def test_no_breaker(self) -> None:
        """Where breakers are switched off there is none."""
        self.entry = entry("p", clock=self.clock, breaker=BreakerSettings(enabled=False))
        for _ in range(20):
            self.end(ProviderError("500"))
        self.assertEqual((self.entry.breakers, self.entry.breaker("m")), ({}, None))

    def test_most_breakers(self) -> None:
        """However many models clients make up, only so many breakers are kept; closed ones go."""
        self.end(ProviderError("500"))
        for number in range(2000):
            self.entry.breaker(f"made-up-{number}")
        self.assertEqual(len(self.entry.breakers), 1000)
        self.assertFalse(self.breaker().is_ready())
        for breaker in self.entry.breakers.values():
            breaker.fail(breaker.admit())
        self.entry.breaker("one-more")
        self.assertEqual(len(self.entry.breakers), 1000)
        self.assertNotIn("m", self.entry.breakers)

    def test_one_breaker(self) -> None:
        """Each model has one breaker; one that was forgotten changes nothing any more."""
        first = self.entry.breaker("m")
        assert first is not None
        self.assertIs(self.entry.breaker("m"), first)
        del self.entry.breakers["m"]
        first.fail(first.admit())
        self.assertEqual(self.entry.broken, {})

    def test_echo(self) -> None:
        """The faults that the built-in provider plays tell nothing of it."""
        self.entry = entry("echo", clock=self.clock, type="echo")
        for error in (ProviderError("500"), ProviderRateLimited("429"), ProviderAuthFailed("401")):
            for _ in range(10):
                self.end(error)
        self.assertTrue(self.entry.credentials.is_ready())
        self.assertEqual((self.entry.breakers, self.entry.load.failure_load()), ({}, 0.0))
        self.assertEqual(self.entry.in_flight, 0)

    def test_question(self) -> None:
        """A question beside the models uses a credential and neither a place nor a breaker."""
        attempt = Attempt(provider="p", model="", started=1.0)
        self.entry.accompany(attempt)
        self.assertEqual((self.entry.in_flight, self.entry.places.in_use), (1, 0))
        attempt.complete(Outcome.of(ProviderAuthFailed("401")))
        self.assertEqual((self.entry.in_flight, self.entry.breakers), (0, {}))
        self.assertTrue(self.entry.credentials.are_refused)
