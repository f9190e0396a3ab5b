"""What calls cost their providers."""

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import CLIENT_GONE, Verdict
from inference_gateway.exchange import COMPLETE, Attempt, ClientHints, Outcome
from inference_gateway.provider_errors import ProviderOverloaded
from inference_gateway.telemetry.attempt_metrics import AttemptMetrics
from tests.pipeline.chats import chat


class AttemptMetricsTests(SynchronousTestCase):
    """Series of attempts."""

    def setUp(self) -> None:
        self.registry = CollectorRegistry()
        self.metrics = AttemptMetrics(self.registry)

    def count(self, series: str) -> float:
        """Return the value of a series, its labels included; 0 if there is none."""
        name = f"inference_gateway_{series} ".encode()
        for line in generate_latest(self.registry).splitlines():
            if line.startswith(name):
                return float(line[len(name) :])
        return 0.0

    def test_first(self) -> None:
        """A call that was answered at once cost one attempt."""
        call = chat()
        call.attempts.append(Attempt(provider="p", model="m", started=0.0))
        call.attempts[0].complete(COMPLETE)
        for _ in range(2):
            self.metrics.complete(call)
        self.assertEqual(
            self.count('upstream_attempts_total{outcome="complete",provider="p"}'), 2.0
        )
        self.assertEqual(self.count("client_retries_total"), 0.0)

    def test_all_kinds(self) -> None:
        """Failures, retries, hedges, stand-ins and waits are each counted."""
        call = chat()
        call.model, call.fallback, call.queued = "m", "n", 0.3
        call.hints = ClientHints(retries=1)
        endings = (
            ("first", Outcome.of(ProviderOverloaded("busy"))),
            ("hedge", Outcome(verdict=Verdict.CLIENT_GONE, status=CLIENT_GONE)),
            ("fallback", COMPLETE),
        )
        for reason, outcome in endings:
            attempt = Attempt(provider="p", model="m", started=0.0, reason=reason)
            attempt.complete(outcome)
            attempt.outrun = reason == "hedge"
            call.attempts.append(attempt)
        call.attempts.append(Attempt(provider="q", model="m", started=0.0, reason="retry"))
        self.metrics.complete(call)
        for outcome_name in ("provider_overloaded", "outrun", "complete"):
            series = f'upstream_attempts_total{{outcome="{outcome_name}",provider="p"}}'
            self.assertEqual(self.count(series), 1.0, series)
        self.assertEqual(
            self.count('upstream_attempts_total{outcome="internal",provider="q"}'), 1.0
        )
        for reason in ("hedge", "fallback", "retry"):
            self.assertEqual(self.count(f'retries_total{{reason="{reason}"}}'), 1.0, reason)
        self.assertEqual(self.count('fallbacks_total{from="m",to="n"}'), 1.0)
        self.assertEqual(self.count("client_retries_total"), 1.0)
        self.assertEqual(self.count("queue_wait_seconds_count"), 1.0)
        self.assertEqual(self.count("queue_wait_seconds_sum"), 0.3)

    def test_gone(self) -> None:
        """An attempt that the client left is known as such."""
        call = chat()
        call.attempts.append(Attempt(provider="p", model="m", started=0.0))
        call.attempts[0].complete(Outcome(verdict=Verdict.CLIENT_GONE, status=CLIENT_GONE))
        self.metrics.complete(call)
        self.assertEqual(
            self.count('upstream_attempts_total{outcome="client_gone",provider="p"}'), 1.0
        )
