"""Runs coroutines at once, and keeps of those that wait no more than is needed to go on.

Most answers of the gateway's own, such as probes, lists and refusals, are ready without waiting for
anything, and every other call waits for little; a Deferred for each, with its context and its
callbacks, would cost more than many answers do.
"""

from collections.abc import Callable, Coroutine
from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure


class Running:
    """A coroutine that waits; made by `start`."""

    __slots__ = ("_coroutine", "_failed", "_waited_for")

    def __init__(
        self,
        coroutine: Coroutine[Deferred[Any], Any, None],
        waited_for: Deferred[Any],
        failed: Callable[[Exception], None],
    ) -> None:
        self._coroutine = coroutine
        self._failed = failed
        self._wait(waited_for)

    def cancel(self) -> None:
        """Cancel what the coroutine waits for; if it fails of that, ``failed`` is told."""
        self._waited_for.cancel()

    def _wait(self, waited_for: Deferred[Any]) -> None:
        self._waited_for = waited_for
        waited_for.addCallbacks(self._resume, self._throw)

    def _resume(self, value: object) -> None:
        self._step(self._coroutine.send, value)

    def _throw(self, failure: Failure) -> None:
        self._step(self._coroutine.throw, cast("BaseException", failure.value))

    def _step(self, go_on: Callable[[Any], Deferred[Any]], value: object) -> None:
        try:
            waited_for = go_on(value)
        except StopIteration:
            return
        except Exception as error:
            self._failed(error)
            _forget_frames(error)
            return
        self._wait(waited_for)


def start(
    coroutine: Coroutine[Deferred[Any], Any, None], failed: Callable[[Exception], None]
) -> Running | None:
    """Run ``coroutine`` until it waits, and return what is left of it, or None if it is done.

    What it raises, now or later, is handed to ``failed``, which must not raise, and loses its
    traceback afterwards.
    """
    try:
        waited_for = coroutine.send(None)
    except StopIteration:
        return None
    except Exception as error:
        failed(error)
        _forget_frames(error)
        return None
    return Running(coroutine, waited_for, failed)


def _forget_frames(error: BaseException) -> None:
    """Cut the circles of an error and the frames it came through, which hold it as well.

    All that an ended call held would wait for the garbage collector otherwise, and when thousands
    of clients leave at once that is most of the work.
    """
    reason: BaseException | None = error
    while reason is not None:
        reason.__traceback__ = None
        reason = reason.__context__
