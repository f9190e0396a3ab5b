"""The live state of each provider: what is known of it beyond its configuration.

Shared by everyone who chooses or observes providers; it decides nothing itself.
"""

from collections.abc import Iterable, Iterator

import attrs

from inference_gateway.config.settings import ProviderSettings
from inference_gateway.exchange import Attempt, Outcome
from inference_gateway.interfaces import IProvider


@attrs.define(kw_only=True, eq=False)
class RosterEntry:
    """One provider and its state now."""

    settings: ProviderSettings
    provider: IProvider
    in_flight: int = 0

    @property
    def id(self) -> str:
        """The provider's id."""
        return self.settings.id

    def has(self, operation: str) -> bool:
        """Whether it can be asked for ``operation``: the operator's word goes before its type's."""
        return operation in (self.settings.endpoints or self.provider.endpoints)

    def occupy(self, attempt: Attempt) -> None:
        """Count ``attempt`` as in flight here until it completes."""
        self.in_flight += 1
        attempt.on_complete(self._release)

    def _release(self, outcome: Outcome) -> None:
        self.in_flight -= 1


class Roster:
    """All providers, in the order of the configuration."""

    def __init__(self, entries: Iterable[RosterEntry]) -> None:
        self._entries = {entry.id: entry for entry in entries}

    def __iter__(self) -> Iterator[RosterEntry]:
        return iter(self._entries.values())

    def __getitem__(self, provider_id: str) -> RosterEntry:
        return self._entries[provider_id]
