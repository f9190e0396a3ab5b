"""Section H, rows 1 to 12: hosts, sizes, spellings, request ids, traces, underscores."""

from tests.corpus.case import one
from tests.corpus.owed import Afterwards, Expect, answer, refused, rejected, served
from tests.corpus.requests import (
    AUTH,
    BODY,
    CHAT,
    ECHO,
    HOST,
    JSON,
    KEY,
    MODELS,
    SMUGGLED,
    anonymous,
    chunk,
    get,
    head,
    length,
)

BAD_REQUEST = refused(400)
TOO_LARGE = refused(431)
OK = served()
ECHOED = served(answer(200, contains=(ECHO,)), calls=1)
UNAUTHENTICATED = rejected(401)


def _hosted(*hosts: bytes, target: bytes = MODELS) -> bytes:
    """A GET with these Host headers."""
    return head(b"GET %b HTTP/1.1" % target, AUTH, *(b"Host: " + host for host in hosts))


_HOSTS = {
    "two-equal": (b"gateway.test", b"gateway.test"),
    "two-different": (b"gateway.test", b"evil.test"),
    "missing": (),
    "empty": (b"",),
    "list": (b"a,b",),
    "user": (b"u@h",),
    "path": (b"h/p",),
    "query": (b"h?x",),
    "fragment": (b"h#x",),
    "two-ports": (b"a:b:c",),
    "open-bracket": (b"[::1",),
    "empty-brackets": (b"[]",),
    "no-address": (b"[evil]",),
    "high-byte": (b"h\xff",),
    "4000-bytes": (b"h" * 4000,),
    "port-too-large": (b"h:99999",),
    "port-no-number": (b"h:8o",),
    "blank": (b"a b",),
}

HOSTS = [
    *(one(f"H1.{name}", _hosted(*hosts) + SMUGGLED, BAD_REQUEST) for name, hosts in _HOSTS.items()),
    one(
        "H1.none-in-http-1.0",
        head(b"GET /v1/models HTTP/1.0", AUTH),
        served(afterwards=Afterwards.CLOSED),
    ),
    *(
        one(f"H1.good-{name}", _hosted(host), OK)
        for name, host in (
            ("port", b"gateway.test:8000"),
            ("address", b"127.0.0.1:8000"),
            ("address-6", b"[::1]:8000"),
        )
    ),
    one("H2.other-host", _hosted(b"gateway.test", target=b"http://other.test/v1/models"), OK),
    one(
        "H2.bad-host",
        _hosted(b"gateway.test", target=b"http://u@other.test/v1/models"),
        BAD_REQUEST,
    ),
]

SIZES = [
    one("H3.one-line", get(MODELS, b"X-A: " + b"x" * 20_480), TOO_LARGE),
    one("H3.in-total", get(MODELS, *[b"X-A: " + b"x" * 11_264] * 3), TOO_LARGE),
    one("H3.unfinished", get(MODELS, b"X-A: " + b"x" * 33_792)[:-4], TOO_LARGE),
    one("H4.9-kilobytes", get(b"/v1/models/" + b"x" * 9_216), refused(414)),
    one("H4.unfinished", b"GET /" + b"x" * 65_536, refused(414)),
    one("H5.101", get(MODELS, *[b"X-A: 1"] * 99), TOO_LARGE),
    one("H5.100", get(MODELS, *[b"X-A: 1"] * 98), OK),
    one("H5.10000", get(MODELS, *[b"A:"] * 10_000), TOO_LARGE),
]

SPELLINGS = [
    *(
        one(f"H6.{name}", get(MODELS, line) + SMUGGLED, BAD_REQUEST)
        for name, line in (
            ("blank", b"X A: 1"),
            ("tab", b"X\tA: 1"),
            ("parenthesis", b"X(A: 1"),
            ("null", b"X\x00A: 1"),
            ("high-byte", b"X\x80A: 1"),
            ("empty", b": 1"),
            ("no-colon", b"X-A"),
            ("control", b"X\x01A: 1"),
            ("quote", b'X"A: 1'),
        )
    ),
    *(
        one(f"H7.{name}", get(MODELS, b"X-A: a" + byte + b"b") + SMUGGLED, BAD_REQUEST)
        for name, byte in (
            ("escape", b"\x1b"),
            ("bell", b"\x07"),
            ("delete", b"\x7f"),
            ("control", b"\x01"),
        )
    ),
    one("H7.tab-is-none", get(MODELS, b"X-A: a\tb"), OK),
    one("H8.all", get(MODELS, b"X-A: " + bytes(range(0x80, 0x100))), OK),
    one("H8.user-agent", get(MODELS, b"User-Agent: \xe9 \xff\xfe"), OK, forbidden=(b"\xff\xfe",)),
]


