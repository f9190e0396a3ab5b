"""How llama.cpp's server differs from what it imitates.

It goes on generating after the client of a plain call has left, and stops a stream at once; it has
more to offer than OpenAI, and less. All else is OpenAI's dialect; what llama.cpp adds to answers,
such as ``timings``, passes unchanged.
"""

from zope.interface import implementer

from inference_gateway.dialects.openai_compatible import OpenAICompatible
from inference_gateway.interfaces import IDialect
from inference_gateway.wire.request import ModelRequest


@implementer(IDialect)
class LlamaCpp(OpenAICompatible):
    """Without state, like the dialect it is derived from."""

    endpoints = frozenset(
        (
            "chat",
            "completions",
            "embeddings",
            "responses",
            "messages",
            "rerank",
            "tokenize",
            "detokenize",
        )
    )

    def rides_on_stream(self, request: ModelRequest) -> bool:
        """Say yes where a stream can become the plain answer, but for ``logprobs``.

        A stream lacks those of the token that ends an answer, and refuses them beside tools. Text
        completions count them; 0 is no wish for any. ``n_probs`` is llama.cpp's own name for them.
        """
        if request.operation.assembler is None:
            return False
        return not (request.fields.get("logprobs") or request.fields.get("n_probs"))
