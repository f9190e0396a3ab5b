"""Requests as dialects get them, for any operation."""

import orjson

from inference_gateway.wire.operations import CHAT, Operation
from inference_gateway.wire.request import ModelRequest


def asked(body: bytes, operation: Operation = CHAT) -> ModelRequest:
    """Return the request that a client's ``body`` is."""
    fields = orjson.loads(body)
    options = fields.get("stream_options") or {}
    return ModelRequest(
        operation=operation,
        model=fields["model"],
        body=body,
        fields=fields,
        stream=fields.get("stream") is True,
        include_usage=options.get("include_usage") is True,
    )
