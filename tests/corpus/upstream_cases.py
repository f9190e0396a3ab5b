"""Section P: upstreams that misbehave, and what the HTTP client owes to whoever called it.

Each case is what one upstream does once the request has come, step by step, and the result. What
the gateway makes of it, and rows that are decided above the client, are in the cases of the relay.
"""

from enum import Enum

import attrs


class Step(Enum):
    """What an upstream does besides sending bytes."""

    FIN = "close in order"
    RST = "break the connection"


class End(Enum):
    """How an exchange ends for the caller, with names that the drivers translate."""

    COMPLETE = "the whole body came"
    UNSURE = "the body ended with the connection"
    BROKEN = "the connection broke"
    BAD = "the answer is not acceptable"
    PENDING = "nothing yet: the caller's time limit decides"


@attrs.frozen(kw_only=True)
class UpstreamCase:
    """One thing an upstream does; ``status`` is None where no answer reaches the caller."""

    id: str
    steps: tuple[bytes | Step, ...] = ()
    status: int | None = None
    body: bytes = b""
    end: End = End.COMPLETE
    #: May the connection serve another exchange?
    reusable: bool = False
    method: str = "GET"
    #: The fields that the caller sees, by name; None for a field that must not be there.
    fields: dict[bytes, bytes | None] = attrs.field(factory=dict)


STATUS = b"HTTP/1.1 200 OK\r\n"
CHUNKED = STATUS + b"Transfer-Encoding: chunked\r\n\r\n"
HI = b"Content-Length: 2\r\n\r\nhi"
EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"


def good(id: str, *steps: bytes | Step, body: bytes = b"hi", **more: object) -> UpstreamCase:
    """Return a case whose answer is fine and leaves the connection usable."""
    settings = {"status": 200, "reusable": True, **more}
    return UpstreamCase(id=id, steps=steps, body=body, **settings)  # type: ignore[arg-type]


def bad(id: str, *steps: bytes | Step) -> UpstreamCase:
    """Return a case whose head is not acceptable."""
    return UpstreamCase(id=id, steps=steps, end=End.BAD)


def bad_head(id: str, *lines: bytes, status: bytes = STATUS) -> UpstreamCase:
    """Return a case with one bad head in front of a harmless body."""
    return bad(id, status + b"".join(line + b"\r\n" for line in lines) + b"\r\nhi")


def cut(id: str, *steps: bytes | Step, body: bytes = b"", end: End = End.BROKEN) -> UpstreamCase:
    """Return a case whose body ends early."""
    return UpstreamCase(id=id, steps=steps, status=200, body=body, end=end)


