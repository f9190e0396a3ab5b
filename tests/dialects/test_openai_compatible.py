"""OpenAI's dialect: what of a request is changed, and what a failed answer means."""

import orjson
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.dialects.anthropic import Anthropic
from inference_gateway.dialects.azure import AzureOpenAI
from inference_gateway.dialects.openai_compatible import OpenAICompatible
from inference_gateway.provider_errors import (
    ProviderAuthFailed,
    ProviderError,
    ProviderInvalidAnswer,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderRejected,
)
from inference_gateway.wire.health import HealthState
from inference_gateway.wire.operations import CHAT, OPERATIONS, Operation
from inference_gateway.wire.request import ModelRequest
from tests.dialects.requests import asked

#: Odd on purpose: blanks, an escape, a number that no float holds, a member nobody knows.
MESSAGES = b'"messages" : [{"role":"user","content":"\\u00e9"}],\n "big":12345678901234567890'
REFUSAL = b'{"error":{"message":"too long","type":"invalid_request_error","param":"messages"}}'


def body(*members: bytes) -> bytes:
    """Return a request of ``members`` and some that are not to be touched."""
    return b"{ " + b", ".join([b'"model": "m"', *members, MESSAGES]) + b" }"


def encode(
    sent: bytes,
    of: Operation = CHAT,
    *,
    model: str = "m",
    stream: bool = False,
    usage: bool = True,
) -> bytes:
    """Return what a provider is asked when a client sent ``sent``."""
    return OpenAICompatible().encode(asked(sent, of), model, stream=stream, ask_usage=usage)


