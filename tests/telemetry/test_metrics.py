"""The series: what a call adds to them, and what no client can add."""

from prometheus_client.parser import text_string_to_metric_families
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway import __version__
from inference_gateway.errors import ClientGone, Unauthenticated, Verdict
from inference_gateway.exchange import Call, Outcome
from inference_gateway.provider_errors import ProviderUnavailable
from inference_gateway.telemetry.metrics import Metrics
from tests.pipeline.chats import chat
from tests.telemetry.calls import COMPLETE, plain, served

GEN_AI = {
    "gen_ai_operation_name": "chat",
    "gen_ai_provider_name": "b",
    "gen_ai_request_model": "m",
}


class MetricsTestCase(SynchronousTestCase):
    """Metrics, read as Prometheus reads them."""

    def setUp(self) -> None:
        self.metrics = Metrics()

    def value(self, sample: str, **labels: str) -> float | None:
        """Return the value of one sample, None if it is not exposed."""
        for family in text_string_to_metric_families(self.metrics.expose().decode()):
            for found in family.samples:
                if found.name == sample and found.labels == labels:
                    return float(found.value)
        return None

    def complete(self, call: Call, outcome: Outcome = COMPLETE, now: float = 11.0) -> None:
        """Record a call from its beginning to its end."""
        self.metrics.calls_in_flight += 1
        self.metrics.complete(call, outcome, now, call.overhead(now))


class CallTests(MetricsTestCase):
    """What a call adds."""

    def test_requests(self) -> None:
        """Every call is counted by route, method and status."""
        self.complete(plain(route="/healthz"))
        self.complete(plain(route="/healthz"))
        self.assertEqual(
            self.value(
                "inference_gateway_http_requests_total",
                route="/healthz",
                method="GET",
                status="200",
            ),
            2.0,
        )

    def test_in_flight(self) -> None:
        """A call is in flight from its beginning to its end."""
        self.metrics.calls_in_flight += 1
        self.assertEqual(self.value("inference_gateway_http_inflight_requests"), 1.0)
        self.complete(plain())
        self.assertEqual(self.value("inference_gateway_http_inflight_requests"), 1.0)

    def test_model_call(self) -> None:
        """A model call adds duration, time to first token, tokens and overhead."""
        self.complete(served())
        for sample, expected in (
            ("gen_ai_server_request_duration_seconds", 1.0),
            ("gen_ai_server_time_to_first_token_seconds", 0.5),
        ):
            self.assertEqual(self.value(f"{sample}_sum", **GEN_AI), expected)
            self.assertEqual(self.value(f"{sample}_count", **GEN_AI), 1.0)
        for kind, tokens in (("input", 7.0), ("output", 3.0)):
            self.assertEqual(
                self.value("gen_ai_client_token_usage_sum", gen_ai_token_type=kind, **GEN_AI),
                tokens,
            )
        overhead = self.value("inference_gateway_overhead_seconds_sum")
        assert overhead is not None
        self.assertAlmostEqual(overhead, 0.4)

    def test_buckets(self) -> None:
        """An observation is in every bucket from its own upwards."""
        self.complete(served())
        for bound, count in (("0.64", 0.0), ("1.28", 1.0), ("+Inf", 1.0)):
            self.assertEqual(
                self.value("gen_ai_server_request_duration_seconds_bucket", le=bound, **GEN_AI),
                count,
                bound,
            )

    def test_several(self) -> None:
        """Calls add up."""
        self.complete(served())
        self.complete(served(), now=12.0)
        self.assertEqual(self.value("gen_ai_server_request_duration_seconds_sum", **GEN_AI), 3.0)

    def test_nothing_came(self) -> None:
        """A call without content or usage adds neither."""
        self.complete(served(first_content_at=None, usage=None))
        self.assertIn(
            self.value("gen_ai_server_time_to_first_token_seconds_count", **GEN_AI), (0.0, None)
        )

    def test_verdicts(self) -> None:
        """Streams are counted by how they ended, plain calls are not."""
        self.complete(served(), Outcome.of(ClientGone("left")))
        self.complete(chat(received=10.0))
        self.assertEqual(
            self.value("inference_gateway_stream_end_total", verdict="client_gone"), 1.0
        )
        self.assertIsNone(self.value("inference_gateway_stream_end_total", verdict="complete"))

    def test_refusals(self) -> None:
        """What is refused before any provider was asked is counted by its reason."""
        self.complete(plain(), Outcome.of(Unauthenticated("no", code="missing_api_key")))
        self.complete(served(), Outcome.of(ProviderUnavailable("refused")))
        self.assertEqual(
            self.value("inference_gateway_rejected_total", reason="policy_unauthenticated"), 1.0
        )
        self.assertIsNone(
            self.value("inference_gateway_rejected_total", reason="provider_connection_failed")
        )

    def test_dropped(self) -> None:
        """Dropped events and dropped fields are counted."""
        call = chat(received=10.0, api_base="http://evil", api_key="k")
        call.dropped_events = 3
        self.complete(call)
        self.assertEqual(self.value("inference_gateway_dropped_events_total"), 3.0)
        self.assertEqual(self.value("inference_gateway_dropped_fields_total"), 2.0)


class BoundedTests(MetricsTestCase):
    """No client can make the metrics grow."""

    def test_hostile_names(self) -> None:
        """A thousand models, paths and methods that nobody knows add no series."""
        refused = Outcome(verdict=Verdict.REFUSED, status=404)
        self.complete(chat("model", received=10.0), refused)
        self.complete(plain("X", "/path"), refused)
        before = len(self.metrics.expose().splitlines())
        for number in range(1000):
            self.complete(chat(f"model-{number}", received=10.0), refused)
            self.complete(plain(f"METHOD{number}", f"/path/{number}"), refused)
        self.assertEqual(len(self.metrics.expose().splitlines()), before)

    def test_unknown_method(self) -> None:
        """A method that is none is counted as other."""
        self.complete(plain("BREW"))
        self.assertEqual(
            self.value(
                "inference_gateway_http_requests_total",
                route="other",
                method="other",
                status="200",
            ),
            1.0,
        )


class ProcessTests(MetricsTestCase):
    """What is not about calls."""

    def test_build(self) -> None:
        """The version that runs is told."""
        self.assertEqual(self.value("inference_gateway_build_info", version=__version__), 1.0)

    def test_registries(self) -> None:
        """Two gateways in one process do not share their series."""
        self.complete(plain())
        self.assertIsNone(
            next(
                (
                    sample
                    for family in text_string_to_metric_families(Metrics().expose().decode())
                    for sample in family.samples
                    if sample.name == "inference_gateway_http_requests_total"
                ),
                None,
            )
        )
