"""What the head of an answer may look like: the grammar of RFC 9112, and what may frame a body.

Bytes and parsed fields in, a verdict out; no I/O. llhttp parses after these rules have passed a
head, so nothing it is lenient about can reach it. It does not look at bodies.
"""

import re
from collections.abc import Sequence
from typing import Final

import attrs
from twisted.web.iweb import UNKNOWN_LENGTH

from inference_gateway.record import record

#: One header field: its lower-case name and its value.
Field = tuple[bytes, bytes]

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_HEAD = re.compile(
    rb"HTTP/1\.([01]) ([0-9]{3})(?: ([\t\x20-\x7e\x80-\xff]{0,1024}+))?\r\n"
    rb"(?:" + _TOKEN + rb":[\t\x20-\x7e\x80-\xff]*+\r\n)*+\r\n"
)
#: A line whose value holds a control character that cannot be mistaken for the end of anything.
_CONTROL_LINE = re.compile(
    rb"^" + _TOKEN + rb":[\t\x20-\x7e\x80-\xff]*+[\x01-\x08\x0b\x0c\x0e-\x1f\x7f][^\r\n\0]*+\r\n",
    re.MULTILINE,
)
_FIELD = re.compile(rb"\r\n([^:\r\n]+):[\t ]*+([^\r\n]*+)")
_BLANKS: Final = b" \t"
_BARE_LF = re.compile(rb"(?<!\r)\n")
_LENGTH = re.compile(rb"[0-9]{1,18}")

_START: Final = b"HTTP/1."
#: The longest status line that `_HEAD` can accept: what precedes the reason, the reason, CR.
_STATUS_LINE_BYTES: Final = len("HTTP/1.1 200 ") + 1024 + 1

_FRAMING: Final = frozenset(
    {b"content-length", b"transfer-encoding", b"connection", b"content-encoding"}
)


class BadResponse(Exception):
    """The upstream sent no acceptable HTTP/1.1 answer; the text never quotes it."""


@attrs.frozen(kw_only=True)
class ResponseLimits:
    """How much of an answer is read before it is refused, or before somebody must take its body."""

    #: Bytes of one head, with its status line and the empty line.
    head: int = 64 * 1024
    fields: int = 200
    #: Answers with a status below 200 before the real one.
    interim: int = 10
    #: Body bytes held while nobody takes them; one read of the socket may exceed it.
    unread: int = 16 * 1024


@record(kw_only=True)
class Head:
    """A head that keeps the grammar; ``wire`` is what of it a parser may see."""

    minor: int
    status: int
    reason: bytes
    wire: bytes


def read_head(raw: bytes, limits: ResponseLimits) -> Head:
    """Judge ``raw``, everything up to and including the empty line.

    A field whose value has control characters is left out of ``wire``, unless it says how the
    message is framed. Raises `BadResponse` for anything else that RFC 9112, sections 2 to 5, does
    not allow.
    """
    if len(raw) > limits.head:
        raise BadResponse("the head is too large")
    if raw.count(b"\r\n") - 2 > limits.fields:
        raise BadResponse("the head has too many fields")
    match = _HEAD.fullmatch(raw)
    if match is None:
        raw = _CONTROL_LINE.sub(_without, raw)
        match = _HEAD.fullmatch(raw)
        if match is None:
            raise BadResponse("the head is malformed")
    minor, status, reason = match.groups()
    code = int(status)
    if not 100 <= code <= 599:
        raise BadResponse("the status code is out of range")
    return Head(minor=int(minor), status=code, reason=reason or b"", wire=raw)


def head_fields(head: Head) -> list[Field]:
    """Return the fields of a head that has been judged, in order, with names in lower case."""
    return [(name.lower(), value.rstrip(_BLANKS)) for name, value in _FIELD.findall(head.wire)]


def keeps_connection(head: Head, fields: Sequence[Field]) -> bool:
    """Say whether another answer may follow on the connection (RFC 9112, section 9.3)."""
    tokens: set[bytes] = set()
    for name, value in fields:
        if name == b"connection":
            tokens.update(token.strip(_BLANKS).lower() for token in value.split(b","))
    if not tokens:
        return head.minor == 1
    return b"close" not in tokens and (head.minor == 1 or b"keep-alive" in tokens)


def _without(line: re.Match[bytes]) -> bytes:
    text = line.group()
    return text if text.partition(b":")[0].lower() in _FRAMING else b""


def check_partial_head(raw: bytes | bytearray, seen: int, limits: ResponseLimits) -> None:
    """Raise `BadResponse` as soon as ``raw``, the beginning of a head, cannot become a good one.

    ``seen`` bytes of it were checked before. Without this a peer that speaks another protocol, or
    ends lines with LF alone, would be waited for until a timeout.
    """
    if len(raw) >= limits.head:
        raise BadResponse("the head is too large")
    if not _START.startswith(bytes(raw[: len(_START)])):
        raise BadResponse("the answer is not HTTP/1")
    if seen <= _STATUS_LINE_BYTES < len(raw) and raw.find(b"\n", 0, _STATUS_LINE_BYTES + 1) < 0:
        raise BadResponse("the status line is too long")
    if _BARE_LF.search(raw, max(seen - 1, 0)):
        raise BadResponse("a line does not end with CR LF")


def body_length(
    head: Head, fields: Sequence[Field], *, bodiless: bool, accepts_encoding: bool
) -> tuple[int | str, bool]:
    """Say how long the body is and whether only the end of the connection ends it.

    The length is `UNKNOWN_LENGTH` where the answer does not declare one. ``bodiless`` is for
    answers that have none whatever they declare (RFC 9112, section 6.3). ``accepts_encoding`` says
    that the request asked for a content coding. Raises `BadResponse` where the framing is
    ambiguous, or where it names a coding that nobody asked for.
    """
    length: int | None = None
    chunked = False
    for name, value in fields:
        if name not in _FRAMING:
            continue
        if name == b"content-length":
            if length is not None or not _LENGTH.fullmatch(value):
                raise BadResponse("Content-Length is repeated or malformed")
            length = int(value)
        elif name == b"transfer-encoding":
            if chunked or value.lower() != b"chunked" or not head.minor:
                raise BadResponse("the transfer coding is not one chunked")
            chunked = True
        elif (
            name == b"content-encoding"
            and not accepts_encoding
            and value.lower() not in (b"identity", b"")
        ):
            raise BadResponse("the content coding was not asked for")
    if chunked and length is not None:
        raise BadResponse("both Content-Length and Transfer-Encoding are there")
    if bodiless:
        return 0, False
    if length is not None:
        return length, False
    return UNKNOWN_LENGTH, not chunked
