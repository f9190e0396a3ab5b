"""Puts the public name of a model where a provider wrote its own.

Nothing else of an answer changes; one that names no model stays as it is.
"""

import orjson

from inference_gateway.wire.edit import set_member
from inference_gateway.wire.sse import Event, encode


def rename_answer(body: bytes, model: str) -> bytes:
    """Return a whole answer, a JSON object, under the name ``model``."""
    if b'"model"' not in body:
        return body
    return set_member(body, "model", orjson.dumps(model))


def rename_event(event: Event, model: str) -> Event:
    """Return an event whose data is a JSON object under the name ``model``."""
    if event.data is None:
        return event
    data = rename_answer(event.data, model)
    return Event(encode(data, event.name), data, event.name)
