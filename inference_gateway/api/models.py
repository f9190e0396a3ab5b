"""``GET /v1/models``: what a key may use."""

from typing import Any

from klein import Klein
from werkzeug.routing import PathConverter

from inference_gateway.api.respond import Responder
from inference_gateway.api.web_request import WebRequest
from inference_gateway.exchange import Call
from inference_gateway.interfaces import IModelCatalogue, ListedModel

#: Seconds since the epoch. Providers do not say when a model was made, and clients need a number
#: that is the same in every answer of every process: this is the day of the first release.
_CREATED = 1795219200


class _ModelId(PathConverter):
    """Any text, also with a slash at its beginning, as llama.cpp names models after files."""

    part_isolating = False
    regex = ".+"


class Models:
    """The list of models, and one of them by its id, which may contain slashes."""

    app = Klein()
    app.url_map.converters["path"] = _ModelId

    def __init__(self, catalogue: IModelCatalogue, responder: Responder) -> None:
        self._catalogue = catalogue
        self._responder = responder

    @app.route("/v1/models", methods=["GET"])
    async def list(self, request: WebRequest) -> None:
        """Answer with every model the key may use, those of the configuration first."""
        call: Call = request.call
        data = [_model(found) for found in self._catalogue.listed(call.principal)]
        self._responder.json(request, call, {"object": "list", "data": data})

    @app.route("/v1/models/<path:model_id>", methods=["GET"])
    async def retrieve(self, request: WebRequest, model_id: str) -> None:
        """Answer with one model; raises `ModelNotFound` for one that the key may not use."""
        call: Call = request.call
        found = self._catalogue.find(model_id, call.principal)
        self._responder.json(request, call, _model(found))


def _model(found: ListedModel) -> dict[str, Any]:
    model = {"id": found.name, "object": "model", "created": _CREATED, "owned_by": found.owner}
    return {**model, "stale": True} if found.is_stale else model
