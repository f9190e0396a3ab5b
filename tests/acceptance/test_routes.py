"""Routes on the wire: paths, methods, credentials, and what of it is logged and counted."""

import base64
from typing import ClassVar

from tests.acceptance.gateway import KEY, LOCAL, STANDARD, Configuration
from tests.acceptance.raw_client import AUTH, RawConnection, RawTestCase, get, head

JSON = "Content-Type: application/json"
POST = "POST /v1/chat/completions HTTP/1.1"


class CredentialTests(RawTestCase):
    """Who may come in."""

    def test_none(self) -> None:
        """Without a key the answer says how to send one, and the body is not read."""
        answer = self.ask(head(POST, JSON, "Content-Length: 1000"))
        error = self.assertError(answer, 401, "missing_api_key")
        self.assertEqual((error["type"], error["param"]), ("authentication_error", "Authorization"))
        self.assertIn("Bearer", answer.headers["www-authenticate"])

    def test_wrong(self) -> None:
        """A wrong key is wrong wherever it is sent, also for a path that does not exist."""
        for line in ("Authorization: Bearer wrong", "X-API-Key: wrong"):
            for path in ("/v1/models", "/v1/nothing"):
                answer = self.ask(head(f"GET {path} HTTP/1.1", line))
                self.assertError(answer, 401, "invalid_api_key")

    def test_every_way(self) -> None:
        """A key may come as a bearer's, in its own header or as a password."""
        password = base64.b64encode(f"anyone:{KEY}".encode()).decode()
        for line in (
            f"authorization: bearer {KEY}",
            f"X-API-Key: {KEY}",
            f"Authorization: Basic {password}",
        ):
            self.assertEqual(self.ask(head("GET /v1/models HTTP/1.1", line)).status, 200)

    def test_unreadable(self) -> None:
        """A credential of an unknown kind is told apart from a wrong key."""
        for value in ("Digest a=b", "Bearer", "Basic !!!", KEY):
            answer = self.ask(head("GET /v1/models HTTP/1.1", f"Authorization: {value}"))
            self.assertError(answer, 401, "invalid_auth_header")

    def test_conflicting(self) -> None:
        """Two keys that disagree are refused, whichever of them is good."""
        answer = self.ask(get("/v1/models", "X-API-Key: other"))
        self.assertError(answer, 400, "conflicting_credentials")

    def test_probes(self) -> None:
        """Health, the front page and the metrics need no key."""
        for path in ("/", "/healthz", "/health/live", "/health/ready", "/metrics"):
            self.assertEqual(self.ask(head(f"GET {path} HTTP/1.1")).status, 200)


class RouteTests(RawTestCase):
    """Paths and methods."""

    def test_wrong_path(self) -> None:
        """A path that is nearly right is not found, and the answer names the right one."""
        for path, right in (
            ("/chat/completions", "/v1/chat/completions"),
            ("/v1/v1/models", "/v1/models"),
            ("/v1/models/", "/v1/models"),
            ("/v1/chat/completion", "/v1/chat/completions"),
            ("/models", "/v1/models"),
        ):
            error = self.assertError(self.ask(get(path)), 404, "resource_not_found")
            self.assertIn(f" {right} ", error["message"] + " ")

    def test_wrong_method(self) -> None:
        """A wrong method is answered with the right ones."""
        answer = self.ask(get("/v1/chat/completions"))
        self.assertError(answer, 405, "method_not_allowed")
        self.assertEqual(answer.headers["allow"], "POST")
        for method in ("DELETE", "TRACE", "get"):
            answer = self.ask(head(f"{method} /v1/models HTTP/1.1", AUTH))
            self.assertIn(answer.status, (400, 405, 501))

    def test_options(self) -> None:
        """The methods of a path can be asked for, without a key."""
        answer = self.ask(head("OPTIONS /v1/chat/completions HTTP/1.1"))
        self.assertEqual((answer.status, answer.headers["allow"]), (204, "POST, OPTIONS"))

    def test_head(self) -> None:
        """HEAD tells what GET would, without the body, and the connection goes on."""
        client = self.connect()
        client.send(get("/v1/models"))
        full = client.answer()
        client.send(head("HEAD /v1/models HTTP/1.1", AUTH))
        bare = client.answer(headless=True)
        self.assertEqual(bare.status, 200)
        self.assertEqual(bare.headers["content-length"], full.headers["content-length"])
        self.assertServed(client)

    def test_model_with_slash(self) -> None:
        """An id with a slash is found, written out or escaped; nothing is normalised."""
        for path in ("/v1/models/meta/llama-3", "/v1/models/meta%2Fllama-3"):
            self.assertEqual(self.ask(get(path)).json()["id"], "meta/llama-3")
        for path in ("/v1/models/meta/../echo", "/v1/models/%2e%2e/models", "/v1//models"):
            self.assertEqual(self.ask(get(path)).status, 404)

    def test_query(self) -> None:
        """A query changes nothing, and neither it nor a key in it gets into the log."""
        request_id = "with-a-query"
        path = f"/v1/models?api_key={KEY}"
        self.assertEqual(self.ask(get(path, f"X-Request-ID: {request_id}")).status, 200)
        self.assertEqual(self.gateway.call(request_id)["path"], "/v1/models")

    def test_front_page(self) -> None:
        """The front page is a page for browsers and JSON for others."""
        page = self.ask(head("GET / HTTP/1.1", "Accept: text/html,*/*"))
        self.assertEqual(page.headers["content-type"], "text/html; charset=utf-8")
        self.assertIn("version", self.ask(head("GET / HTTP/1.1")).json())

    def test_date(self) -> None:
        """Every answer has a date (RFC 9110 section 6.6.1)."""
        self.assertIn("date", self.ask(get("/v1/models")).headers)


