"""What a client sends while its request is being answered: kept, and bounded by pausing its socket.

Reading goes on as long as it can, because a socket that is not read does not show that its peer
left.
"""

from typing import cast

from twisted.internet.interfaces import IPushProducer, ITransport


class ReadAhead:
    """Keeps bytes of ``transport``, and pauses it once there are more than ``limit``."""

    __slots__ = ("_data", "_limit", "_paused", "_transport")

    def __init__(self, transport: ITransport, limit: int) -> None:
        self._transport = cast(IPushProducer, transport)
        self._limit = limit
        self._data = b""
        self._paused = False

    @property
    def empty(self) -> bool:
        """Whether nothing is kept and nothing is held up in the socket."""
        return not (self._data or self._paused)

    def keep(self, data: bytes) -> None:
        """Keep ``data`` for later."""
        self._data = self._data + data if self._data else data
        if len(self._data) > self._limit and not self._paused:
            self._paused = True
            self._transport.pauseProducing()

    def take(self) -> bytes:
        """Return what was kept; call `relieve` when it is used."""
        data, self._data = self._data, b""
        return data

    def relieve(self) -> None:
        """Let the transport read on if there is room again."""
        if self._paused and len(self._data) <= self._limit:
            self._paused = False
            self._transport.resumeProducing()
