"""The dialect of OpenAI's API, which most servers of models speak: requests out, errors back in.

Answers and events need no translation, because clients speak it, too. What is not changed in a
request is sent byte for byte as it came.
"""

import orjson
from zope.interface import implementer

from inference_gateway.interfaces import IDialect, Translation
from inference_gateway.provider_errors import ProviderError, ProviderInvalidAnswer
from inference_gateway.wire.edit import member_spans, set_member
from inference_gateway.wire.error_body import read_provider_error
from inference_gateway.wire.health import Health, HealthState
from inference_gateway.wire.multipart import set_form_model
from inference_gateway.wire.operations import Operation
from inference_gateway.wire.request import ModelRequest
from inference_gateway.wire.told_errors import refusal

#: Operations that no API has a version of: they lie beside the ``/v1`` of all others.
_AT_ROOT = frozenset(("tokenize", "detokenize"))


@implementer(IDialect)
class OpenAICompatible:
    """Without state; one instance can serve every provider that speaks so."""

    endpoints = frozenset(
        (
            "chat",
            "completions",
            "embeddings",
            "responses",
            "moderations",
            "speech",
            "transcriptions",
            "translations",
            "images",
            "image_edits",
            "image_variations",
        )
    )
    headers: tuple[tuple[str, str], ...] = ()

    def rides_on_stream(self, request: ModelRequest) -> bool:
        """Say no: a server is expected to notice when a client leaves."""
        return False

    def target(self, base_path: bytes, operation: Operation, model: str) -> bytes:
        """Return where ``operation`` is found, whatever the model."""
        if operation.name in _AT_ROOT:
            return beside_version(base_path, operation.path)
        return base_path.rstrip(b"/") + operation.path

    def listing(self, base_path: bytes) -> bytes:
        """Return where the models are listed."""
        return base_path.rstrip(b"/") + b"/models"

    def credential(self, api_key: str) -> tuple[str, str]:
        """Return the header that carries ``api_key`` (RFC 6750, section 2.1)."""
        return "authorization", f"Bearer {api_key}"

    def encode(self, request: ModelRequest, model: str, *, stream: bool, ask_usage: bool) -> bytes:
        """Return the body that asks ``model`` for an answer, as a stream or whole.

        ``ask_usage`` asks a stream for its usage, where the API tells that in an event of its own;
        other options of the stream stay as the client wrote them.
        """
        if request.content_type != b"application/json":
            # A form, as all else is.
            return set_form_model(request, model)
        body = request.body
        if model != request.model:
            body = set_member(body, "model", orjson.dumps(model))
        if stream:
            if not request.stream:
                body = set_member(body, "stream", b"true")
            if ask_usage and request.operation.asks_for_usage and not request.include_usage:
                body = set_member(body, "stream_options", _with_usage(request))
        return body

    def translation(self, operation: Operation) -> Translation | None:
        """Return none: what is answered is the client's API already."""
        return None

    def error(self, status: int, body: bytes, retry_after: float | None) -> ProviderError:
        """Return what an answer other than 200 means.

        ``retry_after`` is what the provider said about that, in seconds. The provider's own words
        are passed on only where they are about the client's request.
        """
        if status < 300:
            return ProviderInvalidAnswer(f"the provider answered {status}, which is no answer")
        if status < 400:
            return ProviderInvalidAnswer("the provider redirects, which is never followed")
        otherwise = ProviderError(f"the provider answered {status}")
        return refusal(status, read_provider_error(status, body), otherwise, retry_after)

    def health_target(self, base_path: bytes) -> bytes | None:
        """Return none: the API has no question about the server."""
        return None

    def health(self, status: int, body: bytes) -> Health:
        """Return that nothing is known."""
        return Health(state=HealthState.UNKNOWN)

    def slots_target(self, base_path: bytes) -> bytes | None:
        """Return none: the API has no slots."""
        return None

    def slots(self, status: int, body: bytes) -> int | None:
        """Return none, as nothing tells of any."""
        return None


def beside_version(base_path: bytes, path: bytes) -> bytes:
    """Return where ``path`` is found that lies beside a trailing ``/v1``, not below it."""
    return base_path.rstrip(b"/").removesuffix(b"/v1") + path


def _with_usage(request: ModelRequest) -> bytes:
    """Return the request's ``stream_options`` with ``include_usage`` switched on."""
    if not request.fields.get("stream_options"):
        return b'{"include_usage":true}'
    body = request.body
    for member in member_spans(body):
        if member.name == "stream_options":
            return set_member(body[member.value : member.end], "include_usage", b"true")
    raise ValueError("a parsed member is not in the body")
