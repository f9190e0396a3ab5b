"""Starts coroutines at once, and makes a Deferred only of those that wait.

Most answers of the gateway's own, such as probes, lists and refusals, are ready without waiting for
anything; a Deferred with its context and callbacks would cost them more than the answer does.
"""

import types
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar, cast

import attrs
from twisted.internet.defer import Deferred

T = TypeVar("T")


@attrs.define(eq=False)
class Result(Generic[T]):
    """What a coroutine returned that did not wait for anything."""

    value: T


def start(coroutine: Coroutine[Deferred[Any], Any, T]) -> "Result[T] | Deferred[T]":
    """Run ``coroutine`` until it waits, and return the rest of it; or its result, if it never does.

    What it raises before it waits is raised here, and afterwards fails the Deferred. Cancelling
    that cancels what the coroutine waits for.
    """
    try:
        waited_for = coroutine.send(None)
    except StopIteration as end:
        return Result(end.value)
    return Deferred.fromCoroutine(_rest(coroutine, waited_for))


@types.coroutine
def _rest(
    coroutine: Coroutine[Deferred[Any], Any, T], waited_for: Deferred[Any]
) -> Generator[Deferred[Any], Any, T]:
    """Everything that is left of a coroutine which has begun to wait."""
    while True:
        try:
            resume, value = coroutine.send, (yield waited_for)
        except BaseException as error:
            resume, value = coroutine.throw, error
        try:
            waited_for = resume(value)
        except StopIteration as end:
            return cast("T", end.value)
