"""A stream of events whose test says what comes."""

from inference_gateway.errors import GatewayError
from inference_gateway.exchange import EventSink
from inference_gateway.wire.sse import Event


class EventSource:
    """An `EventStream` that delivers what the test feeds it, also while it is paused.

    What is fed before the start is delivered by it; ``asked`` lists what its reader asked for.
    """

    def __init__(self, *early: bytes) -> None:
        self.asked: list[str] = []
        self._early = list(early)
        self._sink: EventSink | None = None
        self._end: tuple[GatewayError | None] | None = None

    def start(self, sink: EventSink) -> None:
        """Deliver what was fed so far."""
        self.asked.append("start")
        self._sink = sink
        while self._early and self._sink is not None:
            self.feed(self._early.pop(0))
        if self._end is not None and self._sink is not None:
            self.end(*self._end)

    def feed(self, *raw: bytes) -> None:
        """Deliver events in one batch."""
        if self._sink is None:
            self._early += raw
        else:
            self._sink.events([Event(raw=each, data=each) for each in raw])

    def end(self, error: GatewayError | None = None) -> None:
        """End the stream, with ``error`` if it broke."""
        self._end = (error,)
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.finished(error)

    def pause(self) -> None:
        """Record the wish."""
        self.asked.append("pause")

    def resume(self) -> None:
        """Record the wish."""
        self.asked.append("resume")

    def abort(self) -> None:
        """Deliver nothing more."""
        self.asked.append("abort")
        self._sink = None
