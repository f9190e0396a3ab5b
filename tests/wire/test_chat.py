"""Tests of `inference_gateway.wire.chat`; the corpus has its fields one by one."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import CallerError, InvalidRequest
from inference_gateway.wire.chat import parse_chat

TOP_NAMES = [
    "model",
    "messages",
    "stream",
    "stream_options",
    "n",
    "stop",
    "tools",
    "metadata",
    "tool_choice",
    "response_format",
    "logit_bias",
    "top_logprobs",
    "user",
    "api_key",
]
INNER_NAMES = [
    "role",
    "content",
    "type",
    "text",
    "function",
    "name",
    "tool_calls",
    "image_url",
    "url",
    "json_schema",
    "schema",
    "$ref",
    "pattern",
]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["user", "function", "text", "json_schema", "auto", "#", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(INNER_NAMES), inner, max_size=4)
    ),
    max_leaves=12,
)

USER = {"role": "user", "content": "hello"}


def body(**members: Any) -> bytes:
    """Return a good body with more or other members."""
    return json.dumps({"model": "m", "messages": [USER], **members}).encode()


class ParseTests(SynchronousTestCase):
    """A good body becomes a view of itself."""

    def test_smallest(self) -> None:
        """What is not asked for has the API's defaults."""
        request = parse_chat(body())
        self.assertEqual(
            (
                request.model,
                request.stream,
                request.include_usage,
                request.choices,
                request.max_tokens,
            ),
            ("m", False, False, 1, None),
        )
        self.assertEqual(request.dropped, ())

    def test_all(self) -> None:
        """What is asked for is there."""
        request = parse_chat(
            body(stream=True, stream_options={"include_usage": True}, n=2, max_tokens=7)
        )
        self.assertEqual(
            (request.stream, request.include_usage, request.choices, request.max_tokens),
            (True, True, 2, 7),
        )

    def test_null(self) -> None:
        """Null is as good as nothing."""
        request = parse_chat(body(stream=None, stream_options=None, n=None, max_tokens=None))
        self.assertEqual(
            (request.stream, request.include_usage, request.choices, request.max_tokens),
            (False, False, 1, None),
        )

    def test_usage_not_asked(self) -> None:
        """Stream options without include_usage do not ask for usage."""
        self.assertFalse(parse_chat(body(stream=True, stream_options={})).include_usage)

    def test_new_name(self) -> None:
        """``max_completion_tokens`` counts like ``max_tokens``."""
        self.assertEqual(parse_chat(body(max_completion_tokens=9)).max_tokens, 9)

    def test_body(self) -> None:
        """The body is the very bytes that came."""
        came = body(zzz=1)
        self.assertIs(parse_chat(came).body, came)

    def test_dropped(self) -> None:
        """Reserved members are gone from body and fields, and their names are told."""
        request = parse_chat(body(api_base="http://x", organization=None, zzz=1))
        self.assertEqual(request.dropped, ("api_base", "organization"))
        self.assertEqual(json.loads(request.body), request.fields)
        self.assertNotIn("api_base", request.fields)
        self.assertEqual(request.fields["zzz"], 1)

    def test_dropped_twice(self) -> None:
        """A reserved member is dropped however often it is given."""
        request = parse_chat(body()[:-1] + b',"api_key":"a","api_key":"b"}')
        self.assertEqual(request.body, body())

    def test_last_user_text(self) -> None:
        """The text of the last user message is at hand."""
        self.assertEqual(parse_chat(body()).last_user_text, "hello")


class RefuseTests(SynchronousTestCase):
    """A bad body is refused for everything that is wrong with it."""

    def refused(self, came: bytes) -> InvalidRequest:
        """Return the error a body is refused with."""
        with self.assertRaises(InvalidRequest) as caught:
            parse_chat(came)
        error: InvalidRequest = caught.exception
        return error

    def test_all_at_once(self) -> None:
        """Every problem is listed, and the error is about the first."""
        error = self.refused(
            json.dumps(
                {
                    "messages": [USER, {"role": "root"}, {"role": "user", "content": [{}]}],
                    "temperature": 2.1,
                    "stream": "true",
                    "stream_options": {"include_usage": 1},
                }
            ).encode()
        )
        self.assertEqual(error.message, "model is required")
        self.assertEqual(
            [problem.field for problem in error.problems],
            [
                "model",
                "messages[1].role",
                "messages[2].content[0].type",
                "temperature",
                "stream",
                "stream_options.include_usage",
            ],
        )

    def test_sentence(self) -> None:
        """The message is a sentence about the field."""
        error = self.refused(body(temperature=2.1))
        self.assertEqual(error.message, "temperature must be a number between 0 and 2, got 2.1")
        self.assertEqual(error.param, "temperature")

    def test_no_prompt(self) -> None:
        """What a message says never gets into an error, wherever it stands."""
        secret = "the secret"
        for bad in (
            {"role": "user", "content": {"text": secret}},
            {"role": "user", "content": [secret]},
            {"role": "user", "content": [{"type": "text", "text": [secret]}]},
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": secret}}]},
            {"role": "assistant", "tool_calls": [{"id": [secret], "function": secret}]},
            secret,
        ):
            error = self.refused(body(messages=[bad]))
            self.assertNotIn(secret, repr((error.message, error.problems)))

    def test_many_problems(self) -> None:
        """A body that is wrong a hundred thousand times gets a short answer."""
        error = self.refused(body(messages=[{"role": "user", "content": [5] * 100_000}]))
        self.assertLess(len(error.problems), 200)

    @settings(max_examples=300)
    @given(st.dictionaries(st.sampled_from(TOP_NAMES), VALUES))
    def test_any_types(self, members: dict[str, Any]) -> None:
        """Whatever types come where, the answer is a request or a refusal."""
        for came in (json.dumps(members).encode(), body(**members)):
            try:
                request = parse_chat(came)
            except CallerError as error:
                self.assertEqual(error.status, 400)
            else:
                self.assertIsInstance(request.last_user_text, str)

    @settings(max_examples=100)
    @given(st.binary(max_size=30))
    def test_garbage(self, garbage: bytes) -> None:
        """Whatever bytes come, the answer is a refusal."""
        self.assertRaises(CallerError, parse_chat, garbage)
