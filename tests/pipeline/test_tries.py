"""Who is asked after a failure, when, and how often."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.kinds import Secret
from inference_gateway.config.routing_settings import (
    BreakerSettings,
    FallbackSettings,
    ModelRouteSettings,
    RetrySettings,
    RoutingSettings,
)
from inference_gateway.errors import CircuitOpen, QueueFull
from inference_gateway.exchange import Call, ClientHints, Reply
from inference_gateway.provider_errors import (
    ProviderAuthFailed,
    ProviderError,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderTimeout,
)
from inference_gateway.routing.roster import Roster, RosterEntry
from inference_gateway.testing.doubles import FakeProvider
from tests.garbage import collect_garbage
from tests.pipeline.chats import answer, chat
from tests.pipeline.dispatching import dispatch_over
from tests.routing.rosters import entry


class Ticking(Clock):
    """A clock on which a millisecond passes whenever somebody looks at it."""

    def seconds(self) -> float:
        self.rightNow += 0.001
        return float(super().seconds())


class TriesTestCase(SynchronousTestCase):
    """Providers of one model, in the order in which they are tried first."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1.0)
        self.a, self.b = FakeProvider("a"), FakeProvider("b")
        self.serve(self.a, self.b)

    def tearDown(self) -> None:
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual([one.in_flight for one in self.roster], [0] * len(list(self.roster)))
        self.assertEqual([one.places.in_use for one in self.roster], [0] * len(list(self.roster)))
        collect_garbage()

    def serve(
        self,
        *providers: FakeProvider,
        routing: RoutingSettings | None = None,
        breaker: BreakerSettings | None = None,
        **settings: Any,
    ) -> None:
        """Begin anew with ``providers``."""
        self.entries: list[RosterEntry] = [
            entry(
                provider.id,
                {"m": "m"},
                provider=provider,
                clock=self.clock,
                breaker=breaker or BreakerSettings(enabled=False),
                **settings,
            )
            for provider in providers
        ]
        self.roster = Roster(self.entries)
        self.dispatch = dispatch_over(self.roster, self.clock, routing or RoutingSettings())

    def ask(self, call: Call | None = None) -> "Deferred[Reply]":
        """Send ``call``, or one that needs nothing special."""
        self.call = call or chat(received=self.clock.seconds())
        return Deferred.fromCoroutine(self.dispatch(self.call))

    def reasons(self) -> list[tuple[str, str]]:
        """Return who was asked, and why."""
        return [(attempt.provider, attempt.reason) for attempt in self.call.attempts]


class OrderTests(TriesTestCase):
    """Who is asked next."""

    def test_another(self) -> None:
        """After a failure another provider is asked at once."""
        self.a.script, self.b.script = [ProviderError("500")], [answer("b")]
        self.assertEqual(self.successResultOf(self.ask()).body, answer("b"))
        self.assertEqual(self.reasons(), [("a", "first"), ("b", "failover")])

    def test_same_again(self) -> None:
        """Where there is no other, the same one is asked again after a moment."""
        self.serve(self.a)
        self.a.script = [ProviderError("500"), answer("a")]
        asked = self.ask()
        self.assertNoResult(asked)
        self.clock.advance(0.1875)  # three quarters of the first backoff, as drawn here
        self.assertEqual(self.successResultOf(asked).body, answer("a"))
        self.assertEqual(self.reasons(), [("a", "first"), ("a", "retry")])

    def test_attempts(self) -> None:
        """There are no more attempts than configured, all others included."""
        self.a.script = [ProviderError("500"), ProviderError("500")]
        self.b.script = [ProviderOverloaded("503")]
        asked = self.ask()
        self.clock.advance(1.0)
        error = self.failureResultOf(asked, ProviderError).value
        self.assertEqual(self.reasons(), [("a", "first"), ("b", "failover"), ("a", "failover")])
        self.assertIs(error.should_retry, False)

    def test_silent(self) -> None:
        """A provider that kept silent is not asked again, even if nobody else is there."""
        self.serve(self.a)
        self.a.script = [ProviderTimeout("first_byte", 1.0)]
        self.failureResultOf(self.ask(), ProviderTimeout)
        self.assertEqual(len(self.a.attempts), 1)

    def test_silent_and_another(self) -> None:
        """Nor is it when the other one fails in a way that may pass."""
        self.a.script = [ProviderTimeout("first_byte", 1.0)]
        self.b.script = [ProviderError("500"), answer("b")]
        asked = self.ask()
        self.clock.advance(1.0)
        self.assertEqual(self.successResultOf(asked).body, answer("b"))
        self.assertEqual([attempt.provider for attempt in self.call.attempts], ["a", "b", "b"])

    def test_left_while_waiting(self) -> None:
        """A client that leaves before the next try causes none."""
        self.serve(self.a)
        self.a.script = [ProviderError("500")]
        asked = self.ask()
        asked.cancel()
        self.failureResultOf(asked)
        self.assertEqual(len(self.a.attempts), 1)


