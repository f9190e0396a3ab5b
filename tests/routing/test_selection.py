"""Who of a group can be asked now, and what to say when nobody can."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.routing_settings import BreakerSettings
from inference_gateway.errors import CircuitOpen
from inference_gateway.provider_errors import ProviderAuthFailed, ProviderRateLimited
from inference_gateway.routing.candidate import Candidate
from inference_gateway.routing.selection import is_usable, ready_in, refusal, usable, usable_in
from tests.routing.rosters import entry


class SelectionTests(SynchronousTestCase):
    """Three providers, some of which are out."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1.0)
        breaker = BreakerSettings(failures=1, open_for=10.0)
        self.a, self.b, self.c = self.group = [
            Candidate(entry(id, clock=self.clock, breaker=breaker), "m") for id in "abc"
        ]

    def open(self, candidate: Candidate) -> None:
        """Let the breaker of ``candidate`` open."""
        breaker = candidate.entry.breaker(candidate.upstream_model)
        assert breaker is not None
        breaker.fail(breaker.admit())

    def test_all(self) -> None:
        """A group that is well is used as it is, without another one being made."""
        self.assertIs(usable(self.group), self.group)

    def test_some(self) -> None:
        """Who is out is left out, in the order of the others."""
        self.open(self.a)
        self.c.entry.credentials.cool(0, 5.0)
        self.assertEqual(list(usable(self.group)), [self.b])
        self.assertEqual([is_usable(one) for one in self.group], [False, True, False])

    def test_waits(self) -> None:
        """Everybody's time is known; only a rate limit is worth a call's waiting."""
        self.open(self.a)
        self.c.entry.credentials.cool(0, 5.0)
        self.assertEqual([ready_in(one) for one in self.group], [None, 0.0, 5.0])
        self.assertEqual([usable_in(one) for one in self.group], [10.0, 0.0, 5.0])

    def test_probing(self) -> None:
        """While one call probes a provider the others are told to come back soon."""
        self.open(self.a)
        self.clock.advance(20.0)
        breaker = self.a.entry.broken["m"]
        breaker.admit()
        self.assertEqual((is_usable(self.a), usable_in(self.a)), (False, 1.0))

    def test_open(self) -> None:
        """Breakers that are open are the reason, with the time of the first that is not."""
        for one in self.group:
            self.open(one)
            self.clock.advance(1.0)
        error = refusal(self.group)
        self.assertIsInstance(error, CircuitOpen)
        self.assertEqual(error.retry_after, 7.0)

    def test_limited(self) -> None:
        """A rate limit is the reason where it ends first."""
        self.open(self.a)
        self.b.entry.credentials.cool(0, 3.0)
        self.c.entry.credentials.cool(0, 30.0)
        error = refusal(self.group)
        self.assertIsInstance(error, ProviderRateLimited)
        self.assertEqual(error.retry_after, 3.0)

    def test_refused(self) -> None:
        """The gateway's credentials are the reason where nobody accepts them."""
        for one in self.group:
            one.entry.credentials.refuse(0)
        self.assertIsInstance(refusal(self.group), ProviderAuthFailed)
        self.assertEqual([ready_in(one) for one in self.group], [None, None, None])
