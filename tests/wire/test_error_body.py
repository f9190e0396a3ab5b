"""Tests of `inference_gateway.wire.error_body`."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import FieldProblem, InvalidRequest, Unauthenticated
from inference_gateway.provider_errors import ProviderTimeout, ProviderUnavailable
from inference_gateway.wire.error_body import (
    ProviderMessage,
    read_provider_error,
    render,
    render_event,
)
from inference_gateway.wire.sse import SSEParser


class RenderTests(SynchronousTestCase):
    """Every error has the one body."""

    def test_fields(self) -> None:
        """The error object is about the first problem, the detail lists all of them."""
        error = InvalidRequest.of(
            [
                FieldProblem(message="too warm", field="temperature"),
                FieldProblem(message="of no field"),
            ]
        )
        self.assertEqual(
            json.loads(render(error)),
            {
                "error": {
                    "message": "too warm",
                    "type": "invalid_request_error",
                    "param": "temperature",
                    "code": "validation_error",
                },
                "detail": {
                    "errors": [
                        {"field": "temperature", "message": "too warm"},
                        {"message": "of no field"},
                    ]
                },
            },
        )

    def test_fixed_details(self) -> None:
        """Where the interface fixes what the detail says, it says that."""
        for error, detail in (
            (Unauthenticated("no key", code="missing_api_key"), "unauthorized"),
            (ProviderTimeout("idle", 60), "gateway_timeout"),
            (ProviderUnavailable("refused"), "backend_unavailable"),
        ):
            self.assertEqual(json.loads(render(error))["detail"]["errors"], [{"message": detail}])

    def test_event(self) -> None:
        """In a stream the error object comes alone, in an event called error."""
        error = ProviderUnavailable("gone")
        (event,) = SSEParser().feed(render_event(error))
        self.assertEqual(event.name, b"error")
        self.assertEqual(
            json.loads(event.data or b""), {"error": json.loads(render(error))["error"]}
        )

    @settings(max_examples=100)
    @given(st.text(alphabet=st.characters(exclude_categories=())))
    def test_any_text(self, text: str) -> None:
        """Any text can be told, lone surrogates replaced."""
        error = InvalidRequest.of([FieldProblem(message=text, field=text)])
        told = json.loads(render(error))["error"]
        self.assertEqual(told["message"], text.encode("utf-8", "replace").decode())
        self.assertEqual(told["param"], told["message"])


class ReadTests(SynchronousTestCase):
    """The words of a provider are found in every shape, and made safe."""

    def read(self, body: bytes) -> ProviderMessage:
        """Return what the body of a 400 says."""
        return read_provider_error(400, body)

    def test_openai(self) -> None:
        """OpenAI's object says all three things."""
        body = b'{"error":{"message":"too long","type":"t","param":"messages","code":"c"}}'
        self.assertEqual(self.read(body), ProviderMessage("too long", "messages", "c", "t"))

    def test_nulls(self) -> None:
        """What is null in OpenAI's object is not known, whatever its type is."""
        body = b'{"error":{"message":"no","type":"t","param":null,"code":null}}'
        self.assertEqual(self.read(body), ProviderMessage("no", type="t"))

    def test_numeric_code(self) -> None:
        """Where the code is a number, as llama.cpp has it, the type is the better code."""
        body = b'{"error":{"code":400,"message":"no","type":"exceed_context_size_error"}}'
        kind = "exceed_context_size_error"
        self.assertEqual(self.read(body), ProviderMessage("no", None, kind, kind, 400))

    def test_status(self) -> None:
        """A code is a status where it is a number that can be one, or the digits of one."""
        for code, status in (
            (429, 429),
            ("503", 503),
            (200, None),
            (1301, None),
            ("1301", None),
            ("\u0664\u0660\u0660", None),
            (True, None),
            ("c", None),
        ):
            body = json.dumps({"error": {"message": "no", "code": code}}).encode()
            self.assertEqual(self.read(body).status, status)

    def test_no_message(self) -> None:
        """The code and the type count where a sentence of ours takes the message's place."""
        for message in ("", None, 5, "<h1>no</h1>"):
            error = {"message": message, "code": "c", "type": "t"}
            self.assertEqual(
                self.read(json.dumps({"error": error}).encode()),
                ProviderMessage("the provider answered 400", None, "c", "t"),
            )

    def test_list(self) -> None:
        """Google answers OpenAI's clients with a list."""
        body = b'[{"error":{"code":429,"message":"exhausted","status":"RESOURCE_EXHAUSTED"}}]'
        self.assertEqual(self.read(body), ProviderMessage("exhausted", status=429))

    def test_quoted(self) -> None:
        """What OpenRouter quotes is read in its place, but for the status."""
        nested = json.dumps({"error": {"message": "no", "type": "t", "param": "p", "code": "c"}})
        typed = json.dumps({"error": {"message": "no", "type": "t", "code": 400}})
        for raw, expected in (
            (nested, ProviderMessage("no", "p", "c", "c", 502)),
            (typed, ProviderMessage("no", None, "t", "t", 502)),
            ('{"detail":"no"}', ProviderMessage("Provider returned error", status=502)),
            ('{"error":"no"}', ProviderMessage("no", status=502)),
            ('{"message":"no"}', ProviderMessage("no", status=502)),
            ("no, and in words", ProviderMessage("no, and in words", status=502)),
            ("", ProviderMessage("Provider returned error", status=502)),
            ("5", ProviderMessage("Provider returned error", status=502)),
            ({"error": "no"}, ProviderMessage("Provider returned error", status=502)),
        ):
            self.assertEqual(self.read(self.quoting(raw)), expected)

    def test_quoted_without_status(self) -> None:
        """Where the outer error has no status, that of the quoted one stands."""
        error = {"message": "Provider returned error", "metadata": {"raw": '{"message":"no"}'}}
        self.assertEqual(self.read(json.dumps({"error": error}).encode()), ProviderMessage("no"))

    def test_not_quoted(self) -> None:
        """A message that says something stands, and metadata may be anything."""
        for message, metadata in (
            ("limit reached", {"raw": '{"message":"no"}'}),
            ("Provider returned error", ["raw"]),
            ("Provider returned error", None),
        ):
            error = {"message": message, "metadata": metadata}
            self.assertEqual(self.read(json.dumps({"error": error}).encode()).message, message)

    def quoting(self, raw: object) -> bytes:
        """Return what OpenRouter makes of an answer of 502."""
        error = {
            "message": "Provider returned error",
            "code": 502,
            "metadata": {"raw": raw, "provider_name": "P"},
        }
        return json.dumps({"error": error, "user_id": "u"}).encode()

    def test_deep(self) -> None:
        """A body may be nested as deep as the parser goes."""
        for opening, closing in ((b'{"detail":', b"}"), (b'{"error":', b"}"), (b"[", b"]")):
            body = opening * 1000 + b'"no"' + closing * 1000
            self.assertEqual(self.read(body), ProviderMessage("the provider answered 400"))

    def test_flat(self) -> None:
        """The members can also stand at the top, or ``error`` be the sentence."""
        self.assertEqual(
            self.read(b'{"message":"no","code":"c"}'), ProviderMessage("no", None, "c")
        )
        self.assertEqual(self.read(b'{"error":"no"}'), ProviderMessage("no"))
        self.assertEqual(self.read(b'{"detail":{"message":"no"}}'), ProviderMessage("no"))

    def test_detail_sentence(self) -> None:
        """FastAPI's detail can be a sentence."""
        self.assertEqual(self.read(b'{"detail":"no"}'), ProviderMessage("no"))

    def test_detail_list(self) -> None:
        """FastAPI's list becomes one sentence, and the first place is the param."""
        body = json.dumps(
            {
                "detail": [
                    {"loc": ["body", "messages", 0, "content"], "msg": "none", "input": "secret"},
                    {"loc": ["n"], "msg": "bad"},
                    {"msg": "nowhere"},
                    {"loc": [], "msg": "empty"},
                    {"loc": ["body"]},
                    5,
                ]
            }
        ).encode()
        self.assertEqual(
            self.read(body),
            ProviderMessage(
                "messages[0].content: none; n: bad; nowhere; empty", "messages[0].content"
            ),
        )

    def test_plain_text(self) -> None:
        """Plain text, also as a JSON string, is a sentence."""
        self.assertEqual(self.read(b"Internal Server Error\r\n").message, "Internal Server Error")
        self.assertEqual(self.read(b'"no"').message, "no")

    def test_nothing_readable(self) -> None:
        """HTML and what is nothing becomes a sentence of ours."""
        for body in (
            b"",
            b"  ",
            b"\xff\xfe",
            b"<html><body>secret</body></html>",
            b"oops <!DOCTYPE html>",
            b"<400/>",
            b'{"error":{"message":5}}',
            b'{"detail":[]}',
            b"{}",
            b"[]",
            b"[5]",
            b'[{"message":"no"}]',
            b"5",
        ):
            self.assertEqual(self.read(body), ProviderMessage("the provider answered 400"))

    def test_safe(self) -> None:
        """Control and bidirectional characters, addresses, keys and endless text do not pass."""
        body = json.dumps({"error": "a\x1b[31m\u202eb\n\nc"}).encode()
        self.assertEqual(self.read(body).message, "a [31m b c")
        body = b'{"error":"bad key sk-abcdefgh12345 at http://10.0.0.1:8000/v1?x=y, sorry"}'
        self.assertEqual(self.read(body).message, "bad key [key] at [address] sorry")
        self.assertEqual(len(self.read(b"x" * 1_000_000).message), 500)

    def test_bracketed_status(self) -> None:
        """A sentence may begin with a status in angle brackets, as Alibaba's do."""
        said = "<400> InternalError.Algo.InvalidParameter: Range of input length"
        self.assertEqual(self.read(json.dumps({"error": {"message": said}}).encode()).message, said)

    def test_words(self) -> None:
        """A param or code that is no short word is not passed on."""
        for bad in ("", "a\nb", "x" * 200, 5, ["a"]):
            body = json.dumps({"error": {"message": "no", "param": bad, "code": bad}}).encode()
            self.assertEqual(self.read(body), ProviderMessage("no"))

    @settings(max_examples=150)
    @given(
        st.binary(max_size=40) | st.text(max_size=40).map(lambda text: json.dumps(text).encode())
    )
    def test_anything(self, body: bytes) -> None:
        """Whatever comes, there is a printable sentence."""
        message = self.read(body).message
        self.assertTrue(message)
        self.assertFalse(any(ord(character) < 32 for character in message))
