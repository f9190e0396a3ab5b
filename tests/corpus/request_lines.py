"""Section F, rows 24 to 33: line ends, folds, request lines, versions, and what is not HTTP."""

from tests.corpus.case import Case, Elapse, Limit, Send, later, one
from tests.corpus.owed import (
    Line,
    answer,
    hung_up,
    refused,
    served,
)
from tests.corpus.requests import (
    AUTH,
    BODY,
    CALL,
    ECHO,
    HOST,
    SMUGGLED,
    get,
    head,
    length,
    post_head,
)

LENGTH = length(BODY)
BAD_REQUEST = refused(400)
ECHOED = served(answer(200, contains=(ECHO,)), calls=1)


def _call(*headers: bytes) -> bytes:
    """A chat call framed by ``headers``, and a request that its body must not turn into."""
    return post_head(*headers) + BODY + SMUGGLED


def _line(line: bytes) -> bytes:
    """A GET with this request line."""
    return head(line, HOST, AUTH)


def _broken(data: bytes, place: bytes, with_: bytes) -> bytes:
    """``data`` with a byte put in the middle of ``place``."""
    middle = data.index(place) + len(place) // 2
    return data[:middle] + with_ + data[middle:]


_PLACES = {
    "method": b"GET",
    "target": b"/v1/models",
    "version": b"HTTP/1.1",
    "name": b"Authorization",
    "value": b"gateway.test",
}

LINES = [
    one("F24.request-line", get().replace(b"HTTP/1.1\r\n", b"HTTP/1.1\n"), BAD_REQUEST),
    one("F24.header", get().replace(b"gateway.test\r\n", b"gateway.test\n"), BAD_REQUEST),
    one("F24.everywhere", get().replace(b"\r\n", b"\n"), BAD_REQUEST),
    one("F24.last", get()[:-2] + b"\n", BAD_REQUEST),
    *(
        one(f"F25.{name}", _broken(get(), place, b"\r"), BAD_REQUEST)
        for name, place in _PLACES.items()
    ),
    Case(
        id="F25.as-line-end",
        steps=(Send(get().replace(b"\r\n", b"\r")), Elapse(Limit.HEAD, 1.5)),
        owed=refused(400, 408),
    ),
    one("F26.after-host", get().replace(b"gateway.test", b"gateway.test\r\n .evil"), BAD_REQUEST),
    one("F26.after-length", _call(b"Content-Length: 5\r\n 0"), BAD_REQUEST),
    one("F26.hides-chunked", _call(LENGTH, b"X-A: b\r\n Transfer-Encoding: chunked"), BAD_REQUEST),
    one("F26.tab", get(b"/v1/models", b"X-A: b\r\n\tc"), BAD_REQUEST),
    one("F26.first", head(b"GET /v1/models HTTP/1.1", b" X-A: b", HOST, AUTH), BAD_REQUEST),
    *(
        one(f"F27.{name}", _broken(get(), place, b"\x00"), BAD_REQUEST)
        for name, place in _PLACES.items()
    ),
    one("F27.first", b"\x00" + get(), BAD_REQUEST),
    one("F27.last", get()[:-2] + b"\x00\r\n\r\n", BAD_REQUEST),
    *(
        one(f"F28.{name}", _line(line), BAD_REQUEST)
        for name, line in (
            ("two-blanks", b"GET  /v1/models HTTP/1.1"),
            ("two-blanks-later", b"GET /v1/models  HTTP/1.1"),
            ("tab", b"GET\t/v1/models HTTP/1.1"),
            ("tab-later", b"GET /v1/models\tHTTP/1.1"),
            ("blank-first", b" GET /v1/models HTTP/1.1"),
            ("blank-last", b"GET /v1/models HTTP/1.1 "),
            ("no-target", b"GET HTTP/1.1"),
            ("empty-target", b"GET  HTTP/1.1"),
            ("no-version", b"GET /v1/models"),
        )
    ),
    *(
        one(f"F29.{version.decode()}", _line(b"GET /v1/models " + version), refused(400, 505))
        for version in (
            b"HTTP/1.2",
            b"HTTP/2.0",
            b"http/1.1",
            b"HTTP/01.1",
            b"HTTP/1",
            b"HTTP/9.9",
            b"HTTP/1.1.1",
            b"HTTPS/1.1",
            b"HTTP/1,1",
        )
    ),
    one("F30.line", b"GET /\r\n", BAD_REQUEST + hung_up()),
    one("F30.line-and-empty-line", b"GET /\r\n\r\n", BAD_REQUEST + hung_up()),
    one("F31.preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00" * 9, refused(400, 505)),
    one(
        "F32.tls-hello",
        bytes.fromhex("16030100c8010000c40303") + bytes(range(190)),
        BAD_REQUEST + hung_up(Line(status=400, verdict="refused")),
    ),
    later("F32.http-on-the-tls-port", "TLS: no listener speaks it"),
    one("F33.one", b"\r\n" + CALL, ECHOED),
    one("F33.one-between", CALL + b"\r\n" + CALL, served(answer(200), answer(200), calls=2)),
    one("F33.two", b"\r\n" * 2 + get(), BAD_REQUEST),
    one("F33.10000", b"\r\n" * 10_000 + get(), BAD_REQUEST),
    one("F33.line-feed", b"\n" + get(), BAD_REQUEST),
]

CASES = tuple(LINES)