def _identified(id: bytes) -> tuple[Expect, ...]:
    return served(answer(200, headers={b"x-request-id": id}))


_GOOD_IDS = {
    "uuid": b"5f0c7a52-7e3c-4f4e-9d6b-0b5b8a1f7f11",
    "128-characters": b"Az09._-" * 18 + b"ab",
    "one-character": b"x",
}

_BAD_IDS = {
    "escaped-line-end": b"evil-id%0d%0aX-Evil: 1",
    "8-kilobytes": b"evil-id" + b"x" * 8192,
    "129-characters": b"evil-id" + b"x" * 122,
    "blank": b"evil id",
    "quote": b'evil-id"',
    "high-byte": b"evil-id\xe9",
    "other-alphabet": "evil-id-ы".encode(),
    "slash": b"evil-id/..",
    "empty": b"",
}

IDS = [
    *(
        one(f"H9.{name}", get(MODELS, b"X-Request-ID: " + id), _identified(id))
        for name, id in _GOOD_IDS.items()
    ),
    one(
        "H9.on-an-error",
        head(b"GET /nowhere HTTP/1.1", HOST, AUTH, b"X-Request-ID: on-an-error"),
        (
            Expect(
                answers=(answer(404, headers={b"x-request-id": b"on-an-error"}),),
                afterwards=Afterwards.EITHER,
            ),
        ),
    ),
    *(
        one(f"H10.{name}", get(MODELS, b"X-Request-ID: " + id), OK, forbidden=(b"evil",))
        for name, id in _BAD_IDS.items()
    ),
    *(
        one(f"H10.{name}", get(MODELS, b"X-Request-ID: " + id), BAD_REQUEST, forbidden=(b"evil",))
        for name, id in (
            ("line-feed", b"evil-id\nX-Evil: 1"),
            ("carriage-return", b"evil-id\rX-Evil: 1"),
            ("colour", b"evil-id\x1b[31m"),
        )
    ),
    one(
        "H10.two",
        get(MODELS, b"X-Request-ID: evil-id-1", b"X-Request-ID: evil-id-2"),
        OK,
        forbidden=(b"evil",),
    ),
]

TRACES = [
    one(f"H11.{name}", get(MODELS, line), OK, forbidden=(b"evil",))
    for name, line in (
        ("malformed", b"traceparent: evil"),
        ("all-zero", b"traceparent: 00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-00"),
        ("version-ff", b"traceparent: ff-" + b"1" * 32 + b"-" + b"1" * 16 + b"-01"),
        ("too-long", b"traceparent: 00-" + b"1" * 32 + b"-" + b"1" * 16 + b"-01-evil"),
        ("long-state", b"tracestate: evil=" + b"x" * 10_240),
    )
]
TRACES += [
    one("H11.long-baggage", get(MODELS, b"baggage: a=" + b"x" * 65_536), TOO_LARGE),
]

_TWICE = (Expect(answers=(answer(400, 411), answer(400)), afterwards=Afterwards.CLOSED),)

UNDERSCORES = [
    one(
        "H12.length",
        head(b"POST %b HTTP/1.1" % CHAT, HOST, AUTH, JSON, length(BODY), b"Content_Length: 5")
        + BODY,
        ECHOED + BAD_REQUEST,
    ),
    one(
        "H12.transfer-encoding",
        head(
            b"POST %b HTTP/1.1" % CHAT,
            HOST,
            AUTH,
            JSON,
            length(BODY),
            b"Transfer_Encoding: chunked",
        )
        + BODY,
        ECHOED + BAD_REQUEST,
    ),
    one(
        "H12.only-transfer-encoding",
        head(b"POST %b HTTP/1.1" % CHAT, HOST, AUTH, JSON, b"Transfer_Encoding: chunked")
        + chunk(BODY),
        # Without a body, and what would have been the body is no request.
        refused(400, 411) + _TWICE,
    ),
    one("H12.api-key", anonymous(MODELS, b"X_API_Key: " + KEY), UNAUTHENTICATED + BAD_REQUEST),
    one("H12.authorization", anonymous(MODELS, b"Authorization_: Bearer " + KEY), UNAUTHENTICATED),
    one(
        "H12.authorization-first",
        anonymous(MODELS, b"_Authorization: Bearer " + KEY),
        UNAUTHENTICATED,
    ),
]

CASES = (*HOSTS, *SIZES, *SPELLINGS, *IDS, *TRACES, *UNDERSCORES)
