"""Connections that wait for their next exchange, by origin, and a count of all that are open.

The one used last is used next, so that the others grow old together and one timer finds them. Who connects,
and when to try again, is the agent's.
"""

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from inference_gateway.http1.connection import ClientConnection
from inference_gateway.http1.dial import Origin


class Pool:
    """Keeps up to ``max_idle`` connections an origin, each for less than ``idle_limit`` seconds."""

    def __init__(self, clock: IReactorTime, *, idle_limit: float, max_idle: int) -> None:
        self._clock = clock
        self._idle_limit = idle_limit
        self._max_idle = max_idle
        # Oldest first; an entry without connections stays until the next sweep.
        self._idle: dict[Origin, list[ClientConnection]] = {}
        self._open: dict[ClientConnection, Origin] = {}
        self._sweeper: IDelayedCall | None = None
        self._closing: Deferred[None] | None = None

    @property
    def open_connections(self) -> int:
        """How many sockets are open, idle or not."""
        return len(self._open)