CASES: tuple[UpstreamCase, ...] = (
    UpstreamCase(id="P2 FIN before any byte", steps=(Step.FIN,), end=End.BROKEN),
    UpstreamCase(id="P2 RST before any byte", steps=(Step.RST,), end=End.BROKEN),
    UpstreamCase(id="P3 FIN inside the head", steps=(STATUS, Step.FIN), end=End.BROKEN),
    UpstreamCase(id="P3 RST inside the head", steps=(b"HTTP", Step.RST), end=End.BROKEN),
    UpstreamCase(id="P4 never answers", end=End.PENDING),
    cut("P5 head, then silence", STATUS + b"Content-Length: 5\r\n\r\n", end=End.PENDING),
    good("P6 byte by byte", *(bytes([byte]) for byte in STATUS + HI)),
    cut(
        "P7 FIN with the length short",
        STATUS + b"Content-Length: 5\r\n\r\nhi",
        Step.FIN,
        body=b"hi",
    ),
    cut("P7 RST with the length short", STATUS + b"Content-Length: 5\r\n\r\n", Step.RST),
    cut("P7 FIN inside a chunk", CHUNKED + b"5\r\nhel", Step.FIN, body=b"hel"),
    cut("P7 FIN before the last chunk", CHUNKED + b"2\r\nhi\r\n", Step.FIN, body=b"hi"),
    cut("P7 RST between chunks", CHUNKED + b"2\r\nhi\r\n", Step.RST, body=b"hi"),
    cut("P8 closed body", STATUS + b"\r\nhi", Step.FIN, body=b"hi", end=End.UNSURE),
    cut(
        "P8 closed body of 1.0", b"HTTP/1.0 200 OK\r\n\r\nhi", Step.FIN, body=b"hi", end=End.UNSURE
    ),
    cut("P8 closed body, empty", STATUS + b"\r\n", Step.FIN, end=End.UNSURE),
    cut("P8 reset body", STATUS + b"\r\n", Step.RST),
    good("P9 beyond the length", STATUS + HI + b"more", reusable=False),
    good("P9 another answer", STATUS + HI + STATUS + HI, reusable=False),
    good("P9 beyond the last chunk", CHUNKED + b"2\r\nhi\r\n0\r\n\r\nmore", reusable=False),
    good(
        "P9 another answer behind chunks",
        CHUNKED + b"0\r\n\r\n" + STATUS + HI,
        body=b"",
        reusable=False,
    ),
    good(
        "P9 one byte after an empty body",
        STATUS + b"Content-Length: 0\r\n\r\n.",
        body=b"",
        reusable=False,
    ),
    bad_head("P10 length and chunked", b"Content-Length: 2", b"Transfer-Encoding: chunked"),
    bad_head("P10 chunked and length", b"Transfer-Encoding: chunked", b"Content-Length: 2"),
    bad_head("P10 two lengths, equal", b"Content-Length: 2", b"Content-Length: 2"),
    bad_head("P10 two lengths, different", b"Content-Length: 2", b"Content-Length: 3"),
    bad_head("P10 two lengths, listed", b"Content-Length: 2, 2"),
    bad_head("P10 negative length", b"Content-Length: -2"),
    bad_head("P10 length with a sign", b"Content-Length: +2"),
    bad_head("P10 hexadecimal length", b"Content-Length: 0x2"),
    bad_head("P10 empty length", b"Content-Length: "),
    bad_head("P10 length of 19 digits", b"Content-Length: 1000000000000000000"),
    bad_head("P10 gzip, chunked", b"Transfer-Encoding: gzip, chunked"),
    bad_head("P10 chunked, gzip", b"Transfer-Encoding: chunked, gzip"),
    bad_head("P10 chunked twice", b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
    bad_head("P10 identity", b"Transfer-Encoding: identity"),
    bad_head("P10 xchunked", b"Transfer-Encoding: xchunked"),
    bad_head("P10 chunked of 1.0", b"Transfer-Encoding: chunked", status=b"HTTP/1.0 200 OK\r\n"),
    good("P10 CHUNKED", STATUS + b"TRANSFER-ENCODING: CHUNKED \r\n\r\n2\r\nhi\r\n0\r\n\r\n"),
    cut("P11 chunk size 0x5", CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n", end=End.BAD),
    cut("P11 chunk lines without CR", CHUNKED + b"5\nhello\n0\n\n", end=End.BAD),
    cut("P11 chunk longer than its size", CHUNKED + b"2\r\nhixx\r\n", body=b"hi", end=End.BAD),
    cut("P11 chunk size of 17 digits", CHUNKED + b"F" * 17 + b"\r\nhello", end=End.BAD),
    cut("P11 endless extension", CHUNKED + b"1;" + b"x" * 100_000, end=End.BAD),
    cut("P11 endless trailers", CHUNKED + b"0\r\n" + b"A: b\r\n" * 20_000, end=End.BAD),
    good("P11 a byte a chunk", CHUNKED + b"1\r\nh\r\n" * 5_000 + b"0\r\n\r\n", body=b"h" * 5_000),
    bad("P12 garbage", b"garbage\r\n"),
    bad("P12 HTTP/0.9", b"<html></html>"),
    bad("P12 TLS", b"\x15\x03\x01\x00\x02\x02\x46"),
    bad("P12 SMTP", b"220 mail.example ESMTP\r\n"),
    bad_head("P12 HTTP/2.0", b"Content-Length: 2", status=b"HTTP/2.0 200 OK\r\n"),
    bad_head("P12 RTSP", b"Content-Length: 2", status=b"RTSP/1.0 200 OK\r\n"),
    bad_head("P12 lower case", b"Content-Length: 2", status=b"http/1.1 200 OK\r\n"),
    bad_head("P12 empty line first", b"Content-Length: 2", status=b"\r\n" + STATUS),
    bad_head("P13 status 99", b"Content-Length: 2", status=b"HTTP/1.1 99 Odd\r\n"),
    bad_head("P13 status 600", b"Content-Length: 2", status=b"HTTP/1.1 600 Odd\r\n"),
    bad_head("P13 status 000", b"Content-Length: 2", status=b"HTTP/1.1 000 Odd\r\n"),
    bad_head(
        "P13 status of ten digits", b"Content-Length: 2", status=b"HTTP/1.1 2000000000 Odd\r\n"
    ),
    bad_head("P13 no status", b"Content-Length: 2", status=b"HTTP/1.1 \r\n"),
    bad_head("P13 two blanks", b"Content-Length: 2", status=b"HTTP/1.1  200 OK\r\n"),
    good("P13 reason missing", b"HTTP/1.1 200\r\n" + HI),
    good("P13 reason empty", b"HTTP/1.1 200 \r\n" + HI),
    bad("P14 header of 1 MB", STATUS + b"X: " + b"x" * 1_000_000),
    bad("P14 header of 1 MB, whole", STATUS + b"X: " + b"x" * 1_000_000 + b"\r\n" + HI),
    bad("P14 10,000 headers", STATUS + b"X: y\r\n" * 10_000 + HI),
    bad("P14 201 headers", STATUS + b"X: y\r\n" * 200 + HI),
    good("P14 200 headers", STATUS + b"X: y\r\n" * 199 + HI),
    bad("P14 status line of 100 KB", b"HTTP/1.1 200 " + b"x" * 100_000),
    bad("P14 status line without end", b"HTTP/1.1 200 " + b"x" * 2_000),
    bad_head("P15 NUL in a value", b"Content-Length: 2", b"X-A: a\0b"),
    bad_head("P15 CR in a value", b"Content-Length: 2", b"X-A: a\rb"),
    bad_head("P15 LF in a value", b"Content-Length: 2", b"X-A: a\nb"),
    bad_head("P15 60,000 times ESC, then NUL", b"X-A: " + b"\x1b" * 60_000 + b"\0"),
    bad_head("P15 ESC in the length", b"Content-Length: 2\x1b"),
    bad_head("P15 folded line", b"Content-Length: 2", b"X-A: a", b" b"),
    bad_head("P15 blank before the colon", b"Content-Length: 2", b"X-A : a"),
    bad_head("P15 no colon", b"Content-Length: 2", b"X-A"),
    bad_head("P15 empty name", b"Content-Length: 2", b": a"),
    bad("P15 lines without CR", b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi"),
    good(
        "P15 ESC in a value",
        STATUS + b"X-A: a\x1b[31m\r\nX-B: b\r\n" + HI,
        fields={b"x-a": None, b"x-b": b"b"},
    ),
    good("P15 DEL in a value", STATUS + b"X-A: a\x7f\r\n" + HI, fields={b"x-a": None}),
    good("P15 obs-text in a value", STATUS + b"X-A: \xe9\r\n" + HI, fields={b"x-a": b"\xe9"}),
    good("P15 Connection: x", STATUS + b"Connection: x\r\n" + HI),
    good("P16 100 first", b"HTTP/1.1 100 Continue\r\n\r\n" + STATUS + HI),
    good("P16 102 and 103 first", b"HTTP/1.1 102 P\r\n\r\n", EARLY_HINTS, STATUS + HI),
    good("P16 ten 103 first", EARLY_HINTS * 10, STATUS + HI),
    bad("P16 eleven 103", EARLY_HINTS * 11 + STATUS + HI),
    bad("P16 1,000 times 103", EARLY_HINTS * 1_000 + STATUS + HI),
    UpstreamCase(id="P16 103, then nothing", steps=(EARLY_HINTS,), end=End.PENDING),
    bad("P16 101", b"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
    good(
        "P17 204 with a body",
        b"HTTP/1.1 204 No Content\r\n" + HI,
        status=204,
        body=b"",
        reusable=False,
    ),
    good(
        "P17 304 with a body",
        b"HTTP/1.1 304 Not Modified\r\n" + HI,
        status=304,
        body=b"",
        reusable=False,
    ),
    good("P17 204", b"HTTP/1.1 204 No Content\r\n\r\n", status=204, body=b""),
    good(
        "P17 204 and close",
        b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
        status=204,
        body=b"",
        reusable=False,
    ),
    good(
        "P17 304 with a length",
        b"HTTP/1.1 304 N\r\nContent-Length: 2\r\n\r\n",
        status=304,
        body=b"",
    ),
    good("P17 HEAD", STATUS + b"Content-Length: 2\r\n\r\n", method="HEAD", body=b""),
    good("P17 HEAD with a body", STATUS + HI, method="HEAD", body=b"", reusable=False),
    bad_head("P20 gzip not asked for", b"Content-Encoding: gzip", b"Content-Length: 2"),
    bad_head("P20 br not asked for", b"Content-Encoding: br", b"Content-Length: 2"),
    bad_head(
        "P20 zstd in a second field", b"Content-Encoding: identity", b"Content-Encoding: zstd"
    ),
    good("P20 identity", STATUS + b"Content-Encoding: identity\r\n" + HI),
    good(
        "P21 redirect", b"HTTP/1.1 302 F\r\nLocation: http://169.254.169.254/\r\n" + HI, status=302
    ),
    good(
        "P21 redirect that keeps the method", b"HTTP/1.1 307 T\r\nLocation: /\r\n" + HI, status=307
    ),
    good("P27 Connection: close", STATUS + b"Connection: close\r\n" + HI, reusable=False),
    good("P27 close in a list", STATUS + b"Connection: x, Close\r\n" + HI, reusable=False),
    good(
        "P27 close in a second field",
        STATUS + b"Connection: keep-alive\r\nConnection: close\r\n" + HI,
        reusable=False,
    ),
    good(
        "P27 close with chunks",
        STATUS + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        body=b"",
        reusable=False,
    ),
    good(
        "P27 close with nothing",
        STATUS + b"Connection: close\r\nContent-Length: 0\r\n\r\n",
        body=b"",
        reusable=False,
    ),
    good("P27 1.0", b"HTTP/1.0 200 OK\r\n" + HI, reusable=False),
    good("P27 1.0 keep-alive", b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + HI),
    good("P28 trailers", CHUNKED + b"2\r\nhi\r\n0\r\nX-T: t\r\n\r\n", fields={b"x-t": None}),
    # What it frames has gone by already, so somebody is trying something.
    cut(
        "P28 a length as trailer",
        CHUNKED + b"2\r\nhi\r\n0\r\nContent-Length: 9\r\n\r\n",
        body=b"hi",
        end=End.BAD,
    ),
)
