"""The dialect of Anthropic's Messages API, for clients of it and for clients of OpenAI's chat API.

The former are passed through, the latter translated: the request by `wire.anthropic_request`, the
answer by `wire.anthropic_answer` and `wire.anthropic_stream`. Statuses mean what they mean in
OpenAI's dialect, and the body of an error has its message in the same place; the models are listed
in the same place, too.
"""

import time
from collections.abc import Callable

import attrs
from zope.interface import implementer

from inference_gateway.dialects.openai_compatible import OpenAICompatible
from inference_gateway.interfaces import IDialect, StreamTranslation, Translation
from inference_gateway.wire.anthropic_answer import translate_answer
from inference_gateway.wire.anthropic_request import encode_messages
from inference_gateway.wire.anthropic_stream import MessageStream
from inference_gateway.wire.operations import Operation
from inference_gateway.wire.request import ModelRequest


@attrs.frozen
class _ChatTranslation:
    """A `Translation` of messages to chat completions, which have a time of their own."""

    _wall: Callable[[], float]

    def answer(self, body: bytes) -> bytes:
        """Return the chat completion that ``body`` means."""
        return translate_answer(body, int(self._wall()))

    def stream(self, request: ModelRequest) -> StreamTranslation:
        """Begin to translate the stream that answers ``request``."""
        return MessageStream(int(self._wall()), include_usage=request.include_usage)


@implementer(IDialect)
class Anthropic(OpenAICompatible):
    """Without state; ``wall`` tells the seconds of the Unix epoch that an answer is created at."""

    endpoints = frozenset(("chat", "messages"))
    #: Without which Anthropic's API answers nothing.
    headers = (("anthropic-version", "2023-06-01"),)

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._chat = _ChatTranslation(wall)

    def target(self, base_path: bytes, operation: Operation, model: str) -> bytes:
        """Return where messages are found, which answer chat requests as well."""
        return base_path.rstrip(b"/") + b"/messages"

    def listing(self, base_path: bytes) -> bytes:
        """Return where the models are listed; unasked, a page has 20 of them."""
        return super().listing(base_path) + b"?limit=1000"

    def credential(self, api_key: str) -> tuple[str, str]:
        """Return Anthropic's own header for a key."""
        return "x-api-key", api_key

    def encode(self, request: ModelRequest, model: str, *, stream: bool, ask_usage: bool) -> bytes:
        """Return the body that asks ``model`` for an answer, as a stream or whole.

        Streams tell their usage whether asked or not. Raises `InvalidRequest` for a chat request
        that cannot be said in this API.
        """
        if request.operation.name == "chat":
            return encode_messages(request.fields, model, stream=stream)
        return super().encode(request, model, stream=stream, ask_usage=False)

    def translation(self, operation: Operation) -> Translation | None:
        """Return how answers to chat requests are translated; messages are what they are."""
        return self._chat if operation.name == "chat" else None
