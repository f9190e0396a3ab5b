"""The routes that ask a model: from bytes to a call, and from its reply to an answer."""

from collections.abc import Callable

import attrs
from klein import Klein

from inference_gateway.api.answering import Answering
from inference_gateway.api.web_request import WebRequest
from inference_gateway.exchange import Call
from inference_gateway.wire.chat import parse_chat
from inference_gateway.wire.completions import parse_completion
from inference_gateway.wire.embeddings import parse_embeddings
from inference_gateway.wire.multipart import parse_form
from inference_gateway.wire.operations import OPERATIONS
from inference_gateway.wire.relayed import parse_relayed
from inference_gateway.wire.request import ModelRequest
from inference_gateway.wire.response_ids import telling_ids


class ModelCalls:
    """Every kind of model call, whole and streamed.

    ``stream`` in the body decides which, never ``Accept``. ``remember`` is told the id of each
    response that can be asked about later, and its provider's.
    """

    app = Klein()

    def __init__(self, answering: Answering, remember: Callable[[str, str], None]) -> None:
        self._answering = answering
        self._remember = remember

    # --- checked in full

    @app.route("/v1/chat/completions", methods=["POST"])
    async def chat(self, request: WebRequest) -> None:
        """Answer one chat completion."""
        await self._answer(request, "chat", parse_chat)

    @app.route("/v1/completions", methods=["POST"])
    async def completions(self, request: WebRequest) -> None:
        """Answer one text completion."""
        await self._answer(request, "completions", parse_completion)

    @app.route("/v1/embeddings", methods=["POST"])
    async def embeddings(self, request: WebRequest) -> None:
        """Answer with the embeddings of one or more texts."""
        await self._answer(request, "embeddings", parse_embeddings)

    # --- relayed in their own dialect

    @app.route("/v1/responses", methods=["POST"])
    async def responses(self, request: WebRequest) -> None:
        """Relay to a provider that has the Responses API, and take note of who has the response."""
        call: Call = request.call

        def made(response_id: str) -> None:
            answering = call.answering_attempt
            if answering is not None:
                self._remember(response_id, answering.provider)

        operation = telling_ids(made)
        await self._answer(request, "responses", lambda body: parse_relayed(body, operation))

    @app.route("/v1/messages", methods=["POST"])
    async def messages(self, request: WebRequest) -> None:
        """Relay to a provider that has Anthropic's Messages API."""
        await self._relay(request, "messages")

    @app.route("/v1/moderations", methods=["POST"])
    async def moderations(self, request: WebRequest) -> None:
        """Relay to a provider that moderates."""
        await self._relay(request, "moderations")

    @app.route("/v1/rerank", methods=["POST"])
    async def rerank(self, request: WebRequest) -> None:
        """Relay to a provider that ranks documents."""
        await self._relay(request, "rerank")

    @app.route("/v1/images/generations", methods=["POST"])
    async def images(self, request: WebRequest) -> None:
        """Relay to a provider that draws."""
        await self._relay(request, "images")

    @app.route("/v1/audio/speech", methods=["POST"])
    async def speech(self, request: WebRequest) -> None:
        """Relay the sound of a text while it is being made."""
        await self._answer(request, "speech", _parse_speech)

    @app.route("/tokenize", methods=["POST"])
    async def tokenize(self, request: WebRequest) -> None:
        """Relay to a provider that tells its tokens."""
        await self._relay(request, "tokenize")

    @app.route("/detokenize", methods=["POST"])
    async def detokenize(self, request: WebRequest) -> None:
        """Relay to a provider that tells what tokens mean."""
        await self._relay(request, "detokenize")

    @app.route("/v1/audio/transcriptions", methods=["POST"])
    async def transcriptions(self, request: WebRequest) -> None:
        """Relay a recording, which comes as a form, to a provider that writes down what it says."""
        await self._relay_form(request, "transcriptions")

    @app.route("/v1/audio/translations", methods=["POST"])
    async def translations(self, request: WebRequest) -> None:
        """Relay a recording to a provider that writes down in English what it says."""
        await self._relay_form(request, "translations")

    @app.route("/v1/images/edits", methods=["POST"])
    async def image_edits(self, request: WebRequest) -> None:
        """Relay images, which come as a form, to a provider that changes them."""
        await self._relay_form(request, "image_edits")

    @app.route("/v1/images/variations", methods=["POST"])
    async def image_variations(self, request: WebRequest) -> None:
        """Relay an image to a provider that draws others like it."""
        await self._relay_form(request, "image_variations")

    # --- all of them

    async def _relay(self, request: WebRequest, name: str) -> None:
        operation = OPERATIONS[name]
        await self._answer(request, name, lambda body: parse_relayed(body, operation))

    async def _relay_form(self, request: WebRequest, name: str) -> None:
        (content_type,) = request.requestHeaders.getRawHeaders(b"content-type") or (b"",)
        operation = OPERATIONS[name]
        await self._answer(request, name, lambda body: parse_form(body, content_type, operation))

    async def _answer(
        self, request: WebRequest, name: str, parse: Callable[[bytes], ModelRequest]
    ) -> None:
        call: Call = request.call
        call.operation = OPERATIONS[name].label
        await self._answering.answer(request, parse(request.content.read()))


def _parse_speech(body: bytes) -> ModelRequest:
    """Take the sound as a stream, which nobody has to ask for."""
    return attrs.evolve(parse_relayed(body, OPERATIONS["speech"]), stream=True)
