"""Collecting the raw head of a request, up to its empty line and within bounds.

Only lengths and line ends are looked at here, so that a hostile head never grows and a broken one
is refused as soon as it shows; what the head says is for `rules`.
"""

from inference_gateway.errors import InvalidRequest
from inference_gateway.http1.limits import Limits
from inference_gateway.http1.refusals import HeadTooLarge, TargetTooLong
from inference_gateway.http1.rules import judge_request_line

_END = b"\r\n\r\n"
#: What the first byte of a request can be: a method is a token (RFC 9110 section 9.1).
_FIRST = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class HeadBuffer:
    """Takes bytes until a head is whole; use it for one head after another.

    ``kept`` is what came of a head that is not whole, ``rest`` what came behind a head that `feed`
    returned.
    """

    __slots__ = ("_limits", "_skipped", "_small", "kept", "rest")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        #: A head no longer than this keeps every limit of length.
        self._small = min(
            limits.target, limits.request_line, limits.header_line, limits.head - len(_END)
        )
        self.kept = b""
        self._skipped = False
        self.rest = b""

    def feed(self, data: bytes) -> bytes | None:
        """Return the head without its empty line once it is whole, None before.

        Raises `InvalidRequest`, `TargetTooLong` or `HeadTooLarge`; nothing may be fed after that.
        """
        known = len(self.kept)
        if known:
            data = self.kept + data
        if data[0] == 13:
            # One empty line before a request is tolerated (RFC 9112 section 2.2).
            if data[:2] == b"\r\n" and not self._skipped:
                self._skipped = True
                data = data[2:]
                known = 0
            if data[:1] == b"\r" and (self._skipped or len(data) > 1):
                raise InvalidRequest("empty lines instead of a request")
        end = data.find(_END, known - 3 if known > 3 else 0)
        if end < 0:
            self._keep(data, known)
            return None
        self.kept = b""
        self._skipped = False
        self.rest = data[end + 4 :]
        head = data[:end]
        self._measure(head)
        return head

    def _measure(self, head: bytes) -> None:
        """Hold a whole head against every limit."""
        limits = self._limits
        if head.count(b"\n") > limits.headers:
            raise HeadTooLarge(f"more than {limits.headers} headers")
        if len(head) <= self._small:
            return
        if len(head) + len(_END) > limits.head:
            self._overflow(head)
        request_line, _, fields = head.partition(b"\r\n")
        if len(request_line) > limits.request_line:
            raise TargetTooLong(f"the request line is longer than {limits.request_line} bytes")
        target = request_line.partition(b" ")[2].partition(b" ")[0]
        if len(target) > limits.target:
            raise TargetTooLong(f"the request target is longer than {limits.target} bytes")
        if any(len(line) > limits.header_line for line in fields.split(b"\r\n")):
            raise HeadTooLarge(f"a header is longer than {limits.header_line} bytes")

    def _keep(self, data: bytes, known: int) -> None:
        """Keep an unfinished head, unless it is already clear that it is none."""
        if data and data[0] not in _FIRST and data != b"\r":
            raise InvalidRequest("this is not HTTP/1.1")
        # A bare line feed would leave us waiting for an end that the sender believes to have sent.
        fresh = data[known - 1 :] if known and data[known - 1] == 13 else data[known:]
        if fresh.count(b"\n") != fresh.count(b"\r\n"):
            raise InvalidRequest("a line ends with a bare LF")
        line = data.find(b"\r\n")
        if line >= 0 and line >= known - 1:
            judge_request_line(data[:line])
        if len(data) > self._limits.head:
            self._overflow(data)
        self.kept = data

    def _overflow(self, head: bytes) -> None:
        limits = self._limits
        line = head.find(b"\r\n")
        if line < 0 or line > limits.request_line:
            raise TargetTooLong(f"the request line is longer than {limits.request_line} bytes")
        raise HeadTooLarge(f"the head is longer than {limits.head} bytes")
