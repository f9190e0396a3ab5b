"""Reading what a gateway sent, strictly and by other code than the gateway's.

Whatever a lenient client would forgive is an error here: what one client forgives, another reads
differently.
"""

import re
from collections.abc import Mapping

import attrs

_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5][0-9]{2}) [\x20-\x7e]*")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?")
_LENGTH = re.compile(rb"0|[1-9][0-9]*")
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}")


class Unreadable(Exception):
    """What was sent is no HTTP/1.1 answer."""


@attrs.frozen(kw_only=True)
class ReadAnswer:
    """One answer; names of headers are in lower case, ``body`` is decoded from its framing."""

    status: int
    headers: Mapping[bytes, bytes]
    body: bytes


@attrs.frozen(kw_only=True)
class Reading:
    """Everything that was sent on one connection."""

    #: Final answers that came whole.
    answers: tuple[ReadAnswer, ...]
    #: How many ``100 Continue`` came.
    interim: int
    #: The beginning of an answer that did not come whole.
    rest: bytes


def read(data: bytes, *, closed: bool, headless: bool = False) -> Reading:
    """Read all answers in ``data``; raises `Unreadable`.

    ``closed`` tells that nothing will follow, so that an answer without a length is whole.
    ``headless`` tells that the requests were HEAD.
    """
    answers = []
    interim = 0
    position = 0
    while position < len(data):
        try:
            answer, position = _answer(data, position, closed=closed, headless=headless)
        except _Unfinished:
            break
        if answer.status >= 200:
            answers.append(answer)
        elif answer.status == 100 and not answer.headers:
            interim += 1
        else:
            raise Unreadable(f"an interim answer {answer.status}")
    return Reading(answers=tuple(answers), interim=interim, rest=data[position:])


class _Unfinished(Exception):
    """The answer goes on in bytes that have not come."""


def _line(data: bytes, position: int) -> tuple[bytes, int]:
    end = data.find(b"\r\n", position)
    if end < 0:
        raise _Unfinished
    return data[position:end], end + 2


def _take(data: bytes, position: int, size: int) -> tuple[bytes, int]:
    if len(data) < position + size:
        raise _Unfinished
    return data[position : position + size], position + size


def _answer(data: bytes, position: int, *, closed: bool, headless: bool) -> tuple[ReadAnswer, int]:
    line, position = _line(data, position)
    found = _STATUS_LINE.fullmatch(line)
    if found is None:
        raise Unreadable(f"the status line {line!r}")
    status = int(found[1])
    headers, position = _headers(data, position)
    if status < 200 or status in {204, 304} or headless:
        body = b""
    elif b"transfer-encoding" in headers:
        if headers[b"transfer-encoding"] != b"chunked" or b"content-length" in headers:
            raise Unreadable("a doubtful framing")
        body, position = _chunks(data, position)
    elif b"content-length" in headers:
        if not _LENGTH.fullmatch(headers[b"content-length"]):
            raise Unreadable("a doubtful Content-Length")
        body, position = _take(data, position, int(headers[b"content-length"]))
    elif closed:
        body, position = data[position:], len(data)
    else:
        raise _Unfinished
    return ReadAnswer(status=status, headers=headers, body=body), position


def _headers(data: bytes, position: int) -> tuple[dict[bytes, bytes], int]:
    headers: dict[bytes, bytes] = {}
    while True:
        line, position = _line(data, position)
        if not line:
            return headers, position
        found = _FIELD.fullmatch(line)
        if found is None:
            raise Unreadable(f"the header {line!r}")
        name = found[1].lower()
        if name in headers:
            raise Unreadable(f"two headers {name!r}")
        headers[name] = found[2] or b""


def _chunks(data: bytes, position: int) -> tuple[bytes, int]:
    chunks: list[bytes] = []
    while True:
        line, position = _line(data, position)
        if not _CHUNK_SIZE.fullmatch(line):
            raise Unreadable(f"the chunk size {line!r}")
        chunk, position = _take(data, position, int(line, 16))
        end, position = _take(data, position, 2)
        if end != b"\r\n":
            raise Unreadable("a chunk without its end")
        if not chunk:
            return b"".join(chunks), position
        chunks.append(chunk)
