"""The live state of each provider: what is known of it beyond its configuration.

Shared by everyone who chooses or observes providers. Each of its parts decides for itself; here
they are fed with how attempts ended.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from twisted.logger import Logger

from inference_gateway.config.routing_settings import BreakerSettings
from inference_gateway.config.settings import ProviderSettings
from inference_gateway.exchange import COMPLETE, Attempt, Outcome
from inference_gateway.interfaces import IProvider
from inference_gateway.provider_errors import (
    ProviderAuthFailed,
    ProviderRateLimited,
    ProviderRejected,
)
from inference_gateway.resilience.breaker import Breaker, BreakerState
from inference_gateway.resilience.concurrency import Places
from inference_gateway.routing.credentials import CredentialRing
from inference_gateway.routing.health import ProviderHealth
from inference_gateway.routing.load import Load

#: Seconds for which a provider is left alone that says 429 and not for how long.
_COOLDOWN = 1.0
#: And the longest for which it is, whatever it says.
_LONGEST_COOLDOWN = 600.0
#: Models of one provider whose failures are counted.
_MOST_BREAKERS = 1000


class RosterEntry:
    """One provider and its state now.

    ``seconds`` tells monotonic time, ``draw`` gives random numbers from 0 to 1.
    """

    _log = Logger()

    def __init__(
        self,
        settings: ProviderSettings,
        provider: IProvider,
        seconds: Callable[[], float],
        draw: Callable[[], float],
        *,
        breaker: BreakerSettings | None = None,
        slow_start: float = 0.0,
    ) -> None:
        self.id = settings.id
        self.settings = settings
        self.provider = provider
        #: How many attempts it takes at once, and who waits for a place.
        self.places = Places(settings.max_in_flight, settings.max_queued, seconds)
        self.load = Load(seconds, slow_start=slow_start)
        self.credentials = CredentialRing(max(1, len(settings.credentials)), seconds)
        self.health = ProviderHealth(settings.health, seconds, draw)
        self._breaker_settings = breaker or BreakerSettings()
        self._seconds = seconds
        self._draw = draw
        #: Whether it plays its faults, so that none of them tells anything of it.
        self._plays = settings.type == "echo"
        #: By the provider's own names of its models, which clients may make up; so old ones go.
        self.breakers: dict[str, Breaker] = {}
        #: Those of them that are not closed.
        self.broken: dict[str, Breaker] = {}
        self._has_choice = len(settings.credentials) > 1

    @property
    def in_flight(self) -> int:
        """How many attempts it has now."""
        return self.load.pending

    def has(self, operation: str) -> bool:
        """Whether it can be asked for ``operation``: the operator's word goes before its type's."""
        return operation in (self.settings.endpoints or self.provider.endpoints)

    def breaker(self, model: str) -> Breaker | None:
        """Return the breaker of one of its models; None where there are to be none."""
        breaker = self.breakers.get(model)
        if breaker is None:
            if not self._breaker_settings.enabled or self._plays:
                return None
            if len(self.breakers) >= _MOST_BREAKERS:
                self._forget_a_breaker()
            breaker = Breaker(self._breaker_settings, self._seconds, self._draw)
            breaker.on_change = partial(self._changed, model)
            self.breakers[model] = breaker
        return breaker

    def occupy(self, attempt: Attempt, model: str) -> None:
        """Take note that ``attempt`` begins, and of how it ends.

        Its place is taken already, and is given back when it completes.
        """
        breaker = self.breakers.get(model) or self.breaker(model)
        generation = 0 if breaker is None else breaker.admit()
        if self._has_choice or not self.credentials.is_whole:
            attempt.credential = self.credentials.take()
        self.load.begin()

        attempt.on_complete(partial(self._settle, attempt, breaker, generation))

    def accompany(self, attempt: Attempt) -> None:
        """Give ``attempt`` a credential, and take note of what its end tells of the provider.

        Enough for what is no work for a model: that needs no place, and tells nothing of one.
        """
        attempt.credential = self.credentials.take()
        self.load.begin()
        attempt.on_complete(partial(self._judge, attempt))

    def _forget_a_breaker(self) -> None:
        """Make room by the oldest breaker that is closed, or else by the oldest of all."""
        closed = (model for model in self.breakers if model not in self.broken)
        forgotten = next(closed, None) or next(iter(self.breakers))
        del self.breakers[forgotten]
        self.broken.pop(forgotten, None)

    def _changed(self, model: str, state: BreakerState) -> None:
        breaker = self.breakers.get(model)
        if breaker is None:  # it is forgotten already
            return
        if state is BreakerState.CLOSED:
            self.broken.pop(model, None)
        else:
            self.broken[model] = breaker
        self._log.warn(
            "a circuit breaker of provider {provider} is {state}", provider=self.id, state=state
        )

    def _settle(
        self, attempt: Attempt, breaker: Breaker | None, generation: int, outcome: Outcome
    ) -> None:
        self._judge(attempt, outcome)
        if breaker is not None:
            if outcome is COMPLETE:
                breaker.succeed(generation)
            elif outcome.error is not None and outcome.error.is_outage:
                breaker.fail(generation)
            else:  # nobody's fault, or the caller's
                breaker.ignore(generation)
        # the place comes last, so that whoever gets it sees what this end meant
        self.places.give_back(self._seconds() - attempt.started)

    def _judge(self, attempt: Attempt, outcome: Outcome) -> None:
        if self._plays:
            self.load.end()
            return
        latency = (attempt.first_content_at or self._seconds()) - attempt.started
        if outcome is COMPLETE:
            self.load.succeed(latency)
            if not self.credentials.is_whole:
                self.credentials.succeed(attempt.credential)
            return
        error = outcome.error
        if error is not None and error.is_outage:
            self.load.fail(latency)
            self.credentials.ignore(attempt.credential)
            return
        self.load.end()
        if isinstance(error, ProviderAuthFailed):
            self.credentials.refuse(attempt.credential)
        elif isinstance(error, ProviderRateLimited):
            seconds = min(error.retry_after or _COOLDOWN, _LONGEST_COOLDOWN)
            self.credentials.cool(attempt.credential, seconds)
        elif isinstance(error, ProviderRejected):
            self.credentials.succeed(attempt.credential)
        else:
            self.credentials.ignore(attempt.credential)


class Roster:
    """All providers, in the order of the configuration."""

    def __init__(self, entries: Iterable[RosterEntry]) -> None:
        self._entries = {entry.id: entry for entry in entries}

    def __iter__(self) -> Iterator[RosterEntry]:
        return iter(self._entries.values())

    def __getitem__(self, provider_id: str) -> RosterEntry:
        return self._entries[provider_id]

    def get(self, provider_id: str) -> RosterEntry | None:
        """Return the entry with that id, None where there is none."""
        return self._entries.get(provider_id)
