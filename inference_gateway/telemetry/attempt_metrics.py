"""What calls cost their providers: attempts, retries, stand-ins and waits.

Counted when a call is over, from what is written on it.
"""

from prometheus_client import CollectorRegistry

from inference_gateway.errors import Verdict
from inference_gateway.exchange import COMPLETE, Attempt, Call
from inference_gateway.telemetry.histogram import HistogramFamily
from inference_gateway.telemetry.tally import Tally, TallyFamily

_WAITS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0]
#: The outcome of an attempt that was given up because another one was faster.
_OUTRUN = "outrun"


class AttemptMetrics:
    """The series, and how a call that is over is counted."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._attempts = TallyFamily(
            "inference_gateway_upstream_attempts",
            "Attempts at providers by how they ended.",
            ("provider", "outcome"),
            registry,
        )
        self._retries = TallyFamily(
            "inference_gateway_retries",
            "Attempts after the first one of a call, by why they were made.",
            ("reason",),
            registry,
        )
        self._fallbacks = TallyFamily(
            "inference_gateway_fallbacks",
            "Calls that another model answered than the one asked for.",
            ("from", "to"),
            registry,
        )
        self._client_retries = TallyFamily(
            "inference_gateway_client_retries",
            "Calls that a client says it has sent before.",
            (),
            registry,
        ).labels()
        self._waits = HistogramFamily(
            "inference_gateway_queue_wait_seconds",
            "How long calls waited for a provider that had no room at first.",
            (),
            _WAITS,
            registry,
        ).labels()
        #: Attempts that went well, by provider: nearly all.
        self._complete: dict[str, Tally] = {}

    def complete(self, call: Call) -> None:
        """Count the attempts of ``call``, which has at least one."""
        for attempt in call.attempts:
            outcome = attempt.outcome
            if outcome is COMPLETE:
                tally = self._complete.get(attempt.provider)
                if tally is None:
                    tally = self._attempts.labels(attempt.provider, Verdict.COMPLETE.value)
                    self._complete[attempt.provider] = tally
            else:
                tally = self._attempts.labels(attempt.provider, _ending(attempt))
            tally.count += 1
            if attempt.reason != "first":
                self._retries.labels(attempt.reason).count += 1
        if call.fallback:
            self._fallbacks.labels(call.model, call.fallback).count += 1
        if call.queued:
            self._waits.observe(call.queued)
        if call.hints.retries:
            self._client_retries.count += 1


def _ending(attempt: Attempt) -> str:
    if attempt.outrun:
        return _OUTRUN
    outcome = attempt.outcome
    if outcome is None:
        return Verdict.INTERNAL.value
    return outcome.verdict.value if outcome.error is None else outcome.error.error_type
