"""Events that say in their data what they are, as those of several APIs do.

What the types mean is the concern of the module of each API.
"""

from typing import Any

import orjson

from inference_gateway.record import record
from inference_gateway.wire.edit import member_spans
from inference_gateway.wire.inspect import Kind
from inference_gateway.wire.rename import rename_answer
from inference_gateway.wire.sse import Event, encode


@record
class TypedEvent:
    """The ``type`` and all members of an event's data."""

    type: str
    members: dict[str, Any]

    def inner(self, name: str) -> dict[str, Any]:
        """Return the object that is the member ``name``, an empty one where there is none."""
        value = self.members.get(name)
        return value if type(value) is dict else {}


def read_typed(event: Event) -> TypedEvent | Kind:
    """Return what an event says of itself, or its kind where that is all there is to know.

    Data without a ``type`` is of the type that the event is named after.
    """
    data = event.data
    if data is None:
        return Kind.COMMENT
    if data[:6] == b"[DONE]":  # in none of these APIs, but some servers end every stream so
        return Kind.DONE
    try:
        members = orjson.loads(data)
    except orjson.JSONDecodeError:
        members = None
    if event.name == b"error":
        return Kind.ERROR
    if type(members) is not dict:
        return Kind.MALFORMED
    kind = members.get("type")
    if kind == "error" or members.get("error"):
        return Kind.ERROR
    if type(kind) is not str:
        kind = event.name.decode("utf-8", "replace")
    return TypedEvent(kind, members) if kind else Kind.MALFORMED


def rename_inside(event: Event, name: str, model: str) -> Event:
    """Return an event whose member ``name`` is an object that names a model, with ``model`` there.

    An event without such an object stays as it is. The data must be a JSON object.
    """
    data = event.data
    if data is None or b'"%b"' % name.encode() not in data:
        return event
    for member in member_spans(data):
        if member.name == name and data.startswith(b"{", member.value):
            inner = rename_answer(data[member.value : member.end], model)
            data = data[: member.value] + inner + data[member.end :]
            return Event(encode(data, event.name), data, event.name)
    return event
