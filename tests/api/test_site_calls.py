"""The application and its calls: each has an id, an honest answer and one line."""

import re

from twisted.internet.defer import CancelledError, Deferred

from inference_gateway.errors import Drained
from inference_gateway.provider_errors import ProviderRateLimited, ProviderUnavailable
from inference_gateway.testing.doubles import ManualBody
from tests.api.gateway import Client, GatewayTestCase
from tests.pipeline import chats

CHAT = "/v1/chat/completions"


class RequestIdTests(GatewayTestCase):
    """The id of each request."""

    def test_kept(self) -> None:
        """A well-formed id of the client's is used in the answer and in the log."""
        for given in ("abc-123_4.5", "x" * 128):
            answer = self.ask("GET", "/healthz", None, ("X-Request-ID", given))
            self.assertEqual(answer.headers["x-request-id"], given)
        self.assertEqual(self.names(self.log.records, "request_id"), ["abc-123_4.5", "x" * 128])

    def test_replaced(self) -> None:
        """Any other is replaced by a new UUID, never repaired."""
        uuid = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
        seen = set()
        for headers in (
            [],
            [("X-Request-ID", "a b")],
            [("X-Request-ID", 'a"b')],
            [("X-Request-ID", "x" * 129)],
            [("X-Request-ID", "\xe9")],
            [("X-Request-ID", "one"), ("X-Request-ID", "two")],
        ):
            answer = self.ask("GET", "/healthz", None, *headers)
            self.assertRegex(answer.headers["x-request-id"], uuid)
            seen.add(answer.headers["x-request-id"])
        self.assertEqual(len(seen), 6)

    def test_on_errors(self) -> None:
        """Refusals carry it too, even of what is no HTTP."""
        client = self.connect()
        client.connection.send(b"NOT HTTP AT ALL\r\n\r\n")
        self.assertEqual(client.answer.status, 400)
        self.assertEqual(client.answer.headers["x-request-id"], self.line()["request_id"])


class ErrorTests(GatewayTestCase):
    """How failures look to a client."""

    def test_every_problem(self) -> None:
        """All problems of a request are told at once, the first as OpenAI does."""
        answer = self.ask("POST", CHAT, chats.request(temperature=9, n=0))
        self.assertEqual(answer.status, 400)
        self.assertEqual(answer.error["type"], "invalid_request_error")
        self.assertEqual(
            (answer.error["param"], answer.error["code"]), ("temperature", "validation_error")
        )
        fields = [problem["field"] for problem in answer.json["detail"]["errors"]]
        self.assertEqual(fields, ["temperature", "n"])
        self.assertEqual(answer.headers["x-should-retry"], "false")
        self.assertEqual(answer.headers["content-type"], "application/json")

    def test_both_failed(self) -> None:
        """A provider's failure is a 502 that shows nothing of it and need not be repeated."""
        self.a.script = [ProviderUnavailable("the provider refused the connection")]
        self.b.script = [ProviderUnavailable("the provider refused the connection")]
        answer = self.ask("POST", CHAT, chats.request())
        self.assertEqual((answer.status, answer.error["code"]), (502, "provider_unavailable"))
        self.assertEqual(answer.json["detail"], {"errors": [{"message": "backend_unavailable"}]})
        self.assertEqual(answer.headers["x-should-retry"], "false")
        line = self.line()
        self.assertEqual(line["error_type"], "provider_connection_failed")
        self.assertEqual(line["verdict"], "provider_error")

    def test_retry_after(self) -> None:
        """A time to wait is told in seconds, rounded up, and in milliseconds."""
        limited = ProviderRateLimited("the provider is busy", retry_after=1.2)
        self.a.script, self.b.script = [limited], [limited]
        answer = self.ask("POST", CHAT, chats.request())
        self.assertEqual(answer.status, 429)
        self.assertEqual(
            (answer.headers["retry-after"], answer.headers["retry-after-ms"]), ("2", "1200")
        )

    def test_negative_wait(self) -> None:
        """A wait that is over is none."""
        limited = ProviderRateLimited("the provider is busy", retry_after=-5.0)
        self.a.script, self.b.script = [limited], [limited]
        answer = self.ask("POST", CHAT, chats.request())
        self.assertEqual(answer.headers["retry-after"], "0")

    def test_bug(self) -> None:
        """A bug is a 500 that says nothing of it."""
        self.a.script = [KeyError("a secret")]
        answer = self.ask("POST", CHAT, chats.request())
        self.assertEqual((answer.status, answer.error["code"]), (500, "internal_error"))
        self.assertNotIn(b"secret", answer.body)
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)
        self.assertSettled("internal", 500)

    def test_bug_in_a_view(self) -> None:
        """So is one outside the layers."""
        self.checks = None  # type: ignore[assignment]
        answer = self.ask("GET", "/health/ready")
        self.assertEqual(answer.status, 500)
        self.assertEqual(len(self.flushLoggedErrors(AttributeError)), 1)

    def test_cancelled_by_nobody(self) -> None:
        """A cancellation that nobody asked for is a bug like any other, and is told to the log."""
        self.a.script = [CancelledError()]
        answer = self.ask("POST", CHAT, chats.request())
        self.assertEqual(answer.status, 500)
        self.assertEqual(len(self.flushLoggedErrors(CancelledError)), 1)

    def test_too_large(self) -> None:
        """A body larger than the limit is refused at its head."""
        client = self.connect()
        client.send(
            "POST", CHAT, None, ("Content-Type", "application/json"), ("Content-Length", "100001")
        )
        self.assertEqual(
            (client.answer.status, client.answer.error["code"]), (413, "payload_too_large")
        )
        self.assertEqual(client.answer.headers["connection"], "close")