class RateLimitTests(TriesTestCase):
    """Providers that say 429."""

    def test_another(self) -> None:
        """Another provider is asked at once, and the first one is left alone for so long."""
        self.a.script = [ProviderRateLimited("429", retry_after=5.0), answer("a")]
        self.b.script = [answer("b") for _ in range(4)]
        for _ in range(3):
            self.assertEqual(self.successResultOf(self.ask()).body, answer("b"))
        self.clock.advance(5.0)
        for _ in range(2):
            self.successResultOf(self.ask())
        self.assertEqual((len(self.a.attempts), len(self.b.attempts)), (2, 4))

    def test_waited_out(self) -> None:
        """Where there is no other, the time is waited for."""
        self.serve(self.a)
        self.a.script = [ProviderRateLimited("429", retry_after=5.0), answer("a")]
        asked = self.ask()
        self.clock.advance(4.9)
        self.assertNoResult(asked)
        self.clock.advance(0.2)
        self.assertEqual(self.successResultOf(asked).body, answer("a"))

    def test_too_long(self) -> None:
        """A time beyond ``max_wait`` is the client's to wait for, and it is told how long."""
        self.serve(self.a)
        self.a.script = [ProviderRateLimited("429", retry_after=60.0)]
        error = self.failureResultOf(self.ask(), ProviderRateLimited).value
        self.assertEqual(error.retry_after, 60.0)
        self.assertIs(error.should_retry, None)

    def test_all_cooling(self) -> None:
        """Calls that come while all providers cool down are refused without asking anybody."""
        self.serve(self.a)
        self.a.script = [ProviderRateLimited("429", retry_after=60.0)]
        self.failureResultOf(self.ask(), ProviderRateLimited)
        self.clock.advance(20.0)
        error = self.failureResultOf(self.ask(), ProviderRateLimited).value
        self.assertEqual((error.retry_after, len(self.call.attempts)), (40.0, 0))

    def test_cooling_soon_over(self) -> None:
        """If that is nearly over they wait for it."""
        self.serve(self.a)
        self.a.script = [ProviderRateLimited("429", retry_after=60.0), answer("a")]
        self.failureResultOf(self.ask(), ProviderRateLimited)
        self.clock.advance(55.0)
        asked = self.ask()
        self.assertNoResult(asked)
        self.clock.advance(5.0)
        self.successResultOf(asked)

    def test_fallback_at_once(self) -> None:
        """A model that answers instead is asked rather than waiting."""
        models = {"m": ModelRouteSettings(fallbacks=FallbackSettings(error=("n",)))}
        self.serve(self.a, routing=RoutingSettings(models=models))
        stand_in = entry("b", {"n": "n"}, provider=self.b, clock=self.clock)
        self.roster = Roster([*self.entries, stand_in])
        self.dispatch = dispatch_over(self.roster, self.clock, RoutingSettings(models=models))
        self.a.script = [ProviderRateLimited("429", retry_after=1.0)]
        self.b.script = [answer("b", model="n")]
        self.successResultOf(self.ask())
        self.assertEqual(self.reasons(), [("a", "first"), ("b", "fallback")])


