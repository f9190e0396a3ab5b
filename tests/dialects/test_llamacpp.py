"""llama.cpp's dialect is OpenAI's, but for clients that leave, and for what it tells of itself."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.dialects.llamacpp import LlamaCpp
from inference_gateway.dialects.openai_compatible import OpenAICompatible
from inference_gateway.provider_errors import ProviderError, ProviderOverloaded
from inference_gateway.wire.health import Health, HealthState
from inference_gateway.wire.operations import OPERATIONS
from tests.dialects.requests import asked

LOADING = b'{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}'


class RidingTests(SynchronousTestCase):
    """Plain calls ride on streams here, and nowhere else."""

    def test_chat(self) -> None:
        """Chat does."""
        plain = asked(b'{"model":"m"}')
        self.assertTrue(LlamaCpp().rides_on_stream(plain))
        self.assertFalse(OpenAICompatible().rides_on_stream(plain))

    def test_other_operations(self) -> None:
        """Others do where a stream can become a plain answer."""
        for name, rides in (("completions", True), ("embeddings", False), ("responses", False)):
            plain = asked(b'{"model":"m"}', OPERATIONS[name])
            self.assertIs(LlamaCpp().rides_on_stream(plain), rides, name)

    def test_logprobs(self) -> None:
        """Calls for logprobs do not, because a stream does not tell them all."""
        for said, rides in (
            (b'"logprobs":true', False),
            (b'"logprobs":5', False),
            (b'"n_probs":1', False),
            (b'"logprobs":false', True),
            (b'"logprobs":0,"n_probs":0', True),
            (b'"logprobs":null', True),
        ):
            plain = asked(b'{"model":"m",%b}' % said)
            self.assertIs(LlamaCpp().rides_on_stream(plain), rides, said)


class ErrorTests(SynchronousTestCase):
    """What its error bodies become."""

    def test_numeric_code(self) -> None:
        """The reason of a refusal is passed on, although its code is a number."""
        body = b'{"error":{"code":400,"message":"too long","type":"exceed_context_size_error"}}'
        error = LlamaCpp().error(400, body, None)
        self.assertEqual((error.status, error.message), (400, "too long"))

    def test_loading(self) -> None:
        """A model that is still being loaded is told of, in words of ours; it is no other error."""
        error = LlamaCpp().error(503, LOADING, 2.0)
        self.assertIs(type(error), ProviderOverloaded)
        self.assertEqual(
            (error.message, error.retry_after), ("the provider is still loading its model", 2.0)
        )

    def test_overloaded(self) -> None:
        """Any other 503 is what it is everywhere, and so are those words beside another status."""
        for status, body in (
            (503, b'{"error":{"code":503,"message":"busy","type":"unavailable_error"}}'),
            (503, b'{"error":"Loading model"}'),
            (503, b"Loading model"),
            (503, b'["Loading model"]'),
            (500, LOADING),
        ):
            error = LlamaCpp().error(status, body, None)
            expected = OpenAICompatible().error(status, body, None)
            self.assertIsInstance(error, ProviderError)
            self.assertEqual((type(error), error.message), (type(expected), expected.message))


class HealthTests(SynchronousTestCase):
    """What it tells of itself."""

    def assertState(self, state: HealthState, status: int, body: bytes) -> None:
        """Assert that an answer means that state."""
        self.assertEqual(LlamaCpp().health(status, body), Health(state=state), (status, body))

    def test_targets(self) -> None:
        """Health and properties lie beside the version, and below what is before it."""
        for base_path, beside in (
            (b"/v1", b""),
            (b"/v1/", b""),
            (b"/", b""),
            (b"/llama/v1", b"/llama"),
            (b"/v1/llama", b"/v1/llama"),
        ):
            self.assertEqual(LlamaCpp().health_target(base_path), beside + b"/health")
            self.assertEqual(LlamaCpp().slots_target(base_path), beside + b"/props")

    def test_ready(self) -> None:
        """A server that serves is ready, also while all its slots are taken."""
        self.assertState(HealthState.READY, 200, b'{"status":"ok"}')
        busy = b'{"status":"no slot available","slots_idle":0,"slots_processing":2}'
        for status in (200, 503):
            self.assertState(HealthState.READY, status, busy)

    def test_loading(self) -> None:
        """A model that is being loaded is told apart, in today's words and in older ones."""
        self.assertState(HealthState.LOADING, 503, LOADING)
        self.assertState(HealthState.LOADING, 503, b'{"status":"loading model"}')

    def test_unhealthy(self) -> None:
        """A server that says that it failed has failed, whatever its words."""
        for status, body in (
            (500, b'{"status":"error"}'),
            (500, b'{"error":{"code":500,"message":"Model failed to load","type":"server_error"}}'),
            (503, b'{"status":"elsewhere"}'),
            (503, b'{"status":"ok"}'),
            (503, b""),
            (502, b"<html>"),
            (500, LOADING),
        ):
            self.assertState(HealthState.UNHEALTHY, status, body)

    def test_unknown(self) -> None:
        """What llama.cpp would not say tells nothing."""
        for status, body in (
            (200, b""),
            (200, b"OK"),
            (200, b'{"status":["ok"]}'),
            (200, b"[]"),
            (302, b""),
            (401, LOADING),
            (404, b'{"error":{"message":"File Not Found","type":"not_found_error","code":404}}'),
        ):
            self.assertState(HealthState.UNKNOWN, status, body)

    def test_slots(self) -> None:
        """The properties tell the number of slots."""
        body = b'{"total_slots":4,"model_path":"m.gguf"}'
        self.assertEqual(LlamaCpp().slots(200, body), 4)

    def test_no_slots(self) -> None:
        """What is no number of slots is none."""
        for status, body in (
            (200, b'{"role":"router"}'),
            (200, b'{"total_slots":0}'),
            (200, b'{"total_slots":true}'),
            (200, b'{"total_slots":"4"}'),
            (200, b"[4]"),
            (503, b'{"total_slots":4}'),
        ):
            self.assertIsNone(LlamaCpp().slots(status, body), body)
