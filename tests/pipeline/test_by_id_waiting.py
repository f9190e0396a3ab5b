"""Asking about a response: streams, limits of time, and clients that leave."""

from twisted.internet.defer import CancelledError, Deferred

from inference_gateway.errors import Verdict
from inference_gateway.exchange import Call, EventStream, ProviderReply, Reply
from inference_gateway.pipeline.by_id import ById
from inference_gateway.provider_errors import (
    ProviderError,
    ProviderInvalidAnswer,
    ProviderTimeout,
    ProviderTruncated,
    ProviderUnavailable,
)
from inference_gateway.testing.doubles import Answer, ManualBody, RecordingSink
from tests.pipeline.questions import QuestionTestCase, missing, question, stored

QUEUED = b'event: response.queued\ndata: {"type":"response.queued","sequence_number":0}\n\n'
FAILED = b'data: {"type":"response.failed","response":{"status":"failed"},"sequence_number":1}\n\n'


class StreamTests(QuestionTestCase):
    """A stored response, told as a stream."""

    def setUp(self) -> None:
        super().setUp()
        self.affinity.remember("resp_1", "a")
        self.body = ManualBody()
        self.call = question(query=b"stream=true")
        self.sink = RecordingSink()

    def tearDown(self) -> None:
        self.clock.advance(1.0)  # for which a body may go on behind its last event
        super().tearDown()

    def begin(self, *said: bytes) -> "Deferred[Reply]":
        """Ask for the stream, of which the provider has ``said`` so much."""
        self.a.script = [self.body]
        asked = self.ask(self.call)
        for piece in said:
            self.body.feed(piece)
        return asked

    def relay(self, asked: "Deferred[Reply]") -> EventStream:
        """Begin to read the stream."""
        stream = self.successResultOf(asked).body
        assert not isinstance(stream, bytes)
        stream.start(self.sink)
        return stream

    def test_relayed(self) -> None:
        """Every event passes as it came and at once, and the last one ends the stream."""
        asked = self.begin()
        self.assertNoResult(asked)
        self.body.feed(QUEUED)
        self.relay(asked)
        self.assertEqual(self.sink.raw, QUEUED)
        self.body.feed(FAILED)
        self.assertEqual((self.sink.raw, self.sink.results), (QUEUED + FAILED, [None]))
        self.assertEqual(self.asked(self.call), [("a", Verdict.COMPLETE)])
        self.assertEqual(self.a.questions, [(b"GET", b"/resp_1?stream=true")])
        self.assertIsNone(self.call.usage)

    def test_truncated(self) -> None:
        """A stream that ends before the response does is not whole."""
        self.relay(self.begin(QUEUED))
        self.body.end()
        (error,) = self.sink.results
        self.assertIsInstance(error, ProviderTruncated)
        self.assertEqual(self.asked(self.call), [("a", Verdict.TRUNCATED)])

    def test_nothing(self) -> None:
        """A stream that says nothing is no answer."""
        asked = self.begin()
        self.body.end()
        self.failureResultOf(asked, ProviderTruncated)

    def test_error_event(self) -> None:
        """An error in the stream is the provider's."""
        self.relay(self.begin(QUEUED, b'event: error\ndata: {"type":"error"}\n\n'))
        (error,) = self.sink.results
        self.assertIsInstance(error, ProviderError)

    def test_idle(self) -> None:
        """Silence between events has the provider's limit."""
        self.relay(self.begin(QUEUED))
        self.clock.advance(5.0)
        self.assertEqual(self.asked(self.call), [("a", Verdict.IDLE_TIMEOUT)])

    def test_total(self) -> None:
        """So has the whole stream."""
        self.relay(self.begin(QUEUED))
        for _ in range(12):
            self.body.feed(QUEUED)
            self.clock.advance(4.5)
        self.assertEqual(self.asked(self.call), [("a", Verdict.TOTAL_TIMEOUT)])

    def test_first_event(self) -> None:
        """So has the first event."""
        asked = self.begin()
        self.clock.advance(20.0)
        self.failureResultOf(asked, ProviderTimeout)
        self.assertEqual(self.asked(self.call), [("a", Verdict.FIRST_TOKEN_TIMEOUT)])
        self.assertTrue(self.body.aborted)

    def test_left(self) -> None:
        """A client that leaves takes the provider with it, before the first event and after."""
        asked = self.begin()
        asked.cancel()
        self.failureResultOf(asked, CancelledError)
        self.assertTrue(self.body.aborted)
        self.assertEqual(self.asked(self.call), [("a", Verdict.CLIENT_GONE)])
        self.setUp()
        self.relay(self.begin(QUEUED)).abort()
        self.assertTrue(self.body.aborted)
        self.assertEqual(self.asked(self.call), [("a", Verdict.CLIENT_GONE)])

    def test_document(self) -> None:
        """A provider that answers with a document has no events to tell."""
        answers: list[Answer] = [
            ProviderReply(status=200, body=stored(), is_document=True),
            ProviderReply(status=200, body=self.body, is_document=True),
        ]
        for answer in answers:
            self.a.script = [answer]
            self.failureResultOf(self.ask(self.call), ProviderInvalidAnswer)
        self.assertTrue(self.body.aborted)

    def test_search(self) -> None:
        """A stream is searched for like any answer."""
        self.affinity.forget("resp_1")
        self.a.script, self.b.script = [missing()], [self.body]
        asked = self.ask(self.call)
        self.body.feed(QUEUED + FAILED)
        self.relay(asked)
        self.assertEqual(self.sink.raw, QUEUED + FAILED)
        self.assertEqual(self.affinity.provider("resp_1"), "b")


