"""Requests that no library would send, byte by byte, and exactly what comes back.

Streams have their own module, and so has shutting down.
"""

import base64
from typing import Any, ClassVar

from tests.acceptance.gateway import KEY, LOCAL, PROMPT, STANDARD, Configuration, GatewayTestCase
from tests.acceptance.raw_client import AUTH, Answer, RawConnection, chat_body, get, head, post

BODY_LIMIT = 64 * 1024
JSON = "Content-Type: application/json"
POST = "POST /v1/chat/completions HTTP/1.1"
SAID = f"Echo: {PROMPT}"


def chunked(*chunks: bytes) -> bytes:
    """Return a chat call with a good key and a body in ``chunks``."""
    framed = [b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks]
    return head(POST, AUTH, JSON, "Transfer-Encoding: chunked") + b"".join(framed)


class RawTestCase(GatewayTestCase):
    """Tests against a gateway that takes small bodies only."""

    configuration: ClassVar[Configuration] = {
        **STANDARD,
        "server": {"body_limit": f"{BODY_LIMIT}B"},
    }

    def connect(self) -> RawConnection:
        """Return a new connection; it is closed with the test."""
        client = RawConnection(self.gateway.address)
        self.addCleanup(client.close)
        return client

    def ask(self, data: bytes) -> Answer:
        """Return the answer to ``data`` on a connection of its own."""
        client = self.connect()
        client.send(data)
        return client.answer()

    def assertError(self, answer: Answer, status: int, code: str) -> dict[str, Any]:
        """Assert that an answer is an error in the one shape they all have; return its object."""
        self.assertEqual((answer.status, answer.error.get("code")), (status, code))
        self.assertEqual(answer.headers["content-type"], "application/json")
        self.assertIn("x-request-id", answer.headers)
        self.assertEqual(set(answer.error), {"message", "type", "param", "code"})
        self.assertTrue(answer.json()["detail"]["errors"])
        return answer.error

    def assertServed(self, client: RawConnection) -> None:
        """Assert that the connection goes on serving."""
        client.send(post(chat_body()))
        answer = client.answer()
        self.assertEqual(answer.json()["choices"][0]["message"]["content"], SAID)


class BodyTests(RawTestCase):
    """Bodies that are not what they should be; the connection survives what was read whole."""

    def test_not_json(self) -> None:
        """What is not JSON, in UTF-8, with one object, is refused as such."""
        good = chat_body()
        for body in (
            b"",
            b"hello",
            good[:-1],
            good + b"{}",
            b"[]",
            b'{"model": NaN}',
            good.decode().encode("utf-16"),
            b'{"model": "\xff"}',
            b"[" * 1000,
        ):
            client = self.connect()
            client.send(post(body))
            self.assertError(client.answer(), 400, "json_parse_error")
            self.assertServed(client)

    def test_wrong_types(self) -> None:
        """Every field of a wrong type is named, and the prompt is not repeated."""
        answer = self.ask(
            post(chat_body(stream="yes", temperature="warm", n=True, stop=5, messages="hi"))
        )
        error = self.assertError(answer, 400, "validation_error")
        fields = [problem["field"] for problem in answer.json()["detail"]["errors"]]
        self.assertEqual(set(fields), {"stream", "temperature", "n", "stop", "messages"})
        self.assertEqual(error["param"], fields[0])

    def test_unknown_model(self) -> None:
        """A model that nobody serves is not found."""
        error = self.assertError(self.ask(post(chat_body("echoes"))), 404, "model_not_found")
        self.assertEqual(error["type"], "not_found_error")
        self.assertIn("'echo'", error["message"])

    def test_wrong_media_type(self) -> None:
        """A body that does not say it is JSON is refused before it is read."""
        for line in ("Content-Type: text/plain", "Content-Type: application/json; charset=latin1"):
            request = head(POST, AUTH, line, "Content-Length: 20")
            self.assertError(self.ask(request), 415, "unsupported_media_type")

    def test_compressed(self) -> None:
        """A compressed body is refused before it is read."""
        request = head(POST, AUTH, JSON, "Content-Encoding: gzip", "Content-Length: 20")
        self.assertError(self.ask(request), 415, "unsupported_media_type")

    def test_chunked(self) -> None:
        """A body in chunks is the same body."""
        body = chat_body()
        answer = self.ask(chunked(body[:7], body[7:], b""))
        self.assertEqual(answer.json()["choices"][0]["message"]["content"], SAID)


