"""Lets the running calls finish, and ends those that do not in time.

The order of a shutdown as a whole is ``lifecycle``.
"""

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from inference_gateway.errors import Drained
from inference_gateway.service.graph import Graph

#: Seconds between two looks at what is still running.
_LOOK_EVERY = 0.02
#: Seconds that the answers which were cut have to leave the process.
_FLUSH = 0.25
#: Seconds that a client has to complete the head of a request, once no call is running.
_LAST_HEADS = 1.0


@attrs.frozen
class DrainResult:
    """How many calls finished by themselves and how many were cut."""

    finished: int
    cut: int


class Drain:
    """One drain of one graph."""

    def __init__(self, graph: Graph, clock: IReactorTime) -> None:
        self._graph = graph
        self._clock = clock
        self._hurry = False

    def hurry(self) -> None:
        """Wait no longer: cut what is still running."""
        self._hurry = True

    async def grace(self, seconds: float) -> None:
        """Go on serving what is running for ``seconds``, so that load balancers notice."""
        end = self._clock.seconds() + seconds
        while self._clock.seconds() < end and not self._hurry:
            await self._pause(min(_LOOK_EVERY, end - self._clock.seconds()))

    async def finish(self, timeout: float) -> DrainResult:
        """Wait until nothing is in flight, at most ``timeout`` seconds; then cut the rest.

        A stream that is cut gets an error event, any other call a 503.
        """
        graph = self._graph
        running = graph.in_flight
        end = self._clock.seconds() + timeout
        graph.connections.drain()
        await self._until_quiet(end)
        error = Drained("the gateway is shutting down and could not wait for this call any longer")
        cut = graph.in_flight
        for application in graph.applications:
            application.cut(error)
        end = self._clock.seconds() + _FLUSH
        while len(graph.connections) and self._clock.seconds() < end:
            await self._pause(_LOOK_EVERY)
        graph.connections.abort()
        return DrainResult(finished=max(0, running - cut), cut=cut)

    async def _until_quiet(self, end: float) -> None:
        """Wait for calls, and for answers that have to leave; for half a head not so long."""
        connections = self._graph.connections
        patience = _LAST_HEADS
        while len(connections) and patience > 0:
            if self._hurry or self._clock.seconds() >= end:
                return
            await self._pause(_LOOK_EVERY)
            if not (self._graph.in_flight or connections.waiting):
                patience -= _LOOK_EVERY

    def _pause(self, seconds: float) -> "Deferred[None]":
        return deferLater(self._clock, seconds)
