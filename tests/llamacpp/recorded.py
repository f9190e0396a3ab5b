"""Calls whose answers are kept as bytes, and what is left out before such are compared."""

import http.client
import json
import re
from collections.abc import Mapping

import attrs

from tests.llamacpp.bodies import Body

#: What differs from call to call: ids, also of tool calls, and times.
_VARYING = (
    (re.compile(rb'"id":"[^"]*"'), b'"id":""'),
    (re.compile(rb'"created":[0-9]+'), b'"created":0'),
    (re.compile(rb',?"timings":\{[^{}]*\}'), b""),
)


@attrs.frozen(kw_only=True)
class Recorded:
    """One answer."""

    status: int
    media_type: str
    body: bytes

    def events(self) -> list[bytes]:
        """Return the data of all events of a stream, in order; comments are left out."""
        blocks = self.body.split(b"\n\n")
        assert blocks.pop() == b"", "the stream is cut off"
        return [block.removeprefix(b"data: ") for block in blocks if not block.startswith(b":")]

    def chunks(self) -> list[bytes]:
        """Return the data of all chunks of a stream, which must end with ``[DONE]``."""
        *chunks, done = self.events()
        assert done == b"[DONE]", done
        return chunks


def record(
    address: tuple[str, int],
    body: Body,
    headers: Mapping[str, str] | None = None,
    *,
    path: str = "/v1/chat/completions",
) -> Recorded:
    """Make a call, of chat by default, on a connection of its own and return the whole answer."""
    connection = http.client.HTTPConnection(*address, timeout=60)
    try:
        connection.request(
            "POST",
            path,
            json.dumps(dict(body)),
            {"Content-Type": "application/json", **(headers or {})},
        )
        response = connection.getresponse()
        media_type = (response.headers["content-type"] or "").partition(";")[0]
        return Recorded(status=response.status, media_type=media_type, body=response.read())
    finally:
        connection.close()


def normalised(data: bytes) -> bytes:
    """Return an answer or a chunk without what differs from call to call."""
    for pattern, constant in _VARYING:
        data = pattern.sub(constant, data)
    return data
