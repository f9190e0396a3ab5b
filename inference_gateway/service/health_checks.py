"""Asks the providers whether they are well while the gateway runs, each at its own pace.

What answers mean for a provider's status is `routing.health`'s; how to ask, `upstream`'s.
"""

from collections.abc import Callable, Iterable
from functools import partial

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from inference_gateway.routing.roster import RosterEntry
from inference_gateway.service.rounds import Round, Rounds
from inference_gateway.upstream.health_check import Checkup


@attrs.frozen(kw_only=True)
class Checked:
    """A provider that is asked; a failure of ``ask`` is a bug."""

    entry: RosterEntry
    ask: Callable[[], Deferred[Checkup]]


class HealthChecks:
    """Keeps the health of the providers up to date from `start` to `stop`."""

    _log = Logger()

    def __init__(self, checked: Iterable[Checked], clock: IReactorTime) -> None:
        self._rounds = Rounds(
            [Round(act=partial(self._check, one), pause=one.entry.health.pause) for one in checked],
            clock,
        )

    def start(self) -> None:
        """Ask all providers now, and again and again."""
        self._rounds.start()

    def stop(self) -> None:
        """Ask no more, and give up what is being asked; idempotent."""
        self._rounds.stop()

    async def _check(self, one: Checked) -> None:
        try:
            checkup = await one.ask()
        except CancelledError:
            raise
        except Exception:
            # the provider can do nothing about it, so it is no worse than it was
            self._log.failure("a bug failed a question for a provider's health")
            return
        if checkup.reason is None:
            self._passed(one.entry, checkup)
        else:
            self._failed(one.entry, checkup.reason)

    def _passed(self, entry: RosterEntry, checkup: Checkup) -> None:
        if checkup.slots is not None:
            entry.places.learn(checkup.slots)
        was_unhealthy = entry.health.is_unhealthy
        if not entry.health.passed(checkup.latency):
            return
        if was_unhealthy:
            entry.load.recover()
        self._log.info("provider {provider} is healthy", provider=entry.id)

    def _failed(self, entry: RosterEntry, reason: str) -> None:
        if entry.health.failed(reason):
            self._log.warn(
                "provider {provider} is unhealthy: {reason}", provider=entry.id, reason=reason
            )
