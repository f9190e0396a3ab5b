"""Section F, rows 1 to 23: how a body is framed, so that all see the same end of it."""

from itertools import permutations

from tests.corpus.case import (
    Case,
    Elapse,
    Limit,
    Send,
    one,
)
from tests.corpus.owed import (
    Expect,
    Line,
    answer,
    hung_up,
    refused,
    rejected,
    served,
)
from tests.corpus.requests import (
    AUTH,
    BODY,
    CHAT,
    CHUNKED,
    ECHO,
    HOST,
    JSON,
    SMUGGLED,
    chunk,
    chunked,
    get,
    head,
    length,
    post_head,
)

LENGTH = length(BODY)
WHOLE = chunk(BODY) + b"0\r\n\r\n"
BAD_REQUEST = refused(400)
#: A transfer coding that is not spoken may be called unknown (RFC 9112 section 6.1) or just wrong.
UNKNOWN_CODING = refused(501, 400)
TOO_LARGE = refused(413)
ECHOED = served(answer(200, contains=(ECHO,)), calls=1)


def _call(*headers: bytes, wire: bytes = BODY) -> bytes:
    """A chat call framed by ``headers``, and a request that its body must not turn into."""
    return post_head(*headers) + wire + SMUGGLED


_LENGTHS = {
    "plus-sign": b"+%d",
    "minus": b"-%d",
    "hexadecimal": b"0x%x",
    "two-numbers": b"%d 5",
    "underscore": b"%d_0",
    "fraction": b"%d.0",
    "exponent": b"%de0",
    "quoted": b'"%d"',
    "comma": b"%d,",
}

_CODINGS = {
    "unknown": b"xchunked",
    "gzip-last": b"chunked, gzip",
    "gzip-first": b"gzip, chunked",
    "twice": b"chunked, chunked",
    "gzip": b"gzip",
    "quoted": b'"chunked"',
    "parameter": b"chunked;q=1",
    "empty": b"",
    "empty-first": b",chunked",
    "empty-last": b"chunked,",
}

_CHUNK_SIZES = {
    "hexadecimal-prefix": b"0x5",
    "plus-sign": b"+5",
    "underscore": b"5_0",
    "blank-before": b" 5",
    "blank-after": b"5 ",
    "minus": b"-1",
    "letter": b"G",
    "empty": b"",
}

#: Bytes that some parser somewhere takes for a blank, or for nothing at all.
_ODD = bytes([0x09, 0x0B, 0x0C, 0x00, *range(0x80, 0x100)])


def _mutations() -> list[Case]:
    """Put every odd byte at every place of a Transfer-Encoding header.

    A tab around the value is white space to some readers and a part of it to others.
    """
    cases = []
    for odd in _ODD:
        byte = bytes([odd])
        places = {
            "before-name": (byte + b"Transfer-Encoding: chunked", BAD_REQUEST),
            "in-name": (b"Transfer" + byte + b"-Encoding: chunked", BAD_REQUEST),
            "after-name": (b"Transfer-Encoding" + byte + b": chunked", BAD_REQUEST),
            "before-value": (b"Transfer-Encoding: " + byte + b"chunked", UNKNOWN_CODING),
            "in-value": (b"Transfer-Encoding: chun" + byte + b"ked", UNKNOWN_CODING),
            "after-value": (b"Transfer-Encoding: chunked" + byte, UNKNOWN_CODING),
        }
        for place, (line, owed) in places.items():
            data = _call(line, wire=WHOLE)
            cases.append(one(f"F12.{place}-{odd:02x}", data, owed, sockets=False))
    return cases


LENGTHS = [
    *(
        one(f"F1.{'-then-'.join(names)}", _call(*lines, wire=b"0\r\n\r\nG"), BAD_REQUEST)
        for names, lines in (
            (("length", "chunked"), (b"Content-Length: 6", CHUNKED)),
            (("chunked", "length"), (CHUNKED, b"Content-Length: 6")),
        )
    ),
    one("F2.two-different", _call(LENGTH, b"Content-Length: 5"), BAD_REQUEST),
    one("F2.two-different-reversed", _call(b"Content-Length: 5", LENGTH), BAD_REQUEST),
    one("F3.two-equal", _call(LENGTH, LENGTH), BAD_REQUEST),
    one("F3.list", _call(b"Content-Length: %d, %d" % (len(BODY), len(BODY))), BAD_REQUEST),
    *(
        one(f"F4.{name}", _call(b"Content-Length: " + form % len(BODY)), BAD_REQUEST)
        for name, form in _LENGTHS.items()
    ),
    one("F4.minus-zero", _call(b"Content-Length: -0", wire=b""), BAD_REQUEST),
    one("F4.wide-digit", _call("Content-Length: \N{FULLWIDTH DIGIT FIVE}".encode()), BAD_REQUEST),
    one(
        "F4.arabic-digit",
        _call("Content-Length: \N{ARABIC-INDIC DIGIT FIVE}".encode()),
        BAD_REQUEST,
    ),
    one("F4.superscript", _call(b"Content-Length: \xb2"), BAD_REQUEST),
    one("F4.empty", _call(b"Content-Length:", wire=b""), BAD_REQUEST),
    one(
        "F5.leading-zeros",
        post_head(b"Content-Length: 000%d" % len(BODY)) + BODY,
        BAD_REQUEST + ECHOED,
    ),
    one("F6.4000-nines", post_head(b"Content-Length: " + b"9" * 4000), TOO_LARGE),
    one("F7.5000-digits", post_head(b"Content-Length: " + b"1" * 5000), refused(413, 400)),
    one("F8.2-to-63", post_head(b"Content-Length: %d" % 2**63), TOO_LARGE),
    one("F8.2-to-64-and-5", post_head(b"Content-Length: %d" % (2**64 + 5)), TOO_LARGE),
]

