"""Streams that break after their first content, and who goes on with them."""

from typing import Any

from twisted.internet.defer import Deferred

from inference_gateway.config.routing_settings import (
    ModelRouteSettings,
    RetrySettings,
    RoutingSettings,
)
from inference_gateway.errors import Verdict
from inference_gateway.exchange import Reply
from inference_gateway.provider_errors import (
    ProviderError,
    ProviderTruncated,
    ProviderUnavailable,
)
from inference_gateway.testing.doubles import ManualBody, RecordingSink
from tests.pipeline.chats import DONE, ROLE, STOP, USAGE, chat, text
from tests.pipeline.test_rescues import LIMITS
from tests.pipeline.test_tries import TriesTestCase


class ReplayedTestCase(TriesTestCase):
    """A model whose streams are gone on with."""

    routing = RoutingSettings(models={"m": ModelRouteSettings(on_stream_cut="replay")})

    def setUp(self) -> None:
        super().setUp()
        self.serve(self.a, self.b, routing=self.routing, timeouts=LIMITS)
        self.sink = RecordingSink()

    def tearDown(self) -> None:
        self.clock.advance(1.0)  # for which a body may go on behind its [DONE]
        super().tearDown()

    def begin(self, *answers: Any) -> ManualBody:
        """Begin a stream of which the client has ``he``; ``answers`` are those of the others."""
        body = ManualBody(ROLE, text("he"))
        self.a.script = [body, *answers[1::2]]
        self.b.script = [*answers[::2]]
        asked: Deferred[Reply] = self.ask(chat(stream=True, received=self.clock.seconds()))
        stream = self.successResultOf(asked).body
        assert not isinstance(stream, bytes)
        self.stream = stream
        stream.start(self.sink)
        return body

    def said(self) -> str:
        """Return the content that the client has."""
        pieces = self.sink.raw.split(b'"content":"')[1:]
        return b"".join([piece.partition(b'"')[0] for piece in pieces]).decode()


class ReplayedTests(ReplayedTestCase):
    """Who goes on."""

    def test_cut(self) -> None:
        """Another provider goes on where the first one broke off, and the bill is its own."""
        body = self.begin(ManualBody(ROLE, text("hell"), text("o"), STOP, USAGE, DONE))
        body.end(ProviderUnavailable("reset"))
        self.assertEqual((self.said(), self.sink.results), ("hello", [None]))
        self.assertEqual(self.reasons(), [("a", "first"), ("b", "replay")])
        assert self.call.usage is not None
        self.assertEqual((self.call.usage.output_tokens, self.call.usage.source), (3, "upstream"))

    def test_stall(self) -> None:
        """A stream that stalls is left, and gone on with."""
        body = self.begin(ManualBody(text("hello"), STOP, DONE))
        self.clock.advance(5.0)
        self.assertEqual((self.said(), body.aborted), ("hello", True))
        verdicts = [attempt.outcome.verdict for attempt in self.call.attempts if attempt.outcome]
        self.assertEqual(verdicts, [Verdict.IDLE_TIMEOUT, Verdict.COMPLETE])

    def test_failing_other(self) -> None:
        """If the other cannot be asked, the first one is asked again."""
        again = ManualBody(text("hello"), STOP, DONE)
        body = self.begin(ProviderError("500"), again)
        body.end()
        self.clock.advance(1.0)
        self.assertEqual((self.said(), self.sink.results), ("hello", [None]))
        self.assertEqual(self.reasons(), [("a", "first"), ("b", "replay"), ("a", "replay")])

    def test_nobody(self) -> None:
        """When all have had their turn the client learns why its stream broke off."""
        other = ManualBody(text("something else"), STOP, DONE)
        body = self.begin(other, ProviderError("500"))
        body.end()
        self.clock.advance(1.0)
        self.assertEqual(self.said(), "he")
        self.assertIsInstance(self.sink.results[0], ProviderTruncated)
        self.assertEqual(len(self.call.attempts), 3)
        assert self.call.usage is not None
        self.assertEqual(self.call.usage.source, "estimated")

    def test_long_stream(self) -> None:
        """A stream that broke long after its call's deadline is gone on with as well."""
        limits = LIMITS
        self.serve(self.a, self.b, routing=self.routing, timeouts=limits)
        body = self.begin(ManualBody(text("hello"), STOP, DONE))
        for _ in range(20):
            self.clock.advance(4.0)
            body.feed(b": still here\n\n")
        body.end()
        self.assertEqual(self.sink.results, [None])

    def test_left(self) -> None:
        """A client that leaves while the next provider is waited for leaves that, too."""
        body = self.begin(Deferred())
        body.end()
        self.stream.abort()
        self.assertEqual((self.b.cancelled, self.sink.results), (1, []))


class OneAttemptTests(ReplayedTestCase):
    """A model whose providers are asked once only."""

    routing = RoutingSettings(
        retry=RetrySettings(attempts=1),
        models={"m": ModelRouteSettings(on_stream_cut="replay")},
    )

    def test_no_more(self) -> None:
        """There is no repetition beyond the attempts of a call."""
        body = self.begin()
        body.end()
        self.assertIsInstance(self.sink.results[0], ProviderTruncated)
        self.assertEqual(self.b.attempts, [])
