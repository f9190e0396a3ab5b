"""Section F, rows 34 to 45: where a request ends, pipelining, expectations, options, methods."""

from tests.corpus.case import (
    Await,
    Case,
    HalfClose,
    Pass,
    ReadOn,
    Repeat,
    Reset,
    Send,
    StopReading,
    one,
)
from tests.corpus.owed import (
    Afterwards,
    Expect,
    Line,
    answer,
    hung_up,
    left,
    refused,
    rejected,
    served,
)
from tests.corpus.requests import (
    AUTH,
    BODY,
    BODY_LIMIT,
    CALL,
    CHAT,
    CHUNKED,
    ECHO,
    HOST,
    JSON,
    SMUGGLED,
    anonymous,
    chat,
    chunk,
    get,
    head,
    length,
    post,
    post_head,
)

LENGTH = length(BODY)
WHOLE = chunk(BODY) + b"0\r\n\r\n"
BAD_REQUEST = refused(400)
TOO_LARGE = refused(413)
ECHOED = served(answer(200, contains=(ECHO,)), calls=1)


def _call(*headers: bytes) -> bytes:
    """A chat call framed by ``headers``, and a request that its body must not turn into."""
    return post_head(*headers) + BODY + SMUGGLED


_GONE = Line(status=499, verdict="client_gone")
_UNREAD = Line(status=400, verdict="refused")
_NONCES = [b"nonce-%d-%d" % (number, number**7) for number in range(6)]

MESSAGES = [
    Case(
        id="F34.short-body-then-fin",
        steps=(Send(post_head(b"Content-Length: 10") + BODY[:5]), HalfClose()),
        owed=(*refused(400), *hung_up(_GONE), *hung_up(_UNREAD)),
    ),
    Case(
        id="F34.short-body-then-reset",
        steps=(Send(post_head(b"Content-Length: 10") + BODY[:5]), Reset()),
        owed=(*left(_GONE), *left(_UNREAD)),
    ),
    one(
        "F35.admin-behind-a-call",
        CALL + anonymous(b"/admin/config"),
        served(
            answer(200, contains=(ECHO,)),
            answer(401, 403, 404),
            calls=1,
            afterwards=Afterwards.EITHER,
        ),
    ),
    one(
        "F35.models-behind-a-call",
        CALL + anonymous(),
        served(answer(200, contains=(ECHO,)), answer(401), calls=1, afterwards=Afterwards.EITHER),
    ),
    Case(
        id="F36.slow-and-fast",
        steps=(
            Send(
                b"".join(
                    post(chat(nonce.decode(), model=model))
                    for nonce, model in zip(
                        _NONCES, ["echo/slow-first-token:0.2", "echo"] * 3, strict=True
                    )
                )
            ),
            Pass(0.7),
        ),
        owed=served(*(answer(200, contains=(b"Echo: " + n,)) for n in _NONCES), calls=6),
    ),
    Case(
        id="F37.unread",
        steps=(StopReading(), Repeat(get(), 10_000), Reset()),
        owed=(Expect(afterwards=Afterwards.LEFT, lines=None, taken=64 * 1024),),
        sockets=False,
    ),
    Case(
        id="F37.read-late",
        steps=(StopReading(), Repeat(get(), 1_000), ReadOn()),
        owed=served(*[answer(200)] * 1_000),
    ),
]


def _wait_for(status: bytes, request: bytes, body: bytes) -> tuple[Send | Await, ...]:
    return (Send(request), Await(b"HTTP/1.1 " + status), Send(body))


_EXPECT = b"Expect: 100-continue"

EXPECTATIONS = [
    Case(
        id="F38.told",
        steps=_wait_for(b"100 ", post_head(LENGTH, _EXPECT), BODY),
        owed=served(answer(200, contains=(ECHO,)), calls=1, interim=1),
    ),
    Case(
        id="F38.told-chunked",
        steps=_wait_for(b"100 ", post_head(CHUNKED, b"Expect: 100-Continue"), WHOLE),
        owed=served(answer(200, contains=(ECHO,)), calls=1, interim=1),
    ),
    one(
        "F38.not-waiting",
        post_head(LENGTH, _EXPECT) + BODY,
        served(answer(200), calls=1, interim=1) + served(answer(200), calls=1),
    ),
    one(
        "F38.bad-key",
        head(
            b"POST %b HTTP/1.1" % CHAT, HOST, b"Authorization: Bearer wrong", JSON, LENGTH, _EXPECT
        ),
        rejected(401),
    ),
    one("F38.too-large", post_head(b"Content-Length: %d" % (BODY_LIMIT + 1), _EXPECT), TOO_LARGE),
    one(
        "F38.http-1.0",
        head(b"POST %b HTTP/1.0" % CHAT, HOST, AUTH, JSON, LENGTH, _EXPECT) + BODY,
        served(answer(200), calls=1, afterwards=Afterwards.CLOSED),
    ),
    one("F39.banana", _call(LENGTH, b"Expect: banana"), refused(417)),
    one("F39.banana-too", _call(LENGTH, b"Expect: 100-continue, banana"), refused(417)),
]

