"""``GET /v1/models``: what a key may use."""

from typing import Any

from klein import Klein

from inference_gateway.api.respond import Responder
from inference_gateway.api.web_request import WebRequest
from inference_gateway.exchange import Call
from inference_gateway.interfaces import IModelCatalogue

#: Seconds since the epoch. Providers do not say when a model was made, and clients need a number
#: that is the same in every answer of every process: this is the day of the first release.
_CREATED = 1795219200


class Models:
    """The list of models, and one of them by its id, which may contain slashes."""

    app = Klein()

    def __init__(self, catalogue: IModelCatalogue, responder: Responder) -> None:
        self._catalogue = catalogue
        self._responder = responder

    @app.route("/v1/models", methods=["GET"])
    async def list(self, request: WebRequest) -> None:
        """Answer with every model the key may use, in the order of the configuration."""
        call: Call = request.call
        data = [
            _model(name, owner) for name, owner in self._catalogue.listed_owners(call.principal)
        ]
        self._responder.json(request, call, {"object": "list", "data": data})

    @app.route("/v1/models/<path:model_id>", methods=["GET"])
    async def retrieve(self, request: WebRequest, model_id: str) -> None:
        """Answer with one model; raises `ModelNotFound` for one that the key may not use."""
        call: Call = request.call
        name, owner = self._catalogue.owner(model_id, call.principal)
        self._responder.json(request, call, _model(name, owner))


def _model(name: str, owner: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": owner}
