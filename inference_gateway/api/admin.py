"""What administrators ask: how the providers do, what their circuit breakers do; and resets.

It shows what `IControl` reports and decides nothing.
"""

from typing import Any
from urllib.parse import parse_qs

from klein import Klein

from inference_gateway.api.respond import Responder
from inference_gateway.api.responses import QueriedRequest
from inference_gateway.api.web_request import WebRequest
from inference_gateway.errors import InvalidRequest
from inference_gateway.interfaces import BreakerReport, IControl, ProviderReport
from inference_gateway.telemetry.accesslog import timestamp


class Admin:
    """Providers and circuit breakers, for those who run the gateway."""

    app = Klein()

    def __init__(self, control: IControl, responder: Responder) -> None:
        self._control = control
        self._responder = responder

    @app.route("/health/providers", methods=["GET"])
    async def providers(self, request: WebRequest) -> None:
        """Answer with the state of every provider."""
        value = {"providers": [_provider(report) for report in self._control.providers()]}
        self._responder.json(request, request.call, value)

    @app.route("/admin/circuit-breakers", methods=["GET"])
    async def breakers(self, request: WebRequest) -> None:
        """Answer with the state of every circuit breaker."""
        value = {"circuit_breakers": [_breaker(report) for report in self._control.breakers()]}
        self._responder.json(request, request.call, value)

    @app.route("/admin/circuit-breakers/<provider_id>/reset", methods=["POST"])
    async def reset(self, request: QueriedRequest, provider_id: str) -> None:
        """Close the breakers of a provider, or that of the one ``model`` that the query names.

        Raises `ResourceNotFound` for one that is not there.
        """
        self._control.reset_breakers(provider_id, _model(request.uri))
        self._responder.whole(request, request.call, b"", status=204)


def _model(target: bytes) -> str | None:
    query = target.partition(b"?")[2].decode("ascii", "replace")
    models = parse_qs(query, keep_blank_values=True).get("model", [None])
    if len(models) > 1:
        raise InvalidRequest("model must not be given more than once", param="model")
    return models[0]


def _provider(report: ProviderReport) -> dict[str, Any]:
    checked = report.last_check
    return {
        "id": report.id,
        "status": report.status,
        "latency_ms": None if report.latency is None else round(report.latency * 1000, 1),
        "error_rate": None if report.error_rate is None else round(report.error_rate, 4),
        "circuit_breaker_state": report.circuit,
        "last_check": None if checked is None else timestamp(checked),
        "in_flight": report.in_flight,
        "max_in_flight": report.max_in_flight,
        "queued": report.queued,
        "cooling_down_s": round(report.cooling_down, 3),
        "credentials_refused": report.credentials_refused,
    }


def _breaker(report: BreakerReport) -> dict[str, Any]:
    wait = report.reopens_in
    return {
        "provider": report.provider,
        "model": report.model,
        "state": report.state,
        "failures": report.failures,
        "successes": report.successes,
        "openings": report.openings,
        "reopens_in_s": None if wait is None else round(wait, 3),
    }
