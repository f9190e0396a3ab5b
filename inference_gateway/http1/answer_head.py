"""The head of an answer: its status, its headers, and how they frame the body.

The middle third of a request, between what came (`incoming`) and the writing (`request`).
"""

from typing import TYPE_CHECKING, Final

from twisted.web.http_headers import Headers

from inference_gateway.http1.answer import BODILESS, field_line, field_lines, status_line
from inference_gateway.http1.incoming import IncomingRequest
from inference_gateway.http1.rules import RequestHead

if TYPE_CHECKING:
    from inference_gateway.http1.channel import HTTPChannel

#: How the body is framed (RFC 9112 section 6): not at all, by its length, in chunks, by the
#: connection's end.
NO_BODY, SIZED, CHUNKED, UNTIL_CLOSE = range(4)
#: Header names that frame the message or steer the connection: an application's wish is read, not
#: sent.
OURS: Final = frozenset({b"connection", b"keep-alive", b"transfer-encoding", b"date"})


class AnswerHead(IncomingRequest):
    """A request and the head of its answer, which counts once `_compose_head` was called.

    Setting ``close_connection`` ends the connection after the answer, whose head says so if it was
    not written yet.
    """

    __slots__ = (
        "_framing",
        "_headers",
        "_left",
        "_message",
        "_response_headers",
        "close_connection",
        "code",
        "startedWriting",
    )

    def __init__(self, channel: "HTTPChannel", head: RequestHead) -> None:
        super().__init__(channel, head)
        self.code = 200
        self.close_connection = not head.keep_alive
        self.startedWriting = False
        self._message: bytes | None = None
        self._framing = NO_BODY
        #: How much of a body of declared length is still to be written.
        self._left = 0
        self._headers: dict[bytes, bytes] = {}
        self._response_headers: Headers | None = None

    def setResponseCode(self, code: int, message: bytes | None = None) -> None:
        """Set the status, and a phrase other than the registered one."""
        self.code = code
        self._message = message

    def setHeader(self, name: bytes | str, value: bytes | str) -> None:
        """Set a header in place of any of that name; raises `ValueError` if the name is none."""
        if isinstance(name, str):
            name = name.encode("latin-1")
        if isinstance(value, str):
            value = value.encode("utf-8")
        if self._response_headers is None:
            self._headers[name.lower()] = field_line(name, value)
        else:
            self._response_headers.setRawHeaders(name, [value])

    @property
    def responseHeaders(self) -> Headers:
        """The answer's headers as Twisted keeps them; once asked for, they alone count."""
        if self._response_headers is None:
            headers = self._response_headers = Headers()
            for line in self._headers.values():
                name, _, value = line[:-2].partition(b": ")
                headers.addRawHeader(name, value)
        return self._response_headers

    def addCookie(
        self,
        k: bytes | str,
        v: bytes | str,
        expires: bytes | str | None = None,
        domain: bytes | str | None = None,
        path: bytes | str | None = None,
        max_age: bytes | str | None = None,
        comment: bytes | str | None = None,
        secure: bool | None = None,
    ) -> None:
        """Add a ``Set-Cookie`` header."""
        parts = [b"%b=%b" % (_octets(k), _octets(v))]
        for name, value in (
            (b"Expires", expires),
            (b"Domain", domain),
            (b"Path", path),
            (b"Max-Age", max_age),
            (b"Comment", comment),
        ):
            if value is not None:
                parts.append(b"%b=%b" % (name, _octets(value)))
        if secure:
            parts.append(b"Secure")
        self.responseHeaders.addRawHeader(b"Set-Cookie", b"; ".join(parts))

    def redirect(self, url: bytes | str) -> None:
        """Answer 302 with ``url``; the caller finishes."""
        self.setResponseCode(302)
        self.setHeader(b"Location", url)

    def setLastModified(self, when: float) -> None:
        """Do nothing: there are no conditional requests here."""

    def setETag(self, etag: bytes) -> None:
        """Send an entity tag; there are no conditional requests here."""
        self.setHeader(b"ETag", etag)

    def _compose_head(self, length: int | None) -> bytes:
        """Return the head and settle the framing; ``length`` is the whole body's, if known."""
        self.startedWriting = True
        headers = self._response_headers
        lines = self._headers if headers is None else field_lines(headers)
        if not OURS.isdisjoint(lines):
            if b"close" in lines.get(b"connection", b"").lower():
                self.close_connection = True
            lines = {name: line for name, line in lines.items() if name not in OURS}
        declared = lines.get(b"content-length")
        code = self.code
        framing = b""
        if code in BODILESS or self.method == b"HEAD":
            self._framing = NO_BODY
            if code == 204 and declared is not None:
                del lines[b"content-length"]  # RFC 9110 section 8.6
            elif declared is None and length and code not in BODILESS:
                framing = b"Content-Length: %d\r\n" % length  # what GET would send
        elif declared is not None:
            self._framing = SIZED
            self._left = int(declared[:-2].rpartition(b":")[2])
        elif length is not None:
            self._framing = SIZED
            self._left = length
            framing = b"Content-Length: %d\r\n" % length
        elif self.http_version == (1, 1):
            self._framing = CHUNKED
            framing = b"Transfer-Encoding: chunked\r\n"
        else:
            self._framing = UNTIL_CLOSE
            self.close_connection = True
        if self.close_connection:
            framing += b"Connection: close\r\n"
        elif self.http_version == (1, 0):
            framing += b"Connection: keep-alive\r\n"
        date = self.channel.date
        return b"%b%b%b%b\r\n" % (
            status_line(code, self._message),
            b"".join(lines.values()),
            framing,
            date() if date is not None else b"",
        )


def _octets(value: bytes | str) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8")
