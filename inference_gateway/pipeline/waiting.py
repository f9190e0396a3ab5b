"""Waits for one of several providers to have room.

Who is next is decided in ``resilience.concurrency``; here is what waiting means to a call: the time
it may take, what its client is told, and that a client who leaves waits no longer.
"""

from collections.abc import Sequence

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from inference_gateway.errors import QueueFull
from inference_gateway.exchange import Call
from inference_gateway.pipeline.time_limit import within
from inference_gateway.provider_errors import ProviderTimeout
from inference_gateway.resilience.concurrency import Places, Waiter
from inference_gateway.resilience.deadline import Deadline
from inference_gateway.routing.candidate import Candidate

#: Seconds after which a client is told to come again, at the least: who comes at once and finds no
#: room once more has only made the crowd bigger.
_SOONEST = 1.0


async def wait_for_place(
    call: Call, candidates: Sequence[Candidate], clock: IReactorTime, deadline: Deadline
) -> Candidate:
    """Return the first of ``candidates`` to have room, with a place taken there for ``call``.

    There must be one at least; whoever awaits this gives the place back. Raises `QueueFull`, at
    once where waiting makes no sense: no queue lets the call in, or its turn would come after
    ``deadline``. Cancelling it leaves the queues. The seconds are added to ``call.queued``.
    """
    by_places = {candidate.entry.places: candidate for candidate in candidates}
    key = call.principal.id
    open_places = [places for places in by_places if places.lets_in(key)]
    if not open_places:
        raise QueueFull(
            "every provider of this model is busy, and too many calls wait already",
            retry_after=_comes_again(by_places, key),
        )
    began = clock.seconds()
    if began + min([places.expected_wait(key) for places in open_places]) > deadline.at:
        raise QueueFull(
            "every provider of this model is busy, and none is likely to have room in time",
            retry_after=_comes_again(open_places, key),
        )

    def displaced() -> None:
        granted.errback(
            QueueFull(
                "this call lost its turn to wait to one of a key that has fewer calls waiting",
                retry_after=_comes_again(by_places, key),
            )
        )

    granted: Deferred[Places] = Deferred(lambda _: waiter.leave())
    waiter = Waiter(key, granted.callback, displaced)
    waiter.wait_for(open_places)
    try:
        return by_places[await within(clock, deadline, granted)]
    except ProviderTimeout:
        raise QueueFull(
            f"no provider of this model had room within {clock.seconds() - began:.3g} s",
            retry_after=_comes_again(by_places, key),
        ) from None
    finally:
        call.queued += clock.seconds() - began


def _comes_again(several: Sequence[Places] | dict[Places, Candidate], key: str) -> float:
    """Return in how many seconds a client may find room."""
    return max(_SOONEST, min([places.expected_wait(key) for places in several]))
