"""Take a provider's credentials in turn and leave out those that it refuses or limits.

Credentials are known by their number only, and time by the clock that is passed. Nothing is asked
here: whether a refused credential works again is found out by a call that uses it, its probe.
"""

from collections.abc import Callable

#: Seconds for which a credential is out after a refusal; every probe that is refused doubles them.
FIRST_PAUSE = 30.0
LONGEST_PAUSE = 600.0


class _Credential:
    """What is known of one of them; it is usable from ``until`` on."""

    __slots__ = ("asked", "is_probe", "pause", "until")

    def __init__(self) -> None:
        self.until = 0.0
        #: Seconds of the last pause; 0: it is not refused.
        self.pause = 0.0
        #: Whether it was taken since it is refused, so that what comes of that is news.
        self.asked = False
        #: Whether it was taken because its time was over, and not for want of another.
        self.is_probe = False


class CredentialRing:
    """The credentials of one provider.

    A refused one is taken again when its pause is over, by one call: until the outcome of that is
    told, or for as long as the pause was, it is out for all others.
    """

    __slots__ = ("_all", "_count", "_next", "_refused", "_seconds", "is_whole")

    def __init__(self, count: int, seconds: Callable[[], float]) -> None:
        self._all = [_Credential() for _ in range(count)]
        self._count = count
        self._seconds = seconds
        self._next = 0
        self._refused = 0
        #: Whether all are known to be usable; False: some may not be.
        self.is_whole = True

    def take(self) -> int:
        """Return the number of the next usable one, or else of the one that is usable first."""
        taken = self._next
        if not self.is_whole:
            taken = self._find()
        following = taken + 1
        self._next = following if following < self._count else 0
        return taken

    def succeed(self, number: int) -> None:
        """Take note that a call with this one was answered."""
        if self._refused:
            credential = self._all[number]
            if credential.asked:
                credential.until = credential.pause = 0.0
                credential.asked = credential.is_probe = False
                self._refused -= 1

    def refuse(self, number: int) -> None:
        """Take note that the provider refused it: by 401, 402 or 403.

        Of calls that were under way already when it was refused, nothing new is learned.
        """
        credential = self._all[number]
        now = self._seconds()
        if not credential.pause:
            credential.pause = FIRST_PAUSE
            credential.until = now + FIRST_PAUSE
            self._refused += 1
            self.is_whole = False
        elif credential.is_probe:
            credential.pause = min(2 * credential.pause, LONGEST_PAUSE)
            credential.until = now + credential.pause
        credential.asked = credential.is_probe = False

    def cool(self, number: int, for_seconds: float) -> None:
        """Take note that the provider limits it for so long: by 429."""
        credential = self._all[number]
        until = self._seconds() + for_seconds
        if credential.is_probe:
            # limited or not, whether it is accepted is still to be found out
            credential.until = until
            credential.asked = credential.is_probe = False
        elif until > credential.until:
            credential.until = until
        self.is_whole = False

    def ignore(self, number: int) -> None:
        """Take note that a call with it ended in a way that tells nothing about it."""
        if self._refused:
            credential = self._all[number]
            if credential.is_probe:
                credential.until = self._seconds()
                credential.asked = credential.is_probe = False

    def is_ready(self) -> bool:
        """Return whether one of them is usable now."""
        return self.is_whole or self.ready_in() == 0.0

    def ready_in(self) -> float:
        """Return the seconds until one of them is usable; 0 if one is now."""
        if self.is_whole:
            return 0.0
        until = min([credential.until for credential in self._all])
        return max(0.0, until - self._seconds())

    @property
    def refused(self) -> int:
        """How many are out because they were refused, with those that are due for a probe."""
        return self._refused

    @property
    def are_refused(self) -> bool:
        """Whether that is the reason why none of them is usable."""
        return self._refused == self._count and not self.is_ready()

    def _find(self) -> int:
        """Return the next usable one, or that which is usable first, and mark it as asked."""
        now = self._seconds()
        order = [(self._next + step) % self._count for step in range(self._count)]
        usable = [number for number in order if self._all[number].until <= now]
        if len(usable) == self._count and not self._refused:
            self.is_whole = True
        found = usable[0] if usable else min(order, key=lambda number: self._all[number].until)
        chosen = self._all[found]
        if chosen.pause:
            chosen.asked = True
            if usable:
                chosen.is_probe = True
                chosen.until = now + chosen.pause
        return found
