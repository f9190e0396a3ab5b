"""llama.cpp's dialect is OpenAI's, but for what happens when clients leave."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.dialects.llamacpp import LlamaCpp
from inference_gateway.dialects.openai_compatible import OpenAICompatible


class LlamaCppTests(SynchronousTestCase):
    """What sets llama.cpp apart."""

    def test_rides_on_streams(self) -> None:
        """Plain calls ride on streams here, and nowhere else."""
        self.assertTrue(LlamaCpp().streams_plain_calls)
        self.assertFalse(OpenAICompatible().streams_plain_calls)

    def test_numeric_code(self) -> None:
        """The reason of a refusal is passed on, although its code is a number."""
        body = b'{"error":{"code":400,"message":"too long","type":"exceed_context_size_error"}}'
        error = LlamaCpp().error(400, body, None)
        self.assertEqual((error.status, error.message), (400, "too long"))
