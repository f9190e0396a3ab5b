"""Requests about a response that a provider keeps, and what is answered to them.

Such a request names no model: whoever made the response has to be found by its id. A response that
failed, or was cancelled, is as good an answer as any other, because the question was how it is.
"""

import re
from urllib.parse import quote_from_bytes, unquote_to_bytes

import attrs
import orjson

from inference_gateway.errors import InvalidJSON, ResourceNotFound
from inference_gateway.provider_errors import ProviderInvalidAnswer
from inference_gateway.record import record
from inference_gateway.wire.inspect import AnswerFacts, Kind, error_as_answer
from inference_gateway.wire.operations import RESPONSES
from inference_gateway.wire.request import ModelRequest
from inference_gateway.wire.response_ids import is_response_id
from inference_gateway.wire.sse import Event
from inference_gateway.wire.told_errors import told_error
from inference_gateway.wire.typed_events import TypedEvent, read_typed

#: What is passed on of a query, in this order; ``stream`` goes before all of it.
_PARAMETERS = (
    b"include",
    b"include[]",
    b"include_obfuscation",
    b"starting_after",
    b"limit",
    b"order",
    b"after",
    b"before",
)
_VALUE = re.compile(rb"[\x20-\x7e]+")
_TRUE = (b"true", b"1")
_LAST = frozenset(
    {"response.completed", "response.incomplete", "response.failed", "response.cancelled"}
)


@record(kw_only=True)
class StoredRequest(ModelRequest):
    """A request about the response ``response_id``."""

    response_id: str
    method: bytes
    #: What follows the path of the Responses API at the provider, the query included.
    rest: bytes = attrs.field(repr=False)


def parse_stored(
    response_id: str, method: bytes, query: bytes, *, part: bytes = b""
) -> StoredRequest:
    """Read a request about the response ``response_id``, or about the ``part`` of it.

    Of ``query``, as it came, only known parameters with printable values are passed on. Raises
    `ResourceNotFound` for an id that no response has.
    """
    if not is_response_id(response_id):
        raise ResourceNotFound("no response has such an id")
    asked = _decoded(query)
    stream = method == b"GET" and not part and any((b"stream", value) in asked for value in _TRUE)
    pairs = [b"stream=true"] if stream else []
    for known in _PARAMETERS:
        for name, value in asked:
            if name == known and _VALUE.fullmatch(value):
                pairs.append(f"{_quoted(name)}={_quoted(value)}".encode("ascii"))
    rest = b"/" + response_id.encode("ascii") + part
    return StoredRequest(
        operation=STORED,
        model="",
        body=b"",
        stream=stream,
        include_usage=True,
        response_id=response_id,
        method=b"GET" if method == b"HEAD" else method,
        rest=rest + b"?" + b"&".join(pairs) if pairs else rest,
    )


def check_no_message(body: bytes) -> None:
    """Refuse a body that is not JSON, where none is needed; what it says is of no concern."""
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        raise InvalidJSON("this route needs no body, and one that is sent must be JSON") from None


def _decoded(query: bytes) -> list[tuple[bytes, bytes]]:
    """Return the names and values of a query in the manner of forms; they may be any bytes."""
    pairs = [pair.partition(b"=") for pair in query.replace(b"+", b" ").split(b"&")]
    return [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in pairs]


def _quoted(text: bytes) -> str:
    return quote_from_bytes(text, safe="")


# --- what is answered


@attrs.define(eq=False)
class StoredInspector:
    """What the stream of a stored response has said so far; one for each stream.

    It counts nothing, because what the response cost was counted when it was made.
    """

    usage: tuple[int, int] | None = attrs.field(default=None, init=False)
    finish_reason: str = attrs.field(default="", init=False)
    model: str = attrs.field(default="", init=False)
    output_chars: int = attrs.field(default=0, init=False)
    #: Whether the event came that ends a response, however it ended.
    complete: bool = attrs.field(default=False, init=False)
    #: The ``sequence_number`` that the next event has.
    sequence: int = attrs.field(default=0, init=False)

    def inspect(self, event: Event) -> Kind:
        """Say what the next event is; never raises.

        Nothing is worth waiting for: nobody else has this response, so all of it is content.
        """
        typed = read_typed(event)
        if not isinstance(typed, TypedEvent):
            return typed
        number = typed.members.get("sequence_number")
        self.sequence = (number if type(number) is int else self.sequence) + 1
        if typed.type in _LAST:
            self.complete = True
            return Kind.LAST
        return Kind.CONTENT


def inspect_stored(body: bytes) -> AnswerFacts:
    """Check that ``body`` is what is said of a stored response.

    Raises `ProviderInvalidAnswer` when it is none. A response has an ``error`` if it failed; an
    object that has nothing else is none.
    """
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ProviderInvalidAnswer("the provider's answer is not JSON") from None
    if type(answer) is not dict:
        raise ProviderInvalidAnswer("the provider's answer is not a JSON object")
    if answer.get("error") and "object" not in answer:
        raise told_error(answer, error_as_answer())
    return AnswerFacts(usage=None, finish_reason="", model="", output_chars=0)


#: Asking about what `RESPONSES` made.
STORED = attrs.evolve(
    RESPONSES,
    inspect_answer=inspect_stored,
    inspector=lambda request: StoredInspector(),
)
