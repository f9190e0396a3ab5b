"""Streams to clients that wait, read slowly or leave."""

from twisted.internet.defer import Deferred

from inference_gateway.http1.stall import WriteStalled
from inference_gateway.provider_errors import ProviderUnavailable
from inference_gateway.testing.doubles import Answer, ManualBody
from tests.api.gateway import KEEPALIVE
from tests.api.streaming import COMMENT, StreamTestCase
from tests.pipeline.chats import DONE, ROLE, STOP, text


class KeepaliveTests(StreamTestCase):
    """Silence, and what is said against it."""

    def test_between_events(self) -> None:
        """A comment is said after each interval of silence, and no sooner."""
        client = self.begin()
        self.clock.advance(KEEPALIVE - 1)
        self.feed(text("second"))
        self.clock.advance(KEEPALIVE - 1)
        self.assertEqual(client.answer.body, text("first") + text("second"))
        self.clock.pump([1.0, KEEPALIVE])
        self.assertEqual(client.answer.body, text("first") + text("second") + 2 * COMMENT)
        client.connection.leave()

    def test_early_head(self) -> None:
        """When the first content takes long the head goes ahead, with a comment."""
        client = self.ask_stream()
        self.clock.advance(KEEPALIVE - 0.1)
        self.assertEqual(client.connection.received, b"")
        self.clock.advance(0.1)
        self.assertEqual((client.answer.status, client.answer.body), (200, COMMENT))
        self.feed(text("a"), STOP, DONE)
        self.assertEqual(client.answer.body, COMMENT + text("a") + STOP + DONE)
        self.assertTrue(client.answer.whole)
        self.assertSettled("complete", 200)

    def test_early_head_and_another_provider(self) -> None:
        """Behind the early head another provider may still answer."""
        second = ManualBody()
        self.b.script = [second]
        client = self.ask_stream()
        self.clock.advance(KEEPALIVE)
        self.body.end(ProviderUnavailable("reset"))
        second.feed(text("b"))
        self.assertEqual(client.answer.body, COMMENT + text("b"))
        client.connection.leave()

    def test_early_head_and_failure(self) -> None:
        """A failure behind the early head is an error event."""
        self.b.script = [ProviderUnavailable("refused")]
        client = self.ask_stream()
        self.clock.advance(KEEPALIVE)
        self.body.end(ProviderUnavailable("reset"))
        self.assertFailed(client, COMMENT, "provider_unavailable")
        self.assertSettled("provider_error", 200)

    def test_no_timer_left(self) -> None:
        """After the end nothing more is said."""
        client = self.begin()
        self.feed(STOP, DONE)
        received = client.connection.received
        self.clock.pump([KEEPALIVE] * 3)
        self.assertEqual(client.connection.received, received)

    def test_not_to_a_client_that_does_not_read(self) -> None:
        """A client that does not read is not sent comments on top."""
        client = self.begin()
        client.connection.pause()
        self.clock.advance(KEEPALIVE)
        self.assertEqual(client.answer.body, text("first"))
        client.connection.resume()
        self.clock.advance(KEEPALIVE)
        self.assertEqual(client.answer.body, text("first") + COMMENT)
        client.connection.leave()


class PressureTests(StreamTestCase):
    """Clients that read slowly."""

    def test_paused(self) -> None:
        """A client that does not read holds the provider back until it reads on."""
        client = self.begin()
        client.connection.pause()
        self.assertTrue(self.body.paused)
        client.connection.resume()
        self.assertFalse(self.body.paused)
        client.connection.leave()

    def test_on_the_way(self) -> None:
        """What was on the way already is still passed on."""
        client = self.begin()
        client.connection.pause()
        self.feed(text("second"))
        self.assertEqual(client.answer.body, text("first") + text("second"))
        client.connection.leave()

    def test_paused_before_content(self) -> None:
        """A client that stops reading at the comments holds back the stream that begins later."""
        client = self.ask_stream()
        self.clock.advance(KEEPALIVE)
        client.connection.pause()
        self.feed(text("first"))
        self.assertTrue(self.body.paused)
        client.connection.resume()
        self.assertFalse(self.body.paused)
        client.connection.leave()

    def test_paused_for_a_while_before_content(self) -> None:
        """One that has caught up by then holds nothing back."""
        client = self.ask_stream()
        self.clock.advance(KEEPALIVE)
        client.connection.pause()
        client.connection.resume()
        self.feed(text("first"))
        self.assertFalse(self.body.paused)
        client.connection.leave()

    def test_stalled(self) -> None:
        """A client that was dropped because it read nothing is told apart from one that left."""
        client = self.begin()
        client.connection.pause()
        client.connection.leave(WriteStalled())
        self.assertTrue(self.body.aborted)
        self.assertSettled("slow_client", 499)
        self.assertEqual(self.line()["error_type"], "caller_too_slow")


class LeavingTests(StreamTestCase):
    """Clients that leave, at each stage."""

    def assertLeft(self) -> None:
        """The provider was left at once, and the call is over."""
        self.assertTrue(self.body.aborted)
        self.assertSettled("client_gone", 499)
        (attempt,) = self.a.attempts
        assert attempt.outcome is not None
        self.assertEqual(attempt.outcome.verdict, "client_gone")
        self.assertEqual(self.b.attempts, [])

    def test_before_the_providers_head(self) -> None:
        """While the provider has not answered."""
        waiting: Deferred[Answer] = Deferred()
        self.a.script = [waiting]
        client = self.ask_stream()
        client.connection.leave()
        self.assertEqual(self.a.cancelled, 1)
        self.assertSettled("client_gone", 499)

    def test_before_content(self) -> None:
        """While the first content has not come."""
        client = self.ask_stream()
        self.feed(ROLE)
        client.connection.leave()
        self.assertLeft()

    def test_line(self) -> None:
        """The line of a call that was left says so of its attempt, too."""
        client = self.ask_stream()
        client.connection.leave()
        (attempt,) = self.line()["attempts"]
        self.assertEqual(attempt["verdict"], "client_gone")

    def test_after_the_early_head(self) -> None:
        """While it listens to comments."""
        client = self.ask_stream()
        self.clock.advance(KEEPALIVE)
        client.connection.leave()
        self.assertLeft()

    def test_in_the_stream(self) -> None:
        """In the middle of the stream; what came until then is charged."""
        client = self.begin()
        client.connection.leave()
        self.assertLeft()
        self.assertEqual(self.line()["usage_source"], "estimated")

    def test_while_paused(self) -> None:
        """While it does not read."""
        client = self.begin()
        client.connection.pause()
        client.connection.leave()
        self.assertLeft()

    def test_late_bytes(self) -> None:
        """What the provider still says goes nowhere, and says nothing into the log."""
        client = self.begin()
        client.connection.leave()
        received = client.connection.received
        self.clock.pump([KEEPALIVE] * 3)
        self.assertEqual(client.connection.received, received)
        self.assertLeft()

    def test_after_the_end(self) -> None:
        """After its answer a client may leave as it likes."""
        client = self.begin()
        self.feed(STOP, DONE)
        client.connection.leave()
        self.assertSettled("complete", 200)

    def test_no_timers_left(self) -> None:
        """Nothing is left on the clock, whichever way it ended."""
        client = self.begin()
        client.connection.leave()
        self.clock.advance(0)
        self.assertEqual(self.clock.getDelayedCalls(), [])