CODINGS = [
    *(
        one(f"F9.{name}", _call(b"Transfer-Encoding: " + coding, wire=WHOLE), UNKNOWN_CODING)
        for name, coding in _CODINGS.items()
    ),
    *(
        one(
            f"F10.{'-'.join(codings)}{'-with-length' if lengths else ''}",
            _call(*(b"Transfer-Encoding: " + c.encode() for c in codings), *lengths, wire=WHOLE),
            BAD_REQUEST,
        )
        for codings in (*permutations(("identity", "chunked")), ("chunked", "chunked"))
        for lengths in ((), (LENGTH,))
    ),
    one("F11.identity-and-length", _call(b"Transfer-Encoding: identity", LENGTH), BAD_REQUEST),
    *_mutations(),
    one("F13.blank-before-colon", _call(b"Transfer-Encoding : chunked", wire=WHOLE), BAD_REQUEST),
    one("F13.tab-before-colon", _call(b"Content-Length\t: %d" % len(BODY)), BAD_REQUEST),
    one(
        "F14.http-1.0",
        head(b"POST %b HTTP/1.0" % CHAT, HOST, AUTH, JSON, CHUNKED) + WHOLE,
        BAD_REQUEST,
    ),
]

CHUNKS = [
    *(
        one(f"F15.{name}", chunked([size + b"\r\n12345\r\n"]) + SMUGGLED, BAD_REQUEST)
        for name, size in _CHUNK_SIZES.items()
    ),
    one("F16.17-digits", post_head(CHUNKED) + b"FFFFFFFFFFFFFFFF0\r\n", refused(413, 400)),
    Case(
        id="F16.16-digits",
        steps=(Send(post_head(CHUNKED) + b"FFFFFFFFFFFFFFFF\r\n"), Elapse(Limit.BODY, 1.5)),
        owed=refused(413, 400, 408),
    ),
    one("F17.long", chunked([chunk(BODY, b";a=" + b"x" * 65536)]), BAD_REQUEST),
    one("F17.line-feed", chunked([chunk(BODY, b";a=\nb")]), BAD_REQUEST),
    one("F17.carriage-return", chunked([chunk(BODY, b";a=\rb")]), BAD_REQUEST),
    one("F17.null", chunked([chunk(BODY, b";a=\x00b")]), BAD_REQUEST),
    one("F17.bare-semicolon", chunked([chunk(BODY, b";")]), BAD_REQUEST),
    one("F18.many", chunked([chunk(b" ", b";" + b"x" * 999)] * 2000), BAD_REQUEST),
    one("F19.no-end", chunked([b"5\r\n     4\r\n    \r\n"]), BAD_REQUEST),
    one("F19.line-feed", chunked([b"5\r\n     \n"]), BAD_REQUEST),
    one("F19.carriage-return", chunked([b"5\r\n     \r5\r\n     \r\n"]), BAD_REQUEST),
    one("F19.spill", chunked([b"5\r\n" + BODY + b"\r\n"]), BAD_REQUEST),
    *(
        Case(
            id=f"F20.{name}",
            steps=(Send(chunked([chunk(BODY)], end)), Elapse(Limit.BODY, 1.5)),
            owed=(*refused(400, 408), *hung_up(Line(status=408, verdict="refused"))),
        )
        for name, end in (
            ("last-chunk", b"0\n\n"),
            ("last-line", b"0\r\n\n"),
            ("trailer", b"0\r\nX-Trailer: 1\n\n"),
            ("trailer-end", b"0\r\nX-Trailer: 1\r\n\n"),
        )
    ),
    one(
        "F23.one-byte-chunks",
        chunked([chunk(b" ")] * 200_000 + [chunk(BODY)]),
        (Expect(answers=(answer(200, contains=(ECHO,)),), provider_calls=1, cpu=0.5),),
    ),
]

TRAILERS = [
    *(
        one(f"F21.{name}", chunked([chunk(BODY)], b"0\r\n" + head(trailer)) + get(), owed)
        for name, trailer, owed in (
            (
                name,
                trailer,
                served(answer(200, contains=(ECHO,)), answer(200), calls=1),
            )
            for name, trailer in (
                ("content-length", b"Content-Length: 3"),
                ("host", b"Host: evil.test"),
                ("transfer-encoding", b"Transfer-Encoding: chunked"),
                ("connection", b"Connection: close"),
                ("unknown", b"X-Trailer: 1"),
            )
        )
    ),
    one(
        "F21.authorization",
        head(b"POST %b HTTP/1.1" % CHAT, HOST, JSON, CHUNKED) + chunk(BODY) + b"0\r\n" + head(AUTH),
        rejected(401, codes=("missing_api_key",)),
    ),
    one(
        "F21.request-id",
        chunked([chunk(BODY)], b"0\r\n" + head(b"X-Request-ID: from-a-trailer")),
        ECHOED,
        forbidden=(b"from-a-trailer",),
    ),
    one("F22.one", chunked([chunk(BODY)], b"0\r\n" + head(b"X-T: " + b"x" * 102_400)), BAD_REQUEST),
    one("F22.many", chunked([chunk(BODY)], b"0\r\n" + head(*[b"X-T: 1"] * 12_800)), BAD_REQUEST),
]

CASES = (*LENGTHS, *CODINGS, *CHUNKS, *TRAILERS)
