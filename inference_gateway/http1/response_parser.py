"""Answers out of a stream of bytes: heads cut off for judgement, bodies freed of framing.

llhttp does the parsing; what is added is bounds and the exact end of a message, so that not one
byte behind it is taken for a body. It decides nothing about the connection and knows no transport.
"""

from typing import Final

import httptools

from inference_gateway.http1.response_rules import (
    BadResponse,
    Head,
    ResponseLimits,
    check_partial_head,
)

_HEAD_END: Final = b"\r\n\r\n"

#: Framing a peer may spend on a body: so many bytes, and so many per byte of payload. One byte in a
#: chunk of its own costs six; chunk extensions and trailers without end cost more.
_FREE_OVERHEAD: Final = 64 * 1024
_OVERHEAD_PER_BYTE: Final = 16


class HeadBuffer:
    """Keeps the beginning of a head until its end has come."""

    __slots__ = ("_limits", "_partial")

    def __init__(self, limits: ResponseLimits) -> None:
        self._limits = limits
        self._partial = bytearray()

    def cut(self, data: bytes) -> tuple[bytes, bytes] | None:
        """Return a whole head and what came behind it, or None while some of the head is missing.

        Raises `BadResponse` when no good head can come of it.
        """
        partial = self._partial
        seen = len(partial)
        if seen:
            partial += data
            end = partial.find(_HEAD_END, max(seen - len(_HEAD_END) + 1, 0))
            if end >= 0:
                data = bytes(partial)
                partial.clear()
        else:
            end = data.find(_HEAD_END)
            if end < 0:
                partial += data
        if end < 0:
            check_partial_head(partial, seen, self._limits)
            return None
        end += len(_HEAD_END)
        return data[:end], data[end:]


class DeclaredBody:
    """Counts a body whose length its head declares; it has the attributes of `ResponseParser`."""

    __slots__ = ("_left", "broken", "complete", "excess")

    def __init__(self, length: int) -> None:
        self._left = length
        self.broken = False
        self.complete = not length
        self.excess = False

    def parse_body(self, data: bytes) -> bytes:
        """Return what of ``data`` belongs to the body."""
        left = self._left - len(data)
        if left < 0:
            self.excess = True
            data = data[: self._left]
            left = 0
        self._left = left
        self.complete = not left
        return data


class ResponseParser:
    """Parses one body after another; ``begin`` takes the head of each, ``parse_body`` the rest.

    It must not be used again once ``broken`` or ``excess`` is set.
    """

    __slots__ = (
        "_budget",
        "_llhttp",
        "_parts",
        "broken",
        "complete",
        "excess",
        "on_body",
    )

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._budget = 0
        #: The message is malformed: no more of it can be read.
        self.broken = False
        #: The end of the message has come.
        self.complete = False
        #: More came behind the end.
        self.excess = False
        self.on_body = self._parts.append
        self._llhttp = httptools.HttpResponseParser(self)

    def begin(self, head: Head) -> None:
        """Begin the body behind ``head``; raises `BadResponse` when llhttp is stricter."""
        self._budget = _FREE_OVERHEAD
        self.complete = False
        self._feed(head.wire)
        if self.broken:
            raise BadResponse("the head is malformed")

    def parse_body(self, data: bytes) -> bytes:
        """Return the payload that ``data`` holds, joined; up to the fault, where there is one."""
        self._feed(data)
        parts = self._parts
        payload = parts[0] if len(parts) == 1 else b"".join(parts)
        parts.clear()
        self._budget += len(payload) * (_OVERHEAD_PER_BYTE + 1) - len(data)
        if self._budget < 0:
            self.broken = True
        return payload

    def close(self) -> None:
        """Let go of llhttp, which holds this parser; nothing can be read any more."""
        del self._llhttp

    def _feed(self, data: bytes) -> None:
        try:
            self._llhttp.feed_data(data)
        except httptools.HttpParserError:
            if self.complete:
                self.excess = True
            else:
                self.broken = True

    # What llhttp calls.

    def on_message_begin(self) -> None:
        """Stop at the first byte of an answer that nobody asked for: an exception stops llhttp."""
        if self.complete:
            raise BadResponse("another answer follows")

    def on_message_complete(self) -> None:
        """Note the end of the message."""
        self.complete = True
