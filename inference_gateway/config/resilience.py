"""Rules about how failures are met: circuit breakers, health checks, headers that name a session.

Problems found here know their key path; `config.load` adds the place.
"""

from collections.abc import Iterator

from inference_gateway.config.extra_headers import refusal
from inference_gateway.config.node import child_path
from inference_gateway.config.problem import Problem
from inference_gateway.config.routing_settings import BreakerSettings, RoutingSettings
from inference_gateway.config.settings import ProviderSettings
from inference_gateway.config.units import format_duration

#: What says who a client is, and is not to be remembered.
_CREDENTIALS = frozenset(
    (
        *("authorization", "proxy-authorization", "cookie", "set-cookie"),
        *("x-api-key", "api-key", "x-goog-api-key"),
    )
)
#: Which client software is used is the same in many sessions, and still one that may be wanted.
_OF_CLIENTS = frozenset(("user-agent",))


def resilience_problems(routing: RoutingSettings) -> Iterator[Problem]:
    """Yield what is wrong with values of ``routing`` that are right on their own."""
    yield from _breaker(routing.circuit_breaker)
    header = (routing.session_header or "").lower()
    if header in _CREDENTIALS:
        message = "this header carries a credential: choose one that names a session and no more"
        yield Problem(message=message, key_path="routing.session_header")
    elif header not in _OF_CLIENTS and refusal(header) is not None:
        message = "this header is about a message or its connection, not about a session"
        yield Problem(message=message, key_path="routing.session_header")


def _breaker(breaker: BreakerSettings) -> Iterator[Problem]:
    here = "routing.circuit_breaker"
    if breaker.error_rate == 0:
        message = "with 0 it would open without any failure; 100 is for calls that all fail"
        yield Problem(message=message, key_path=f"{here}.error_rate")
    if breaker.longest_open < breaker.open_for:
        written = "open_for" if breaker.open_for != BreakerSettings().open_for else "longest_open"
        limits = [format_duration(time) for time in (breaker.open_for, breaker.longest_open)]
        yield Problem(
            message=f"open_for ({limits[0]}) is longer than longest_open ({limits[1]})",
            key_path=f"{here}.{written}",
        )


def health_problems(provider: ProviderSettings, path: str) -> Iterator[Problem]:
    """Yield what is wrong with the health checks of the provider at the key path ``path``."""
    health = provider.health
    here = child_path(path, "health")
    if health.path == "":
        yield Problem(message="expected a path such as /health", key_path=f"{here}.path")
    elif health.path is not None and health.check == "never":
        message = "check: never asks for nothing, so leave the path out"
        yield Problem(message=message, key_path=f"{here}.path")
    is_asked = health.check == "call" and health.path is None
    if is_asked and all("*" in name for name in provider.models.values()):
        message = "call needs a model in models whose own name has no *, to ask it for a token"
        yield Problem(message=message, key_path=f"{here}.check")
