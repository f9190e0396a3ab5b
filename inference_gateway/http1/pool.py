"""Connections that wait for their next exchange, by origin, and a count of all that are open.

The one used last is used next, so the others grow old together and one timer finds them. Who
connects, and when to try again, is the agent's.
"""

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from inference_gateway.http1.connection import ClientConnection
from inference_gateway.http1.origin import Origin


class Pool:
    """Keeps up to ``max_idle`` connections an origin, each for less than ``idle_limit`` seconds."""

    def __init__(self, clock: IReactorTime, *, idle_limit: float, max_idle: int) -> None:
        self._clock = clock
        self._idle_limit = idle_limit
        self._max_idle = max_idle
        # By origin, the oldest first; an empty list stays until the next sweep.
        self._idle: dict[Origin, list[ClientConnection]] = {}
        self._open: set[ClientConnection] = set()
        self._sweeper: IDelayedCall | None = None
        self._emptied: Deferred[None] | None = None

    @property
    def open_connections(self) -> int:
        """How many sockets are open, idle or not."""
        return len(self._open)

    def take(self, origin: Origin) -> ClientConnection | None:
        """Remove and return the connection that became idle last, if one is young enough."""
        waiting = self._idle.get(origin)
        while waiting:
            connection = waiting.pop()
            # The timer may be late, and a backend that closes in the meantime would cost a retry.
            if self._clock.seconds() - connection.idle_since >= self._idle_limit:
                connection.abort()
            elif not connection.closed:
                return connection
        return None

    def close(self) -> Deferred[None]:
        """Close every connection at once; fires when their sockets are gone."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        self._idle.clear()
        if not self._open:
            return succeed(None)
        if self._emptied is None:
            self._emptied = Deferred()
        for connection in list(self._open):
            connection.abort()
        return self._emptied

    # --- what connections report

    def opened(self, connection: ClientConnection) -> None:
        """Count a connection as open."""
        self._open.add(connection)

    def idle(self, connection: ClientConnection) -> None:
        """Keep a connection for the next exchange; the oldest makes room for it."""
        connection.idle_since = self._clock.seconds()
        waiting = self._idle.setdefault(connection.origin, [])
        waiting.append(connection)
        if len(waiting) > self._max_idle:
            waiting.pop(0).abort()
        if self._sweeper is None:
            self._sweeper = self._clock.callLater(self._idle_limit, self._sweep)

    def gone(self, connection: ClientConnection) -> None:
        """Forget a connection whose socket is closed."""
        self._open.discard(connection)
        waiting = self._idle.get(connection.origin)
        if waiting and connection in waiting:
            waiting.remove(connection)
        if self._emptied is not None and not self._open:
            emptied, self._emptied = self._emptied, None
            emptied.callback(None)

    def _sweep(self) -> None:
        self._sweeper = None
        oldest: float | None = None
        expired = self._clock.seconds() - self._idle_limit
        for origin, waiting in list(self._idle.items()):
            while waiting and waiting[0].idle_since <= expired:
                waiting.pop(0).abort()
            if not waiting:
                del self._idle[origin]
            elif oldest is None or waiting[0].idle_since < oldest:
                oldest = waiting[0].idle_since
        if oldest is not None:
            self._sweeper = self._clock.callLater(oldest - expired, self._sweep)
