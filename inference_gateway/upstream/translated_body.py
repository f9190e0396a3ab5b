"""A provider's body on its way through a translation."""

from typing import Protocol

from inference_gateway.errors import GatewayError
from inference_gateway.exchange import BodySink, ByteStream
from inference_gateway.interfaces import StreamTranslation, Translation
from inference_gateway.provider_errors import ProviderInvalidAnswer
from inference_gateway.wire.sse import SSEParser

#: Bytes of a whole answer.
_LARGEST_DOCUMENT = 32 * 1024 * 1024


class Interpreter(Protocol):
    """Makes other bytes of the bytes of one body."""

    def feed(self, data: bytes, said: list[bytes]) -> None:
        """Append to ``said`` what can be said already, now that ``data`` has come.

        Raises a `GatewayError` for what has no sense; what was said before it stands.
        """

    def end(self) -> bytes:
        """Return what is left to be said at a clean end; raises a `GatewayError`, too."""


class Events:
    """An `Interpreter` of a stream of events."""

    def __init__(self, translation: StreamTranslation) -> None:
        self._translation = translation
        self._parser = SSEParser()

    def feed(self, data: bytes, said: list[bytes]) -> None:
        """Say what the events mean that are whole now."""
        for event in self._parser.feed(data):
            said.append(self._translation.feed(event))

    def end(self) -> bytes:
        """Say nothing about an event that broke off."""
        return b""


class Document:
    """An `Interpreter` of a whole answer, which says nothing before its end."""

    def __init__(self, translation: Translation) -> None:
        self._translation = translation
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes, said: list[bytes]) -> None:
        """Keep ``data``."""
        self._parts.append(data)
        self._size += len(data)
        if self._size > _LARGEST_DOCUMENT:
            raise ProviderInvalidAnswer("the provider's answer is larger than the gateway takes")

    def end(self) -> bytes:
        """Return what the answer means."""
        return self._translation.answer(b"".join(self._parts))


class TranslatedBody:
    """A `ByteStream` of what ``body`` means; it is the `BodySink` that ``body`` delivers to."""

    __slots__ = ("_body", "_interpreter", "_sink")

    def __init__(self, body: ByteStream, interpreter: Interpreter) -> None:
        self._body = body
        self._interpreter = interpreter
        self._sink: BodySink | None = None

    # --- the reader's side: ByteStream

    def start(self, sink: BodySink) -> None:
        """Begin to deliver to ``sink``."""
        self._sink = sink
        self._body.start(self)

    def pause(self) -> None:
        """Stop reading from the provider."""
        self._body.pause()

    def resume(self) -> None:
        """Read on."""
        self._body.resume()

    def abort(self) -> None:
        """Close the provider's connection."""
        self._sink = None
        self._body.abort()

    # --- the provider's side: BodySink

    def received(self, data: bytes) -> None:
        """Hand on what the next bytes mean."""
        said: list[bytes] = []
        failure: GatewayError | None = None
        try:
            self._interpreter.feed(data, said)
        except GatewayError as error:
            failure = error
        self._hand_on(b"".join(said))
        if failure is not None:
            self._give_up(failure)

    def ended(self, error: GatewayError | None) -> None:
        """Hand on the rest, and tell the reader that the body is over."""
        if error is None:
            try:
                self._hand_on(self._interpreter.end())
            except GatewayError as senseless:
                error = senseless
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.ended(error)

    def _hand_on(self, meant: bytes) -> None:
        if meant and self._sink is not None:
            self._sink.received(meant)

    def _give_up(self, error: GatewayError) -> None:
        sink, self._sink = self._sink, None
        self._body.abort()
        if sink is not None:
            sink.ended(error)
