"""One attempt's stream: how it ends, and when."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import Verdict
from inference_gateway.exchange import Attempt, Usage
from inference_gateway.pipeline.event_stream import AttemptStream, WholeStream
from inference_gateway.provider_errors import (
    ProviderError,
    ProviderInvalidAnswer,
    ProviderTimeout,
    ProviderTruncated,
    ProviderUnavailable,
)
from inference_gateway.resilience.deadline import Deadline
from inference_gateway.testing.doubles import ManualBody, RecordingSink
from inference_gateway.wire.sse import Event
from tests.pipeline.chats import DONE, ROLE, STOP, USAGE, asked, chat, text
from tests.pipeline.streaming import COMMENT, ERROR, MALFORMED, ReactingSink, StreamTestCase


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

    def test_body_never_ends(self) -> None:
        """A body that stays open behind ``[DONE]`` is left after a moment."""
        self.feed(STOP + DONE)
        self.clock.advance(0.9)
        self.assertFalse(self.body.aborted)
        self.clock.advance(0.1)
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
    @settings(max_examples=40)
    def test_any_pieces(self, cuts: set[int]) -> None:
        """The same bytes in any pieces give the client the same bytes."""
        said = ROLE + text("grüße") + COMMENT + MALFORMED + text("語") + STOP + USAGE + DONE
        clock = Clock()
        call = chat(stream=True)
        body = ManualBody()
        attempt = Attempt(provider="p", model="m", started=0.0)
        stream = AttemptStream(
            call, asked(call), attempt, body, clock, idle=5.0, total=Deadline(9.0, "total", 9.0)
        )
        sink = RecordingSink()
        stream.first_content().addCallback(lambda _: stream.start(sink))
        places = [0, *sorted(cut for cut in cuts if cut < len(said)), len(said)]
        for start, end in pairwise(places):
            body.feed(said[start:end])
        expected = ROLE + text("grüße") + COMMENT + text("語") + STOP
        self.assertEqual((sink.raw, sink.results), (expected, [None]))
        self.assertEqual((call.dropped_events, call.usage), (1, Usage(7, 3)))
        body.end()
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
