"""Answering a request: the `IRequest` that Klein and the relay see.

It writes the answer and counts it. Reading the request is in `incoming`, the answer's head in
`answer_head`; when the next request is read and whether the connection stays is for `channel`.
"""

from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.iweb import IRequest
from zope.interface import implementer

from inference_gateway.errors import InternalError
from inference_gateway.http1.answer_head import CHUNKED, NO_BODY, SIZED, UNTIL_CLOSE, AnswerHead
from inference_gateway.http1.rules import RequestHead

if TYPE_CHECKING:
    from twisted.web.resource import IResource

    from inference_gateway.http1.channel import HTTPChannel

_LAST_CHUNK = b"0\r\n\r\n"


@implementer(IRequest)
class Request(AnswerHead):
    """One request and its answer; after `finish`, or once the client left, writing does nothing.

    ``bytes_out`` counts what was written, head included. ``refused`` says that the application was
    asked to refuse it. ``body_limit`` is how many bytes its body may have; None stands for as many
    as the connection allows.
    """

    __slots__ = (
        "_notifications",
        "_producer",
        "body_limit",
        "bytes_out",
        "finished",
        "gone",
        "refused",
    )
    _log = Logger()

    def __init__(self, channel: "HTTPChannel", head: RequestHead) -> None:
        super().__init__(channel, head)
        self.bytes_out = 0
        self.refused = False
        self.body_limit: int | None = None
        self.finished = False
        self.gone = False
        self._notifications: list[Deferred[None]] | None = None
        self._producer: IPushProducer | None = None

    # --- writing ---

    def write_head(self) -> None:
        """Send the head now, without waiting for a body; does nothing if it is out."""
        if not (self.startedWriting or self.finished or self.gone):
            self._send(self._compose_head(None))

    def write(self, data: bytes) -> None:
        """Send a piece of the body, first the head if that is not out; nothing sends nothing."""
        if data and not (self.finished or self.gone):
            if self.startedWriting:
                self._send(self._frame(data))
            else:
                head = self._compose_head(None)
                self._send(head + self._frame(data))

    def answer(self, code: int, lines: dict[bytes, bytes], body: bytes) -> None:
        """Send a whole answer at once; ``lines`` are its headers by lower-case name, and no others.

        Each is a whole line, as `answer.field_line` makes it.
        """
        self.code = code
        self._headers = lines
        self._response_headers = None
        self.finish_with(body)

    def finish_with(self, data: bytes) -> None:
        """Send the last piece of the body and finish, in one write."""
        if self.finished or self.gone:
            return
        head = b"" if self.startedWriting else self._compose_head(len(data))
        rest = head + self._frame(data) if data else head
        if self._framing == CHUNKED:
            rest += _LAST_CHUNK
        self._send(rest)
        self._done()

    def finish(self) -> None:
        """Finish the answer; without a body it says that it is empty."""
        if self.finished or self.gone:
            return
        if not self.startedWriting:
            self._send(self._compose_head(0))
        elif self._framing == CHUNKED:
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
        self._framing = UNTIL_CLOSE
        self._left = 0
        self._done()

    def _frame(self, data: bytes) -> bytes:
        framing = self._framing
        if framing == SIZED:
            if len(data) > self._left:
                self._log.error("an answer is longer than it declared; the rest is cut")
                data = data[: self._left]
                self.close_connection = True
            self._left -= len(data)
            return data
        if framing == CHUNKED:
            return b"%x\r\n%b\r\n" % (len(data), data)
        return b"" if framing == NO_BODY else data

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
