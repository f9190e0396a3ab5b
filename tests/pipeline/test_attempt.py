"""One try at one provider: its answer, and its limits of time."""

from twisted.internet.defer import Deferred

from inference_gateway.config.settings import TimeoutSettings
from inference_gateway.errors import Verdict
from inference_gateway.exchange import Usage
from inference_gateway.pipeline.collect import LARGEST_ANSWER
from inference_gateway.provider_errors import (
    ProviderInvalidAnswer,
    ProviderTimeout,
    ProviderTruncated,
    ProviderUnavailable,
)
from inference_gateway.testing.doubles import Answer, ManualBody, RecordingSink
from inference_gateway.wire.sse import SSEParser
from tests.pipeline.asking import AttemptTestCase
from tests.pipeline.chats import DONE, ROLE, STOP, answer, chat, text


class PlainTests(AttemptTestCase):
    """A call that is answered whole."""

    def setUp(self) -> None:
        super().setUp()
        self.call = chat(received=1.0)

    def test_answer(self) -> None:
        """The answer comes through unchanged, and what it says of itself is noted."""
        self.clock.advance(2.0)
        reply = self.successResultOf(self.ask(answer()))
        self.assertEqual((reply.status, reply.body), (200, answer()))
        call = self.call
        self.assertEqual((call.usage, call.first_content_at), (Usage(7, 3), 3.0))
        self.assertEqual((call.response_model, call.finish_reason), ("upstream-model", "stop"))
        self.assertIs(self.verdict(), Verdict.COMPLETE)

    def test_recorded(self) -> None:
        """The attempt says who was asked for what, and when."""
        waiting: Deferred[Answer] = Deferred()
        asked = self.ask(waiting)
        self.assertEqual(self.entry.in_flight, 1)
        self.clock.advance(2.0)
        waiting.callback(answer())
        self.successResultOf(asked)
        (attempt,) = self.call.attempts
        self.assertIs(attempt, self.provider.attempts[0])
        self.assertEqual((attempt.provider, attempt.model), ("p", "m"))
        self.assertEqual((attempt.started, attempt.ended), (1.0, 3.0))

    def test_body_in_pieces(self) -> None:
        """A body that is read piece by piece is gathered."""
        body = ManualBody(answer()[:50])
        asked = self.ask(body)
        self.assertNoResult(asked)
        body.feed(answer()[50:])
        body.end()
        self.assertEqual(self.successResultOf(asked).body, answer())

    def test_usage_estimated(self) -> None:
        """Usage that the answer does not tell is estimated and marked so."""
        self.successResultOf(self.ask(answer("x" * 12, usage=None)))
        assert self.call.usage is not None
        self.assertEqual((self.call.usage.output_tokens, self.call.usage.source), (3, "estimated"))

    def test_not_an_answer(self) -> None:
        """What is no answer is the provider's failure."""
        for body in (b"", b"<html>", b"[]", b'{"choices":[]}', b'{"error":{"message":"no"}}'):
            self.call = chat(received=1.0)
            self.failureResultOf(self.ask(body), ProviderInvalidAnswer)
            self.assertIs(self.verdict(), Verdict.PROVIDER_ERROR)

    def test_too_large(self) -> None:
        """An answer larger than the gateway takes is refused, however it comes."""
        self.failureResultOf(self.ask(bytes(LARGEST_ANSWER + 1)), ProviderInvalidAnswer)

    def test_broken(self) -> None:
        """A body that breaks fails the attempt."""
        body = ManualBody(b'{"choices"')
        asked = self.ask(body)
        body.end(ProviderUnavailable("reset"))
        self.failureResultOf(asked, ProviderUnavailable)
        self.assertIs(self.verdict(), Verdict.PROVIDER_ERROR)

    def test_total(self) -> None:
        """The total limit covers head and body together."""
        waiting: Deferred[Answer] = Deferred()
        asked = self.ask(waiting)
        self.clock.advance(30.0)
        body = ManualBody()
        waiting.callback(body)
        self.clock.advance(19.9)
        self.assertNoResult(asked)
        self.clock.advance(0.1)
        self.assertEqual(self.limit(asked), "total")
        self.assertTrue(body.aborted)

    def test_total_unless_told(self) -> None:
        """A plain call may take ten minutes where nothing else is configured."""
        self.timeouts = TimeoutSettings()
        asked = self.ask(Deferred(), deadline=10_000.0)
        self.clock.advance(599.9)
        self.assertNoResult(asked)
        self.clock.advance(0.2)
        self.assertEqual(self.limit(asked), "total")
        self.assertEqual(self.provider.cancelled, 1)

    def test_deadline_of_the_call(self) -> None:
        """A call's own deadline counts if it is sooner."""
        asked = self.ask(Deferred(), deadline=3.0)
        self.clock.advance(3.0)
        error = self.failureResultOf(asked, ProviderTimeout).value
        self.assertIn("3 s", error.message)


