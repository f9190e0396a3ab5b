"""The parts of an answer's head: status lines, header lines that cannot break it, and the date.

Pure functions and one cache; what an answer says, and how its body is framed, is for `request`.
"""

from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

from twisted.web.http_headers import Headers

from inference_gateway.http1.rules import TOKEN

_STATUS_LINES: Final[dict[int, bytes]] = {
    status.value: b"HTTP/1.1 %d %b\r\n" % (status, status.phrase.encode("ascii"))
    for status in HTTPStatus
}
#: Control characters become blanks (RFC 9110 section 5.5); HTAB may stay.
_CLEAN: Final = bytes(
    32 if (byte < 32 and byte != 9) or byte == 127 else byte for byte in range(256)
)

#: Statuses whose answers have no body, whatever their headers say (RFC 9112 section 6.3).
BODILESS: Final = frozenset({204, 304})


def status_line(code: int, message: bytes | None = None) -> bytes:
    """Return the first line of an answer; without ``message`` the phrase is the registered one."""
    if message is None and code in _STATUS_LINES:
        return _STATUS_LINES[code]
    return b"HTTP/1.1 %d %b\r\n" % (code, (message or b"").translate(_CLEAN))


def field_line(name: bytes, value: bytes) -> bytes:
    """Return one header line; raises `ValueError` when ``name`` is no token."""
    if not name or name.translate(None, TOKEN):
        raise ValueError(f"not a header name: {name!r}")
    return b"%b: %b\r\n" % (name, value.translate(_CLEAN))


def field_lines(headers: Headers) -> dict[bytes, bytes]:
    """Return the header lines by name in lower case, those of one name together."""
    return {
        name.lower(): b"".join([field_line(name, value) for value in values])
        for name, values in headers.getAllRawHeaders()
    }


class DateLine:
    """The ``Date`` header (RFC 9110 section 6.6.1), made once a second, for every connection."""

    __slots__ = ("_line", "_second", "_wall")

    def __init__(self, wall: Callable[[], float]) -> None:
        """Take ``wall``, which returns seconds since the epoch."""
        self._wall = wall
        self._second = -1
        self._line = b""

    def __call__(self) -> bytes:
        """Return the line for now, with its line end."""
        second = int(self._wall())
        if second != self._second:
            self._second = second
            self._line = b"Date: %b\r\n" % formatdate(second, usegmt=True).encode("ascii")
        return self._line
