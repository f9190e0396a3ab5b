"""What a request head may look like: the strict reading of RFC 9110 and RFC 9112, without I/O.

llhttp reads every head too, as a second opinion: what either of the two refuses is refused. Lengths
and counts are bounded before, in `head`; whether a body is too large or a method is served is for
the caller.
"""

import re
import sys
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import attrs
from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from twisted.internet.abstract import isIPv6Address

from inference_gateway.errors import InvalidRequest
from inference_gateway.http1.refusals import (
    ExpectationFailed,
    NotImplementedByServer,
    VersionNotSupported,
)

#: The values of each header in order, by its lower-case name; names in order of appearance.
Headers = dict[bytes, list[bytes]]

TOKEN: Final = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#: Everything a head may hold: no control characters but HTAB, CR and LF (RFC 9110 section 5.5).
_HEAD_BYTES: Final = bytes({*range(256)} - {*range(32), 127} | {9, 10, 13})
_VERSION = re.compile(rb"HTTP/[0-9]\.[0-9]\Z")
#: Narrower than RFC 3986: no sub-delims, no percent-encoding, no user; nobody's name has them.
_HOST = re.compile(rb"(?:\[([0-9A-Fa-f:.]+)\]|[A-Za-z0-9._~-]{1,255})(?::([0-9]{1,5}))?\Z")
_ABSOLUTE = re.compile(rb"https?://([^/?#]*)(.*)\Z", re.IGNORECASE | re.DOTALL)
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
#: More query parameters than this are an attack on whoever parses them.
_MAX_PARAMETERS = 100
#: More digits than this are larger than any limit, and slow to convert: the length is then huge.
_MAX_LENGTH_DIGITS = 18
_HUGE: Final = sys.maxsize
#: Methods that llhttp knows in HTTP; others are refused by whoever routes, as CONNECT is.
_SHARED_METHODS = frozenset(
    {b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"TRACE"}
)
_FRAMING = frozenset({b"host", b"content-length", b"transfer-encoding", b"connection", b"expect"})
#: Names that must not be imitated with underscores, which some servers behind us read as dashes.
_SENSITIVE = _FRAMING | {
    b"authorization",
    b"content-encoding",
    b"content-type",
    b"cookie",
    b"forwarded",
    b"idempotency-key",
    b"proxy-authorization",
    b"te",
    b"trailer",
    b"traceparent",
    b"upgrade",
    b"x-api-key",
    b"x-forwarded-for",
    b"x-forwarded-host",
    b"x-forwarded-proto",
    b"x-real-ip",
    b"x-request-id",
}
#: Spellings that need no look: validated and lowered once, at import.
_NAMES: Final[dict[bytes, bytes]] = {
    spelling: name
    for name in (
        *_SENSITIVE,
        b"accept",
        b"accept-encoding",
        b"accept-language",
        b"user-agent",
        b"x-stainless-arch",
        b"x-stainless-async",
        b"x-stainless-lang",
        b"x-stainless-os",
        b"x-stainless-package-version",
        b"x-stainless-read-timeout",
        b"x-stainless-retry-count",
        b"x-stainless-runtime",
        b"x-stainless-runtime-version",
    )
    for spelling in (name, name.title())
}


@attrs.frozen(kw_only=True)
class RequestHead:
    """A head that may be trusted: one reading, the same for everybody who reads it.

    ``headers`` is shared by whoever gets this head, and not to be changed. ``path`` and ``query``
    are undecoded; ``content_length`` is 0 without a body and when the body is ``chunked``. What may
    hold a credential is not shown when a head is printed.
    """

    method: bytes
    target: bytes = attrs.field(repr=False)
    path: bytes
    query: bytes = attrs.field(repr=False)
    version: tuple[int, int]
    headers: Headers = attrs.field(repr=False)
    content_length: int
    chunked: bool
    keep_alive: bool
    expects_continue: bool
    #: The reader's own, for as long as the client repeats this head: what follows from it alone.
    notes: dict[str, Any] = attrs.field(factory=dict, eq=False, repr=False)


