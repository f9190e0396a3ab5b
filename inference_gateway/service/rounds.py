"""Does things again and again, each at its own pace, from a start to a stop.

What is done, and what becomes of its failures, is its owner's: a round that fails is its last.
"""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.python.failure import Failure


@attrs.frozen(kw_only=True)
class Round:
    """What is done at the start, and after every ``pause`` in seconds that follows its end."""

    act: Callable[[], Coroutine[Any, Any, None]]
    pause: Callable[[], float]


class Rounds:
    """Goes all ``rounds`` at the same time, on ``clock``."""

    def __init__(self, rounds: Iterable[Round], clock: IReactorTime) -> None:
        self._rounds = tuple(rounds)
        self._clock = clock
        self._running: list[Deferred[None]] = []

    def start(self) -> None:
        """Begin every round now."""
        self._running = [
            Deferred.fromCoroutine(self._go(one)).addErrback(_cancelled) for one in self._rounds
        ]

    def stop(self) -> None:
        """Cancel what is being done, and do nothing more; idempotent."""
        running, self._running = self._running, []
        for going in running:
            going.cancel()

    async def _go(self, one: Round) -> None:
        while True:
            await one.act()
            await deferLater(self._clock, one.pause())


def _cancelled(failure: Failure) -> None:
    failure.trap(CancelledError)
