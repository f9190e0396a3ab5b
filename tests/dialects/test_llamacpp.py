"""llama.cpp's dialect is OpenAI's, but for what happens when clients leave."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.dialects.llamacpp import LlamaCpp
from inference_gateway.dialects.openai_compatible import OpenAICompatible
from inference_gateway.wire.operations import OPERATIONS
from tests.dialects.requests import asked


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