class UnusableTests(TriesTestCase):
    """Providers that are not asked at all."""

    def test_open(self) -> None:
        """An open breaker keeps calls away, and its model's calls are told when to come back."""
        self.serve(self.a, breaker=BreakerSettings(failures=2, open_for=5.0))
        self.a.script = [ProviderError("500"), ProviderError("500")]
        asked = self.ask()
        self.clock.advance(1.0)
        error = self.failureResultOf(asked, ProviderError).value
        self.assertEqual(len(self.a.attempts), 2)
        self.assertGreater(error.retry_after or 0.0, 0.0)
        refused = self.failureResultOf(self.ask(), CircuitOpen).value
        self.assertEqual(len(self.call.attempts), 0)
        self.assertTrue(0.0 < (refused.retry_after or 0.0) <= 6.0)
        self.assertIs(refused.should_retry, None)
        self.clock.advance(6.0)
        self.a.script = [answer("a")]
        self.successResultOf(self.ask())

    def test_no_time_left(self) -> None:
        """Whoever is refused has to wait, however soon the breaker lets somebody through."""
        for early in range(40):
            self.clock = Ticking()
            self.serve(self.a, breaker=BreakerSettings(failures=1, open_for=1.0))
            self.a.script = [ProviderError("500")]
            self.failureResultOf(self.ask(), ProviderError)
            self.clock.advance(0.95 + early / 1000)
            self.a.script = [answer("a")]
            while self.a.script:
                results: list[Any] = []
                self.ask().addBoth(results.append)
                if self.a.script:
                    self.assertIsInstance(results[0].value, CircuitOpen)
                    self.assertGreater(results[0].value.retry_after, 0.0)

    def test_one_probe(self) -> None:
        """Of a hundred calls that come when it might be well again one finds out for all."""
        self.serve(self.a, breaker=BreakerSettings(failures=1, open_for=5.0))
        self.a.script = [ProviderError("500")]
        self.failureResultOf(self.ask(), ProviderError)
        self.clock.advance(6.0)
        probed: Deferred[Any] = Deferred()
        self.a.script = [probed, *[answer("a")] * 100]
        first, *others = [self.ask() for _ in range(100)]
        for other in others:
            self.failureResultOf(other, CircuitOpen)
        self.assertEqual(len(self.a.attempts), 2)
        probed.callback(answer("a"))
        self.successResultOf(first)
        for _ in range(100):
            self.successResultOf(self.ask())

    def test_credential(self) -> None:
        """A provider that refuses the gateway's key is not asked with it again for a while."""
        self.serve(self.a)
        self.a.script = [ProviderAuthFailed("401")]
        self.failureResultOf(self.ask(), ProviderAuthFailed)
        self.failureResultOf(self.ask(), ProviderAuthFailed)
        self.assertEqual((len(self.a.attempts), len(self.call.attempts)), (1, 0))

    def test_other_key(self) -> None:
        """If it has another key for the provider the gateway asks with that, at once."""
        for error in (ProviderAuthFailed("401"), ProviderRateLimited("429", retry_after=60.0)):
            self.serve(self.a, api_keys=(Secret("one"), Secret("two")))
            self.a.script = [error, answer("a")]
            self.successResultOf(self.ask())
            self.assertEqual([attempt.credential for attempt in self.a.attempts[-2:]], [0, 1])

    def test_half_usable(self) -> None:
        """Who can be asked answers for who cannot."""
        self.a.script, self.b.script = [ProviderAuthFailed("401")], [answer("b")] * 4
        for _ in range(4):
            self.successResultOf(self.ask())
        self.assertEqual((len(self.a.attempts), len(self.b.attempts)), (1, 4))

    def test_full(self) -> None:
        """A call that finds no room and no place in the queue is refused at once."""
        self.serve(self.a, max_in_flight=1, max_queued=0)
        waiting: Deferred[Any] = Deferred()
        self.a.script = [waiting]
        first = self.ask()
        self.failureResultOf(self.ask(), QueueFull)
        waiting.callback(answer("a"))
        self.successResultOf(first)

    def test_queued(self) -> None:
        """One that finds a place there is answered when there is room."""
        self.serve(self.a, max_in_flight=1)
        waiting: Deferred[Any] = Deferred()
        self.a.script = [waiting, answer("second")]
        first = self.ask()
        second = self.ask()
        self.assertNoResult(second)
        self.clock.advance(2.0)
        waiting.callback(answer("first"))
        self.successResultOf(first)
        self.assertEqual(self.successResultOf(second).body, answer("second"))
        self.assertEqual(self.call.queued, 2.0)

    def test_unusable_when_there_is_room(self) -> None:
        """One whose provider fell out while it waited goes on as if it came now."""
        self.serve(self.a, max_in_flight=1)
        waiting: Deferred[Any] = Deferred()
        self.a.script = [waiting]
        first, second = self.ask(), self.ask()
        waiting.callback(ProviderAuthFailed("401"))
        self.failureResultOf(first, ProviderAuthFailed)
        self.failureResultOf(second, ProviderAuthFailed)
        self.assertEqual(len(self.a.attempts), 1)

    def test_room_elsewhere(self) -> None:
        """A provider with room goes before one without."""
        self.serve(self.a, self.b, max_in_flight=1)
        waiting: list[Deferred[Any]] = [Deferred(), Deferred()]
        self.a.script, self.b.script = [waiting[0]], [waiting[1]]
        asked = [self.ask(), self.ask()]
        self.assertEqual((len(self.a.attempts), len(self.b.attempts)), (1, 1))
        for one in waiting:
            one.callback(answer())
        for one in asked:
            self.successResultOf(one)


