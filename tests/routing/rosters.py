"""Rosters of providers that are never asked."""

from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.task import Clock

from inference_gateway.config.routing_settings import BreakerSettings
from inference_gateway.config.settings import ProviderSettings
from inference_gateway.interfaces import IProvider
from inference_gateway.routing.roster import Roster, RosterEntry
from inference_gateway.testing.doubles import FakeProvider


def entry(
    id: str,
    models: Mapping[str, str] | None = None,
    *,
    clock: Clock | None = None,
    provider: IProvider | None = None,
    breaker: BreakerSettings | None = None,
    draw: Callable[[], float] = lambda: 0.5,
    **settings: Any,
) -> RosterEntry:
    """Return the entry of a provider that serves ``models``, with more ``settings`` of its own."""
    settings.setdefault("type", "openai")
    return RosterEntry(
        ProviderSettings(id=id, models=models or {}, **settings),
        FakeProvider(id) if provider is None else provider,
        (clock or Clock()).seconds,
        draw,
        breaker=breaker,
    )


def roster(**providers: Mapping[str, str] | tuple[str, ...]) -> Roster:
    """Return a roster by id: a mapping to the provider's own names, or names that are both."""
    return Roster(
        entry(id, models if isinstance(models, Mapping) else {name: name for name in models})
        for id, models in providers.items()
    )
