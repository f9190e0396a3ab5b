"""Streams to clients: what they see, and how they end."""

from inference_gateway.errors import Drained
from inference_gateway.provider_errors import ProviderUnavailable
from tests.api.gateway import KEEPALIVE
from tests.api.streaming import CHAT, COMMENT, StreamTestCase
from tests.pipeline import chats
from tests.pipeline.chats import DONE, ROLE, STOP, USAGE, text


class StreamTests(StreamTestCase):
    """What a client sees."""

    def test_stream(self) -> None:
        """Events pass as they came, then ``[DONE]`` and a clean end; the connection stays."""
        client = self.ask_stream()
        self.assertEqual(client.connection.received, b"")
        self.feed(ROLE, text("one"), text("two"), STOP, USAGE, DONE)
        answer = client.answer
        self.assertEqual(answer.body, ROLE + text("one") + text("two") + STOP + DONE)
        self.assertTrue(answer.whole)
        self.assertFalse(client.connection.closed)
        self.assertSettled("complete", 200)

    def test_head(self) -> None:
        """The head says what the stream is, and that nobody on the way may hold it."""
        client = self.ask_stream(("X-Request-ID", "r-7"))
        self.feed(text("a"))
        headers = client.answer.headers
        self.assertEqual(headers["content-type"], "text/event-stream; charset=utf-8")
        self.assertEqual(headers["cache-control"], "no-cache")
        self.assertEqual(headers["x-accel-buffering"], "no")
        self.assertEqual(headers["x-request-id"], "r-7")
        self.assertNotIn("content-length", headers)

    def test_log(self) -> None:
        """The line tells how the stream went."""
        self.ask_stream()
        self.clock.advance(2.0)
        self.feed(text("a"))
        self.clock.advance(1.0)
        self.feed(STOP, USAGE, DONE)
        line = self.line()
        self.assertEqual(
            (line["ttft_ms"], line["duration_ms"], line["stream"]), (2000.0, 3000.0, True)
        )
        self.assertEqual(line["gen_ai.usage.output_tokens"], 3)
        self.assertIn(b'stream_end_total{verdict="complete"} 1.0', self.metrics.expose())

    def test_one_write(self) -> None:
        """Events that came together leave together, as one chunk."""
        client = self.begin()
        writes = len(client.connection.transport.writes)
        self.feed(text("a") + text("b") + text("c"))
        self.assertEqual(len(client.connection.transport.writes), writes + 1)
        self.feed(text("d"))
        self.assertEqual(len(client.connection.transport.writes), writes + 2)

    def test_body_decides(self) -> None:
        """The body decides whether to stream, not the header Accept."""
        client = self.ask_stream(("Accept", "application/json"))
        self.feed(text("a"))
        self.assertTrue(client.answer.headers["content-type"].startswith("text/event-stream"))
        self.b.script = [chats.answer()]
        answer = self.ask("POST", CHAT, chats.request(), ("Accept", "text/event-stream"))
        self.assertEqual(answer.headers["content-type"], "application/json")

    def test_old_client(self) -> None:
        """A client of HTTP/1.0 gets the stream without chunks, until the connection ends."""
        client = self.ask_stream(version="1.0")
        self.feed(text("a"), STOP, DONE)
        answer = client.answer
        self.assertEqual(answer.body, text("a") + STOP + DONE)
        self.assertNotIn("transfer-encoding", answer.headers)
        self.assertTrue(client.connection.closed)

    def test_usage_asked_for(self) -> None:
        """A client that asked for usage gets it."""
        client = self.ask_stream(stream_options={"include_usage": True})
        self.feed(text("a"), STOP, USAGE, DONE)
        self.assertEqual(client.answer.body, text("a") + STOP + USAGE + DONE)

    def test_whole_answer(self) -> None:
        """A provider that does not stream is told as a stream."""
        self.a.script = [chats.answer("all")]
        client = self.ask_stream()
        self.assertIn(b'"content":"all"', client.answer.body)
        self.assertTrue(client.answer.body.endswith(DONE))
        self.assertSettled("complete", 200)

    def test_done_missing(self) -> None:
        """A complete stream gets its ``[DONE]`` even if the provider forgot it."""
        client = self.begin()
        self.feed(STOP)
        self.body.end()
        self.assertEqual(client.answer.body, text("first") + STOP + DONE)

    def test_next_request(self) -> None:
        """Behind a stream the connection serves the next request."""
        client = self.begin()
        client.send("GET", "/healthz")
        self.feed(STOP, DONE)
        self.clock.advance(0)
        self.assertEqual([answer.status for answer in client.answers], [200, 200])


