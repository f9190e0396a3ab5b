"""Waits for work until a deadline; says which limit ran out.

The only place where the pipeline sets a timer around an ``await``.
"""

from collections.abc import Coroutine
from typing import Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime

from inference_gateway.eager import Result, start
from inference_gateway.errors import ProviderTimeout
from inference_gateway.resilience.deadline import Deadline

T = TypeVar("T")


async def within(
    clock: IReactorTime, deadline: Deadline, work: Coroutine[Deferred[Any], Any, T] | Deferred[T]
) -> T:
    """Await ``work``, cancelling it when ``deadline`` passes.

    Raises `ProviderTimeout` then. Work that is done at once never costs a timer. Cancelling this
    cancels the work.
    """
    running = work if isinstance(work, Deferred) else start(work)
    if isinstance(running, Result):
        return running.value
    if running.called and not running.paused:
        return await running
    expired = False

    def expire() -> None:
        nonlocal expired
        expired = True
        running.cancel()

    timer = clock.callLater(max(0.0, deadline.at - clock.seconds()), expire)
    try:
        return await running
    except CancelledError:
        if expired:
            raise ProviderTimeout(deadline.limit, deadline.seconds) from None
        raise
    finally:
        if timer.active():
            timer.cancel()
