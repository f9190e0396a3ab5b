"""The head of a request from what an `IAgent` is given: checked, with framing and Host of our own.

Callers who send many requests alike write their heads once and hand them to ``Agent.send`` instead.
"""

import re
from typing import Final

from twisted.web.http_headers import Headers

from inference_gateway.http1.origin import UnsendableRequest

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")

#: Fields about where the message ends or what becomes of the connection: only ours are sent.
_OURS: Final = frozenset(
    {
        b"connection",
        b"content-length",
        b"expect",
        b"keep-alive",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
#: Methods that announce even an empty body (RFC 9110, section 8.6).
_WITH_BODY: Final = frozenset({b"POST", b"PUT", b"PATCH"})


def request_head(
    method: bytes,
    target: bytes,
    netloc: bytes,
    headers: Headers | None,
    *,
    has_body: bool,
    length: int | None,
) -> bytes:
    """Return the head, up to and including the empty line.

    ``length`` None asks for the chunked coding. Fields that frame the message are left out of
    ``headers``; a Host there wins over ``netloc``. Raises `UnsendableRequest` for a method or
    value that would break the head's lines.
    """
    if not _TOKEN.fullmatch(method):
        raise UnsendableRequest("the method is not a token")
    lines = [b"%b %b HTTP/1.1" % (method, target)]
    if headers is None or not headers.hasHeader(b"host"):
        lines.append(b"Host: " + netloc)
    if headers is not None:
        for name, values in headers.getAllRawHeaders():
            if name.lower() in _OURS:
                continue
            for value in values:
                # Names, line ends: `Headers` sees to them.
                if not _VALUE.fullmatch(value):
                    raise UnsendableRequest("a header's value has control characters")
                lines.append(b"%b: %b" % (name, value))
    if has_body and length is None:
        lines.append(b"Transfer-Encoding: chunked")
    elif has_body or method in _WITH_BODY:
        lines.append(b"Content-Length: %d" % (length or 0))
    lines.append(b"\r\n")
    return b"\r\n".join(lines)
