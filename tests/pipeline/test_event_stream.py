"""One attempt's stream: what gets through, and when it begins."""

from twisted.internet.defer import CancelledError

from inference_gateway.errors import Verdict
from inference_gateway.exchange import Call, Usage
from inference_gateway.pipeline.event_stream import AttemptStream
from inference_gateway.provider_errors import (
    ProviderError,
    ProviderInvalidAnswer,
    ProviderTruncated,
    ProviderUnavailable,
)
from inference_gateway.resilience.deadline import Deadline
from tests.pipeline.chats import DONE, ROLE, STOP, USAGE, asked, chat, text
from tests.pipeline.streaming import COMMENT, EMPTY, ERROR, MALFORMED, ReactingSink, StreamTestCase


class BeforeContentTests(StreamTestCase):
    """While another provider could still answer instead."""

    def test_waits_for_content(self) -> None:
        """Roles, empty deltas and comments are no content."""
        self.feed(ROLE, EMPTY, COMMENT)
        self.assertNoResult(self.first)
        self.assertIsNone(self.call.first_content_at)
        self.stream.abort()

    def test_flood(self) -> None:
        """A provider that says a megabyte without beginning is left."""
        self.feed(*[b": " + b"x" * 65536 + b"\n\n"] * 16)
        self.failureResultOf(self.first, ProviderInvalidAnswer)
        self.assertTrue(self.body.aborted)

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
            asked(self.call),
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

    def test_several_choices(self) -> None:
        """A stream of several choices is complete when each has its finish_reason."""
        self.run_stream(chat(stream=True, n=2), text("a"), STOP, DONE)
        self.assertEnded(ProviderTruncated, Verdict.TRUNCATED)
