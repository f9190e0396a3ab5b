"""Errors that providers report under a status of success, and who answers instead."""

import orjson
from twisted.internet.defer import Deferred

from inference_gateway.config.routing_settings import (
    BreakerSettings,
    ModelRouteSettings,
    RoutingSettings,
)
from inference_gateway.errors import Verdict
from inference_gateway.exchange import EventStream, Reply
from inference_gateway.provider_errors import (
    ProviderError,
    ProviderInvalidAnswer,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderRejected,
)
from inference_gateway.testing.doubles import FakeProvider, ManualBody, RecordingSink
from inference_gateway.wire.error_body import render_event
from tests.pipeline.chats import DONE, ROLE, STOP, answer, chat, text
from tests.pipeline.test_fallbacks import FallbackTestCase
from tests.pipeline.test_rescues import LIMITS
from tests.pipeline.test_tries import TriesTestCase

LLAMA_CPP = (
    b'{"error":{"code":400,"message":"request (4390 tokens) exceeds the available context size'
    b' (4096 tokens), try increasing it","type":"exceed_context_size_error",'
    b'"n_prompt_tokens":4390,"n_ctx":4096}}'
)
LM_STUDIO = (
    b'{"error":{"message":"Input does not fit in context length. The input has 31430 tokens."},'
    b'"message":"Input does not fit in context length. The input has 31430 tokens."}'
)
FILTERED = b'{"error":{"code":"data_inspection_failed","message":"inappropriate content"}}'
LIMITED = b'{"error":{"code":429,"message":"secret"}}'
BUSY = b'{"type":"error","error":{"type":"overloaded_error","message":"secret"}}'
BROKEN = b'{"error":{"code":500,"message":"secret"}}'


def event(data: bytes) -> bytes:
    """Return an event with an error as llama.cpp writes it."""
    return b"data: " + data + b"\n\n"


def named(data: bytes) -> bytes:
    """Return an event with an error as LM Studio and Anthropic write it."""
    return b"event: error\n" + event(data)


def stream_of(reply: Reply) -> EventStream:
    """Return the stream that a reply is."""
    assert not isinstance(reply.body, bytes)
    return reply.body


class FallbackTests(FallbackTestCase):
    """Models that stand in for the one whose provider reports an error."""

    def assert_instead(self, error: bytes, stand_in: FakeProvider) -> None:
        """A stream that begins with ``error`` is that of ``stand_in`` alone."""
        cut = ManualBody(ROLE, error)
        self.m.script, stand_in.script = [cut], [ManualBody(text("instead"), STOP, DONE)]
        sink = RecordingSink()
        asked = self.ask(chat(stream=True, received=self.clock.seconds()))
        stream_of(self.successResultOf(asked)).start(sink)
        self.assertEqual(self.providers(), ["pm", stand_in.id])
        self.assertIn(b'"content":"instead"', sink.raw)
        self.assertNotIn(b"error", sink.raw)
        self.assertEqual((sink.results, cut.aborted), ([None], True))

    def test_too_long(self) -> None:
        """A prompt that is too long is asked of a model with more context."""
        self.assert_instead(event(LLAMA_CPP), self.n)
        self.assert_instead(named(LM_STUDIO), self.n)

    def test_filtered(self) -> None:
        """What a filter refuses is asked of a model that may be less strict."""
        self.assert_instead(event(FILTERED), self.o)

    def test_whole(self) -> None:
        """So it is with errors in place of whole answers."""
        for error, stand_in in ((LLAMA_CPP, self.n), (LM_STUDIO, self.n), (FILTERED, self.o)):
            self.m.script, stand_in.script = [error], [answer("instead")]
            reply = self.successResultOf(self.ask())
            assert isinstance(reply.body, bytes)
            self.assertIn(b'"content":"instead"', reply.body)
            self.assertEqual(self.providers(), ["pm", stand_in.id])

    def test_riding(self) -> None:
        """A plain answer that rides on a stream is replaced even after its first content."""
        self.m.always_streams = True
        self.m.script = [ManualBody(text("some"), event(LLAMA_CPP))]
        self.n.script = [answer("instead")]
        reply = self.successResultOf(self.ask())
        assert isinstance(reply.body, bytes)
        self.assertIn(b'"content":"instead"', reply.body)

    def test_callers_fault(self) -> None:
        """A request that is at fault otherwise is asked of nobody else, and the client told why."""
        self.m.script = [ManualBody(event(b'{"error":{"code":400,"message":"no such field"}}'))]
        asked = self.ask(chat(stream=True, received=self.clock.seconds()))
        error = self.failureResultOf(asked, ProviderRejected).value
        self.assertEqual((error.status, error.message), (400, "no such field"))
        self.assertEqual(self.providers(), ["pm"])