class LimitTests(QuestionTestCase):
    """How long is waited."""

    def limit(self, asked: "Deferred[Reply]") -> str:
        """Return the limit that ended the question."""
        error: ProviderTimeout = self.failureResultOf(asked, ProviderTimeout).value
        return error.limit

    def test_silent(self) -> None:
        """One that says nothing is left for the next, and the client told if that was all."""
        silent: Deferred[Answer] = Deferred()
        self.a.script, self.b.script, self.c.script = [silent], [missing()], [missing()]
        call = question()
        asked = self.ask(call)
        self.clock.advance(10.0)
        self.assertEqual(self.limit(asked), "first_byte")
        self.assertEqual(self.a.cancelled, 1)
        self.assertEqual(call.attempts[0].ended, 11.0)

    def test_whole_call(self) -> None:
        """All of them together have the call's own limit, after which nobody is asked any more."""
        waits: list[Deferred[Answer]] = [Deferred(), Deferred()]
        self.a.script, self.b.script = [waits[0]], [waits[1]]
        call = question(received=-14.0)
        asked = self.ask(call)
        self.clock.advance(10.0)
        self.assertNoResult(asked)
        self.clock.advance(5.0)
        self.assertEqual(self.limit(asked), "total")
        self.assertEqual(self.c.questions, [])

    def test_slow_body(self) -> None:
        """An answer that never ends has the call's limit, too."""
        body = ManualBody(b"{")
        self.a.script = [body]
        asked = self.ask(question())
        self.clock.advance(30.0)
        self.assertEqual(self.limit(asked), "total")
        self.assertTrue(body.aborted)

    def test_provider_total(self) -> None:
        """The provider's own total counts where it is shorter."""
        self.by_id = ById(self.roster, self.by_id.table, self.affinity, self.clock, 100.0)
        self.affinity.remember("resp_1", "a")
        self.a.script = [ManualBody(b"{")]
        call = question()
        asked = self.ask(call)
        self.clock.advance(50.0)
        self.assertEqual(self.limit(asked), "total")
        self.assertEqual(self.asked(call), [("a", Verdict.TOTAL_TIMEOUT)])


class BodyTests(QuestionTestCase):
    """Answers that come bit by bit."""

    def ask_slowly(self) -> tuple[Call, ManualBody, "Deferred[Reply]"]:
        """Return a question whose answer has begun."""
        self.affinity.remember("resp_1", "a")
        body = ManualBody(stored()[:10])
        self.a.script = [body]
        call = question()
        return call, body, self.ask(call)

    def test_pieces(self) -> None:
        """The pieces of an answer are put together."""
        _, body, asked = self.ask_slowly()
        body.feed(stored()[10:])
        self.assertNoResult(asked)
        body.end()
        self.assertEqual(self.successResultOf(asked).body, stored())

    def test_broken(self) -> None:
        """Half an answer is none."""
        call, body, asked = self.ask_slowly()
        body.end(ProviderUnavailable("the provider closed the connection"))
        self.failureResultOf(asked, ProviderUnavailable)
        self.assertEqual(self.asked(call), [("a", Verdict.PROVIDER_ERROR)])

    def test_left(self) -> None:
        """A client that leaves takes the provider with it, before the head and after."""
        call, body, asked = self.ask_slowly()
        asked.cancel()
        self.failureResultOf(asked, CancelledError)
        self.assertTrue(body.aborted)
        self.assertEqual(self.asked(call), [("a", Verdict.CLIENT_GONE)])
        waiting: Deferred[Answer] = Deferred()
        self.a.script = [waiting]
        asked = self.ask(question())
        asked.cancel()
        self.failureResultOf(asked, CancelledError)
        self.assertEqual((self.a.cancelled, self.b.questions), (1, []))
