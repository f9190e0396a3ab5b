"""What the scripts of a scripted upstream are made of: HTTP, pauses and ends of connections."""

import enum
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

_JSON = b"application/json"
_STREAM = b"text/event-stream"
#: What ends a chunked body (RFC 9112, section 7.1).
LAST_CHUNK = b"0\r\n\r\n"


class End(enum.Enum):
    """How a connection is ended by its upstream."""

    #: In order, behind everything that was sent.
    CLOSE = enum.auto()
    #: At once, with a reset.
    RESET = enum.auto()


#: Bytes to send, seconds to wait (``inf``: for ever), or the end. A script that runs out has told
#: its answer, and the connection serves on.
Step = bytes | float | End
Script = Iterator[Step]


@attrs.frozen(kw_only=True)
class Asked:
    """One request, as far as a fault may depend on it."""

    body: Mapping[str, Any]
    #: What its answer is called, if it gets one.
    id: str = "chatcmpl-scripted"
    #: The key of the bearer token; empty without one.
    credential: str = ""
    #: How often this model was asked for before.
    number: int = 0
    #: Seconds since it was asked for first.
    elapsed: float = 0.0

    @property
    def streamed(self) -> bool:
        """Whether a stream is asked for."""
        return bool(self.body.get("stream"))


def whole(body: bytes, status: int = 200, fields: Mapping[str, str] = {}) -> bytes:
    """Return an answer with ``body``, which is JSON, and with more header fields."""
    return document_head(len(body), status, fields) + body


def document_head(size: int, status: int = 200, fields: Mapping[str, str] = {}) -> bytes:
    """Return the head of an answer whose body is so many bytes of JSON."""
    return _head(status, _JSON, b"content-length: %d" % size, fields)


def stream_head() -> bytes:
    """Return the head of a stream, whose body is chunked."""
    return _head(200, _STREAM, b"transfer-encoding: chunked", {})


def chunk(data: bytes) -> bytes:
    """Return ``data``, which is not empty, as one chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def _head(status: int, media_type: bytes, framing: bytes, fields: Mapping[str, str]) -> bytes:
    lines = [b"HTTP/1.1 %d Scripted" % status, b"content-type: " + media_type, framing]
    lines += [f"{name}: {value}".encode("ascii") for name, value in fields.items()]
    return b"\r\n".join([*lines, b"", b""])
