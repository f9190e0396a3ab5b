"""Requests that no library would send, byte by byte, and exactly what comes back.

Here it is about bodies and connections; routes, streams and shutdown have their own modules.
"""

from typing import ClassVar

from tests.acceptance.gateway import PROMPT, STANDARD, Configuration
from tests.acceptance.raw_client import AUTH, RawConnection, RawTestCase, chat_body, get, head, post

BODY_LIMIT = 64 * 1024
JSON = "Content-Type: application/json"
POST = "POST /v1/chat/completions HTTP/1.1"
SAID = f"Echo: {PROMPT}"


def chunked(*chunks: bytes) -> bytes:
    """Return a chat call with a good key and a body in ``chunks``."""
    framed = [b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks]
    return head(POST, AUTH, JSON, "Transfer-Encoding: chunked") + b"".join(framed)


class SmallBodyTestCase(RawTestCase):
    """Tests against a gateway that takes small bodies only."""

    configuration: ClassVar[Configuration] = {
        **STANDARD,
        "server": {"body_limit": f"{BODY_LIMIT}B"},
    }


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


class BodyLimitTests(SmallBodyTestCase):
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


class ExpectTests(SmallBodyTestCase):
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

    def test_left_in_body(self) -> None:
        """A client that leaves in the middle of its body has made a call, which is over then."""
        for request_id, end in (("left-closed", b""), ("left-in-chunk", b"ffff\r\n")):
            client = self.connect()
            framing = "Transfer-Encoding: chunked" if end else "Content-Length: 100"
            client.send(head(POST, AUTH, JSON, framing, f"X-Request-ID: {request_id}") + end)
            client.send(b'{"model"')
            client.close()
            record = self.gateway.call(request_id)
            self.assertEqual((record["status"], record["verdict"]), (499, "client_gone"))

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
