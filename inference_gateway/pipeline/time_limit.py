"""Waits for work until a deadline; says which limit ran out.

The only place where the pipeline sets a timer around an ``await``.
"""

import types
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar, cast

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime

from inference_gateway.provider_errors import ProviderTimeout
from inference_gateway.resilience.deadline import Deadline

T = TypeVar("T")


@types.coroutine
def within(
    clock: IReactorTime, deadline: Deadline, work: Coroutine[Deferred[Any], Any, T] | Deferred[T]
) -> Generator[Deferred[Any], Any, T]:
    """Await ``work``, cancelling what it waits for when ``deadline`` passes.

    Raises `ProviderTimeout` then. Work that is done at once never costs a timer, and no work costs
    a Deferred: every call passes here. Cancelling this cancels the work.
    """
    steps = cast("Generator[Deferred[Any], Any, T]", work.__await__())
    try:
        waited_for = steps.send(None)
    except StopIteration as done:
        return cast("T", done.value)
    expired = False

    def expire() -> None:
        nonlocal expired
        expired = True
        waited_for.cancel()

    timer = clock.callLater(max(0.0, deadline.at - clock.seconds()), expire)
    try:
        while True:
            try:
                value = yield waited_for
            except BaseException as error:
                waited_for = steps.throw(error)
            else:
                waited_for = steps.send(value)
    except StopIteration as done:
        return cast("T", done.value)
    except CancelledError:
        if expired:
            raise ProviderTimeout(deadline.limit, deadline.seconds) from None
        raise
    finally:
        if timer.active():
            timer.cancel()
