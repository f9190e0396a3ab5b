"""A moment after which something expires, cheap to move: the only timer of a connection.

Moving it later or clearing it writes one number; the delayed call behind it fires too early then,
looks, and waits on.
"""

from collections.abc import Callable
from math import inf

from twisted.internet.interfaces import IDelayedCall, IReactorTime


class Expiry:
    """Calls ``expired`` with the time once the moment that was set last has come."""

    __slots__ = ("_at", "_call", "_clock", "_due", "_expired")

    def __init__(self, clock: IReactorTime, expired: Callable[[float], None]) -> None:
        self._clock = clock
        self._expired = expired
        self._at = inf
        self._call: IDelayedCall | None = None
        #: When the delayed call comes.
        self._due = inf

    def set(self, at: float) -> None:
        """Expire at ``at`` and not before, in seconds of the clock."""
        self._at = at
        if at >= self._due:
            return
        self._due = at
        wait = max(0.0, at - self._clock.seconds())
        if self._call is None:
            self._call = self._clock.callLater(wait, self._look)
        else:
            self._call.reset(wait)

    def clear(self) -> None:
        """Do not expire until it is set again."""
        self._at = inf

    def close(self) -> None:
        """Never expire again, leave no delayed call behind, and let go of who would be told."""
        self._at = self._due = inf
        self._expired = _nobody
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _look(self) -> None:
        self._call = None
        self._due = inf
        now = self._clock.seconds()
        if self._at <= now:
            self._at = inf
            self._expired(now)
        elif self._at < inf:
            self.set(self._at)


def _nobody(now: float) -> None:
    """Be told instead of one that is gone."""
