"""How llama.cpp's server differs from what it imitates.

It goes on generating after the client of a plain call has left, and stops a stream at once. All
else is OpenAI's dialect; what llama.cpp adds to answers, such as ``timings``, passes unchanged.
"""

from zope.interface import implementer

from inference_gateway.dialects.openai_compatible import OpenAICompatible
from inference_gateway.interfaces import IDialect
from inference_gateway.wire.chat import ChatRequest


@implementer(IDialect)
class LlamaCpp(OpenAICompatible):
    """Stateless, like the dialect it is derived from."""

    def rides_on_stream(self, request: ChatRequest) -> bool:
        """Say yes, but for ``logprobs``.

        A stream lacks those of the token that ends an answer, and refuses them beside tools.
        """
        return not request.fields.get("logprobs")
