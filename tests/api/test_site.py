"""The application at the head of a request: who gets in, and what each refusal says."""

from base64 import b64encode
from typing import ClassVar

from inference_gateway.api.router import Access
from inference_gateway.exchange import Principal
from tests.api.gateway import GatewayTestCase
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

    def test_wrong_method_where_no_key_is_needed(self) -> None:
        """Nobody needs a key to be told that a probe cannot be posted to."""
        answer = self.ask("POST", "/healthz", b"")
        self.assertEqual((answer.status, answer.headers["allow"]), (405, "GET, HEAD"))

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
        self.assertEqual(head.headers["content-type"], get.headers["content-type"])


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

    def test_rebinding_of_open_routes(self) -> None:
        """What needs no key is no exception."""
        answer = self.ask(
            "GET", "/metrics", None, ("Origin", "https://evil.test"), host="evil.test"
        )
        self.assertEqual(answer.status, 403)

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
