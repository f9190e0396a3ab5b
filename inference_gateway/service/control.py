"""What administrators see of the providers, and what they may change: `IControl` over the roster.

It only reads what the parts of each entry know. How that is asked for and shown is `api.admin`.
"""

from collections.abc import Callable, Sequence

import attrs
from twisted.logger import Logger
from zope.interface import implementer

from inference_gateway.errors import ResourceNotFound
from inference_gateway.interfaces import (
    BreakerReport,
    CircuitState,
    IControl,
    ProviderReport,
    ProviderStatus,
)
from inference_gateway.resilience.breaker import Breaker, BreakerState
from inference_gateway.routing.roster import Roster, RosterEntry

#: Where one word stands for many breakers, the first of these that any of them is in.
_WORST_FIRST = (BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.CLOSED)
#: Seconds for which a success speaks for a provider that nothing else is known of.
_RECENT = 60.0


@implementer(IControl)
@attrs.frozen
class Control:
    """``seconds`` is the roster's clock, ``wall`` tells seconds of the Unix epoch."""

    _roster: Roster
    _seconds: Callable[[], float]
    _wall: Callable[[], float]

    _log = Logger()

    def providers(self) -> Sequence[ProviderReport]:
        """Report on every provider, in the order of the configuration."""
        return [self._provider(entry) for entry in self._roster]

    def breakers(self) -> Sequence[BreakerReport]:
        """Report on every breaker that was needed so far, provider by provider."""
        return [
            _breaker(entry.id, model, breaker)
            for entry in self._roster
            for model, breaker in entry.breakers.items()
        ]

    def reset_breakers(self, provider: str, model: str | None) -> None:
        """Close the breaker of one ``model`` of ``provider``, or with None those of all its models.

        Raises `ResourceNotFound` where there is no such provider, or no such breaker.
        """
        entry = self._roster.get(provider)
        if entry is None:
            raise ResourceNotFound("no provider has this id", code="provider_not_found")
        if model is None:
            chosen = list(entry.breakers.values())
        elif model in entry.breakers:
            chosen = [entry.breakers[model]]
        else:
            raise ResourceNotFound(
                "this provider has no circuit breaker for this model",
                param="model",
                code="provider_not_found",
            )
        for breaker in chosen:
            breaker.reset()
        self._log.info(
            "an administrator reset {count} circuit breakers of provider {provider}",
            count=len(chosen),
            provider=provider,
        )

    def _provider(self, entry: RosterEntry) -> ProviderReport:
        calls = failed = 0
        for breaker in entry.breakers.values():
            some_calls, some_failed = breaker.recent()
            calls += some_calls
            failed += some_failed
        health = entry.health
        checked = health.last_check
        return ProviderReport(
            id=entry.id,
            status=_status(entry),
            latency=health.latency,
            error_rate=failed / calls if calls else None,
            circuit=_circuit(entry),
            last_check=None if checked is None else self._wall() - (self._seconds() - checked),
            in_flight=entry.in_flight,
            max_in_flight=entry.places.limit,
            queued=entry.places.waiting,
            cooling_down=entry.credentials.ready_in(),
            credentials_refused=entry.credentials.refused,
        )


def _status(entry: RosterEntry) -> ProviderStatus:
    health, credentials = entry.health, entry.credentials
    if health.is_unhealthy or credentials.are_refused:
        return "unhealthy"
    if _circuit(entry) != "closed" or credentials.refused or not credentials.is_ready():
        return "degraded"
    if health.status == "healthy" or entry.load.succeeded_within(_RECENT):
        return "healthy"
    return "unknown"


def _circuit(entry: RosterEntry) -> CircuitState:
    states = {breaker.state for breaker in entry.breakers.values()}
    return next((state.value for state in _WORST_FIRST if state in states), "closed")


def _breaker(provider: str, model: str, breaker: Breaker) -> BreakerReport:
    return BreakerReport(
        provider=provider,
        model=model,
        state=breaker.state.value,
        successes=breaker.successes,
        failures=breaker.failures,
        openings=breaker.openings,
        reopens_in=breaker.reopens_in() if breaker.state is BreakerState.OPEN else None,
    )
