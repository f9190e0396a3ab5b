"""Streams that are played by the test, and one made of them."""

from typing import Any

import orjson
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import GatewayError
from inference_gateway.exchange import Call, EventSink, EventStream
from inference_gateway.pipeline.replay import ReplayStream
from inference_gateway.provider_errors import ProviderUnavailable
from inference_gateway.testing.doubles import RecordingSink
from inference_gateway.wire.sse import Event
from inference_gateway.wire.transcript import Transcript
from tests.garbage import collect_garbage
from tests.pipeline.chats import chat
from tests.wire.repeating import event, finish, say

CUT = ProviderUnavailable("the connection broke")


def chunk_of(event: Event) -> dict[str, Any]:
    """Return what an event says, parsed."""
    chunk: dict[str, Any] = orjson.loads(event.data or b'{"choices":[]}')
    return chunk


def text(content: str) -> Event:
    """Return an event with some text."""
    return event(say(content=content))


def whole(content: str) -> list[Event]:
    """Return a stream that says this text letter by letter, to its end."""
    return [*[text(letter) for letter in content], event(finish())]


def ended(error: GatewayError | None, *events: Event) -> "ManualStream":
    """Return a stream of these events that ends with ``error``."""
    return ManualStream(*events).end(error)


class ManualStream:
    """An `EventStream` whose test says what comes; ``asked`` lists what its reader wants of it.

    What is said before the start is delivered by it.
    """

    def __init__(self, *early: Event) -> None:
        self.asked: list[str] = []
        self._early = list(early)
        self._sink: EventSink | None = None
        self._end: tuple[GatewayError | None] | None = None

    def say(self, *events: Event) -> None:
        """Deliver events that came together."""
        if self._sink is not None:
            self._sink.events(list(events))
        elif "abort" not in self.asked:
            self._early += events

    def end(self, error: GatewayError | None = None) -> "ManualStream":
        """End the stream."""
        sink, self._sink = self._sink, None
        self._end = (error,)
        if sink is not None:
            sink.finished(error)
        return self

    def start(self, sink: EventSink) -> None:
        """Deliver what was said so far."""
        self.asked.append("start")
        self._sink = sink
        if self._early:
            sink.events(self._early)
        if self._end is not None and self._sink is not None:
            self.end(*self._end)

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


#: What is there when another provider is asked: its stream, what is raised, or either of it later.
Next = EventStream | Exception | Deferred[EventStream]


class Replaying:
    """A `ReplayStream` that was started, and all around it.

    Who is asked for another stream gives the next of ``others``, and with none left raises why it
    was asked.
    """

    def __init__(
        self, first: EventStream, *others: Next, sink: RecordingSink | None = None
    ) -> None:
        self.call: Call = chat(stream=True)
        self.sink = sink or RecordingSink()
        self.others = list(others)
        #: Why another stream was asked for.
        self.failures: list[GatewayError] = []
        self.transcript = Transcript()
        self.stream = ReplayStream(self.call, first, self.transcript, self.again)

    def start(self) -> "Replaying":
        """Begin to read."""
        self.stream.start(self.sink)
        return self

    async def again(self, failure: GatewayError) -> EventStream:
        """Give the next stream."""
        self.failures.append(failure)
        if not self.others:
            raise failure
        following = self.others.pop(0)
        if isinstance(following, Deferred):
            following = await following
        if isinstance(following, Exception):
            raise following
        return following

    @property
    def text(self) -> str:
        """What the client reads."""
        return "".join(
            choice["delta"].get("content") or ""
            for batch in self.sink.batches
            for event in batch
            for choice in chunk_of(event)["choices"]
        )


class ReplayTestCase(SynchronousTestCase):
    """A stream that began with a few letters."""

    def setUp(self) -> None:
        self.first = ManualStream(text("a"), text("b"))

    def tearDown(self) -> None:
        del self.first
        collect_garbage()

    def begin(self, *others: "EventStream | Exception | Deferred[EventStream]") -> Replaying:
        """Let the client read the beginning."""
        return Replaying(self.first, *others).start()

    def assertEnded(self, replaying: Replaying, text: str, error: GatewayError | None) -> None:
        """The client read ``text`` and no more, and was told one end."""
        self.assertEqual((replaying.text, replaying.sink.results), (text, [error]))
