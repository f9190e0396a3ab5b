"""What the server's tests share: a transport in memory, an application that remembers, a client."""

import re

from httptools import HttpResponseParser
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from inference_gateway.errors import GatewayError
from inference_gateway.http1.channel import HTTPChannel
from inference_gateway.http1.limits import Limits
from inference_gateway.http1.request import Request

HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: gateway:8000\r\n"


def post(body: bytes, *fields: bytes) -> bytes:
    """Return a request with a body of declared length."""
    lines = b"".join(field + b"\r\n" for field in fields)
    return HEAD + lines + b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunked(*chunks: bytes, extra: bytes = b"", trailers: bytes = b"") -> bytes:
    """Return a request with a body in chunks; ``extra`` stands behind each chunk size."""
    body = b"".join(b"%x%b\r\n%b\r\n" % (len(chunk), extra, chunk) for chunk in chunks)
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n" + trailers + b"\r\n"


GET = b"GET /healthz HTTP/1.1\r\nHost: gateway:8000\r\n\r\n"


class Transport(StringTransport):
    """A socket's transport, without the socket; it remembers how it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.half_closed = False
        #: What waits for the client to read, by the name that the transport of TLS has for it.
        self._appSendBuffer: list[bytes] = []
        self.writes: list[bytes] = []

    def write(self, data: bytes) -> None:
        super().write(data)
        self.writes.append(data)

    def loseWriteConnection(self) -> None:
        self.half_closed = True


class Recorder:
    """An application that answers each request at once, or holds it while ``hold`` is set."""

    def __init__(self) -> None:
        self.hold = False
        self.welcome = True
        self.error: GatewayError | None = None
        self.dispatched: list[Request] = []
        self.judged: list[Request] = []
        self.refused: list[tuple[Request, GatewayError]] = []
        self.open: list[HTTPChannel] = []
        self.closings = 0
        self.lefts: list[tuple[Request, Failure]] = []

    def opened(self, channel: HTTPChannel) -> bool:
        self.open.append(channel)
        return self.welcome

    def closed(self, channel: HTTPChannel) -> None:
        self.open.remove(channel)
        self.closings += 1

    def left(self, request: Request, reason: Failure) -> None:
        self.lefts.append((request, reason))

    def judge(self, request: Request) -> GatewayError | None:
        self.judged.append(request)
        return self.error

    def dispatch(self, request: Request) -> None:
        self.dispatched.append(request)
        if not self.hold:
            self.answer(request)

    def refuse(self, request: Request, error: GatewayError) -> None:
        self.refused.append((request, error))
        request.setResponseCode(error.status)
        request.finish_with(error.code.encode("ascii"))

    def answer(self, request: Request) -> None:
        """Answer with the request's body."""
        request.setHeader(b"Content-Type", b"text/plain")
        request.finish_with(request.body)


class Connection:
    """One connection in memory, with its channel, its application and its clock."""

    def __init__(self, limits: Limits | None = None, app: Recorder | None = None) -> None:
        self.clock = Clock()
        self.app = app if app is not None else Recorder()
        self.transport = Transport()
        self.channel = HTTPChannel(self.app, limits or Limits(), self.clock)
        self.channel.makeConnection(self.transport)

    def send(self, data: bytes) -> None:
        """Deliver ``data`` in one read."""
        self.channel.dataReceived(data)

    def lose(self) -> None:
        """End the connection as a peer does that is gone."""
        self.channel.connectionLost(Failure(ConnectionLost()))

    @property
    def sent(self) -> bytes:
        """Everything that was written."""
        sent: bytes = self.transport.value()
        return sent

    @property
    def statuses(self) -> list[int]:
        """The statuses of what was answered, which must be whole and well-formed."""
        return [answer.status for answer in answers(self.sent)]

    @property
    def ended(self) -> bool:
        """Whether the connection was ended, or said to be, by the server."""
        return self.transport.disconnecting or self.transport.half_closed


class Answer:
    """One answer, as llhttp reads it."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.body = b""
        self.complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.lower()] = value

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.complete = True


_LENGTH = re.compile(rb"(?i)content-length: ([0-9]+)")


def answers(wire: bytes) -> list[Answer]:
    """Read answers of declared length, none of which may be malformed or incomplete."""
    found = []
    while wire:
        head, blank, rest = wire.partition(b"\r\n\r\n")
        assert blank, wire
        length = _LENGTH.search(head)
        size = int(length[1]) if length is not None else 0
        answer = Answer()
        parser = HttpResponseParser(answer)
        parser.feed_data(head + blank + rest[:size])
        answer.status = parser.get_status_code()
        if answer.status != 100:
            assert answer.complete, wire
            found.append(answer)
        wire = rest[size:]
    return found


def outcome(notification: "Deferred[None]") -> list[object]:
    """Return a list that gets what ``notification`` fires with."""
    results: list[object] = []
    notification.addBoth(results.append)
    return results


def left() -> Failure:
    """Return the reason of an orderly end."""
    return Failure(ConnectionDone())