class StreamTests(AttemptTestCase):
    """A call that is streamed."""

    def test_stream(self) -> None:
        """The reply is there with the first content, and the attempt goes on behind it."""
        body = ManualBody(ROLE)
        asked = self.ask(body)
        self.assertNoResult(asked)
        body.feed(text("a"))
        stream = self.successResultOf(asked).body
        assert not isinstance(stream, bytes)
        self.assertIsNone(self.verdict())
        self.assertEqual(self.entry.in_flight, 1)
        sink = RecordingSink()
        stream.start(sink)
        body.feed(STOP + DONE)
        self.assertEqual((sink.raw, sink.results), (ROLE + text("a") + STOP, [None]))
        self.assertIs(self.verdict(), Verdict.COMPLETE)

    def test_fails_later(self) -> None:
        """A stream that fails after it began is the stream's failure, and gives back its place."""
        body = ManualBody(text("a"))
        stream = self.successResultOf(self.ask(body)).body
        assert not isinstance(stream, bytes)
        stream.start(RecordingSink())
        body.end()
        self.assertIs(self.verdict(), Verdict.TRUNCATED)

    def test_abandoned(self) -> None:
        """A stream that is left gives back its place."""
        body = ManualBody(text("a"))
        stream = self.successResultOf(self.ask(body)).body
        assert not isinstance(stream, bytes)
        stream.abort()
        self.assertIs(self.verdict(), Verdict.CLIENT_GONE)

    def test_fails_before_content(self) -> None:
        """A stream that ends before any content is the attempt's failure."""
        body = ManualBody(ROLE)
        asked = self.ask(body)
        body.end()
        self.failureResultOf(asked, ProviderTruncated)

    def test_whole_answer(self) -> None:
        """A provider that does not stream is told as a stream."""
        stream = self.successResultOf(self.ask(answer("hi"))).body
        assert not isinstance(stream, bytes)
        sink = RecordingSink()
        stream.start(sink)
        (event,) = SSEParser().feed(sink.raw)
        self.assertIn(b'"delta":{"role":"assistant","content":"hi"}', event.data or b"")
        self.assertEqual(sink.results, [None])
        self.assertEqual(self.call.usage, Usage(7, 3))
        self.assertIs(self.verdict(), Verdict.COMPLETE)

    def test_whole_but_no_answer(self) -> None:
        """What is neither a stream nor an answer is the provider's failure."""
        self.failureResultOf(self.ask(b"<html>"), ProviderInvalidAnswer)
        self.assertIs(self.verdict(), Verdict.PROVIDER_ERROR)

    def test_first_byte(self) -> None:
        """A provider that sends no head is left at the first_byte limit."""
        asked = self.ask(Deferred())
        self.clock.advance(10.0)
        self.assertEqual(self.limit(asked), "first_byte")
        self.assertEqual(self.provider.cancelled, 1)

    def test_first_token(self) -> None:
        """A provider that sends no content is left at the first_token limit, role or not."""
        body = ManualBody()
        asked = self.ask(body)
        self.clock.advance(19.0)
        body.feed(ROLE)
        self.clock.advance(1.0)
        self.assertEqual(self.limit(asked), "first_token")
        self.assertTrue(body.aborted)

    def test_deadline_of_the_call(self) -> None:
        """Until the first content the call's own deadline counts as well, and not after."""
        asked = self.ask(ManualBody(), deadline=15.0)
        self.clock.advance(15.0)
        self.assertEqual(self.limit(asked), "total")

    def test_deadline_ends_with_content(self) -> None:
        """Once it has begun, only the provider's total limits a stream."""
        body = ManualBody(text("a"))
        stream = self.successResultOf(self.ask(body, deadline=2.0)).body
        assert not isinstance(stream, bytes)
        stream.start(RecordingSink())
        self.clock.pump([4.0, 0.5])
        self.assertIsNone(self.verdict())
        stream.abort()

    def test_total_unless_told(self) -> None:
        """A stream may take half an hour where nothing else is configured."""
        self.timeouts = TimeoutSettings(idle=10_000.0)
        body = ManualBody(text("a"))
        stream = self.successResultOf(self.ask(body)).body
        assert not isinstance(stream, bytes)
        sink = RecordingSink()
        stream.start(sink)
        self.clock.advance(1799.0)
        self.assertEqual(sink.results, [])
        self.clock.advance(1.0)
        self.assertIs(self.verdict(), Verdict.TOTAL_TIMEOUT)