class PlainTests(GatewayTestCase):
    """A chat call that is answered whole."""

    def begin(self) -> Client:
        """Send a call whose provider takes its time."""
        self.body = ManualBody()
        self.a.script = [self.body]
        client = self.connect()
        client.send("POST", CHAT, chats.request())
        self.assertEqual(client.answers, [])
        self.assertEqual(self.metrics.calls_in_flight, 1)
        return client

    def test_answer(self) -> None:
        """The provider's answer goes to the client as it came."""
        client = self.begin()
        self.body.feed(chats.answer())
        self.body.end()
        self.assertEqual((client.answer.status, client.answer.body), (200, chats.answer()))
        self.assertSettled("complete", 200)
        line = self.line()
        self.assertEqual(
            (line["bytes_out"], line["stream"]), (len(client.connection.received), False)
        )

    def test_client_leaves(self) -> None:
        """A client that leaves takes its provider along at once."""
        client = self.begin()
        client.connection.leave()
        self.assertTrue(self.body.aborted)
        self.assertSettled("client_gone", 499)
        self.assertEqual(self.line()["error_type"], "caller_cancelled")

    def test_client_leaves_before_the_head(self) -> None:
        """Also while the provider has not answered at all."""
        self.a.script = [Deferred()]
        client = self.connect()
        client.send("POST", CHAT, chats.request())
        client.connection.leave()
        self.assertEqual(self.a.cancelled, 1)
        self.assertSettled("client_gone", 499)

    def test_cut(self) -> None:
        """A call that is cut gets an honest refusal."""
        client = self.begin()
        self.assertEqual(self.metrics.calls_in_flight, 1)
        self.app.cut(Drained("too late"))
        self.assertEqual((client.answer.status, client.answer.error["code"]), (503, "draining"))
        self.assertTrue(self.body.aborted)
        self.assertSettled("drained", 503)
        self.app.cut(Drained("too late"))
        self.assertSettled("drained", 503)

    def test_several_on_one_connection(self) -> None:
        """Calls of one connection are answered one after another."""
        self.a.script, self.b.script = [chats.answer("one")], [chats.answer("two")]
        client = self.connect()
        for _ in range(2):
            client.send("POST", CHAT, chats.request())
        self.assertEqual(
            [answer.body for answer in client.answers], [chats.answer("one"), chats.answer("two")]
        )
        self.assertEqual(len(self.log.records), 2)


class HalfRequestTests(GatewayTestCase):
    """Clients that never finish their request."""

    def test_left_in_the_body(self) -> None:
        """A call whose client left before its body was complete is recorded and over."""
        client = self.connect()
        client.send(
            "POST", CHAT, None, ("Content-Type", "application/json"), ("Content-Length", "9")
        )
        self.assertIn(b"http_inflight_requests 1.0", self.metrics.expose())
        client.connection.leave()
        self.assertSettled("client_gone", 499)

    def test_too_slow(self) -> None:
        """A body that does not come in time is refused, and recorded."""
        client = self.connect()
        client.send(
            "POST", CHAT, None, ("Content-Type", "application/json"), ("Content-Length", "9")
        )
        self.clock.pump([1.0] * 61)
        self.assertEqual(client.answer.status, 408)
        self.assertSettled("refused", 408)
