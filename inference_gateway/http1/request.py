"""Answering a request: the `IRequest` that Klein and the relay see.

It frames the answer and counts it. Reading the request is in `incoming`; when the next request is
read and whether the connection stays is for `channel`.
"""

from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http_headers import Headers
from twisted.web.iweb import IRequest
from zope.interface import implementer

from inference_gateway.errors import InternalError
from inference_gateway.http1.answer import BODILESS, field_line, field_lines, status_line
from inference_gateway.http1.incoming import IncomingRequest
from inference_gateway.http1.rules import RequestHead

if TYPE_CHECKING:
    from twisted.web.resource import IResource

    from inference_gateway.http1.channel import HTTPChannel

#: How the body is framed (RFC 9112 section 6): not at all, by its length, in chunks, by the
#: connection's end.
_NO_BODY, _SIZED, _CHUNKED, _UNTIL_CLOSE = range(4)
_LAST_CHUNK = b"0\r\n\r\n"
#: Header names that frame the message or steer the connection: an application's wish is read, not
#: sent.
_OURS = frozenset({b"connection", b"keep-alive", b"transfer-encoding", b"date"})


@implementer(IRequest)
class Request(IncomingRequest):
    """One request and its answer; after `finish`, or once the client left, writing does nothing.

    ``bytes_out`` counts what was written, head included. ``refused`` says that the application was
    asked to refuse it. Setting ``close_connection`` ends the connection after the answer, whose
    head says so if it was not written yet.
    """

    __slots__ = (
        "_framing",
        "_headers",
        "_left",
        "_message",
        "_notifications",
        "_producer",
        "_response_headers",
        "bytes_out",
        "close_connection",
        "code",
        "finished",
        "gone",
        "refused",
        "startedWriting",
    )
    _log = Logger()

    def __init__(self, channel: "HTTPChannel", head: RequestHead) -> None:
        super().__init__(channel, head)
        self.code = 200
        self.bytes_out = 0
        self.refused = False
        self.close_connection = not head.keep_alive
        self.startedWriting = False
        self.finished = False
        self.gone = False
        self._message: bytes | None = None
        self._framing = _NO_BODY
        self._left = 0
        self._headers: dict[bytes, bytes] = {}
        self._response_headers: Headers | None = None
        self._notifications: list[Deferred[None]] | None = None
        self._producer: IPushProducer | None = None

    # --- the head ---

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

    def write_head(self) -> None:
        """Send the head now, without waiting for a body; does nothing if it is out."""
        if not (self.startedWriting or self.finished or self.gone):
            self._send(self._head(None))

    def _head(self, length: int | None) -> bytes:
        """Return the head and settle the framing; ``length`` is the whole body's, if known."""
        self.startedWriting = True
        headers = self._response_headers
        lines = self._headers if headers is None else field_lines(headers)
        if not _OURS.isdisjoint(lines):
            if b"close" in lines.get(b"connection", b"").lower():
                self.close_connection = True
            lines = {name: line for name, line in lines.items() if name not in _OURS}
        declared = lines.get(b"content-length")
        code = self.code
        framing = b""
        if code in BODILESS or self.method == b"HEAD":
            self._framing = _NO_BODY
            if code == 204 and declared is not None:
                del lines[b"content-length"]  # RFC 9110 section 8.6
            elif declared is None and length and code not in BODILESS:
                framing = b"Content-Length: %d\r\n" % length  # what GET would send
        elif declared is not None:
            self._framing = _SIZED
            self._left = int(declared[:-2].rpartition(b":")[2])
        elif length is not None:
            self._framing = _SIZED
            self._left = length
            framing = b"Content-Length: %d\r\n" % length
        elif self.http_version == (1, 1):
            self._framing = _CHUNKED
            framing = b"Transfer-Encoding: chunked\r\n"
        else:
            self._framing = _UNTIL_CLOSE
            self.close_connection = True
        if self.close_connection:
            framing += b"Connection: close\r\n"
        elif self.http_version == (1, 0):
            framing += b"Connection: keep-alive\r\n"
        date = self.channel.date
        if date is not None:
            framing += date()
        return b"%b%b%b\r\n" % (status_line(code, self._message), b"".join(lines.values()), framing)

    # --- the body ---

    def write(self, data: bytes) -> None:
        """Send a piece of the body, first the head if that is not out; nothing sends nothing."""
        if data and not (self.finished or self.gone):
            if self.startedWriting:
                self._send(self._frame(data))
            else:
                head = self._head(None)
                self._send(head + self._frame(data))

    def finish_with(self, data: bytes) -> None:
        """Send the last piece of the body and finish, in one write."""
        if self.finished or self.gone:
            return
        head = b"" if self.startedWriting else self._head(len(data))
        last = _LAST_CHUNK if self._framing == _CHUNKED else b""
        rest = head + (self._frame(data) if data else b"") + last
        if rest:
            self._send(rest)
        self._done()

    def finish(self) -> None:
        """Finish the answer; without a body it says that it is empty."""
        if self.finished or self.gone:
            return
        if not self.startedWriting:
            self._send(self._head(0))
        elif self._framing == _CHUNKED:
            self._send(_LAST_CHUNK)
        self._done()

    def abort(self) -> None:
        """Cut the connection, so that nobody takes what was sent for a whole answer; idempotent."""
        if not (self.finished or self.gone):
            self.channel.abort()

    def break_off(self) -> None:
        """End the connection behind what was written, so that the answer is seen to be unfinished.

        A chunked body gets no last chunk (RFC 9112 section 7.1). Unlike `abort` it loses nothing.
        """
        if self.finished or self.gone:
            return
        self.close_connection = True
        self._framing = _UNTIL_CLOSE
        self._left = 0
        self._done()

    def _frame(self, data: bytes) -> bytes:
        framing = self._framing
        if framing == _SIZED:
            if len(data) > self._left:
                self._log.error("an answer is longer than it declared; the rest is cut")
                data = data[: self._left]
                self.close_connection = True
            self._left -= len(data)
            return data
        if framing == _CHUNKED:
            return b"%x\r\n%b\r\n" % (len(data), data)
        return b"" if framing == _NO_BODY else data

    def _send(self, data: bytes) -> None:
        if data:
            self.bytes_out += len(data)
            self.channel.outlet.send(data)

    def _done(self) -> None:
        if self._left:
            self._log.error(
                "an answer ended {missing} bytes before what it declared", missing=self._left
            )
            self.channel.abort()
            return
        self.finished = True
        if self._producer is not None:
            self.unregisterProducer()
        notifications = self._notifications
        if notifications is not None:
            self._notifications = None
            for notification in notifications:
                notification.callback(None)
        self.channel.answered(self)

    # --- the client's pace, and its leaving ---

    def notifyFinish(self) -> Deferred[None]:
        """Return a Deferred that fires when the answer is finished.

        It fails with what ended the connection when the client left before: `ConnectionDone`,
        `ConnectionLost`, or `WriteStalled` for a client that stopped reading.
        """
        notification: Deferred[None] = Deferred()
        if self._notifications is None:
            self._notifications = []
        self._notifications.append(notification)
        return notification

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None:
        """Let the transport pause and resume ``producer``, which must be a push producer.

        It is told to stop when the client leaves, or at once if the client has left.
        """
        if not streaming:
            raise ValueError("pull producers are not driven here")
        if self.gone or self.finished:
            producer.stopProducing()
            return
        self._producer = producer
        self.channel.outlet.register_producer(producer)

    def unregisterProducer(self) -> None:
        """Let go of the producer; does nothing without one."""
        if self._producer is not None:
            self._producer = None
            self.channel.outlet.unregister_producer()

    def lost(self, reason: Failure) -> None:
        """Take note that the client left: stop the producer, fail `notifyFinish`; idempotent."""
        if self.gone or self.finished:
            return
        self.gone = True
        producer = self._producer
        if producer is not None:
            self.unregisterProducer()
            producer.stopProducing()
        notifications = self._notifications
        if notifications is not None:
            self._notifications = None
            for notification in notifications:
                notification.errback(reason)

    # --- rendering ---

    def render(self, resource: "IResource") -> None:
        """Ask ``resource`` for the answer; what it does not return whole, it writes itself."""
        try:
            body = resource.render(self)
        except Exception:
            self.processingFailed(Failure())
            return
        if isinstance(body, bytes):
            self.finish_with(body)

    def processingFailed(self, reason: Failure) -> None:
        """Log a bug and refuse the request, or cut the connection if the head is out."""
        self._log.failure("answering a request failed", failure=reason)
        if self.startedWriting:
            self.abort()
        elif not self.gone:
            self.channel.refuse(self, InternalError("internal error"))


def _octets(value: bytes | str) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8")
