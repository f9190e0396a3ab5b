"""Two tries at one answer: the second begins when the first is slow, and the faster one counts.

When and how often that may be is ``resilience.hedging``'s to say; who is asked is ``tries``'.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from inference_gateway.errors import GatewayError
from inference_gateway.exchange import Reply

Try = Coroutine[Deferred[Any], Any, Reply]

_FIRST = 1
_SECOND = 2


async def race(
    clock: IReactorTime,
    delay: float,
    first: Callable[[], Try],
    second: Callable[[], Try | None],
) -> Reply:
    """Return the reply of whichever try answers first; the other one is cancelled at once.

    ``second`` is called when ``first`` has neither answered nor failed after ``delay`` seconds, and
    may return None. A failure that leaves nobody running is raised: within the delay the first
    try's, at once; after both have failed again the first one's. Cancelling this cancels both.
    """
    contest = _Race()
    contest.enter(_FIRST, first())
    if contest.is_over:
        return await contest.reply
    timer = clock.callLater(delay, contest.widen, second)
    try:
        return await contest.reply
    finally:
        if timer.active():
            timer.cancel()


class _Race:
    """Owns the tries, and knows the reply of the one that wins."""

    __slots__ = ("_failure", "_running", "is_over", "reply")

    _log = Logger()

    def __init__(self) -> None:
        self._running: dict[int, Deferred[None]] = {}
        #: How the first try failed, while the second still may answer.
        self._failure: Exception | None = None
        self.is_over = False
        self.reply: Deferred[Reply] = Deferred(lambda _: self._stop())

    def enter(self, number: int, coroutine: Try) -> None:
        """Begin a try."""
        running = Deferred.fromCoroutine(self._follow(number, coroutine))
        if not running.called:
            self._running[number] = running

    def widen(self, second: Callable[[], Try | None]) -> None:
        """Begin the try that ``second`` returns, if it returns one."""
        coroutine = second()
        if coroutine is not None:
            self.enter(_SECOND, coroutine)

    async def _follow(self, number: int, coroutine: Try) -> None:
        try:
            reply = await coroutine
        except Exception as error:  # cancellation among them: it comes from nowhere but here
            self._running.pop(number, None)
            self._failed(number, error)
            return
        self._running.pop(number, None)
        self._answered(reply)

    def _answered(self, reply: Reply) -> None:
        if not self.is_over:
            self._stop()
            self.reply.callback(reply)
        elif not isinstance(reply.body, bytes):
            reply.body.abort()

    def _failed(self, number: int, error: Exception) -> None:
        if self.is_over:
            if not isinstance(error, CancelledError | GatewayError):
                self._log.failure("a bug failed a try that was given up")
        elif number == _FIRST and self._running:
            self._failure = error
        elif not self._running:
            first, self._failure = self._failure, None
            self.is_over = True
            self.reply.errback(first or error)

    def _stop(self) -> None:
        """Leave everyone who is still asked."""
        self.is_over = True
        self._failure = None
        for running in tuple(self._running.values()):
            running.cancel()