class BodyLimitTests(RawTestCase):
    """Bodies that are too large."""

    def test_declared(self) -> None:
        """A body that declares too much is refused before a byte of it is sent."""
        client = self.connect()
        client.send(head(POST, AUTH, JSON, f"Content-Length: {BODY_LIMIT + 1}"))
        answer = client.answer()
        self.assertError(answer, 413, "payload_too_large")
        self.assertEqual(answer.headers["connection"], "close")
        self.assertTrue(client.closed())

    def test_declared_absurdly(self) -> None:
        """A length of thousands of digits is too large, or no length at all."""
        answer = self.ask(head(POST, AUTH, JSON, "Content-Length: " + "9" * 4000))
        self.assertIn(answer.status, (400, 413))

    def test_declared_and_sent(self) -> None:
        """A client that sends all of it all the same can read why it was refused."""
        client = self.connect()
        client.send(head(POST, AUTH, JSON, f"Content-Length: {BODY_LIMIT + 1}"))
        client.send(b"x" * (BODY_LIMIT + 1))
        self.assertError(client.answer(), 413, "payload_too_large")

    def test_chunked(self) -> None:
        """A body in chunks is refused where it crosses the limit, and the connection ends."""
        client = self.connect()
        client.send(chunked(b"x" * BODY_LIMIT, b"x"))
        answer = client.answer()
        self.assertError(answer, 413, "payload_too_large")
        self.assertEqual(answer.headers["connection"], "close")
        self.assertTrue(client.closed())

    def test_largest(self) -> None:
        """A body of exactly the limit is taken."""
        frame = len(chat_body(text=""))
        answer = self.ask(post(chat_body(text="x" * (BODY_LIMIT - frame))))
        self.assertEqual(answer.status, 200)


class ExpectTests(RawTestCase):
    """Clients that wait for a word before they send their body."""

    def expecting(self, *headers: str) -> RawConnection:
        """Return a connection on which a head has asked whether its body is welcome."""
        client = self.connect()
        client.send(head(POST, JSON, "Expect: 100-continue", *headers))
        return client

    def test_continue(self) -> None:
        """A head that is welcome is told to go on, and its body is answered."""
        body = chat_body()
        client = self.expecting(AUTH, f"Content-Length: {len(body)}")
        self.assertEqual(client.line() + client.line(), b"HTTP/1.1 100 Continue\r\n\r\n")
        client.send(body)
        self.assertEqual(client.answer().status, 200)

    def test_too_large(self) -> None:
        """A body that is too large is refused without being asked for."""
        client = self.expecting(AUTH, f"Content-Length: {BODY_LIMIT + 1}")
        self.assertError(client.answer(), 413, "payload_too_large")
        self.assertTrue(client.closed())

    def test_wrong_key(self) -> None:
        """A body of a stranger is refused without being asked for."""
        client = self.expecting("Authorization: Bearer wrong", "Content-Length: 100")
        self.assertError(client.answer(), 401, "invalid_api_key")
        self.assertTrue(client.closed())

    def test_something_else(self) -> None:
        """Other expectations are not met."""
        client = self.connect()
        client.send(head(POST, AUTH, JSON, "Expect: miracles", "Content-Length: 100"))
        self.assertError(client.answer(), 417, "expectation_failed")


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


