"""The state of every provider, read when somebody asks for the metrics.

What a provider is doing is known already; nothing is counted twice.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from inference_gateway.interfaces import CircuitState, IControl, ProviderStatus

_PREFIX = "inference_gateway_"
#: As numbers that grow with the trouble.
_STATES: dict[ProviderStatus, int] = {"healthy": 0, "unknown": 0, "degraded": 1, "unhealthy": 2}
_CIRCUITS: dict[CircuitState, int] = {"closed": 0, "half_open": 1, "open": 2}


class ProviderGauges(Collector):
    """Reads the reports of ``control``; the labels are the providers' ids."""

    def __init__(self, control: IControl, registry: CollectorRegistry) -> None:
        self._control = control
        registry.register(self)

    def describe(self) -> list[Metric]:
        """Return none: the registry need not read the reports to know the names."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        state = _gauge("provider_state", "0: healthy or unknown, 1: degraded, 2: unhealthy.")
        up = _gauge("provider_up", "Whether the provider is not known to be unhealthy.")
        in_flight = _gauge("provider_inflight", "Attempts that the provider has now.")
        queued = _gauge("queue_depth", "Calls that wait for the provider to have room.")
        circuit = _gauge(
            "circuit_state", "The worst of the provider's breakers: 0 closed, 1 half open, 2 open."
        )
        refused = _gauge(
            "provider_credentials_refused", "The gateway's credentials that it does not accept."
        )
        cooling = _gauge(
            "provider_cooldown_seconds", "How long the provider is left alone because of a limit."
        )
        openings = CounterMetricFamily(
            f"{_PREFIX}circuit_openings",
            "How often breakers of the provider have opened.",
            labels=["provider"],
        )
        for report in self._control.providers():
            label = [report.id]
            state.add_metric(label, _STATES[report.status])
            up.add_metric(label, report.status != "unhealthy")
            in_flight.add_metric(label, report.in_flight)
            queued.add_metric(label, report.queued)
            circuit.add_metric(label, _CIRCUITS[report.circuit])
            refused.add_metric(label, report.credentials_refused)
            cooling.add_metric(label, report.cooling_down)
        opened: dict[str, int] = {}
        for breaker in self._control.breakers():
            opened[breaker.provider] = opened.get(breaker.provider, 0) + breaker.openings
        for provider, count in opened.items():
            openings.add_metric([provider], count)
        yield from (state, up, in_flight, queued, circuit, refused, cooling, openings)


def _gauge(name: str, meaning: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(_PREFIX + name, meaning, labels=["provider"])
