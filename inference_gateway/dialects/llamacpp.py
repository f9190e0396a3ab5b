"""How llama.cpp's server differs from what it imitates.

It goes on generating after the client of a plain call has left, and stops a stream at once; it has
more to offer than OpenAI, and less; it listens before its model is loaded, and says so then. All
else is OpenAI's dialect; what llama.cpp adds to answers, such as ``timings``, passes unchanged.
"""

from typing import Any

import orjson
from zope.interface import implementer

from inference_gateway.dialects.openai_compatible import OpenAICompatible, beside_version
from inference_gateway.interfaces import IDialect
from inference_gateway.provider_errors import ProviderError, ProviderOverloaded
from inference_gateway.wire.health import Health, HealthState
from inference_gateway.wire.request import ModelRequest

#: What a status and its word say of its health; all but the first are words of builds of 2024.
_STATES = {
    (200, "ok"): HealthState.READY,
    (200, "no slot available"): HealthState.READY,
    (503, "no slot available"): HealthState.READY,
    (503, "loading model"): HealthState.LOADING,
}


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

    def error(self, status: int, body: bytes, retry_after: float | None) -> ProviderError:
        """Return what an answer other than 200 means; a model that is being loaded is named."""
        if status == 503 and _is_loading(_members(body)):
            return ProviderOverloaded(
                "the provider is still loading its model", retry_after=retry_after
            )
        return super().error(status, body, retry_after)

    def health_target(self, base_path: bytes) -> bytes | None:
        """Return where llama.cpp tells its health, to those without a key as well."""
        return beside_version(base_path, b"/health")

    def health(self, status: int, body: bytes) -> Health:
        """Read a body of today's builds, or of those that told of their slots here, too."""
        members = _members(body)
        word = members.get("status")
        if type(word) is str and (state := _STATES.get((status, word))) is not None:
            return Health(state=state)
        if status == 503 and _is_loading(members):
            return Health(state=HealthState.LOADING)
        return Health(state=HealthState.UNHEALTHY if status >= 500 else HealthState.UNKNOWN)

    def slots_target(self, base_path: bytes) -> bytes | None:
        """Return where the properties are: unlike the slots themselves, no option hides them."""
        return beside_version(base_path, b"/props")

    def slots(self, status: int, body: bytes) -> int | None:
        """Return ``total_slots``, which a router in front of several servers does not have."""
        total = _members(body).get("total_slots") if status == 200 else None
        return total if type(total) is int and total > 0 else None


def _members(body: bytes) -> dict[str, Any]:
    """Return the members of a JSON object, none of anything else."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return value if type(value) is dict else {}


def _is_loading(members: dict[str, Any]) -> bool:
    error = members.get("error")
    return type(error) is dict and error.get("message") == "Loading model"