class RefusalLogTests(RawTestCase):
    """Refusals are calls: each is logged and counted."""

    def test_logged(self) -> None:
        """A refusal at the head has a line in the log with what was wrong."""
        self.ask(head("GET /v1/models HTTP/1.1", "X-Request-ID: refused-1"))
        record = self.gateway.call("refused-1")
        self.assertEqual(
            (record["status"], record["verdict"], record["error_code"], record["error_type"]),
            (401, "refused", "missing_api_key", "policy_unauthenticated"),
        )

    def test_unreadable_logged(self) -> None:
        """A refusal of what could not even be read has a line under the id of its answer."""
        answer = self.ask(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        self.assertEqual(answer.status, 400)
        self.assertEqual(self.gateway.call(answer.headers["x-request-id"])["status"], 400)

    def test_counted(self) -> None:
        """A refusal at the head is counted under a route of a closed list."""
        series = 'inference_gateway_http_requests_total{method="GET",route="other",status="404"}'
        before = self.gateway.metric(series)
        self.ask(get("/v1/nothing/at/all"))
        self.assertEqual(self.gateway.metric(series), before + 1)


class RootPathTests(RawTestCase):
    """A gateway that a front proxy serves below a path of its own."""

    configuration: ClassVar[Configuration] = {**STANDARD, "server": {"root_path": "/ai"}}

    def test_below(self) -> None:
        """Every public route answers below the root path."""
        for path in ("/ai/v1/models", "/ai/health/ready", "/ai/v1/models/meta/llama-3", "/ai/"):
            self.assertEqual(self.ask(get(path)).status, 200)

    def test_above(self) -> None:
        """The routes without it answer still: the front proxy may strip the path."""
        self.assertEqual(self.ask(get("/v1/models")).status, 200)

    def test_elsewhere(self) -> None:
        """What only begins like the root path is not below it."""
        self.assertEqual(self.ask(get("/aisle/v1/models")).status, 404)


class SplitTests(RawTestCase):
    """A gateway whose metrics have a listener of their own."""

    configuration: ClassVar[Configuration] = {**STANDARD, "server": {"admin_listen": [LOCAL]}}

    def test_main(self) -> None:
        """The main listener has the models and no metrics."""
        self.assertEqual(self.ask(get("/v1/models")).status, 200)
        self.assertEqual(self.ask(get("/metrics")).status, 404)

    def test_admin(self) -> None:
        """The other listener has the metrics and health, and no models."""
        statuses = {}
        for path in ("/metrics", "/health/ready", "/v1/models"):
            with RawConnection(self.gateway.serving()[1]) as client:
                client.send(get(path))
                statuses[path] = client.answer().status
        self.assertEqual(statuses, {"/metrics": 200, "/health/ready": 200, "/v1/models": 404})


class OpenTests(RawTestCase):
    """A gateway without keys, for this machine only."""

    configuration: ClassVar[Configuration] = {}

    def test_no_key(self) -> None:
        """Nobody needs a key, and none is looked at."""
        self.assertEqual(self.ask(head("GET /v1/models HTTP/1.1")).status, 200)
        self.assertEqual(self.ask(get("/v1/models")).status, 200)

    def test_listed(self) -> None:
        """Without a configuration there is echo, and its faults are not listed."""
        listed = self.ask(get("/v1/models")).json()["data"]
        self.assertEqual([model["id"] for model in listed], ["echo"])

    def test_rebinding(self) -> None:
        """A page that reached it through another name than this machine's is refused."""
        answer = self.ask(get("/v1/models", "Origin: https://evil.example"))
        self.assertError(answer, 403, "insufficient_permissions")
