"""llama.cpp's dialect is OpenAI's, but for what happens when clients leave."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.dialects.llamacpp import LlamaCpp
from inference_gateway.dialects.openai_compatible import OpenAICompatible
from inference_gateway.wire.chat import parse_chat
from tests.pipeline.chats import request


class LlamaCppTests(SynchronousTestCase):
    """What sets llama.cpp apart."""

    def test_rides_on_streams(self) -> None:
        """Plain calls ride on streams here, and nowhere else."""
        plain = parse_chat(request())
        self.assertTrue(LlamaCpp().rides_on_stream(plain))
        self.assertFalse(OpenAICompatible().rides_on_stream(plain))

    def test_logprobs(self) -> None:
        """Calls for logprobs do not, because a stream does not tell them all."""
        self.assertFalse(LlamaCpp().rides_on_stream(parse_chat(request(logprobs=True))))

    def test_numeric_code(self) -> None:
        """The reason of a refusal is passed on, although its code is a number."""
        body = b'{"error":{"code":400,"message":"too long","type":"exceed_context_size_error"}}'
        error = LlamaCpp().error(400, body, None)
        self.assertEqual((error.status, error.message), (400, "too long"))
