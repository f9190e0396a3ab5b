"""Judging the heads of one connection, each of them once for as long as it is repeated.

A client says the same head again and again, but for the length of its body. What differs from the
last head in anything else is judged afresh, by `rules`.
"""

from inference_gateway.http1.rules import RequestHead, judge

#: A longer head is not kept: an idle connection would hold it.
_LONGEST = 2048
#: A longer length is for the rules to judge.
_MOST_DIGITS = 15


class HeadMemory:
    """Knows the head that was judged last."""

    __slots__ = ("_end", "_head", "_raw", "_start")

    def __init__(self) -> None:
        self._raw = b""
        self._head: RequestHead | None = None
        #: Where in the raw head the digits of its Content-Length are.
        self._start = self._end = 0

    def judge(self, raw: bytes) -> RequestHead:
        """Return what `rules.judge` returns for ``raw``, or raise what it raises."""
        head = self._head
        if head is not None:
            if raw == self._raw:
                return head
            length = self._other_length(raw)
            if length:
                return _resized(head, length)
        return self._keep(raw, judge(raw))

    def _other_length(self, raw: bytes) -> bytes:
        """The digits of the length in which alone ``raw`` differs; nothing if it differs more."""
        start, known = self._start, self._raw
        tail = len(known) - self._end
        if not start or raw[:start] != known[:start] or not raw.endswith(known[self._end :]):
            return b""
        length = raw[start : len(raw) - tail]
        plain = length.isdigit() and length[0] != 48 and len(length) <= _MOST_DIGITS
        return length if plain else b""

    def _keep(self, raw: bytes, head: RequestHead) -> RequestHead:
        if len(raw) > _LONGEST:
            self._head = None
            return head
        self._raw = raw
        self._head = head
        self._start = self._end = 0
        if head.content_length:
            length = head.headers[b"content-length"][0]
            name = raw.lower().index(b"\r\ncontent-length:")
            self._start = raw.index(length, name)
            self._end = self._start + len(length)
        return head


def _resized(head: RequestHead, length: bytes) -> RequestHead:
    """``head`` with another Content-Length, and the same notes."""
    return RequestHead(
        method=head.method,
        target=head.target,
        path=head.path,
        query=head.query,
        version=head.version,
        headers={**head.headers, b"content-length": [length]},
        content_length=int(length),
        chunked=False,
        keep_alive=head.keep_alive,
        expects_continue=head.expects_continue,
        notes=head.notes,
    )