class MeanwhileTests(TriesTestCase):
    """What becomes of providers while a call waits for its next try."""

    def test_extended(self) -> None:
        """A rate limit that goes on is waited out as well."""
        self.serve(self.a)
        self.a.script = [ProviderRateLimited("429", retry_after=2.0), answer("a")]
        asked = self.ask()
        self.clock.advance(1.0)
        self.entries[0].credentials.cool(0, 3.0)
        self.clock.advance(1.0)
        self.assertNoResult(asked)
        self.clock.advance(2.0)
        self.successResultOf(asked)

    def test_refused(self) -> None:
        """One that refuses the gateway's key by then is not asked with it."""
        self.serve(self.a)
        self.a.script = [ProviderError("500")]
        asked = self.ask()
        self.entries[0].credentials.refuse(0)
        self.clock.advance(1.0)
        self.failureResultOf(asked, ProviderError)
        self.assertEqual(len(self.a.attempts), 1)

    def test_full(self) -> None:
        """One without room by then is waited for, and if it falls out meanwhile that is all."""
        self.serve(self.a, max_in_flight=1)
        other: Deferred[Any] = Deferred()
        self.a.script = [ProviderError("500"), other]
        asked = self.ask()
        call = self.call
        busy = self.ask()
        self.clock.advance(1.0)
        self.assertNoResult(asked)
        other.callback(ProviderAuthFailed("401"))
        self.failureResultOf(busy, ProviderAuthFailed)
        self.failureResultOf(asked, ProviderError)
        self.assertEqual(len(call.attempts), 1)


class BudgetTests(TriesTestCase):
    """What retries may cost."""

    def test_dead_fleet(self) -> None:
        """A thousand calls on providers of which none answers cost a fifth more, and a bit."""
        self.a.script = [ProviderError("500")] * 3000
        self.b.script = [ProviderError("500")] * 3000
        for _ in range(1000):
            asked = self.ask()
            self.clock.advance(0.01)
            asked.addErrback(lambda failure: failure.trap(ProviderError) and None)
        self.clock.advance(10.0)
        self.assertLessEqual(len(self.a.attempts) + len(self.b.attempts), 1210)

    def test_free(self) -> None:
        """Going over to a provider that answers costs nothing, however often it happens."""
        routing = RoutingSettings(retry=RetrySettings(budget_percent=0))
        self.serve(self.a, self.b, routing=routing)
        self.a.script = [answer("a"), *[ProviderError("500")] * 50]
        self.b.script = [answer("b")] * 100
        self.successResultOf(self.ask())
        for _ in range(100):
            self.clock.advance(0.05)
            self.assertEqual(self.successResultOf(self.ask()).body, answer("b"))
        self.assertGreater(len(self.a.attempts), 1)

    def test_clients_retries(self) -> None:
        """What a client sends again is no new work that would pay for more retries."""
        self.serve(self.a)
        self.a.script = [ProviderError("500")] * 100
        for _ in range(30):
            call = chat(received=self.clock.seconds())
            call.hints = ClientHints(retries=1)
            asked = self.ask(call)
            self.clock.advance(0.3)
            asked.addErrback(lambda failure: failure.trap(ProviderError) and None)
        self.clock.advance(1.0)
        self.assertLessEqual(len(self.a.attempts), 36)


class DeadlineTests(TriesTestCase):
    """How long all tries may take together."""

    def test_patience(self) -> None:
        """A client that says how long it waits is told what went wrong just before."""
        self.a.script = [Deferred()]
        call = chat(received=self.clock.seconds())
        call.hints = ClientHints(patience=3.0)
        asked = self.ask(call)
        self.clock.advance(2.8)
        self.assertNoResult(asked)
        self.clock.advance(0.1)
        self.assertEqual(self.failureResultOf(asked, ProviderTimeout).value.limit, "total")

    def test_no_time_to_wait(self) -> None:
        """What could only be asked after the deadline is not waited for."""
        self.serve(self.a)
        self.a.script = [ProviderRateLimited("429", retry_after=5.0)]
        call = chat(received=self.clock.seconds())
        call.hints = ClientHints(patience=3.0)
        self.failureResultOf(self.ask(call), ProviderRateLimited)
