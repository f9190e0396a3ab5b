"""Every Prometheus series of the gateway, in one place.

Label values come from the configuration and from closed lists only, so no client can make
the number of series grow. One registry per service: nothing is global.
"""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics
from prometheus_client.exposition import generate_latest

from inference_gateway import __version__
from inference_gateway.errors import Verdict
from inference_gateway.exchange import Call, Outcome
from inference_gateway.telemetry.attempt_metrics import AttemptMetrics
from inference_gateway.telemetry.histogram import HistogramFamily
from inference_gateway.telemetry.tally import Tally, TallyFamily

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_DURATIONS = [0.01 * 2**step for step in range(17)]
_FIRST_TOKENS = [
    *(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5),
    *(0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 30.0, 60.0, 120.0),
]
_TOKENS = [4**step for step in range(14)]
_OVERHEADS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0]
_GEN_AI_LABELS = ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model"]


class _ModelSeries:
    """The children of the histograms for one operation, provider and model, looked up once."""

    __slots__ = ("duration", "first_token", "input_tokens", "output_tokens")

    def __init__(self, metrics: "Metrics", operation: str, provider: str, model: str) -> None:
        labels = (operation, provider, model)
        self.duration = metrics.duration.labels(*labels)
        self.first_token = metrics.first_token.labels(*labels)
        self.input_tokens = metrics.tokens.labels("input", *labels)
        self.output_tokens = metrics.tokens.labels("output", *labels)


class Metrics:
    """The series, and how a completed call is counted."""

    def __init__(self) -> None:
        # a `_created` sample for each series would double what is scraped and tell nothing
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self.requests = self._tallies(
            "http_requests", "Requests answered or refused.", "route", "method", "status"
        )
        #: Requests being served now.
        self.calls_in_flight = 0
        self._gauge("http_inflight_requests", "Requests being served now.").set_function(
            lambda: self.calls_in_flight
        )
        self.refusals = self._tallies(
            "rejected", "Requests refused before any provider was asked.", "reason"
        )
        self.verdicts = self._tallies("stream_end", "Streamed calls by how they ended.", "verdict")
        self._overhead = self._histogram(
            "inference_gateway_overhead_seconds",
            "Time a model call spent in the gateway itself.",
            _OVERHEADS,
        ).labels()
        self.dropped_events = self._counter(
            "dropped_events", "Malformed stream events left out of an answer."
        )
        self.dropped_fields = self._counter(
            "dropped_fields", "Request fields that would choose a destination, not forwarded."
        )
        self.connections = self._gauge("open_connections", "Client connections open now.")
        self.refused_connections = self._counter(
            "refused_connections", "Client connections closed because of a cap."
        )
        self.dropped_log_lines = self._gauge(
            "dropped_log_lines", "Log lines lost because nobody read them in time."
        )
        self.reactor_lag = self._gauge(
            "reactor_lag_seconds", "How late the event loop last ran a timer."
        )
        self.discovered_models = self._gauge(
            "discovered_models", "Models in a provider's last good list.", "provider"
        )
        self.discovery_failures = self._tallies(
            "discovery_failures", "Questions for a provider's models without a list.", "provider"
        )
        self.generation = self._gauge("config_generation", "Generation of the configuration.")
        self._gauge("build_info", "The version that runs.", "version").labels(__version__).set(1)
        self.duration = self._histogram(
            "gen_ai_server_request_duration_seconds",
            "Duration of a model call, from its head to the last byte of its answer.",
            _DURATIONS,
            *_GEN_AI_LABELS,
        )
        self.first_token = self._histogram(
            "gen_ai_server_time_to_first_token_seconds",
            "Time from a request's head to the first content of its answer.",
            _FIRST_TOKENS,
            *_GEN_AI_LABELS,
        )
        self.tokens = self._histogram(
            "gen_ai_client_token_usage",
            "Tokens per call.",
            _TOKENS,
            "gen_ai_token_type",
            *_GEN_AI_LABELS,
        )
        self._attempts = AttemptMetrics(self.registry)
        self._requests: dict[tuple[str, str, int], Tally] = {}
        self._models: dict[tuple[str, str, str], _ModelSeries] = {}

    def _counter(self, name: str, meaning: str) -> Counter:
        return Counter(f"inference_gateway_{name}", meaning, registry=self.registry)

    def _tallies(self, name: str, meaning: str, *labels: str) -> TallyFamily:
        return TallyFamily(f"inference_gateway_{name}", meaning, labels, self.registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(f"inference_gateway_{name}", meaning, labels, registry=self.registry)

    def _histogram(
        self, name: str, meaning: str, bounds: Sequence[float], *labels: str
    ) -> HistogramFamily:
        return HistogramFamily(name, meaning, labels, bounds, self.registry)

    def complete(self, call: Call, outcome: Outcome, now: float, overhead: float) -> None:
        """Count ``call``, which ended with ``outcome`` at ``now``."""
        self.calls_in_flight -= 1
        method = call.method if call.method in _METHODS else "other"
        key = (call.route, method, outcome.status)
        requests = self._requests.get(key)
        if requests is None:
            requests = self._requests[key] = self.requests.labels(
                call.route, method, str(outcome.status)
            )
        requests.count += 1
        if outcome.error is not None and outcome.verdict is Verdict.REFUSED:
            self.refusals.labels(outcome.error.error_type).count += 1
        if not call.operation:
            return
        if call.dropped_events:
            self.dropped_events.inc(call.dropped_events)
        if call.request is not None and call.request.dropped:
            self.dropped_fields.inc(len(call.request.dropped))
        if call.stream:
            self.verdicts.labels(outcome.verdict.value).count += 1
        answering = call.answering_attempt
        if answering is not None:
            self._complete_model_call(call, answering.provider, now, overhead)

    def _complete_model_call(self, call: Call, provider: str, now: float, overhead: float) -> None:
        self._attempts.complete(call)
        key = (call.operation, provider, call.model)
        series = self._models.get(key)
        if series is None:
            series = self._models[key] = _ModelSeries(self, *key)
        series.duration.observe(now - call.received)
        self._overhead.observe(overhead)
        if call.first_content_at is not None:
            series.first_token.observe(call.first_content_at - call.received)
        if call.usage is not None:
            series.input_tokens.observe(call.usage.input_tokens)
            series.output_tokens.observe(call.usage.output_tokens)

    def expose(self) -> bytes:
        """All series in Prometheus' text format."""
        return generate_latest(self.registry)
