"""A provider that is asked once."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.settings import TimeoutSettings
from inference_gateway.errors import Verdict
from inference_gateway.exchange import Reply
from inference_gateway.pipeline.attempt import run_attempt
from inference_gateway.provider_errors import ProviderTimeout
from inference_gateway.resilience.deadline import Deadline
from inference_gateway.routing.candidate import Candidate
from inference_gateway.testing.doubles import Answer, FakeProvider
from tests.garbage import collect_garbage
from tests.pipeline.chats import asked, chat
from tests.routing.rosters import entry

TIMEOUTS = TimeoutSettings(first_byte=10.0, first_token=20.0, idle=5.0, total=50.0)


class AttemptTestCase(SynchronousTestCase):
    """A provider that is asked once."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1.0)
        self.call = chat(stream=True, received=1.0)
        self.timeouts = TIMEOUTS
        #: Whether the provider is asked for streams only.
        self.rides = False
        #: What the provider calls the model that the client calls ``m``.
        self.own_name = "m"

    def tearDown(self) -> None:
        self.clock.advance(1.0)  # for which a body may go on behind its [DONE]
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.entry.in_flight, 0)
        collect_garbage()

    def ask(
        self, answer: "Answer | Deferred[Answer]", *, deadline: float = 600.0
    ) -> "Deferred[Reply]":
        """Try a provider that does as ``answer`` says; ``deadline`` is the call's own."""
        self.provider = FakeProvider("p", answer)
        self.provider.always_streams = self.rides
        self.entry = entry("p", provider=self.provider, clock=self.clock, timeouts=self.timeouts)
        self.entry.places.take()
        running = run_attempt(
            self.call,
            asked(self.call),
            Candidate(self.entry, self.own_name),
            self.clock,
            Deadline.after(self.call.received, "total", deadline),
            public="public-name",
            limits=self.timeouts,
        )
        return Deferred.fromCoroutine(running)

    def verdict(self) -> Verdict | None:
        """Return how the attempt ended."""
        (attempt,) = self.call.attempts
        return None if attempt.outcome is None else attempt.outcome.verdict

    def limit(self, asked: "Deferred[Reply]") -> str:
        """Return the limit that ended the attempt."""
        error = self.failureResultOf(asked, ProviderTimeout).value
        self.assertEqual(self.verdict(), f"{error.limit}_timeout")
        return str(error.limit)