class EncodeTests(SynchronousTestCase):
    """Only what must change in a request changes."""

    def test_untouched(self) -> None:
        """A plain call, and a stream whose usage nobody asks for, go out as they came."""
        self.assertEqual(encode(body()), body())
        streamed = body(b'"stream": true')
        self.assertEqual(encode(streamed, stream=True, usage=False), streamed)

    def test_model(self) -> None:
        """The provider's own name takes the place of the public one."""
        self.assertEqual(encode(body(), model="p/q"), body().replace(b'"m"', b'"p/q"'))

    def test_usage(self) -> None:
        """A stream is asked for its usage."""
        sent = encode(body(b'"stream": true'), stream=True)
        self.assertTrue(sent.endswith(body(b'"stream": true')[1:]))
        self.assertEqual(orjson.loads(sent)["stream_options"], {"include_usage": True})

    def test_usage_asked_for(self) -> None:
        """A client that asks for usage itself is not helped."""
        sent = body(b'"stream": true', b'"stream_options": {"include_usage": true}')
        self.assertEqual(encode(sent, stream=True), sent)

    def test_other_options(self) -> None:
        """Other options of a stream stay, byte for byte."""
        sent = body(b'"stream": true', b'"stream_options": { "x" : 1e2, "include_usage":false }')
        expected = sent.replace(b"false", b"true")
        self.assertEqual(encode(sent, stream=True), expected)

    def test_null_options(self) -> None:
        """Options that are null are as good as none."""
        sent = encode(body(b'"stream": true', b'"stream_options": null'), stream=True)
        self.assertEqual(sent.count(b"stream_options"), 1)
        self.assertEqual(orjson.loads(sent)["stream_options"], {"include_usage": True})

    def test_plain_as_stream(self) -> None:
        """A plain call that rides on a stream asks for one, with its usage."""
        for sent in (body(), body(b'"stream": false'), body(b'"stream": null')):
            asked = orjson.loads(encode(sent, stream=True))
            self.assertIs(asked["stream"], True)
            self.assertEqual(asked["stream_options"], {"include_usage": True})
            self.assertIn(MESSAGES, encode(sent, stream=True))

    def test_other_operations(self) -> None:
        """Where usage comes unasked, a stream is not asked for it."""
        sent = body(b'"stream": true')
        self.assertEqual(encode(sent, OPERATIONS["responses"], stream=True), sent)
        self.assertIn(b"include_usage", encode(sent, OPERATIONS["completions"], stream=True))

    def test_form(self) -> None:
        """In a form nothing changes but the model, and no stream is asked for in its name."""
        form = (
            b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n'
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n{"\x00\r\n'
            b"--b--\r\n"
        )
        request = ModelRequest(
            operation=OPERATIONS["transcriptions"],
            model="m",
            body=form,
            content_type=b"multipart/form-data; boundary=b",
        )
        for model in ("m", "p/q"):
            for stream in (False, True):
                sent = OpenAICompatible().encode(request, model, stream=stream, ask_usage=True)
                self.assertEqual(sent, form.replace(b"\nm\r", b"\n%b\r" % model.encode()))


class ErrorTests(SynchronousTestCase):
    """Every status means one error, and only blame for the request is passed on in words."""

    def error(self, status: int, *, after: float | None = None) -> ProviderError:
        """Return what an answer means."""
        return OpenAICompatible().error(status, REFUSAL, after)

    def test_rejected(self) -> None:
        """Blame for the request keeps its status, message and param, and ends the call."""
        for status in (400, 409, 413, 415, 422):
            error = self.error(status)
            self.assertIsInstance(error, ProviderRejected)
            self.assertEqual(
                (error.status, error.message, error.param, error.code, error.may_fail_over),
                (status, "too long", "messages", "provider_invalid_request", False),
            )

    def test_filtered(self) -> None:
        """A prompt that a filter refuses is blamed on the request, by a code of its own."""
        for code in (
            "content_filter",
            "contentFilter",
            "content_policy_violation",
            "moderation_blocked",
        ):
            said = orjson.dumps({"error": {"message": "no", "type": None, "code": code}})
            error = OpenAICompatible().error(400, said, None)
            self.assertIsInstance(error, ProviderRejected)
            self.assertEqual(
                (error.status, error.code, error.message, error.may_fail_over),
                (400, "content_filter", "no", False),
            )

    def test_not_found(self) -> None:
        """A 404 keeps its status, but another provider may have the model."""
        error = self.error(404)
        self.assertEqual((error.status, error.code), (404, "provider_invalid_request"))
        self.assertTrue(error.may_fail_over)

    def test_credential(self) -> None:
        """Trouble with our credential is never the client's 401."""
        for status in (401, 402, 403):
            error = self.error(status)
            self.assertIsInstance(error, ProviderAuthFailed)
            self.assertEqual(error.status, 502)
            self.assertNotIn("too long", error.message)

    def test_rate_limited(self) -> None:
        """A 429 says when to come back, after a second if the provider does not tell."""
        self.assertIsInstance(self.error(429), ProviderRateLimited)
        self.assertEqual(self.error(429).retry_after, 1.0)
        self.assertEqual(self.error(429, after=0.0).retry_after, 0.0)
        self.assertEqual(self.error(429, after=7.5).retry_after, 7.5)

    def test_overloaded(self) -> None:
        """A busy server is told apart from a broken one."""
        for status in (503, 529):
            self.assertIsInstance(self.error(status), ProviderOverloaded)
        self.assertEqual(self.error(503, after=2.0).retry_after, 2.0)

    def test_broken(self) -> None:
        """All else that is no success is the provider's failure, without its words."""
        for status in (405, 408, 410, 418, 500, 501, 502, 504, 599):
            error = self.error(status)
            self.assertEqual((error.status, error.code), (502, "provider_error"))
            self.assertEqual(error.message, f"the provider answered {status}")
            self.assertTrue(error.may_fail_over)

    def test_unusable_success(self) -> None:
        """A success that carries no answer, and a redirect, are no answers."""
        for status in (201, 202, 204, 206, 301, 302, 307, 308):
            error = self.error(status)
            self.assertIsInstance(error, ProviderInvalidAnswer)
            self.assertEqual(error.status, 502)


class AddressTests(SynchronousTestCase):
    """Where requests go, and with what credential."""

    def test_target(self) -> None:
        """Everything lies where OpenAI has it below its base URL, whatever the model."""
        for name, path in (
            ("chat", b"/chat/completions"),
            ("speech", b"/audio/speech"),
            ("translations", b"/audio/translations"),
            ("image_edits", b"/images/edits"),
            ("image_variations", b"/images/variations"),
        ):
            self.assertIn(name, OpenAICompatible.endpoints)
            for base_path, root in ((b"/own/v1", b"/own/v1"), (b"/", b"")):
                target = OpenAICompatible().target(base_path, OPERATIONS[name], "../m")
                self.assertEqual(target, root + path)

    def test_beside_the_version(self) -> None:
        """Tokens are no part of any version of an API."""
        for base_path, root in (
            (b"/v1", b""),
            (b"/own/v1", b"/own"),
            (b"/own", b"/own"),
            (b"/v1/own", b"/v1/own"),
            (b"/", b""),
        ):
            for name in ("tokenize", "detokenize"):
                target = OpenAICompatible().target(base_path, OPERATIONS[name], "m")
                self.assertEqual(target, b"%b/%b" % (root, name.encode()))

    def test_listing(self) -> None:
        """The models are listed below the base URL."""
        self.assertEqual(OpenAICompatible().listing(b"/own/v1"), b"/own/v1/models")
        self.assertEqual(OpenAICompatible().listing(b"/"), b"/models")

    def test_headers(self) -> None:
        """No request says more than the gateway's own headers."""
        self.assertEqual(OpenAICompatible().headers, ())

    def test_credential(self) -> None:
        """The key is a bearer token."""
        self.assertEqual(OpenAICompatible().credential("k"), ("authorization", "Bearer k"))


class AnswerTests(SynchronousTestCase):
    """What comes back."""

    def test_translation(self) -> None:
        """It is the client's API already."""
        self.assertIsNone(OpenAICompatible().translation(CHAT))


class HealthTests(SynchronousTestCase):
    """The API has nothing to say about the server."""

    def test_nothing(self) -> None:
        """Nothing can be asked, and no answer would tell anything; so it is with those like it."""
        for dialect in (OpenAICompatible(), AzureOpenAI(), Anthropic()):
            self.assertIsNone(dialect.health_target(b"/v1"))
            self.assertIsNone(dialect.slots_target(b"/v1"))
            self.assertIs(dialect.health(503, b"").state, HealthState.UNKNOWN)
            self.assertIsNone(dialect.slots(200, b'{"total_slots":4}'))
