"""One stream for several readers, each of whom gets all of it, whenever it came.

What was delivered is remembered up to a bound, so that another reader can begin at the beginning.
Nobody is let ahead of a reader who does not keep up: the provider waits for the slowest.
"""

from collections.abc import Callable

from inference_gateway.errors import GatewayError
from inference_gateway.exchange import EventSink, EventStream
from inference_gateway.wire.sse import Event

#: Bytes of events; when there were more nobody can join any longer.
MOST_REMEMBERED = 1024 * 1024


class SharedStream:
    """An `EventSink` to the ``source``, which starts with its first reader and is left by its last.

    ``ended`` is called when the source has ended, before the readers are told of it.
    """

    __slots__ = ("_ended", "_history", "_is_held", "_is_started", "_readers", "_size", "_source")

    def __init__(self, source: EventStream, ended: Callable[[], None]) -> None:
        self._source = source
        self._ended = ended
        self._readers: list[SharedReader] = []
        #: None: there was too much of it.
        self._history: list[Event] | None = []
        self._size = 0
        self._is_started = False
        self._is_held = False

    def join(self, left: Callable[[], None]) -> "SharedReader | None":
        """Return the stream from its beginning, or None if that is not remembered.

        ``left`` is called when its reader leaves it before its end. Whoever gets it must start or
        abort it: until then the source waits.
        """
        if self._history is None:
            return None
        reader = SharedReader(self, list(self._history), left)
        self._readers.append(reader)
        if self._is_started:
            self.balance()
        return reader

    # --- the readers' side

    def begin(self) -> None:
        """A reader has started."""
        self.balance()
        if not self._is_started:
            self._is_started = True
            self._source.start(self)

    def balance(self) -> None:
        """Hold the source back as long as any reader is."""
        is_held = any(reader.is_held for reader in self._readers)
        if is_held is self._is_held or not self._readers:  # without any it is over
            return
        self._is_held = is_held
        if is_held:
            self._source.pause()
        else:
            self._source.resume()

    def leave(self, reader: "SharedReader") -> None:
        """A reader has left; the last one ends the source."""
        if reader not in self._readers:  # all was said, and this one did not listen to it yet
            return
        self._readers.remove(reader)
        if self._readers:
            self.balance()
        else:
            self._history = None
            self._source.abort()

    # --- the source's side: EventSink

    def events(self, batch: list[Event]) -> None:
        """Pass ``batch`` on to all, and remember it."""
        if self._history is not None:
            self._size += sum([len(event.raw) for event in batch])
            if self._size > MOST_REMEMBERED:
                self._history = None
            else:
                self._history += batch
        for reader in tuple(self._readers):
            reader.take(batch)

    def finished(self, error: GatewayError | None) -> None:
        """Tell all that it is over."""
        self._history = None
        self._ended()
        readers, self._readers = self._readers, []
        for reader in readers:
            reader.end(error)


class SharedReader:
    """The `EventStream` of one reader; ``early`` is what came before."""

    __slots__ = ("_early", "_left", "_over", "_paused", "_result", "_shared", "_sink")

    def __init__(self, shared: SharedStream, early: list[Event], left: Callable[[], None]) -> None:
        self._shared = shared
        self._early = early
        self._left = left
        self._sink: EventSink | None = None
        self._paused = False
        self._over = False
        #: How the source ended, if that was before the start.
        self._result: tuple[GatewayError | None] | None = None

    @property
    def is_held(self) -> bool:
        """Whether it cannot take more now."""
        return self._paused or self._sink is None

    def start(self, sink: EventSink) -> None:
        """Deliver what came before, and all that follows, to ``sink``; one-shot."""
        self._sink = sink
        early, self._early = self._early, []
        if early:
            sink.events(early)
        if self._over:  # whoever took them has left
            return
        if self._result is not None:
            self._over = True
            sink.finished(*self._result)
        else:
            self._shared.begin()

    def pause(self) -> None:
        """Hold the provider back, and so all other readers; idempotent."""
        self._paused = True
        self._shared.balance()

    def resume(self) -> None:
        """Let the provider go on, unless another reader holds it back; idempotent."""
        self._paused = False
        self._shared.balance()

    def abort(self) -> None:
        """Leave the others to themselves; nothing is delivered any more; idempotent."""
        if self._over:
            return
        self._over = True
        self._early = []
        self._shared.leave(self)
        self._left()

    # --- the shared stream's side

    def take(self, batch: list[Event]) -> None:
        """Deliver ``batch``, now or after the start."""
        if self._over:  # since others were given it
            return
        if self._sink is None:
            self._early += batch
        else:
            self._sink.events(batch)

    def end(self, error: GatewayError | None) -> None:
        """Deliver the end, now or after the start."""
        if self._over:
            return
        if self._sink is None:
            self._result = (error,)
        else:
            self._over = True
            self._sink.finished(error)