class ConnectionTests(RawTestCase):
    """What becomes of connections."""

    def test_kept_alive(self) -> None:
        """A connection serves one call after the other, refused ones as well."""
        client = self.connect()
        for _ in range(3):
            self.assertServed(client)
        client.send(post(chat_body("nobody")))
        self.assertError(client.answer(), 404, "model_not_found")
        self.assertServed(client)

    def test_close(self) -> None:
        """A client that wants the connection closed gets it closed."""
        client = self.connect()
        client.send(post(chat_body(), "Connection: close"))
        self.assertEqual(client.answer().headers["connection"], "close")
        self.assertTrue(client.closed())

    def test_pipelined(self) -> None:
        """Calls that come without waiting are answered in their order, slow ones first."""
        client = self.connect()
        models = ("echo/slow:0.05", "echo", "echo/error-400", "echo/slow:0.02", "echo")
        client.send(b"".join(post(chat_body(model, text=f"{i}")) for i, model in enumerate(models)))
        said = []
        for _ in models:
            body = client.answer().json()
            said.append(body["choices"][0]["message"]["content"] if "choices" in body else "")
        self.assertEqual(said, ["Echo: 0", "Echo: 1", "", "Echo: 3", "Echo: 4"])

    def test_byte_by_byte(self) -> None:
        """A request that comes in bytes is the same request."""
        client = self.connect()
        for byte in get("/v1/models"):
            client.send(bytes([byte]))
        self.assertEqual(client.answer().status, 200)

    def test_broken_framing(self) -> None:
        """Framing that two servers could read in two ways is refused, and the connection ends."""
        body = chat_body()
        length = f"Content-Length: {len(body)}"
        for lines in (
            (length, "Transfer-Encoding: chunked"),
            (length, "Content-Length: 1"),
            ("Content-Length: +5",),
            ("Transfer-Encoding : chunked",),
            (length, " folded: yes"),
        ):
            client = self.connect()
            client.send(head(POST, AUTH, JSON, *lines) + body + get("/v1/models/smuggled"))
            answer = client.answer()
            self.assertEqual((answer.status, answer.headers["connection"]), (400, "close"))
            self.assertTrue(client.closed())

    def test_not_http(self) -> None:
        """What is not HTTP is refused and ends the connection."""
        for data in (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ):
            client = self.connect()
            client.send(data)
            self.assertNotIn(b"200 OK", client.rest())

    def test_head_too_large(self) -> None:
        """Heads, targets and headers beyond any use are refused, each with its own status."""
        self.assertError(self.ask(get("/" + "a" * 9000)), 414, "uri_too_long")
        for lines in (["X-Long: " + "a" * 20000], ["X-Many: a"] * 101):
            answer = self.ask(get("/v1/models", *lines))
            self.assertError(answer, 431, "request_header_fields_too_large")


class SlownessTests(RawTestCase):
    """Clients that take their time; the limits are short here."""

    configuration: ClassVar[Configuration] = {
        **STANDARD,
        "server": {"head_timeout": "200ms", "body_timeout": "200ms", "idle_timeout": "200ms"},
    }

    def test_slow_head(self) -> None:
        """A head that does not come to its end in time is answered so, and the connection ends."""
        client = self.connect()
        client.send(b"GET /v1/models HTTP/1.1\r\nHost:")
        self.assertError(client.answer(), 408, "request_read_timeout")
        self.assertTrue(client.closed())

    def test_slow_body(self) -> None:
        """A body that does not come to its end in time is answered so, and the connection ends."""
        client = self.connect()
        client.send(post(chat_body())[:-1])
        self.assertError(client.answer(), 408, "request_read_timeout")
        self.assertTrue(client.closed())

    def test_nothing(self) -> None:
        """A connection on which nothing comes is closed without a word."""
        self.assertTrue(self.connect().closed())

    def test_idle(self) -> None:
        """A connection that has served and is left idle is closed without a word."""
        client = self.connect()
        self.assertServed(client)
        self.assertTrue(client.closed())


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
