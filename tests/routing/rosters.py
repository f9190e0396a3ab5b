"""Rosters of providers that are never asked."""

from collections.abc import Mapping

from inference_gateway.config.settings import ProviderSettings
from inference_gateway.routing.roster import Roster, RosterEntry
from inference_gateway.testing import FakeProvider


def entry(id: str, models: Mapping[str, str] | None = None) -> RosterEntry:
    """Return the entry of a provider that serves ``models``."""
    settings = ProviderSettings(id=id, models=models or {})
    return RosterEntry(settings=settings, provider=FakeProvider(id))


def roster(**providers: Mapping[str, str] | tuple[str, ...]) -> Roster:
    """Return a roster by id: a mapping to the provider's own names, or names that are both."""
    return Roster(
        entry(id, models if isinstance(models, Mapping) else {name: name for name in models})
        for id, models in providers.items()
    )
