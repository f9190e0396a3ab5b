"""How Azure OpenAI differs from OpenAI: where things are found, and how a key is sent.

A deployment takes the place of a model, and its name is part of the path. Bodies are OpenAI's, the
``model`` in them being the deployment, as OpenAI's own client for Azure writes it. What Azure adds
to answers, such as ``prompt_filter_results``, passes unchanged.
"""

from urllib.parse import quote

from zope.interface import implementer

from inference_gateway.dialects.openai_compatible import OpenAICompatible
from inference_gateway.errors import ModelNotFound
from inference_gateway.interfaces import IDialect
from inference_gateway.wire.operations import Operation
from inference_gateway.wire.request import ModelRequest

#: The last of Azure's dated versions that is generally available.
DEFAULT_API_VERSION = "2024-10-21"


@implementer(IDialect)
class AzureOpenAI(OpenAICompatible):
    """Speaks one version of the API; the path of a base URL ends in ``/openai``."""

    endpoints = frozenset(
        (
            "chat",
            "completions",
            "embeddings",
            "responses",
            "speech",
            "transcriptions",
            "translations",
            "images",
            "image_edits",
        )
    )

    def __init__(self, api_version: str = DEFAULT_API_VERSION) -> None:
        self._query = b"?api-version=" + quote(api_version, safe="").encode("ascii")

    def target(self, base_path: bytes, operation: Operation, model: str) -> bytes:
        """Return where the deployment ``model`` is asked.

        Responses are no dated version's that is generally available: they belong to the API
        without versions, which finds the deployment in the body.
        """
        if operation.name == "responses":
            return base_path + b"/v1" + operation.path
        deployment = quote(model, safe="").encode("ascii")
        return b"%b/deployments/%b%b%b" % (base_path, deployment, operation.path, self._query)

    def listing(self, base_path: bytes) -> bytes:
        """Return where the models are listed, which are not the deployments."""
        return base_path + b"/models" + self._query

    def encode(self, request: ModelRequest, model: str, *, stream: bool, ask_usage: bool) -> bytes:
        """Return the body; raises `ModelNotFound` for a name that would change the path."""
        if model in (".", ".."):
            raise ModelNotFound("there is no such model", param="model")
        return super().encode(request, model, stream=stream, ask_usage=ask_usage)

    def credential(self, api_key: str) -> tuple[str, str]:
        """Return Azure's own header for a key; bearer tokens are those of its directory."""
        return "api-key", api_key
