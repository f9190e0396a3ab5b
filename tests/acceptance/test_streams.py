"""Streams on the wire: silence, old clients, half-closed ones, and those that do not read."""

from typing import ClassVar

from tests.acceptance.gateway import PROMPT, STANDARD, Configuration, GatewayTestCase, eventually
from tests.acceptance.raw_client import RawConnection, chat_body, post

KEEPALIVE = b": keepalive\n\n"
DONE = b"data: [DONE]\n\n"
MIB = 1024 * 1024


class StreamTestCase(GatewayTestCase):
    """Tests that read streams byte by byte."""

    def request(
        self, model: str, request_id: str, *headers: str, version: str = "1.1", text: str = PROMPT
    ) -> RawConnection:
        """Return a connection on which a streamed call was made; it is closed with the test."""
        client = RawConnection(self.gateway.address)
        self.addCleanup(client.close)
        body = chat_body(model, text=text, stream=True)
        client.send(post(body, f"X-Request-ID: {request_id}", *headers, version=version))
        return client

    def verdict(self, request_id: str) -> str:
        """Wait for the end of a call; return how it ended."""
        verdict: str = self.gateway.call(request_id)["verdict"]
        return verdict


class FramingTests(StreamTestCase):
    """How streams are framed."""

    def test_chunked(self) -> None:
        """To a client of today a stream is chunked, and its connection serves on."""
        client = self.request("echo", "framed-chunked")
        answer = client.answer()
        self.assertEqual(answer.headers["transfer-encoding"], "chunked")
        self.assertNotIn("content-length", answer.headers)
        self.assertTrue(answer.body.endswith(DONE))
        client.send(post(chat_body()))
        self.assertEqual(client.answer().status, 200)

    def test_old_client(self) -> None:
        """To an HTTP/1.0 client a stream is not chunked, and ends with its connection."""
        client = self.request("echo", "framed-old", version="1.0")
        head = client.head()
        self.assertNotIn("transfer-encoding", head.headers)
        body = client.rest()
        self.assertTrue(body.startswith(b"data: {"), body[:40])
        self.assertTrue(body.endswith(DONE))

    def test_accept_is_not_asked(self) -> None:
        """The body decides whether an answer is a stream, whatever ``Accept`` says."""
        for accept in ("application/json", "text/html", "*/*;q=0"):
            answer = self.request("echo", "framed-accept", f"Accept: {accept}").answer()
            self.assertEqual(answer.headers["content-type"], "text/event-stream; charset=utf-8")

    def test_one_event_at_a_time(self) -> None:
        """Each event leaves when it is there, and not when the next one comes."""
        client = self.request("echo/stall", "framed-at-once")
        client.until(b'"content":":"')
        client.close()
        self.assertEqual(self.verdict("framed-at-once"), "client_gone")


class KeepaliveTests(StreamTestCase):
    """Silence before the first token and behind it."""

    configuration: ClassVar[Configuration] = {
        **STANDARD,
        "server": {"keepalive_interval": "50ms"},
    }

    def test_then_complete(self) -> None:
        """Comments fill the silence before the first token; the stream after them is whole."""
        answer = self.request("echo/slow-first-token:0.3", "silence-complete").answer()
        self.assertEqual(answer.status, 200)
        self.assertTrue(answer.body.startswith(KEEPALIVE * 2), answer.body[:80])
        self.assertTrue(answer.body.endswith(DONE))
        self.assertEqual(self.verdict("silence-complete"), "complete")

    def test_then_error(self) -> None:
        """A failure behind the comments is an event, and no [DONE]."""
        body = self.request("hasty/silent", "silence-error").rest()
        self.assertIn(KEEPALIVE, body)
        self.assertIn(b'event: error\ndata: {"error":', body)
        self.assertNotIn(b"[DONE]", body)
        self.assertEqual(self.verdict("silence-error"), "first_byte_timeout")

    def test_between_tokens(self) -> None:
        """Comments fill the silence between two tokens as well."""
        client = self.request("echo/slow:0.15", "silence-between")
        client.until(b'"content":"Echo"')
        self.assertIn(KEEPALIVE.strip(), client.until(b'"content":":"'))
        client.until(b"[DONE]")

    def test_no_comment_in_time(self) -> None:
        """A stream that is not silent has no comments."""
        self.assertNotIn(KEEPALIVE, self.request("echo", "silence-none").answer().body)


class HalfCloseTests(StreamTestCase):
    """Clients that send nothing more, where that means that they are gone."""

    def test_in_stream(self) -> None:
        """A client that half-closes in the middle of its stream is gone."""
        client = self.request("echo/slow:0.2", "half-stream")
        client.until(b'"content":"Echo"')
        client.half_close()
        self.assertEqual(self.verdict("half-stream"), "client_gone")

    def test_before_answer(self) -> None:
        """A client that half-closes while its plain call runs is gone."""
        client = RawConnection(self.gateway.address)
        self.addCleanup(client.close)
        client.send(post(chat_body("echo/slow:60"), "X-Request-ID: half-plain"))
        client.half_close()
        self.assertTrue(client.closed())
        self.assertEqual(self.verdict("half-plain"), "client_gone")

    def test_complete_answer(self) -> None:
        """An answer that is complete when the client half-closes is delivered."""
        client = self.request("echo", "half-complete")
        client.half_close()
        self.assertTrue(client.answer().body.endswith(DONE))
        self.assertEqual(self.verdict("half-complete"), "complete")


class PatientHalfCloseTests(StreamTestCase):
    """Clients that send nothing more, where that means no more than that."""

    configuration: ClassVar[Configuration] = {**STANDARD, "server": {"half_close": "finish"}}

    def test_stream(self) -> None:
        """A half-closed client gets its whole stream, and then the end of the connection."""
        client = self.request("echo/slow:0.05", "patient-stream")
        client.half_close()
        self.assertTrue(client.answer().body.endswith(DONE))
        self.assertTrue(client.closed())
        self.assertEqual(self.verdict("patient-stream"), "complete")

    def test_gone(self) -> None:
        """A client that leaves for good is noticed all the same."""
        client = self.request("echo/slow:0.05", "patient-gone", text="word " * 200)
        client.until(b'"content":"Echo"')
        client.close()
        self.assertEqual(self.verdict("patient-gone"), "client_gone")


class SlowReaderTests(StreamTestCase):
    """Clients that do not read what they asked for."""

    configuration: ClassVar[Configuration] = {**STANDARD, "server": {"write_stall": "1s"}}

    #: Its stream is more than all buffers between the gateway and a client hold.
    LONG = "word " * 100_000

    def test_stalled(self) -> None:
        """A client that reads nothing is dropped, and its stream has cost little memory."""
        self.request("echo", "stalled-warm-up", text=self.LONG).answer()
        before = self.gateway.resident_memory()
        self.request("echo", "stalled", text=self.LONG)
        record = self.gateway.call("stalled")
        self.assertEqual((record["verdict"], record["status"]), ("slow_client", 499))
        self.assertLess(self.gateway.resident_memory() - before, 8 * MIB)

    def test_pausing(self) -> None:
        """A client that reads again in time gets everything."""
        client = self.request("echo", "pausing", text=self.LONG)
        held = "inference_gateway_http_inflight_requests"
        self.assertTrue(eventually(lambda: self.gateway.metric(held) == 2))
        self.assertTrue(client.answer().body.endswith(DONE))
        self.assertEqual(self.verdict("pausing"), "complete")
