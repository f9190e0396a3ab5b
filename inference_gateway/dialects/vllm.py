"""How vLLM's server differs from what it imitates: in nothing but what can be asked of it.

Its own parameters, such as ``guided_json`` and ``priority``, pass unchanged, as does all that is
not the gateway's concern. It stops generating when its client leaves, streams and plain calls
alike.
"""

from zope.interface import implementer

from inference_gateway.dialects.openai_compatible import OpenAICompatible
from inference_gateway.interfaces import IDialect


@implementer(IDialect)
class VLLM(OpenAICompatible):
    """Without state, like the dialect it is derived from."""

    endpoints = frozenset(
        (
            "chat",
            "completions",
            "embeddings",
            "responses",
            "messages",
            "rerank",
            "transcriptions",
            "tokenize",
            "detokenize",
        )
    )
