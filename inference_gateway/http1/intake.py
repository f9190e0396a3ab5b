"""From bytes to requests, one at a time: a judged head, then perhaps a body, all in bounds.

Sans-IO. Whether the body of a head is wanted is the caller's to say, and so is what an error leads
to.
"""

from inference_gateway.http1.body import Body, ChunkedBody, SizedBody
from inference_gateway.http1.head import HeadBuffer
from inference_gateway.http1.limits import Limits
from inference_gateway.http1.recall import HeadMemory
from inference_gateway.http1.rules import RequestHead


class Intake:
    """Reads heads until `expect_body` asks for a body, and heads again behind that.

    ``rest`` holds what was fed and not used; ``size`` counts the wire bytes of the request so far.
    """

    __slots__ = ("_body", "_body_since", "_buffer", "_limits", "_memory", "_size", "rest")

    def __init__(self, limits: Limits) -> None:
        """Start before the first head."""
        self._limits = limits
        self._buffer = HeadBuffer(limits)
        self._memory = HeadMemory()
        self._body: Body | None = None
        self._body_since = 0.0
        self._size = 0
        self.rest = b""

    @property
    def empty(self) -> bool:
        """Whether nothing of a request has come yet."""
        return self._body is None and not self._buffer.kept

    @property
    def in_body(self) -> bool:
        """Whether a body is being read."""
        return self._body is not None

    @property
    def size(self) -> int:
        """How many bytes the request took on the wire so far."""
        return self._size + self._body.received if self._body is not None else self._size

    def feed(self, data: bytes) -> RequestHead | bytes | None:
        """Return a head or a body once it is whole, else None.

        Raises a `CallerError`; nothing may be fed after that.
        """
        body = self._body
        if body is None:
            buffer = self._buffer
            self._size = self._size + len(data) if buffer.kept else len(data)
            raw = buffer.feed(data)
            if raw is None:
                self.rest = b""
                return None
            self.rest, buffer.rest = buffer.rest, b""
            self._size = len(raw) + 4
            return self._memory.judge(raw)
        rest = body.feed(data)
        if rest is None:
            self.rest = b""
            return None
        self.rest = rest
        self._size += body.received
        self._body = None
        return body.take()

    def take_body(self, length: int) -> bytes:
        """Return a body of ``length`` bytes that has come whole: it is at the front of ``rest``."""
        rest = self.rest
        self._size += length
        self.rest = rest[length:]
        return rest[:length]

    def expect_body(self, head: RequestHead, now: float, most: int) -> None:
        """Read the body that ``head`` declares; ``now`` is when that begins.

        A body in chunks is refused beyond ``most`` bytes; a declared length is for the caller to
        judge.
        """
        if head.chunked:
            self._body = ChunkedBody(self._limits, most)
        else:
            self._body = SizedBody(head.content_length)
        self._body_since = now

    def drop_body(self) -> None:
        """Forget the body that is being read, if any."""
        if self._body is not None:
            self._size += self._body.received
            self._body = None

    def body_deadline(self) -> float:
        """Return when the body that is being read is too late if nothing more comes."""
        limits = self._limits
        received = self._body.received if self._body is not None else 0
        paid = max(limits.body_grace, received / limits.body_rate)
        return self._body_since + min(limits.body_timeout, paid)