def judge(raw: bytes) -> RequestHead:
    """Read a head, given without its empty line.

    Raises `InvalidRequest`, `ExpectationFailed`, `NotImplementedByServer` or `VersionNotSupported`.
    """
    lines = raw.split(b"\r\n")
    breaks = len(lines) - 1
    if raw.count(b"\n") != breaks or raw.count(b"\r") != breaks:
        raise InvalidRequest("a bare CR or LF in the head")
    if raw.translate(None, _HEAD_BYTES):
        raise InvalidRequest("a control character in the head")
    method, target, version = judge_request_line(lines[0])
    headers = _read_headers(lines)
    host = _the_host(headers, version)
    path = target
    if target[0] != 47:
        path, host = _judge_other_form(method, target, host)
        if host is not None:
            headers[b"host"] = [host]
    path, _, query = path.partition(b"?")
    if b"%" in path:
        _judge_escapes(path)
    if query.count(b"&") >= _MAX_PARAMETERS:
        raise InvalidRequest(f"more than {_MAX_PARAMETERS} query parameters")
    content_length, chunked = _judge_length(headers, version)
    keep_alive = _judge_connection(headers, version)
    if method in _SHARED_METHODS and content_length < _HUGE:
        ask_llhttp(raw)
    return RequestHead(
        method=method,
        target=target,
        path=path,
        query=query,
        version=version,
        headers=headers,
        content_length=content_length,
        chunked=chunked,
        keep_alive=keep_alive,
        expects_continue=b"expect" in headers and _judge_expect(headers[b"expect"], version),
    )


def judge_request_line(line: bytes) -> tuple[bytes, bytes, tuple[int, int]]:
    """Split a request line into method, target and version (RFC 9112 section 3)."""
    parts = line.split(b" ")
    if len(parts) != 3 or not parts[0] or not parts[1] or parts[0].translate(None, TOKEN):
        raise InvalidRequest(
            "a request line is a method, a target and a version, each one blank apart"
        )
    method, target, protocol = parts
    if protocol == b"HTTP/1.1":
        version = (1, 1)
    elif protocol == b"HTTP/1.0":
        version = (1, 0)
    elif _VERSION.match(protocol):
        raise VersionNotSupported("only HTTP/1.0 and HTTP/1.1 are spoken here")
    else:
        raise InvalidRequest("the request line does not end with an HTTP version")
    if not target.isascii() or b"#" in target or b"\t" in target:
        raise InvalidRequest("a character in the request target that has to be percent-encoded")
    return method, target, version


def _read_headers(lines: list[bytes]) -> Headers:
    """Read the header lines, leaving out names that imitate another."""
    headers: Headers = {}
    names = _NAMES
    for line in lines[1:]:
        spelling, colon, value = line.partition(b":")
        name = names.get(spelling)
        if name is None:
            # A folded line, or a blank before the colon, fails here too: a blank is no token.
            if not colon or not spelling or spelling.translate(None, TOKEN):
                raise InvalidRequest("a header line is not a name, a colon and a value")
            name = spelling.lower()
            if b"_" in name and name.replace(b"_", b"-").strip(b"-") in _SENSITIVE:
                continue
        elif not colon:
            raise InvalidRequest("a header line without a colon")
        if name in _FRAMING and b"\t" in line:
            raise InvalidRequest("a tab in a header that frames the message")
        value = value.strip(b" \t")
        values = headers.get(name)
        if values is None:
            headers[name] = [value]
        else:
            values.append(value)
    return headers


def _the_host(headers: Headers, version: tuple[int, int]) -> bytes | None:
    """Return the one Host (RFC 9112 section 3.2); only HTTP/1.0 may leave it out."""
    hosts = headers.get(b"host")
    if hosts is None:
        if version == (1, 1):
            raise InvalidRequest("no Host header")
        return None
    if len(hosts) > 1:
        raise InvalidRequest("more than one Host header")
    _judge_host(hosts[0])
    return hosts[0]


