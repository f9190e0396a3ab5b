"""A stream whose provider is played by the test."""

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import (
    GatewayError,
    Verdict,
)
from inference_gateway.exchange import Attempt, Call
from inference_gateway.pipeline.event_stream import AttemptStream
from inference_gateway.resilience.deadline import Deadline
from inference_gateway.testing.doubles import ManualBody, RecordingSink
from inference_gateway.wire.sse import Event
from tests.garbage import collect_garbage
from tests.pipeline.chats import asked, chat, text

EMPTY = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":null}]}\n\n'
ERROR = b'data: {"error":{"message":"out of memory"}}\n\n'
MALFORMED = b"data: {\n\n"
COMMENT = b": still here\n\n"


class ReactingSink(RecordingSink):
    """A client that does something, such as leaving, while it is being written to."""

    def __init__(self, react: Callable[[], None]) -> None:
        super().__init__()
        self._react = react

    def events(self, batch: list[Event]) -> None:
        super().events(batch)
        self._react()


class StreamTestCase(SynchronousTestCase):
    """A stream whose provider is played by the test."""

    idle = 10.0
    total = 100.0

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1.0)
        self.sink = RecordingSink()
        self.make(chat(stream=True))

    def tearDown(self) -> None:
        self.clock.advance(1.0)  # for which a body may go on behind its [DONE]
        self.assertEqual(self.clock.getDelayedCalls(), [])
        del self.stream, self.first
        collect_garbage()

    def make(self, call: Call, *early: bytes) -> None:
        """Begin anew with ``call``, its provider having said ``early``."""
        self.call = call
        self.attempt = Attempt(provider="p", model="m", started=self.clock.seconds())
        self.body = ManualBody(*early)
        self.stream = AttemptStream(
            call,
            asked(call),
            self.attempt,
            self.body,
            self.clock,
            idle=self.idle,
            total=Deadline.after(self.clock.seconds(), "total", self.total),
        )
        self.first: Deferred[None] = self.stream.first_content()

    def begin(self) -> None:
        """Let the provider say its first content, and the client read."""
        self.body.feed(text("first"))
        self.successResultOf(self.first)
        self.stream.start(self.sink)
        self.assertEqual(self.sink.raw, text("first"))
        self.sink.batches.clear()

    def feed(self, *pieces: bytes) -> None:
        """Let the provider say ``pieces``, each in a read of its own."""
        for piece in pieces:
            self.body.feed(piece)

    def verdict(self) -> Verdict | None:
        """Return how the attempt ended, None while it goes on."""
        return None if self.attempt.outcome is None else self.attempt.outcome.verdict

    def assertEnded(self, error: type[GatewayError], verdict: Verdict) -> None:
        """The client's side was told of one error, and the provider was left."""
        (result,) = self.sink.results
        self.assertIsInstance(result, error)
        self.assertIs(self.verdict(), verdict)
        self.assertTrue(self.body.aborted)

    def assertComplete(self) -> None:
        """The stream ended as it should."""
        self.assertEqual(self.sink.results, [None])
        self.assertIs(self.verdict(), Verdict.COMPLETE)