class ToldTestCase(TriesTestCase):
    """Two providers, the first of which reports an error; circuits are watched."""

    routing = RoutingSettings()

    def setUp(self) -> None:
        super().setUp()
        self.begin_anew()

    def tearDown(self) -> None:
        self.clock.advance(1.0)  # for which a body may go on behind its [DONE]
        super().tearDown()

    def begin_anew(self) -> None:
        """Forget what is known of the providers."""
        self.serve(self.a, self.b, routing=self.routing, breaker=BreakerSettings(), timeouts=LIMITS)

    def failures(self) -> int:
        """Return how many failures of the first provider count for its circuit."""
        return self.roster["a"].breakers["m"].failures


class ProviderTests(ToldTestCase):
    """Errors that are the provider's own."""

    def stream(self, *first: bytes) -> "Deferred[Reply]":
        """Ask for a stream whose first provider says ``first`` and whose second says all."""
        self.a.script = [ManualBody(*first)]
        self.b.script = [ManualBody(ROLE, text("whole"), STOP, DONE)]
        return self.ask(chat(stream=True, received=self.clock.seconds()))

    def first_error(self) -> BaseException | None:
        """Return how the first attempt ended."""
        outcome = self.call.attempts[0].outcome
        assert outcome is not None
        return outcome.error

    def test_limited(self) -> None:
        """A limit cools the provider down, and is no outage of it."""
        sink = RecordingSink()
        stream_of(self.successResultOf(self.stream(ROLE, event(LIMITED)))).start(sink)
        self.assertIsInstance(self.first_error(), ProviderRateLimited)
        self.assertNotIn(b"secret", sink.raw)
        entry = self.roster["a"]
        self.assertFalse(entry.credentials.is_ready())
        self.assertEqual(self.failures(), 0)
        self.clock.advance(1.0)
        self.assertTrue(entry.credentials.is_ready())

    def test_busy(self) -> None:
        """Overload is told from other failures; either is an outage."""
        for error, kind in ((named(BUSY), ProviderOverloaded), (event(BROKEN), ProviderError)):
            self.begin_anew()
            stream_of(self.successResultOf(self.stream(error))).start(RecordingSink())
            self.assertIs(type(self.first_error()), kind)
            self.assertEqual(self.failures(), 1)

    def test_whole(self) -> None:
        """In place of a whole answer they are told apart as well."""
        for error, kind in (
            (LIMITED, ProviderRateLimited),
            (b"[%b]" % LIMITED, ProviderRateLimited),
            (BUSY, ProviderOverloaded),
            (BROKEN, ProviderInvalidAnswer),
        ):
            self.begin_anew()
            self.a.script, self.b.script = [error], [answer("b")]
            self.successResultOf(self.ask())
            self.assertIs(type(self.first_error()), kind)


class BegunTests(ToldTestCase):
    """Streams that report an error after their first content, of a model that is gone on with."""

    routing = RoutingSettings(models={"m": ModelRouteSettings(on_stream_cut="replay")})

    def setUp(self) -> None:
        super().setUp()
        self.sink = RecordingSink()

    def begin(self, error: bytes) -> None:
        """Let a client have ``he`` of a stream that goes on with ``error``."""
        body = ManualBody(ROLE, text("he"))
        self.a.script = [body]
        self.b.script = [ManualBody(ROLE, text("hello"), STOP, DONE)]
        asked = self.ask(chat(stream=True, received=self.clock.seconds()))
        stream_of(self.successResultOf(asked)).start(self.sink)
        body.feed(event(error))

    def test_callers_fault(self) -> None:
        """An error that blames the request ends the stream, and the client is told of it."""
        self.begin(LLAMA_CPP)
        self.assertEqual(self.reasons(), [("a", "first")])
        (error,) = self.sink.results
        assert isinstance(error, ProviderRejected)
        told = orjson.loads(render_event(error).partition(b"data: ")[2])["error"]
        self.assertEqual(
            (told["type"], told["code"]), ("invalid_request_error", "provider_invalid_request")
        )
        self.assertIn("exceeds the available context size", told["message"])
        outcome = self.call.attempts[0].outcome
        assert outcome is not None
        self.assertEqual((outcome.verdict, outcome.status), (Verdict.PROVIDER_ERROR, 400))

    def test_filtered(self) -> None:
        """So does a filter's."""
        self.begin(FILTERED)
        self.assertEqual(self.reasons(), [("a", "first")])
        (error,) = self.sink.results
        assert isinstance(error, ProviderRejected)
        self.assertEqual(error.code, "content_filter")

    def test_providers_fault(self) -> None:
        """Another provider goes on after any other."""
        for error in (LIMITED, BUSY, BROKEN):
            self.begin_anew()
            self.sink = RecordingSink()
            self.begin(error)
            self.assertEqual(self.reasons(), [("a", "first"), ("b", "replay")])
            self.assertEqual(self.sink.results, [None])
