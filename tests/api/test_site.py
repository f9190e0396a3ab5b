"""The application: who gets in, what each refusal says, and that every request is accounted for."""

import re
from base64 import b64encode
from typing import ClassVar

from twisted.internet.defer import Deferred

from inference_gateway.api.router import Access
from inference_gateway.errors import Drained, ProviderRateLimited, ProviderUnavailable
from inference_gateway.exchange import Principal
from inference_gateway.testing import ManualBody
from tests.api.gateway import Client, GatewayTestCase
from tests.pipeline import chats

CHAT = "/v1/chat/completions"
BEARER = ("Authorization", "Bearer good-key")


class HeadTests(GatewayTestCase):
    """What is refused at the head, before any byte of the body."""

    keys: ClassVar = {
        b"good-key": Principal(id="alice"),
        b"root-key": Principal(id="root", admin=True),
        b"small-key": Principal(id="bob", models=("org/n",)),
    }
    metrics_access = Access.ADMIN

    def refused(self, status: int, code: str, method: str, target: str, **sent: object) -> None:
        """Send a head and nothing else; it must be answered at once."""
        headers = sent.pop("headers", ())
        assert isinstance(headers, tuple) and not sent
        client = self.connect()
        client.send(method, target, None, *headers, ("Content-Length", "5"))
        self.assertEqual((client.answer.status, client.answer.error["code"]), (status, code))

    def test_no_key(self) -> None:
        """Without a key nothing but the open routes answers, and a stranger learns no routes."""
        for target in (CHAT, "/v1/models", "/v1/models/m", "/nothing", "/metrics"):
            method = "POST" if target == CHAT else "GET"
            answer = self.ask(method, target, b"" if method == "POST" else None)
            self.assertEqual(answer.status, 401, target)
            self.assertEqual(answer.error["code"], "missing_api_key")
            self.assertTrue(answer.headers["www-authenticate"].startswith("Bearer "))
            self.assertEqual(answer.json["detail"], {"errors": [{"message": "unauthorized"}]})

    def test_before_the_body(self) -> None:
        """A stranger's body is not waited for."""
        self.refused(401, "missing_api_key", "POST", CHAT)
        self.refused(401, "invalid_api_key", "POST", CHAT, headers=(("X-API-Key", "x"),))

    def test_open(self) -> None:
        """The front page and the probes need no key, and do not mind a wrong one."""
        for target in ("/", "/healthz", "/health/live", "/health/ready"):
            self.assertEqual(self.ask("GET", target).status, 200, target)
            wrong = ("Authorization", "Bearer wrong")
            self.assertEqual(self.ask("GET", target, None, wrong).status, 200, target)

    def test_every_way(self) -> None:
        """The key is taken from each of the usual places."""
        basic = "Basic " + b64encode(b"any:good-key").decode()
        for header in (BEARER, ("X-API-Key", "good-key"), ("Authorization", basic)):
            self.assertEqual(self.ask("GET", "/v1/models", None, header).status, 200)
        self.assertEqual(set(self.names(self.log.records, "key_id")), {"alice"})

    def test_conflict(self) -> None:
        """Two credentials that disagree are refused."""
        answer = self.ask("GET", "/v1/models", None, BEARER, ("X-API-Key", "other"))
        self.assertEqual((answer.status, answer.error["code"]), (400, "conflicting_credentials"))

    def test_administration(self) -> None:
        """An administrator's route takes an administrator's key, and that opens nothing else."""
        root = ("Authorization", "Bearer root-key")
        self.assertEqual(self.ask("GET", "/metrics", None, root).status, 200)
        for target, header in (("/metrics", BEARER), ("/v1/models", root)):
            answer = self.ask("GET", target, None, header)
            self.assertEqual(answer.status, 403)
            self.assertEqual(answer.error["code"], "insufficient_permissions")

    def test_unknown_path(self) -> None:
        """Those who may ask are told what was probably meant."""
        answer = self.ask("POST", "/chat/completions", b"{}", BEARER)
        self.assertEqual((answer.status, answer.error["code"]), (404, "resource_not_found"))
        self.assertIn(CHAT, answer.error["message"])

    def test_wrong_method(self) -> None:
        """A wrong method is told which ones there are."""
        answer = self.ask("DELETE", CHAT, None, BEARER)
        self.assertEqual((answer.status, answer.error["code"]), (405, "method_not_allowed"))
        self.assertEqual(answer.headers["allow"], "POST")

    def test_media_type(self) -> None:
        """A body that does not say it is JSON in UTF-8 is refused before it comes."""
        for value in (
            "",
            "text/plain",
            "application/jsonp",
            "application/json; charset=utf-16",
            "multipart/form-data; boundary=x",
        ):
            answer = self.ask("POST", CHAT, b"{}", BEARER, ("Content-Type", value))
            self.assertEqual(answer.status, 415, value)
            self.assertEqual(answer.error["code"], "unsupported_media_type")

    def test_good_media_type(self) -> None:
        """JSON is JSON however it is spelled."""
        for value in ("application/json; charset=utf-8", "Application/JSON;charset=UTF8"):
            answer = self.ask("POST", CHAT, b"", BEARER, ("Content-Type", value))
            self.assertEqual((answer.status, answer.error["code"]), (400, "json_parse_error"))

    def test_content_encoding(self) -> None:
        """A compressed body is refused, one that says it is not is read."""
        for value, status in (("gzip", 415), ("identity", 400), ("Identity", 400)):
            answer = self.ask("POST", CHAT, b"", BEARER, ("Content-Encoding", value))
            self.assertEqual(answer.status, status, value)

    def test_draining(self) -> None:
        """While the gateway shuts down calls are refused, and the probes still answer."""
        self.gate.draining = True
        answer = self.ask("POST", CHAT, b"{}", BEARER)
        self.assertEqual((answer.status, answer.error["code"]), (503, "draining"))
        self.assertEqual(
            (answer.headers["retry-after"], answer.headers["retry-after-ms"]), ("1", "1000")
        )
        self.assertEqual(self.ask("GET", "/healthz").status, 200)

    def test_models_of_a_key(self) -> None:
        """A key sees and uses its own models only."""
        small = ("Authorization", "Bearer small-key")
        listed = self.ask("GET", "/v1/models", None, small).json["data"]
        self.assertEqual([model["id"] for model in listed], ["org/n"])
        self.assertEqual(self.ask("GET", "/v1/models/m", None, small).status, 404)
        answer = self.ask("POST", CHAT, chats.request("m"), small)
        self.assertEqual((answer.status, answer.error["code"]), (404, "model_not_found"))

    def test_secrets_stay(self) -> None:
        """Neither key nor query string nor prompt gets into a log line or an answer."""
        seen = b""
        for header in (BEARER, ("Authorization", "Bearer wrong-key"), ("X-API-Key", "sekret")):
            client = self.connect()
            body = chats.request("m", temperature="hot", user=5)
            client.send("POST", CHAT + "?token=in-the-query", body, header)
            seen += client.connection.received
        seen += self.log.text.encode()
        for secret in (b"good-key", b"wrong-key", b"sekret", b"in-the-query", b"hello there"):
            self.assertNotIn(secret, seen)


