"""vLLM's dialect is OpenAI's: its own ways pass through, or are read as what they are."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.dialects.vllm import VLLM
from inference_gateway.provider_errors import ProviderError, ProviderRejected
from inference_gateway.wire.health import HealthState
from inference_gateway.wire.inspect import Kind, StreamInspector
from inference_gateway.wire.operations import OPERATIONS
from inference_gateway.wire.sse import SSEParser
from tests.dialects.requests import asked

#: What OpenAI's API does not know; blanks and numbers are odd on purpose.
EXTRAS = (
    b'"guided_json" : {"type":"object", "properties":{"a":{"type":"integer"}}}',
    b'"guided_regex":"\\\\d+\\u00e9"',
    b'"structured_outputs":{"choice":["a","b"]}',
    b'"top_k":  20, "min_p":0.050, "repetition_penalty":1e0',
    b'"priority":-12345678901234567890',
    b'"chat_template_kwargs":{"enable_thinking":false}',
    b'"stop_token_ids":[1,2], "ignore_eos":true, "return_token_ids":null',
)


class RequestTests(SynchronousTestCase):
    """What is sent."""

    def test_extras(self) -> None:
        """Its own parameters go out byte for byte, also beside what is changed."""
        for extra in EXTRAS:
            request = asked(b'{"model":"m", %b}' % extra)
            plain = VLLM().encode(request, "m", stream=False, ask_usage=True)
            self.assertEqual(plain, request.body)
            renamed = VLLM().encode(request, "org/own", stream=False, ask_usage=True)
            self.assertEqual(renamed, b'{"model":"org/own", %b}' % extra)
            stream = VLLM().encode(request, "m", stream=True, ask_usage=True)
            self.assertTrue(stream.endswith(b'"model":"m", %b}' % extra), stream)

    def test_usage_options(self) -> None:
        """Usage that is asked for with every event stays asked for."""
        request = asked(
            b'{"model":"m","stream":true,"stream_options":{"continuous_usage_stats":true}}'
        )
        self.assertIn(
            b'{"include_usage":true,"continuous_usage_stats":true}',
            VLLM().encode(request, "m", stream=True, ask_usage=True),
        )

    def test_never_rides(self) -> None:
        """A plain call stays one: it ends when its client leaves."""
        self.assertFalse(VLLM().rides_on_stream(asked(b'{"model":"m"}')))

    def test_targets(self) -> None:
        """Tokens lie beside the API, everything else in it."""
        for name, expected in (
            ("chat", b"/v1/chat/completions"),
            ("completions", b"/v1/completions"),
            ("rerank", b"/v1/rerank"),
            ("messages", b"/v1/messages"),
            ("transcriptions", b"/v1/audio/transcriptions"),
            ("translations", b"/v1/audio/translations"),
            ("tokenize", b"/tokenize"),
            ("detokenize", b"/detokenize"),
        ):
            self.assertIn(name, VLLM.endpoints)
            self.assertEqual(VLLM().target(b"/v1", OPERATIONS[name], "m"), expected)


class ErrorTests(SynchronousTestCase):
    """What its error bodies become."""

    def error(self, body: bytes, status: int = 400) -> ProviderError:
        """Return what an answer means."""
        return VLLM().error(status, body, None)

    def test_old_and_new(self) -> None:
        """A refusal is read at the top of a body, as it used to be, and in ``error``."""
        inner = b'"message":"too long","type":"BadRequestError","param":"max_tokens","code":400'
        for body in (b'{"object":"error",%b}' % inner, b'{"error":{%b}}' % inner):
            error = self.error(body)
            self.assertIsInstance(error, ProviderRejected)
            self.assertEqual(
                (error.status, error.message, error.param, error.code),
                (400, "too long", "max_tokens", "provider_invalid_request"),
            )

    def test_unknown_model(self) -> None:
        """A model that it does not serve may be served elsewhere."""
        body = b'{"error":{"message":"no","type":"NotFoundError","param":"model","code":404}}'
        error = self.error(body, 404)
        self.assertEqual((error.status, error.may_fail_over), (404, True))


class HealthTests(SynchronousTestCase):
    """What it tells of itself."""

    def test_target(self) -> None:
        """Its health lies beside the version; of slots it has none."""
        self.assertEqual(VLLM().health_target(b"/gpu/v1"), b"/gpu/health")
        self.assertIsNone(VLLM().slots_target(b"/gpu/v1"))

    def test_states(self) -> None:
        """The status tells all, where vLLM itself has answered."""
        for status, body, state in (
            (200, b"", HealthState.READY),
            (503, b"", HealthState.UNHEALTHY),
            (500, b"", HealthState.UNHEALTHY),
            (200, b"<html>", HealthState.UNKNOWN),
            (401, b'{"error":"Unauthorized"}', HealthState.UNKNOWN),
            (404, b'{"detail":"Not Found"}', HealthState.UNKNOWN),
        ):
            health = VLLM().health(status, body)
            self.assertEqual((health.state, health.slots), (state, None), (status, body))


class StreamTests(SynchronousTestCase):
    """What its streams say."""

    def kinds(self, *data: bytes) -> list[Kind]:
        """Return what events are, and keep what they said."""
        self.inspector = StreamInspector()
        events = SSEParser().feed(b"".join(b"data: %b\n\n" % line for line in data))
        return [self.inspector.inspect(event) for event in events]

    def test_continuous_usage(self) -> None:
        """Usage beside content is not the event of usage, and the last of it counts."""
        kinds = self.kinds(
            b'{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}],'
            b'"usage":{"prompt_tokens":5,"completion_tokens":0}}',
            b'{"choices":[{"index":0,"delta":{"content":"a"}}],'
            b'"usage":{"prompt_tokens":5,"completion_tokens":1}}',
            b'{"choices":[{"index":0,"delta":{"content":"b"},"finish_reason":"stop"}],'
            b'"usage":{"prompt_tokens":5,"completion_tokens":2}}',
            b'{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2}}',
            b"[DONE]",
        )
        self.assertEqual(kinds, [Kind.EMPTY, Kind.CONTENT, Kind.CONTENT, Kind.USAGE, Kind.DONE])
        self.assertEqual(self.inspector.usage, (5, 2))
        self.assertTrue(self.inspector.complete)

    def test_abort(self) -> None:
        """An answer that vLLM gave up has an end, with a reason of its own."""
        kinds = self.kinds(b'{"choices":[{"index":0,"delta":{},"finish_reason":"abort"}]}')
        self.assertEqual((kinds, self.inspector.finish_reason), ([Kind.FINISH], "abort"))

    def test_error(self) -> None:
        """An error in a stream is one."""
        kinds = self.kinds(b'{"error":{"message":"out of memory","type":"Error","code":500}}')
        self.assertEqual(kinds, [Kind.ERROR])