_CLOSED = served(answer(200, headers={b"connection": b"close"}), afterwards=Afterwards.CLOSED)

CONNECTIONS = [
    *(
        one(f"F40.{name}", get(b"/v1/models", *lines) + SMUGGLED, _CLOSED)
        for name, lines in (
            ("list", (b"Connection: keep-alive, close",)),
            ("list-without-blank", (b"Connection: keep-alive,close",)),
            ("two-lines", (b"Connection: keep-alive", b"Connection: close")),
            ("capitals", (b"Connection: CLOSE",)),
        )
    ),
    *(
        one(f"F41.{name.lower()}", _call(LENGTH, b"Connection: " + name.encode()), BAD_REQUEST)
        for name in ("Content-Length", "Host", "Transfer-Encoding")
    ),
    one("F41.authorization", post_head(LENGTH, b"Connection: Authorization") + BODY, ECHOED),
    one("F41.x-api-key", post_head(LENGTH, b"Connection: X-API-Key") + BODY, ECHOED),
    one("F41.no-key", anonymous(b"/v1/models", b"Connection: Authorization"), rejected(401)),
    *(
        Case(
            id=f"F42.{name}",
            steps=(Send(request), Repeat(b"x" * 65_536, 160)),
            owed=owed,
        )
        for name, request, owed in (
            ("too-large", post_head(b"Content-Length: %d" % (160 * 65_536)), TOO_LARGE),
            (
                "bad-key",
                head(b"POST %b HTTP/1.1" % CHAT, HOST, JSON, b"Content-Length: 1000000"),
                refused(401),
            ),
        )
    ),
]

_IGNORED = served() + BAD_REQUEST

METHODS = [
    one("F43.get", get(b"/v1/models", b"Content-Length: 5") + b"12345", _IGNORED),
    one("F43.get-chunked", get(b"/v1/models", CHUNKED) + b"5\r\n12345\r\n0\r\n\r\n", _IGNORED),
    Case(
        id="F43.head",
        steps=(
            Send(head(b"HEAD /v1/models HTTP/1.1", HOST, AUTH, b"Content-Length: 5") + b"12345"),
        ),
        owed=served() + rejected(405) + BAD_REQUEST,
        headless=True,
    ),
    one(
        "F43.delete",
        head(b"DELETE /v1/models HTTP/1.1", HOST, AUTH, b"Content-Length: 5") + b"12345",
        rejected(405),
    ),
    *(
        one(f"F44.{name}", request, owed)
        for name, request, owed in (
            (
                "h2c-post",
                post_head(
                    LENGTH,
                    b"Connection: Upgrade, HTTP2-Settings",
                    b"Upgrade: h2c",
                    b"HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA",
                )
                + BODY
                + get(),
                served(answer(200, contains=(ECHO,)), answer(200), calls=1),
            ),
            (
                "h2c-post-chunked",
                post_head(CHUNKED, b"Connection: Upgrade", b"Upgrade: h2c") + WHOLE + get(),
                served(answer(200, contains=(ECHO,)), answer(200), calls=1),
            ),
            (
                "h2c-get",
                get(b"/v1/models", b"Connection: Upgrade", b"Upgrade: h2c") + get(),
                served(answer(200), answer(200)),
            ),
            (
                "websocket",
                get(
                    b"/v1/models",
                    b"Connection: Upgrade",
                    b"Upgrade: websocket",
                    b"Sec-WebSocket-Version: 13",
                    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                ),
                served(answer(200, absent=(b"upgrade", b"sec-websocket-accept"))),
            ),
        )
    ),
    *(
        one(f"F45.{name}", head(method + b" /v1/models HTTP/1.1", HOST, AUTH), rejected(405, 501))
        for name, method in (
            ("lower-case", b"get"),
            ("preface", b"PRI"),
            ("unknown", b"FOO"),
            ("trace", b"TRACE"),
            ("8-kilobytes", b"X" * 8192),
        )
    ),
    one(
        "F45.connect",
        head(b"CONNECT evil.test:443 HTTP/1.1", b"Host: evil.test:443", AUTH) + SMUGGLED,
        refused(405, 501),
    ),
    one(
        "F45.trace-echoes-nothing",
        head(b"TRACE /v1/models HTTP/1.1", HOST, AUTH, b"X-Canary: canary-in-a-trace"),
        rejected(405, 501),
        forbidden=(b"canary-in-a-trace",),
    ),
]

CASES = (*MESSAGES, *EXPECTATIONS, *CONNECTIONS, *METHODS)