class OptionsTests(GatewayTestCase):
    """OPTIONS and HEAD."""

    keys: ClassVar = {b"good-key": Principal(id="alice")}

    def test_options(self) -> None:
        """OPTIONS tells the methods, without a key."""
        for target, allowed in (
            (CHAT, "POST, OPTIONS"),
            ("/v1/models", "GET, HEAD, OPTIONS"),
            ("/v1/models/org/n", "GET, HEAD, OPTIONS"),
            ("*", "GET, POST, OPTIONS"),
        ):
            answer = self.ask("OPTIONS", target)
            self.assertEqual((answer.status, answer.body), (204, b""))
            self.assertEqual(answer.headers["allow"], allowed, target)
            self.assertNotIn("content-length", answer.headers)

    def test_options_nowhere(self) -> None:
        """OPTIONS of a path where nothing is says so."""
        self.assertEqual(self.ask("OPTIONS", "/nothing").status, 404)

    def test_head(self) -> None:
        """HEAD has the head of GET and no body."""
        client = self.connect()
        client.send("HEAD", "/healthz")
        client.send("GET", "/healthz")
        head, get = client.answers
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertEqual(head.headers["content-length"], get.headers["content-length"])


class OpenTests(GatewayTestCase):
    """Without keys."""

    def test_anybody(self) -> None:
        """Everybody may call, whatever they send."""
        self.assertEqual(self.ask("GET", "/v1/models", None, BEARER).status, 200)
        self.assertEqual(self.line()["key_id"], "anonymous")

    def test_rebinding(self) -> None:
        """A page elsewhere cannot reach a gateway on this machine by rebinding a name."""
        origin = ("Origin", "http://evil.example")
        for host in ("evil.example", "evil.example:8000", "localhost.evil.example", "[::2]:8000"):
            answer = self.ask("GET", "/v1/models", None, origin, host=host)
            self.assertEqual(answer.status, 403, host)

    def test_local_pages(self) -> None:
        """A page on this machine may, under each of the machine's names."""
        origin = ("Origin", "http://localhost:3000")
        for host in ("localhost", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:8000", "[::1]"):
            self.assertEqual(self.ask("GET", "/v1/models", None, origin, host=host).status, 200)

    def test_no_browser(self) -> None:
        """Without an Origin any name will do."""
        self.assertEqual(self.ask("GET", "/v1/models", host="gateway.internal").status, 200)


class NoAdministratorTests(GatewayTestCase):
    """Administration without a key for it."""

    metrics_access = Access.ADMIN

    def test_says_how(self) -> None:
        """The answer says how to set a key."""
        answer = self.ask("GET", "/metrics")
        self.assertEqual(answer.status, 403)
        self.assertIn("INFERENCE_GATEWAY_ADMIN_KEY", answer.error["message"])


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
        """A provider's failure is a 502 that shows nothing of it and leaves retrying to the SDK."""
        self.a.script = [ProviderUnavailable("the provider refused the connection")]
        self.b.script = [ProviderUnavailable("the provider refused the connection")]
        answer = self.ask("POST", CHAT, chats.request())
        self.assertEqual((answer.status, answer.error["code"]), (502, "provider_unavailable"))
        self.assertEqual(answer.json["detail"], {"errors": [{"message": "backend_unavailable"}]})
        self.assertNotIn("x-should-retry", answer.headers)
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
        self.assertEqual(self.app.in_flight, 1)
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
        self.assertEqual(self.app.cut(Drained("too late")), 1)
        self.assertEqual((client.answer.status, client.answer.error["code"]), (503, "draining"))
        self.assertTrue(self.body.aborted)
        self.assertSettled("drained", 503)
        self.assertEqual(self.app.cut(Drained("too late")), 0)

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
