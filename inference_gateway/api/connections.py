"""The open client connections: counted, capped, and told when the gateway drains."""

from collections import Counter
from typing import Any

from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.internet.protocol import Factory

from inference_gateway.http1.answer import DateLine
from inference_gateway.http1.application import Application
from inference_gateway.http1.channel import HTTPChannel
from inference_gateway.http1.limits import Limits
from inference_gateway.telemetry.metrics import Metrics


class Connections:
    """Every open connection of all listeners together.

    ``most`` and ``most_per_address`` cap how many there may be; None means no cap.
    """

    def __init__(
        self, metrics: Metrics, *, most: int | None = None, most_per_address: int | None = None
    ) -> None:
        self._metrics = metrics
        self._most = most
        self._most_per_address = most_per_address
        self._open: set[HTTPChannel] = set()
        self._addresses: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._open)

    @property
    def waiting(self) -> int:
        """How many bytes of answers have not left the process yet."""
        return sum(channel.outlet.waiting for channel in self._open)

    def opened(self, channel: HTTPChannel) -> bool:
        """Count ``channel`` in; False when a cap refuses it, and it must be closed."""
        if self._most is not None and len(self._open) >= self._most:
            self._metrics.refused_connections.inc()
            return False
        if self._most_per_address is not None:
            address = _host(channel)
            if self._addresses[address] >= self._most_per_address:
                self._metrics.refused_connections.inc()
                return False
            self._addresses[address] += 1
        self._open.add(channel)
        self._metrics.connections.inc()
        return True

    def closed(self, channel: HTTPChannel) -> None:
        """Count ``channel`` out; ignores one that was refused."""
        if channel not in self._open:
            return
        self._open.discard(channel)
        self._metrics.connections.dec()
        if self._most_per_address is not None:
            address = _host(channel)
            self._addresses[address] -= 1
            if not self._addresses[address]:
                del self._addresses[address]

    def drain(self) -> None:
        """Close those that are idle now, the others after the answer they are busy with."""
        for channel in list(self._open):
            channel.drain()

    def abort(self) -> None:
        """Cut all of them."""
        for channel in list(self._open):
            channel.abort()


def _host(channel: HTTPChannel) -> str:
    return getattr(channel.transport.getPeer(), "host", "")


class SiteFactory(Factory):
    """Makes the protocol of each accepted connection."""

    noisy = False

    def __init__(
        self, application: Application, limits: Limits, clock: IReactorTime, date: DateLine
    ) -> None:
        self.application = application
        self._limits = limits
        self._clock = clock
        self._date = date

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """Return a new channel."""
        return HTTPChannel(self.application, self._limits, self._clock, self._date)