class FailureTests(StreamTestCase):
    """Streams that fail."""

    def test_before_content(self) -> None:
        """Before the first content a failure is a plain answer with its status."""
        self.b.script = [ProviderUnavailable("refused")]
        client = self.ask_stream()
        self.feed(ROLE)
        self.body.end()
        self.assertEqual(client.answer.status, 502)
        self.assertEqual(client.answer.headers["content-type"], "application/json")
        self.assertSettled("provider_error", 502)

    def test_refused(self) -> None:
        """A request that is refused is no stream."""
        client = self.ask_stream(temperature=9)
        self.assertEqual((client.answer.status, client.answer.error["param"]), (400, "temperature"))

    def test_after_content(self) -> None:
        """After it, one error event follows the last whole event and the end is no clean one."""
        client = self.begin()
        self.feed(text("second")[:-5])
        self.body.end(ProviderUnavailable("the provider's connection broke"))
        self.assertFailed(client, text("first"), "provider_unavailable")
        self.assertSettled("provider_error", 200)
        self.assertEqual(self.line()["error_type"], "provider_connection_failed")

    def test_with_the_content(self) -> None:
        """A failure that came together with the first content is told behind it."""
        self.body.feed(text("first"))
        self.body.end()
        client = self.ask_stream()
        self.assertFailed(client, text("first"), "provider_error")
        self.assertSettled("truncated", 200)

    def test_idle(self) -> None:
        """A provider that falls silent ends the stream at the idle limit, keepalives or not."""
        client = self.begin()
        self.clock.pump([1.0] * 61)
        body = client.answer.body
        self.assertEqual(body.count(COMMENT), 4 if KEEPALIVE * 4 < 60 else 3)
        error = self.error_of(body.rpartition(COMMENT)[2])
        self.assertEqual((error["type"], error["code"]), ("timeout_error", "request_timeout"))
        self.assertIn("idle", str(error["message"]))
        self.assertSettled("idle_timeout", 200)

    def test_bug(self) -> None:
        """A bug in a provider is an honest failure here, too."""
        self.a.script = [KeyError("a bug")]
        client = self.ask_stream()
        self.assertEqual(client.answer.status, 500)
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)

    def test_cut(self) -> None:
        """A stream that is cut ends with an error event, and its provider is left."""
        client = self.begin()
        self.app.cut(Drained("the gateway is shutting down"))
        self.assertFailed(client, text("first"), "draining")
        self.assertTrue(self.body.aborted)
        self.assertSettled("drained", 200)

    def test_cut_before_content(self) -> None:
        """One that has not begun gets a plain refusal."""
        client = self.ask_stream()
        self.app.cut(Drained("the gateway is shutting down"))
        self.assertEqual(client.answer.status, 503)
        self.assertSettled("drained", 503)

    def test_cut_after_the_early_head(self) -> None:
        """One whose head is out although nothing came gets the error event."""
        client = self.ask_stream()
        self.clock.advance(KEEPALIVE)
        self.app.cut(Drained("the gateway is shutting down"))
        self.assertFailed(client, COMMENT, "draining")
        self.assertTrue(self.body.aborted)
