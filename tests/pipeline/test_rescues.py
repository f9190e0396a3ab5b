"""Providers that stall, cut and lie, and the whole answers that clients get all the same."""

from twisted.internet.defer import Deferred

from inference_gateway.config.routing_settings import (
    ModelRouteSettings,
    ModelTimeoutSettings,
    RoutingSettings,
)
from inference_gateway.config.settings import TimeoutSettings
from inference_gateway.exchange import Reply
from inference_gateway.provider_errors import ProviderUnavailable
from inference_gateway.testing.doubles import ManualBody, RecordingSink
from tests.pipeline.chats import DONE, ROLE, STOP, USAGE, chat, text
from tests.pipeline.streaming import ERROR, MALFORMED
from tests.pipeline.test_tries import TriesTestCase

LIMITS = TimeoutSettings(first_byte=10.0, first_token=20.0, idle=5.0, total=100.0)


class RescueTestCase(TriesTestCase):
    """Two providers with limits of time, the first of which is in trouble."""

    def setUp(self) -> None:
        super().setUp()
        self.serve(self.a, self.b, timeouts=LIMITS)

    def tearDown(self) -> None:
        self.clock.advance(1.0)  # for which a body may go on behind its [DONE]
        super().tearDown()


class StreamTests(RescueTestCase):
    """Streams before their first content."""

    def stream(self, *first: bytes) -> "tuple[ManualBody, Deferred[Reply]]":
        """Begin a stream whose first provider says ``first`` and whose second says all."""
        body = ManualBody(*first)
        self.a.script, self.b.script = [body], [ManualBody(ROLE, text("whole"), STOP, DONE)]
        return body, self.ask(chat(stream=True, received=self.clock.seconds()))

    def assert_clean(self, asked: "Deferred[Reply]", body: ManualBody) -> None:
        """The client's stream is the second provider's alone, and the first one was left."""
        stream = self.successResultOf(asked).body
        assert not isinstance(stream, bytes)
        sink = RecordingSink()
        stream.start(sink)
        self.assertEqual(sink.raw, ROLE + text("whole") + STOP)
        self.assertEqual(sink.results, [None])
        self.assertTrue(body.aborted)
        self.assertEqual(self.reasons(), [("a", "first"), ("b", "failover")])

    def test_first_token(self) -> None:
        """One whose head has come and whose content has not is left at its limit."""
        body, asked = self.stream(ROLE)
        self.clock.advance(19.9)
        self.assertNoResult(asked)
        self.clock.advance(0.1)
        self.assert_clean(asked, body)

    def test_own_limit(self) -> None:
        """A model's own limit goes before the provider's."""
        limits = ModelTimeoutSettings(first_token=1.0)
        routing = RoutingSettings(models={"m": ModelRouteSettings(timeouts=limits)})
        self.serve(self.a, self.b, routing=routing, timeouts=LIMITS)
        body, asked = self.stream(ROLE)
        self.clock.advance(1.0)
        self.assert_clean(asked, body)

    def test_connect_limit(self) -> None:
        """The limit for connecting goes along with the attempt, for whoever connects."""
        limits = ModelTimeoutSettings(connect=0.25)
        routing = RoutingSettings(models={"m": ModelRouteSettings(timeouts=limits)})
        self.serve(self.a, self.b, routing=routing, timeouts=LIMITS)
        body, asked = self.stream(text("x"), STOP, DONE)
        stream = self.successResultOf(asked).body
        assert not isinstance(stream, bytes)
        stream.start(RecordingSink())
        self.assertEqual(self.a.attempts[0].connect_timeout, 0.25)
        self.assertFalse(body.aborted)

    def test_every_byte(self) -> None:
        """Wherever a stream is cut, another answers if no content has come, and else nobody does.

        Never does a client get two answers in one.
        """
        events = (ROLE, b": hello\n\n", text("so"), text(" it"), STOP)
        said = b"".join(events)
        committed = len(b"".join(events[:3]))
        for length in range(len(said)):
            self.setUp()
            body, asked = self.stream(said[:length])
            body.end(ProviderUnavailable("reset"))
            if length < committed:
                self.assert_clean(asked, body)
                continue
            stream = self.successResultOf(asked).body
            assert not isinstance(stream, bytes)
            sink = RecordingSink()
            stream.start(sink)
            self.assertTrue(said.startswith(sink.raw) and text("so") in sink.raw)
            self.assertIsInstance(sink.results[0], ProviderUnavailable)
            self.assertEqual(self.b.attempts, [])

    def test_error_event(self) -> None:
        """An error in a stream of status 200 is a failure."""
        body, asked = self.stream(ROLE, ERROR)
        self.assert_clean(asked, body)

    def test_malformed(self) -> None:
        """An event that is none is left out, and the stream goes on."""
        body, asked = self.stream(MALFORMED, text("good"), STOP, DONE)
        stream = self.successResultOf(asked).body
        assert not isinstance(stream, bytes)
        sink = RecordingSink()
        stream.start(sink)
        self.assertEqual((sink.raw, sink.results), (text("good") + STOP, [None]))
        self.assertEqual((self.call.dropped_events, body.aborted), (1, False))


class PlainTests(RescueTestCase):
    """Plain calls that ride on a provider's stream."""

    def setUp(self) -> None:
        super().setUp()
        self.a.always_streams = self.b.always_streams = True

    def plain(self, *first: bytes) -> "tuple[ManualBody, Deferred[Reply]]":
        """Begin a call whose first provider says ``first`` and whose second says all."""
        body = ManualBody(*first)
        whole = ManualBody(ROLE, text("who"), text("le"), STOP, USAGE, DONE)
        self.a.script, self.b.script = [body], [whole]
        return body, self.ask()

    def assert_whole(self, asked: "Deferred[Reply]") -> None:
        """The answer is the second provider's alone, and so is the bill."""
        reply = self.successResultOf(asked)
        assert isinstance(reply.body, bytes)
        self.assertIn(b'"content":"whole"', reply.body)
        assert self.call.usage is not None
        self.assertEqual((self.call.usage.input_tokens, self.call.usage.output_tokens), (7, 3))
        self.assertEqual(self.reasons(), [("a", "first"), ("b", "failover")])

    def test_first_token(self) -> None:
        """Content that does not come is had elsewhere."""
        _, asked = self.plain(ROLE)
        self.clock.advance(20.0)
        self.assert_whole(asked)

    def test_cut(self) -> None:
        """So is content that breaks off, as the client has nothing of it yet."""
        body, asked = self.plain(ROLE, text("wh"), text("at"))
        body.end(ProviderUnavailable("reset"))
        self.assert_whole(asked)

    def test_truncated(self) -> None:
        """So is a stream that ends well before its answer does."""
        body, asked = self.plain(ROLE, text("wh"))
        body.end()
        self.assert_whole(asked)

    def test_stall(self) -> None:
        """So is content that stops coming."""
        _, asked = self.plain(ROLE, text("wh"))
        self.clock.advance(4.9)
        self.assertNoResult(asked)
        self.clock.advance(0.1)
        self.assert_whole(asked)

    def test_error_event(self) -> None:
        """So is content with an error behind it."""
        _, asked = self.plain(text("wh"), ERROR)
        self.assert_whole(asked)
