"""One attempt's stream: what gets through, when it begins, and how it ends."""

import gc
from collections.abc import Callable
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import (
    GatewayError,
    ProviderError,
    ProviderInvalidAnswer,
    ProviderTimeout,
    ProviderTruncated,
    ProviderUnavailable,
    Verdict,
)
from inference_gateway.exchange import Attempt, Call, Usage
from inference_gateway.pipeline.event_stream import AttemptStream, WholeStream
from inference_gateway.resilience.deadline import Deadline
from inference_gateway.testing import ManualBody, RecordingSink
from inference_gateway.wire.sse import Event
from tests.pipeline.chats import DONE, ROLE, STOP, USAGE, chat, text

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
        self.assertEqual(self.clock.getDelayedCalls(), [])
        del self.stream, self.first
        gc.collect()

    def make(self, call: Call, *early: bytes) -> None:
        """Begin anew with ``call``, its provider having said ``early``."""
        self.call = call
        self.attempt = Attempt(provider="p", model="m", started=self.clock.seconds())
        self.body = ManualBody(*early)
        self.stream = AttemptStream(
            call,
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


class BeforeContentTests(StreamTestCase):
    """While another provider could still answer instead."""

    def test_waits_for_content(self) -> None:
        """Roles, empty deltas and comments are no content."""
        self.feed(ROLE, EMPTY, COMMENT)
        self.assertNoResult(self.first)
        self.assertIsNone(self.call.first_content_at)
        self.stream.abort()

    def test_content(self) -> None:
        """The first content ends the waiting, and the clock is read for it."""
        self.clock.advance(2.0)
        self.feed(text("first"))
        self.successResultOf(self.first)
        self.assertEqual(self.call.first_content_at, 3.0)
        self.stream.abort()

    def test_finish_is_a_beginning_too(self) -> None:
        """An answer without any content has begun when it ends."""
        self.feed(ROLE, STOP)
        self.successResultOf(self.first)
        self.stream.start(self.sink)
        self.feed(DONE)
        self.assertComplete()

    def test_held_back(self) -> None:
        """What came before the content goes out before it, as it came."""
        self.feed(ROLE, COMMENT, text("a") + text("b"))
        self.stream.start(self.sink)
        self.assertEqual(self.sink.raw, ROLE + COMMENT + text("a") + text("b"))
        self.stream.abort()

    def test_error_event(self) -> None:
        """An error instead of content is the attempt's failure."""
        self.feed(ROLE, ERROR)
        self.failureResultOf(self.first, ProviderError)
        self.assertIs(self.verdict(), Verdict.PROVIDER_ERROR)
        self.assertTrue(self.body.aborted)

    def test_end(self) -> None:
        """An end instead of content is a truncated answer."""
        self.feed(ROLE)
        self.body.end()
        self.failureResultOf(self.first, ProviderTruncated)
        self.assertIs(self.verdict(), Verdict.TRUNCATED)

    def test_broken(self) -> None:
        """A connection that breaks fails with what it broke of."""
        self.body.end(ProviderUnavailable("reset"))
        self.failureResultOf(self.first, ProviderUnavailable)

    def test_done_without_anything(self) -> None:
        """``[DONE]`` alone is no answer."""
        self.feed(DONE)
        self.failureResultOf(self.first, ProviderTruncated)

    def test_complete_though_nothing_could_be_shown(self) -> None:
        """A stream whose only chunk is malformed behind its finish_reason is complete and empty."""
        self.feed(b'data: {"choices":[{"finish_reason":"stop","delta":{}},5]}\n\n')
        self.assertNoResult(self.first)
        self.feed(DONE)
        self.successResultOf(self.first)
        self.stream.start(self.sink)
        self.assertEqual(self.sink.batches, [])
        self.assertComplete()

    def test_oversized(self) -> None:
        """An event that is too long is no answer."""
        self.feed(b"data: " + bytes(2 << 20))
        self.failureResultOf(self.first, ProviderInvalidAnswer)
        self.assertTrue(self.body.aborted)

    def test_cancelled(self) -> None:
        """Cancelling leaves the provider; how the attempt ended is for who cancelled to say."""
        self.feed(ROLE)
        self.first.cancel()
        self.failureResultOf(self.first, CancelledError)
        self.assertTrue(self.body.aborted)
        self.assertIsNone(self.attempt.outcome)

    def test_late_bytes_after_cancelling(self) -> None:
        """What was on the way when it was cancelled is nobody's."""
        self.first.cancel()
        self.failureResultOf(self.first, CancelledError)
        self.stream.received(text("late"))
        self.stream.ended(None)
        self.assertIsNone(self.call.first_content_at)
        self.assertIsNone(self.attempt.outcome)

    def test_there_already(self) -> None:
        """A provider that said everything before it was read is answered from at once."""
        self.make(chat(stream=True), ROLE + text("all") + STOP + DONE)
        self.successResultOf(self.first)
        self.stream.start(self.sink)
        self.assertEqual(self.sink.raw, ROLE + text("all") + STOP)
        self.assertComplete()

    def test_abort_before_anything(self) -> None:
        """A stream that nobody ever read is left like any other."""
        stream = AttemptStream(
            self.call,
            self.attempt,
            self.body,
            self.clock,
            idle=1.0,
            total=Deadline(9.0, "total", 9.0),
        )
        stream.abort()
        self.assertTrue(self.body.aborted)
        self.assertIs(self.verdict(), Verdict.CLIENT_GONE)
        self.first.cancel()
        self.failureResultOf(self.first, CancelledError)


class BetweenTests(StreamTestCase):
    """After the first content, before somebody takes it."""

    def test_provider_is_held_back(self) -> None:
        """Until somebody reads, the provider is paused; then it goes on."""
        self.feed(text("first"))
        self.assertTrue(self.body.paused)
        self.stream.start(self.sink)
        self.assertFalse(self.body.paused)
        self.stream.abort()

    def test_no_pause_when_started_at_once(self) -> None:
        """Whoever starts the stream the moment it has begun pauses nobody."""
        self.first.addCallback(lambda _: self.stream.start(self.sink))
        self.feed(text("a") + text("b") + STOP + DONE)
        self.assertNotIn("pause", self.body.asked)
        self.assertEqual(self.sink.raw, text("a") + text("b") + STOP)
        self.assertComplete()

    def test_silence_does_not_count(self) -> None:
        """The time that nobody read is not the provider's silence."""
        self.feed(text("first"))
        self.clock.advance(self.idle * 5)
        self.stream.start(self.sink)
        self.clock.advance(self.idle * 0.9)
        self.assertIsNone(self.verdict())
        self.stream.abort()

    def test_client_paused_before_the_start(self) -> None:
        """A client that does not read yet when the stream begins holds the provider back."""
        self.feed(text("first"))
        self.stream.pause()
        self.stream.start(self.sink)
        self.assertTrue(self.body.paused)
        self.assertEqual(self.sink.raw, text("first"))
        self.clock.advance(self.idle * 2)
        self.assertIsNone(self.verdict())
        self.stream.abort()

    def test_client_pauses_at_the_first_events(self) -> None:
        """So does one that has enough with what was held back for it."""
        self.feed(text("first"))
        self.sink = ReactingSink(self.stream.pause)
        self.stream.start(self.sink)
        self.assertTrue(self.body.paused)
        self.stream.abort()

    def test_everything_came_meanwhile(self) -> None:
        """A body that is over is not left paused: what ends its connection must still be read."""
        self.feed(text("all") + STOP + DONE)
        self.stream.start(self.sink)
        self.assertComplete()
        self.assertFalse(self.body.paused)

    def test_failure_meanwhile(self) -> None:
        """A failure between content and start is told behind the content."""
        self.feed(text("first"))
        self.body.end(ProviderUnavailable("reset"))
        self.stream.start(self.sink)
        self.assertEqual(self.sink.raw, text("first"))
        self.assertEnded(ProviderUnavailable, Verdict.PROVIDER_ERROR)

    def test_abort(self) -> None:
        """A client that left before anything was written leaves the provider."""
        self.feed(text("first"))
        self.stream.abort()
        self.assertTrue(self.body.aborted)
        self.assertIs(self.verdict(), Verdict.CLIENT_GONE)


class EventsTests(StreamTestCase):
    """What of a running stream gets through."""

    def setUp(self) -> None:
        super().setUp()
        self.begin()

    def tearDown(self) -> None:
        self.stream.abort()
        super().tearDown()

    def test_as_they_came(self) -> None:
        """Events pass unchanged, those of one read together, comments among them."""
        self.feed(text("a") + COMMENT + EMPTY, text("ü"))
        self.assertEqual([len(batch) for batch in self.sink.batches], [3, 1])
        self.assertEqual(self.sink.raw, text("a") + COMMENT + EMPTY + text("ü"))

    def test_partial(self) -> None:
        """A part of an event waits for the rest of it."""
        event = text("split")
        self.feed(event[:20])
        self.assertEqual(self.sink.batches, [])
        self.feed(event[20:])
        self.assertEqual(self.sink.raw, event)

    def test_malformed(self) -> None:
        """Events that are no chunk are dropped and counted; the rest passes."""
        self.feed(text("a") + MALFORMED + text("b"), b"data: 5\n\n")
        self.assertEqual(self.sink.raw, text("a") + text("b"))
        self.assertEqual(self.call.dropped_events, 2)

    def test_usage_is_hidden(self) -> None:
        """The usage event is counted and not shown to a client that did not ask for it."""
        self.feed(STOP, USAGE)
        self.assertEqual(self.sink.raw, STOP)
        self.feed(DONE)
        self.assertEqual(self.call.usage, Usage(7, 3))

    def test_nothing_to_pass(self) -> None:
        """A read with nothing for the client gives it nothing, not an empty batch."""
        self.feed(USAGE, MALFORMED)
        self.assertEqual(self.sink.batches, [])


class UsageTests(StreamTestCase):
    """What a stream is charged for."""

    def run_stream(self, call: Call, *pieces: bytes) -> None:
        """Play a whole stream."""
        self.first.cancel()
        self.failureResultOf(self.first, CancelledError)
        self.make(call)
        self.first.addCallback(lambda _: self.stream.start(self.sink))
        self.feed(*pieces)

    def test_asked_for(self) -> None:
        """A client that asked for usage sees it as it came."""
        call = chat(stream=True, stream_options={"include_usage": True})
        self.run_stream(call, text("a"), STOP, USAGE, DONE)
        self.assertEqual(self.sink.raw, text("a") + STOP + USAGE)
        self.assertEqual(call.usage, Usage(7, 3))

    def test_estimated(self) -> None:
        """Usage that never comes is estimated and marked so."""
        call = chat(stream=True)
        assert call.request is not None
        self.run_stream(call, text("x" * 40), STOP, DONE)
        self.assertEqual(call.usage, Usage(-(-len(call.request.body) // 4), 10, "estimated"))

    def test_interrupted(self) -> None:
        """A stream that breaks off is charged for what was said."""
        call = chat(stream=True)
        self.run_stream(call, text("x" * 8))
        self.stream.abort()
        assert call.usage is not None
        self.assertEqual((call.usage.output_tokens, call.usage.source), (2, "estimated"))

    def test_nothing_said(self) -> None:
        """A stream that said nothing is charged nothing."""
        call = chat(stream=True)
        self.run_stream(call, STOP, DONE)
        self.assertIsNone(call.usage)

    def test_what_it_says_of_itself(self) -> None:
        """Model and finish_reason are noted on the call."""
        call = chat(stream=True)
        self.run_stream(call, text("a"), STOP, DONE)
        self.assertEqual((call.response_model, call.finish_reason), ("upstream-model", "stop"))

    def test_without_a_request(self) -> None:
        """A call without a parsed request is streamed all the same, and nothing is estimated."""
        call = Call(id="r", received=0.0, method="POST", path="/", stream=True)
        self.run_stream(call, text("a"), STOP, DONE)
        self.assertIsNone(call.usage)
        self.assertComplete()

    def test_several_choices(self) -> None:
        """A stream of several choices is complete when each has its finish_reason."""
        self.run_stream(chat(stream=True, n=2), text("a"), STOP, DONE)
        self.assertEnded(ProviderTruncated, Verdict.TRUNCATED)


class EndTests(StreamTestCase):
    """How a running stream ends."""

    def setUp(self) -> None:
        super().setUp()
        self.begin()

    def test_done(self) -> None:
        """``[DONE]`` after every finish_reason is the end, and not passed on."""
        self.feed(STOP + DONE)
        self.assertEqual(self.sink.raw, STOP)
        self.assertComplete()
        self.assertEqual(self.attempt.ended, self.clock.seconds())

    def test_done_missing(self) -> None:
        """With every finish_reason the end of the body is a complete end."""
        self.feed(STOP)
        self.body.end()
        self.assertComplete()

    def test_broken_after_the_finish(self) -> None:
        """Whatever breaks after the last finish_reason, the answer is there."""
        self.feed(STOP)
        self.body.end(ProviderUnavailable("reset"))
        self.assertComplete()

    def test_truncated(self) -> None:
        """Without a finish_reason the end of the body is a truncated answer."""
        self.body.end()
        self.assertEnded(ProviderTruncated, Verdict.TRUNCATED)

    def test_done_without_finish(self) -> None:
        """Without a finish_reason ``[DONE]`` does not make an answer complete."""
        self.feed(DONE)
        self.assertEnded(ProviderTruncated, Verdict.TRUNCATED)

    def test_unfinished_event(self) -> None:
        """A last event without its end is not passed on."""
        self.feed(text("half")[:-2])
        self.body.end()
        self.assertEqual(self.sink.batches, [])
        self.assertEnded(ProviderTruncated, Verdict.TRUNCATED)

    def test_broken(self) -> None:
        """A connection that breaks ends the stream with that."""
        self.body.end(ProviderUnavailable("reset"))
        self.assertEnded(ProviderUnavailable, Verdict.PROVIDER_ERROR)

    def test_error_event(self) -> None:
        """An error event ends the stream behind what came before it; its words stay here."""
        self.feed(text("a") + ERROR + text("b"))
        self.assertEqual(self.sink.raw, text("a"))
        self.assertEnded(ProviderError, Verdict.PROVIDER_ERROR)
        self.assertNotIn("memory", str(self.sink.results[0]))

    def test_oversized(self) -> None:
        """An event that is too long ends the stream."""
        self.feed(b"data: " + bytes(2 << 20))
        self.assertEnded(ProviderInvalidAnswer, Verdict.PROVIDER_ERROR)

    def test_bytes_after_the_end(self) -> None:
        """A provider that goes on after the end is left, and nothing of it gets through."""
        self.feed(STOP + DONE, text("more"))
        self.assertEqual(self.sink.raw, STOP)
        self.assertTrue(self.body.aborted)
        self.assertComplete()

    def test_body_ends_after_the_end(self) -> None:
        """The body's own end after ``[DONE]`` is nothing new."""
        self.feed(STOP + DONE)
        self.body.end()
        self.assertComplete()

    def test_abort(self) -> None:
        """A client that leaves leaves the provider, once, and is told nothing more."""
        self.stream.abort()
        self.stream.abort()
        self.assertEqual(self.sink.results, [])
        self.assertIs(self.verdict(), Verdict.CLIENT_GONE)
        self.assertTrue(self.body.aborted)

    def test_abort_after_the_end(self) -> None:
        """Leaving after the end changes nothing."""
        self.feed(STOP + DONE)
        self.stream.abort()
        self.assertComplete()


class LeavingTests(StreamTestCase):
    """A client that leaves in the middle of one read."""

    def play(self, said: bytes) -> None:
        """Let the provider say all in one read to a client that leaves at the first events."""
        self.sink = ReactingSink(self.stream.abort)
        self.first.addCallback(lambda _: self.stream.start(self.sink))
        self.feed(said)
        self.assertEqual(self.sink.raw, text("a"))
        self.assertEqual(self.sink.results, [])
        self.assertIs(self.verdict(), Verdict.CLIENT_GONE)
        self.assertTrue(self.body.aborted)

    def test_more_events(self) -> None:
        """What follows in the same read is not delivered."""
        self.play(text("a") + text("b"))

    def test_end(self) -> None:
        """An end in the same read is not told."""
        self.play(text("a") + STOP + DONE)

    def test_error(self) -> None:
        """A failure in the same read is not told."""
        self.play(text("a") + ERROR)


class TimeTests(StreamTestCase):
    """The limits of time."""

    def setUp(self) -> None:
        super().setUp()
        self.begin()

    def timed_out(self) -> str:
        """Return which limit ended the stream."""
        (error,) = self.sink.results
        assert isinstance(error, ProviderTimeout)
        self.assertEnded(ProviderTimeout, Verdict(f"{error.limit}_timeout"))
        return error.limit

    def test_idle(self) -> None:
        """A provider that says nothing for the idle limit is left."""
        self.clock.advance(self.idle - 0.1)
        self.assertIsNone(self.verdict())
        self.clock.advance(0.1)
        self.assertEqual(self.timed_out(), "idle")

    def test_every_byte_counts(self) -> None:
        """Anything a provider says begins its idle limit anew."""
        for _ in range(5):
            self.clock.advance(self.idle * 0.8)
            self.feed(COMMENT)
        self.assertIsNone(self.verdict())
        self.clock.advance(self.idle * 0.5)
        self.clock.advance(self.idle * 0.5)
        self.assertEqual(self.timed_out(), "idle")

    def test_total(self) -> None:
        """A provider that never ends is left at the total limit."""
        for _ in range(20):
            self.clock.advance(self.idle * 0.5)
            self.feed(COMMENT)
        self.assertEqual(self.timed_out(), "total")

    def test_client_does_not_read(self) -> None:
        """While the client holds the provider back, its silence does not count."""
        self.stream.pause()
        self.assertTrue(self.body.paused)
        for _ in range(5):
            self.clock.advance(self.idle)
        self.assertIsNone(self.verdict())
        self.stream.resume()
        self.assertFalse(self.body.paused)
        self.clock.pump([self.idle * 0.5, self.idle * 0.4])
        self.assertIsNone(self.verdict())
        self.clock.pump([self.idle * 0.1, self.idle])
        self.assertEqual(self.timed_out(), "idle")

    def test_total_while_client_does_not_read(self) -> None:
        """The total limit runs whoever is to blame."""
        self.stream.pause()
        for _ in range(11):
            self.clock.advance(self.idle)
        self.assertEqual(self.timed_out(), "total")


class SplitTests(SynchronousTestCase):
    """Where the network cuts a stream does not matter."""

    @given(cuts=st.sets(st.integers(1, 400), max_size=12))
    @settings(max_examples=40, deadline=None)
    def test_any_pieces(self, cuts: set[int]) -> None:
        """The same bytes in any pieces give the client the same bytes."""
        said = ROLE + text("grüße") + COMMENT + MALFORMED + text("語") + STOP + USAGE + DONE
        clock = Clock()
        call = chat(stream=True)
        body = ManualBody()
        attempt = Attempt(provider="p", model="m", started=0.0)
        stream = AttemptStream(
            call, attempt, body, clock, idle=5.0, total=Deadline(9.0, "total", 9.0)
        )
        sink = RecordingSink()
        stream.first_content().addCallback(lambda _: stream.start(sink))
        places = [0, *sorted(cut for cut in cuts if cut < len(said)), len(said)]
        for start, end in pairwise(places):
            body.feed(said[start:end])
        expected = ROLE + text("grüße") + COMMENT + text("語") + STOP
        self.assertEqual((sink.raw, sink.results), (expected, [None]))
        self.assertEqual((call.dropped_events, call.usage), (1, Usage(7, 3)))
        self.assertEqual(clock.getDelayedCalls(), [])


class WholeStreamTests(SynchronousTestCase):
    """An answer that was never streamed."""

    def test_at_once(self) -> None:
        """It is delivered in one batch and ended."""
        sink = RecordingSink()
        WholeStream([Event(b"data: 1\n\n", b"1")]).start(sink)
        self.assertEqual((sink.raw, sink.results), (b"data: 1\n\n", [None]))

    def test_nothing_to_hold_back(self) -> None:
        """Pausing, resuming and leaving it have no effect."""
        stream = WholeStream([Event(b"data: 1\n\n", b"1")])
        stream.pause()
        stream.resume()
        stream.abort()
        sink = RecordingSink()
        stream.start(sink)
        self.assertEqual(sink.results, [None])
