"""What a provider's own list of models is worth, and when to ask for it again.

Decisions only: asking is `upstream.model_list`, doing so again and again is `service.polling`, and
what the names lead to is decided by the table.
"""

from collections.abc import Callable, Iterable

import attrs

#: Characters of a name; what is longer could not be asked for.
LONGEST_NAME = 256
#: Names of one provider.
MOST_NAMES = 10_000
#: Intervals without a list after which the last one is stale.
_STALE_AFTER = 3


@attrs.frozen(kw_only=True)
class Pace:
    """How often a provider is asked; times in seconds.

    ``first`` is the wait after the first failure of a provider that never answered; it doubles with
    every further one. ``jitter`` is the share by which every wait is shortened or prolonged.
    """

    interval: float = 60.0
    first: float = 5.0
    jitter: float = 0.1


def usable_names(listed: Iterable[object]) -> tuple[str, ...]:
    """Return the names in ``listed`` that can be public names, each once and in their order.

    Others are left out, among them those with a ``*``, which means something in a configuration.
    """
    names: dict[str, None] = {}
    for name in listed:
        if type(name) is str and _is_usable(name):
            names[name] = None
            if len(names) == MOST_NAMES:
                break
    return tuple(names)


def _is_usable(name: str) -> bool:
    return 0 < len(name) <= LONGEST_NAME and name.isprintable() and "*" not in name


class Discovery:
    """The last good list of one provider, which is kept while the provider fails.

    ``seconds`` tells monotonic time; ``draw`` gives random numbers from 0 to 1.
    """

    def __init__(
        self, seconds: Callable[[], float], draw: Callable[[], float], pace: Pace | None = None
    ) -> None:
        self._seconds = seconds
        self._draw = draw
        self._pace = pace or Pace()
        self._confirmed: float | None = None
        self._failures = 0
        #: What can be asked for, in the provider's order.
        self.names: tuple[str, ...] = ()

    @property
    def is_stale(self) -> bool:
        """Whether the names have not been confirmed for three intervals."""
        if self._confirmed is None:
            return False
        return self._seconds() - self._confirmed >= _STALE_AFTER * self._pace.interval

    def confirm(self, listed: Iterable[object]) -> bool:
        """Take over a list; return whether that is news, be it of names or of an answer at all.

        A list in another order is none.
        """
        names = usable_names(listed)
        is_news = self._confirmed is None or self._failures > 0
        if set(names) != set(self.names):
            self.names = names
            is_news = True
        self._confirmed = self._seconds()
        self._failures = 0
        return is_news

    def fail(self) -> bool:
        """Take note that no list came; return whether that is news."""
        self._failures += 1
        return self._failures == 1

    def pause(self) -> float:
        """Return the seconds until the provider should be asked again."""
        pace = self._pace
        seconds = pace.interval
        if self._confirmed is None:
            # far beyond what any interval needs, and far below what a float holds
            doublings = min(max(self._failures - 1, 0), 64)
            seconds = min(pace.first * 2.0**doublings, pace.interval)
        return seconds * (1 + pace.jitter * (2 * self._draw() - 1))
