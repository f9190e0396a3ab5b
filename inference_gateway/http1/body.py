"""Receiving a request body into memory, framed by a length or in chunks, and never past its bounds.

Chunks are decoded by llhttp. Trailers are dropped: nobody here asks for them, and merged into the
head they would be headers that nothing has judged (RFC 9110 section 6.5.1).
"""

from typing import Protocol

from httptools import HttpParserError, HttpRequestParser

from inference_gateway.errors import UnreadableBody
from inference_gateway.http1.limits import Limits
from inference_gateway.http1.refusals import PayloadTooLarge

_END = b"\r\n\r\n"
#: The head that llhttp gets in place of the real one, which the rules have judged already.
_CHUNKED_HEAD = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
#: The most that an honest chunk costs beside its data: eight digits and two line ends.
_CHUNK_COST = 12
#: B3: what chunking may add to the payload limit on the wire, as in most edge servers.
_WIRE_SLACK = 65536


class Body(Protocol):
    """A body on its way in; ``received`` counts wire bytes."""

    received: int

    def feed(self, data: bytes) -> bytes | None:
        """Take bytes; return what is left over behind the end of the body, None before its end."""

    def take(self) -> bytes:
        """Return the whole body, once."""


class SizedBody:
    """A body of a declared length, which the caller has found acceptable."""

    __slots__ = ("_data", "_missing", "received")

    def __init__(self, length: int) -> None:
        self._data = bytearray()
        self._missing = length
        self.received = 0

    def feed(self, data: bytes) -> bytes | None:
        """Take bytes; return what is left over behind the end of the body, None before its end."""
        size = len(data)
        missing = self._missing
        if size < missing:
            self._data += data
            self._missing = missing - size
            self.received += size
            return None
        self._data += data if size == missing else data[:missing]
        self._missing = 0
        self.received += missing
        return data[missing:]

    def take(self) -> bytes:
        """Return the whole body, once."""
        return bytes(self._data)


class ChunkedBody:
    """A body in chunks, bounded in payload, in extensions and trailers, and on the wire.

    ``most`` is how many bytes of payload there may be. `feed` raises `UnreadableBody` or
    `PayloadTooLarge`; nothing may be fed after that.
    """

    __slots__ = (
        "_chunks",
        "_data",
        "_ended",
        "_limits",
        "_most",
        "_parser",
        "_tail",
        "on_body",
        "received",
    )

    def __init__(self, limits: Limits, most: int) -> None:
        self._limits = limits
        self._most = most
        self._data = bytearray()
        self._chunks = 0
        self._ended = False
        self._tail = b""
        self.received = 0
        self.on_body = self._data.extend
        parser = HttpRequestParser(self)
        # These two leniencies reach trailers only: a Content-Length or Transfer-Encoding among them
        # is dropped as any other, and cannot change framing that is settled by the head above.
        parser.set_dangerous_leniencies(lenient_chunked_length=True, lenient_transfer_encoding=True)
        parser.feed_data(_CHUNKED_HEAD)
        self._parser = parser

    def on_chunk_header(self) -> None:
        """Count a chunk; called by the parser."""
        self._chunks += 1

    def on_message_complete(self) -> None:
        """Note the end of the body; called by the parser."""
        self._ended = True

    def feed(self, data: bytes) -> bytes | None:
        """Take bytes; return what is left over behind the end of the body, None before its end.

        llhttp does not tell where a message ended, so it is fed up to each place where one could:
        behind an empty line.
        """
        start = 0
        cut = self._cut_at_seam(data)
        while cut >= 0:
            self._parse(data[start:cut])
            if self._ended:
                return data[cut:]
            start = cut
            # The next empty line may share a CR LF with this one.
            cut = data.find(_END, max(0, start - 2))
            cut = cut + 4 if cut >= 0 else -1
        self._parse(data[start:] if start else data)
        self._tail = (self._tail + data)[-3:] if len(data) < 3 else data[-3:]
        return None

    def take(self) -> bytes:
        """Return the whole body, once; the parser, which refers back to this, goes."""
        del self._parser
        return bytes(self._data)

    def _cut_at_seam(self, data: bytes) -> int:
        """Return where the first empty line ends in ``data``, it may have begun before; else -1."""
        found = (self._tail + data[:3]).find(_END)
        if found >= 0:
            return found + 4 - len(self._tail)
        found = data.find(_END)
        return found + 4 if found >= 0 else -1

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            raise UnreadableBody(f"the body's chunks are malformed: {error}") from None
        self.received += len(data)
        limits, most = self._limits, self._most
        size = len(self._data)
        if size > most or self.received > 2 * most + _WIRE_SLACK:
            raise PayloadTooLarge(f"the body is larger than {most} bytes")
        extra = self.received - size - self._chunks * _CHUNK_COST
        if extra > limits.chunk_extensions and extra > limits.trailers:
            raise UnreadableBody("too many bytes of chunk extensions or trailers")
