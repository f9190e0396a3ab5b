"""What a model can be asked for: one value for each kind of call, with all that tells it apart.

How the answers of a kind are read is the concern of the modules that are named here. Which kinds a
provider has, and where, is that of its dialect.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Protocol

import attrs

from inference_gateway.wire.assemble import Assembler
from inference_gateway.wire.assemble_text import TextAssembler
from inference_gateway.wire.inspect import AnswerFacts, Kind, StreamInspector, inspect_answer
from inference_gateway.wire.inspect_text import TextInspector, inspect_text
from inference_gateway.wire.messages_api import (
    MessageInspector,
    inspect_message,
    rename_message_event,
)
from inference_gateway.wire.opaque import RawInspector, RawParser
from inference_gateway.wire.rename import rename_answer, rename_event
from inference_gateway.wire.request import ModelRequest
from inference_gateway.wire.responses import (
    ResponseInspector,
    inspect_response,
    rename_response_event,
)
from inference_gateway.wire.sse import DONE, Event, SSEParser
from inference_gateway.wire.text_as_stream import text_as_events
from inference_gateway.wire.transcript import Transcript
from inference_gateway.wire.whole_answers import (
    inspect_bytes,
    inspect_data,
    inspect_document,
    inspect_transcription,
    rename_document,
)
from inference_gateway.wire.whole_as_stream import as_events

#: Bytes of an event that carries a whole response, images included.
_LARGEST_RESPONSE = 16 * 1024 * 1024


class Inspector(Protocol):
    """What one stream has said so far; one for each stream."""

    #: Prompt and completion tokens, the last that were told.
    usage: tuple[int, int] | None
    finish_reason: str
    model: str
    #: Characters of content so far, for estimates.
    output_chars: int
    #: The number of the next event, in an API that numbers them.
    sequence: int

    @property
    def complete(self) -> bool:
        """Whether the events so far are a whole answer."""

    def inspect(self, event: Event) -> Kind:
        """Take the next event into account and say what it is; never raises."""


class Parser(Protocol):
    """Cuts the bytes of one stream into what is passed on as a whole."""

    def feed(self, data: bytes) -> list[Event]:
        """Take the next bytes and return the events they complete, in order."""


class PlainAssembler(Protocol):
    """Puts the events of one stream together into the plain answer."""

    def add(self, data: bytes) -> None:
        """Take the data of the next event."""

    def answer(self) -> bytes:
        """Return the whole answer; raises `ProviderInvalidAnswer` when it is none."""


@attrs.frozen(kw_only=True)
class Operation:
    """One kind of call."""

    #: As the configuration and the routes call it.
    name: str
    #: ``gen_ai.operation.name`` in metrics and logs.
    label: str
    #: Where it is found below a base URL that ends in ``/v1``, by OpenAI's convention.
    path: bytes
    inspect_answer: Callable[[bytes], AnswerFacts]
    inspector: Callable[[ModelRequest], Inspector]
    parser: Callable[[], Parser] = SSEParser
    rename_answer: Callable[[bytes, str], bytes] = rename_answer
    rename_event: Callable[[Event, str], Event] = rename_event
    #: What a whole stream ends with, beside the events of the provider.
    last: bytes = b""
    #: Which of the client's headers matter to it.
    forwards: frozenset[bytes] = frozenset((b"idempotency-key", b"openai-beta", b"via"))
    #: Whether usage that no provider tells is estimated: bodies that are no text tell nothing.
    estimates_usage: bool = True
    #: Whether it can be answered with a stream.
    streams: bool = True
    #: Whether a plain answer is JSON.
    answers_json: bool = True
    #: Whether a stream consists of events that are known here, so that comments and an error may be
    #: among them. Any other is passed on as bytes.
    has_events: bool = True
    #: Whether a stream tells its usage only when it is asked to.
    asks_for_usage: bool = False
    #: Makes the events of a stream out of a plain answer, where that can be done.
    as_events: Callable[[bytes], list[Event]] | None = None
    #: Makes a plain answer out of the events of a stream, where that can be done.
    assembler: Callable[[], PlainAssembler] | None = None
    #: Keeps what was sent of a stream, where a repetition of it can be compared with that.
    transcript: Callable[[], Transcript] | None = None


def _no_events(request: ModelRequest) -> Inspector:
    return RawInspector()


CHAT = Operation(
    name="chat",
    label="chat",
    path=b"/chat/completions",
    inspect_answer=inspect_answer,
    inspector=lambda request: StreamInspector(request.choices),
    last=DONE.raw,
    asks_for_usage=True,
    as_events=as_events,
    assembler=Assembler,
    transcript=Transcript,
)

COMPLETIONS = Operation(
    name="completions",
    label="text_completion",
    path=b"/completions",
    inspect_answer=inspect_text,
    inspector=lambda request: TextInspector(request.choices),
    last=DONE.raw,
    asks_for_usage=True,
    as_events=text_as_events,
    assembler=TextAssembler,
    transcript=Transcript,
)

EMBEDDINGS = Operation(
    name="embeddings",
    label="embeddings",
    path=b"/embeddings",
    inspect_answer=inspect_data,
    inspector=_no_events,
    streams=False,
)

RESPONSES = Operation(
    name="responses",
    label="responses",
    path=b"/responses",
    inspect_answer=inspect_response,
    inspector=lambda request: ResponseInspector(),
    parser=partial(SSEParser, _LARGEST_RESPONSE),
    rename_event=rename_response_event,
)

MESSAGES = Operation(
    name="messages",
    label="messages",
    path=b"/messages",
    inspect_answer=inspect_message,
    inspector=lambda request: MessageInspector(),
    rename_event=rename_message_event,
    forwards=frozenset((b"anthropic-beta", b"anthropic-version", b"via")),
)

MODERATIONS = Operation(
    name="moderations",
    label="moderations",
    path=b"/moderations",
    inspect_answer=inspect_document,
    inspector=_no_events,
    streams=False,
)

RERANK = Operation(
    name="rerank",
    label="rerank",
    path=b"/rerank",
    inspect_answer=inspect_document,
    inspector=_no_events,
    streams=False,
)

IMAGES = Operation(
    name="images",
    label="image_generation",
    path=b"/images/generations",
    inspect_answer=inspect_data,
    inspector=_no_events,
    estimates_usage=False,
    parser=RawParser,
    has_events=False,
)

IMAGE_EDITS = attrs.evolve(IMAGES, name="image_edits", label="image_edit", path=b"/images/edits")

IMAGE_VARIATIONS = attrs.evolve(
    IMAGES,
    name="image_variations",
    label="image_variation",
    path=b"/images/variations",
    streams=False,
)

SPEECH = Operation(
    name="speech",
    label="speech",
    path=b"/audio/speech",
    inspect_answer=inspect_bytes,
    inspector=_no_events,
    estimates_usage=False,
    parser=RawParser,
    rename_answer=rename_document,
    has_events=False,
    answers_json=False,
)

TRANSCRIPTIONS = Operation(
    name="transcriptions",
    label="transcription",
    path=b"/audio/transcriptions",
    inspect_answer=inspect_transcription,
    inspector=_no_events,
    estimates_usage=False,
    parser=RawParser,
    rename_answer=rename_document,
    has_events=False,
    answers_json=False,
)

TRANSLATIONS = attrs.evolve(
    TRANSCRIPTIONS, name="translations", label="translation", path=b"/audio/translations"
)

TOKENIZE = Operation(
    name="tokenize",
    label="tokenize",
    path=b"/tokenize",
    inspect_answer=inspect_document,
    inspector=_no_events,
    estimates_usage=False,
    streams=False,
)

DETOKENIZE = Operation(
    name="detokenize",
    label="detokenize",
    path=b"/detokenize",
    inspect_answer=inspect_document,
    inspector=_no_events,
    estimates_usage=False,
    streams=False,
)

#: By name.
OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        operation.name: operation
        for operation in (
            CHAT,
            COMPLETIONS,
            EMBEDDINGS,
            RESPONSES,
            MESSAGES,
            MODERATIONS,
            RERANK,
            SPEECH,
            TRANSCRIPTIONS,
            TRANSLATIONS,
            IMAGES,
            IMAGE_EDITS,
            IMAGE_VARIATIONS,
            TOKENIZE,
            DETOKENIZE,
        )
    }
)