@lru_cache(maxsize=256)
def _judge_host(host: bytes) -> None:
    """Refuse what is no host; clients say the same few again and again."""
    found = _HOST.match(host)
    if (
        found is None
        or (found[2] is not None and int(found[2]) > 65535)
        or (found[1] is not None and not isIPv6Address(found[1].decode("ascii")))
    ):
        raise InvalidRequest("the host is not a name or an address with an optional port")


def _judge_other_form(
    method: bytes, target: bytes, host: bytes | None
) -> tuple[bytes, bytes | None]:
    """Return path and host of a target that is no plain path (RFC 9112 section 3.2)."""
    if method == b"CONNECT":
        raise NotImplementedByServer("CONNECT is not served here: this is no forward proxy")
    if target == b"*" and method == b"OPTIONS":
        return target, host
    absolute = _ABSOLUTE.match(target)
    if absolute is None:
        raise InvalidRequest("the request target is neither a path nor a URL")
    _judge_host(absolute[1])
    rest = absolute[2]
    return rest if rest[:1] == b"/" else b"/" + rest, absolute[1]


def _judge_escapes(path: bytes) -> None:
    if _BAD_ESCAPE.search(path):
        raise InvalidRequest("a broken percent-encoding in the path")
    decoded = unquote_to_bytes(path)
    try:
        decoded.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRequest("the path is not UTF-8") from None
    if _CONTROL.search(decoded):
        raise InvalidRequest("a control character in the path")


def _judge_length(headers: Headers, version: tuple[int, int]) -> tuple[int, bool]:
    """Return the declared length and whether the body is chunked (RFC 9112 section 6)."""
    lengths = headers.get(b"content-length")
    codings = headers.get(b"transfer-encoding")
    if codings is not None:
        if lengths is not None:
            raise InvalidRequest("Content-Length and Transfer-Encoding together")
        if version == (1, 0):
            raise InvalidRequest("Transfer-Encoding in HTTP/1.0")
        if len(codings) > 1:
            raise InvalidRequest("more than one Transfer-Encoding header")
        if codings[0].lower() != b"chunked":
            raise NotImplementedByServer("no transfer coding but chunked is spoken here")
        return 0, True
    if lengths is None:
        return 0, False
    length = lengths[0]
    if len(lengths) > 1 or not length.isdigit() or (length[0] == 48 and len(length) > 1):
        raise InvalidRequest("Content-Length is not one plain number")
    return int(length) if len(length) <= _MAX_LENGTH_DIGITS else _HUGE, False


def _judge_connection(headers: Headers, version: tuple[int, int]) -> bool:
    """Return whether the connection may serve another request (RFC 9112 section 9.3)."""
    lines = headers.get(b"connection")
    if lines is None:
        return version == (1, 1)
    options = {option.strip(b" \t") for option in b",".join(lines).lower().split(b",")}
    if not options.isdisjoint((b"host", b"content-length", b"transfer-encoding")):
        raise InvalidRequest("Connection names a header that frames the message")
    return b"close" not in options and (version == (1, 1) or b"keep-alive" in options)


def _judge_expect(expectations: list[bytes], version: tuple[int, int]) -> bool:
    """Return whether an interim answer is wanted; HTTP/1.0 cannot (RFC 9110 section 10.1.1)."""
    if any(expectation.lower() != b"100-continue" for expectation in expectations):
        raise ExpectationFailed("the only expectation met here is 100-continue")
    return version == (1, 1)


class _Silent:
    """Listens to a parser whose verdict alone is wanted."""


_SILENT: Final = _Silent()


def ask_llhttp(raw: bytes) -> None:
    """Raise `InvalidRequest` if llhttp refuses a head, given without its empty line."""
    try:
        HttpRequestParser(_SILENT).feed_data(raw + b"\r\n\r\n")
    except HttpParserUpgrade:
        # An offered Upgrade is ignored (RFC 9110 section 7.8). It must not reach the parser of the
        # body, where it would end the message and turn the body into the next request.
        pass
    except HttpParserError as error:
        raise InvalidRequest(f"malformed request: {error}") from None
