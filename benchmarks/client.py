"""The loads of a measurement: many clients at the same time, each load with its own pattern.

A load opens its connections, leaves them, and returns ``Numbers``; it runs in an event loop of its
own. What one client does is ``lane``'s; what the numbers mean together is ``run``'s.
"""

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine

from lane import Lane, Numbers, Target

#: How long a load may go on after its time, in seconds, before what is left has failed.
PATIENCE = 30.0

#: How many streams are opened at one time, because servers have short queues for newcomers.
OPENING = 16

#: Seconds between the starts of two streams whose chunks are timed.
START_GAP = 0.002

#: Chunks of a stream that nobody waits out.
ENDLESS = 1_000_000_000


def closed_loop(target: Target, connections: int, seconds: float) -> Numbers:
    """Call on each connection again as soon as the last answer is there; once at least.

    A connection is not used any more after a call on it has failed.
    """
    request = target.request()

    async def repeat(lane: Lane) -> None:
        end = time.monotonic() + seconds
        while await lane.call(request, now := time.monotonic()) and now < end:
            pass

    async def load(lanes: list[Lane]) -> None:
        async with asyncio.TaskGroup() as group:
            for lane in lanes:
                group.create_task(repeat(lane))

    return _run(target, connections, seconds, load)


def fixed_rate(target: Target, per_second: float, connections: int, seconds: float) -> Numbers:
    """Call on a schedule, whether or not earlier answers are there, on whichever is free."""
    request = target.request()

    async def load(lanes: list[Lane]) -> None:
        free: asyncio.LifoQueue[Lane] = asyncio.LifoQueue()

        async def call(due: float) -> None:
            lane = await free.get()
            await lane.call(request, due)
            free.put_nowait(lane)

        for lane in lanes:
            await lane.connect()
            free.put_nowait(lane)
        begin = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for index in range(max(1, round(per_second * seconds))):
                due = begin + index / per_second
                await asyncio.sleep(due - time.monotonic())
                group.create_task(call(due))

    # Of all selectors this one alone waits for less than a millisecond.
    return _run(target, connections, seconds, load, selectors.SelectSelector())


def streams(target: Target, count: int, pace: int, seconds: float) -> Numbers:
    """Read ``count`` whole streams at the same time, with ``pace`` ms between their chunks.

    They start one after the other, or their first chunks would be the latest ones.
    """
    chunks = max(1, round(seconds * 1000 / pace))
    request = target.request(f"chunks={chunks} pace={pace}", stream=True)

    async def load(lanes: list[Lane]) -> None:
        async with asyncio.TaskGroup() as group:
            for lane in lanes:
                group.create_task(lane.call(request, time.monotonic(), chunks))
                await asyncio.sleep(START_GAP)

    return _run(target, count, seconds, load)


def hold(target: Target, count: int, seconds: float, while_open: Callable[[], None]) -> Numbers:
    """Hold ``count`` streams open, a chunk a second each, and leave without warning.

    ``while_open`` is called just before that.
    """
    request = target.request(f"chunks={ENDLESS} pace=1000", stream=True)

    async def load(lanes: list[Lane]) -> None:
        opening = asyncio.Semaphore(OPENING)

        async def start(lane: Lane) -> asyncio.Task[bool]:
            async with opening:
                call = asyncio.create_task(lane.call(request, time.monotonic(), ENDLESS))
                await lane.started.wait()
            return call

        calls = await asyncio.gather(*map(start, lanes))
        await asyncio.sleep(seconds)
        while_open()
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)

    return _run(target, count, seconds, load)


def _run(
    target: Target,
    connections: int,
    seconds: float,
    load: Callable[[list[Lane]], Coroutine[None, None, None]],
    selector: selectors.BaseSelector | None = None,
) -> Numbers:
    """Run a load on new lanes, which are left afterwards whatever became of it."""
    numbers = Numbers()

    async def limited() -> None:
        lanes = [Lane(target, numbers) for _ in range(connections)]
        begin = time.monotonic()
        try:
            async with asyncio.timeout(seconds + PATIENCE):
                await load(lanes)
        except (TimeoutError, OSError) as error:
            numbers.problems[type(error).__name__] += 1
        finally:
            numbers.seconds = time.monotonic() - begin
            for lane in lanes:
                lane.leave()
            await asyncio.sleep(0)

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        runner.run(limited())
    return numbers
