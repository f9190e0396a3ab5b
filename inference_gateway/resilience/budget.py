"""How many retries all calls together may have: a share of the calls of the last seconds.

Decides by counting calls and retries in turns of equal length; who retries what is ``retry``'s.
"""

from collections.abc import Callable

#: Turns that a window is counted in: what is forgotten at once is a tenth of it.
_TURNS = 10


class RetryBudget:
    """A share of the calls, ``percent`` of them, counted over ``window`` seconds.

    In no window are there more withdrawals than that share of its calls, except that ``least`` of
    them are always allowed: so no retries come of a fleet that is dead, and single failures on a
    quiet gateway are retried. Where fewer than ``least * 100 / percent`` calls come in a window,
    the share says nothing any more: with the values given here, up to 14 calls in ten seconds have
    three retries between them, and when a window holds but one call, that may have all three.
    With 0 ``percent`` there are none at all. Over any time the withdrawals are at most the share of
    all its calls, and ``least`` for each window of it in which the share was smaller.
    """

    __slots__ = (
        "_calls",
        "_deposits",
        "_least",
        "_percent",
        "_retries",
        "_seconds",
        "_span",
        "_turn",
        "_until",
        "_withdrawals",
    )

    def __init__(
        self,
        percent: int,
        seconds: Callable[[], float],
        *,
        least: int = 3,
        window: float = 10.0,
    ) -> None:
        self._percent = percent
        self._least = least if percent else 0
        self._seconds = seconds
        self._span = window / _TURNS
        self._turn = int(seconds() / self._span)
        self._until = (self._turn + 1) * self._span
        #: By turn: one entry for each of the window, used again and again.
        self._deposits = [0] * _TURNS
        self._withdrawals = [0] * _TURNS
        #: Sums of these.
        self._calls = 0
        self._retries = 0

    def deposit(self) -> None:
        """Count a call, however often it will be tried."""
        if self._seconds() >= self._until:
            self._forget()
        self._deposits[self._turn % _TURNS] += 1
        self._calls += 1

    def withdraw(self) -> bool:
        """Say whether there may be one more retry now, and count it if so."""
        if self._seconds() >= self._until:
            self._forget()
        retries = self._retries + 1
        if retries > self._least and retries * 100 > self._calls * self._percent:
            return False
        self._withdrawals[self._turn % _TURNS] += 1
        self._retries = retries
        return True

    def _forget(self) -> None:
        """Begin the turn that is now, and forget those that left the window."""
        turn = int(self._seconds() / self._span)
        for passed in range(self._turn + 1, min(turn, self._turn + _TURNS) + 1):
            place = passed % _TURNS
            self._calls -= self._deposits[place]
            self._retries -= self._withdrawals[place]
            self._deposits[place] = self._withdrawals[place] = 0
        self._turn = turn
        self._until = (turn + 1) * self._span
