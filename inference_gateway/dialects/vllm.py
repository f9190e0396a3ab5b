"""How vLLM's server differs from what it imitates: in what can be asked of it, and in its health.

Its own parameters, such as ``guided_json`` and ``priority``, pass unchanged, as does all that is
not the gateway's concern. It stops generating when its client leaves, streams and plain calls
alike.
"""

from zope.interface import implementer

from inference_gateway.dialects.openai_compatible import OpenAICompatible, beside_version
from inference_gateway.interfaces import IDialect
from inference_gateway.wire.health import Health, HealthState


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
            "translations",
            "tokenize",
            "detokenize",
        )
    )

    def health_target(self, base_path: bytes) -> bytes | None:
        """Return where vLLM tells whether its engine lives."""
        return beside_version(base_path, b"/health")

    def health(self, status: int, body: bytes) -> Health:
        """Read the status, as nothing else is sent: 503 for a dead engine, 500 in older builds.

        A page of somebody else's in its place tells nothing. While a model is loaded, nobody
        listens yet.
        """
        if status == 200 and not body:
            return Health(state=HealthState.READY)
        if status >= 500:
            return Health(state=HealthState.UNHEALTHY)
        return Health(state=HealthState.UNKNOWN)
