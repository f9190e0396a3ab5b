"""Section H, rows 19 to 25: what is sent, what is wanted back, and on which conditions."""

from tests.corpus.case import later, one
from tests.corpus.owed import answer, refused, served
from tests.corpus.requests import (
    AUTH,
    BODY,
    CHAT,
    ECHO,
    HOST,
    JSON,
    MODELS,
    chat,
    get,
    head,
    length,
    post,
)

ECHOED = served(answer(200, contains=(ECHO,)), calls=1)


def _typed(*lines: bytes, body: bytes = BODY) -> bytes:
    """A chat call with these lines about its content."""
    return head(b"POST %b HTTP/1.1" % CHAT, HOST, AUTH, *lines, length(body)) + body


_UNSUPPORTED = refused(415)

CONTENT = [
    *(
        one(
            f"H19.{name}",
            post(BODY, b"Accept-Encoding: " + value),
            served(answer(200, contains=(ECHO,), absent=(b"content-encoding",)), calls=1),
        )
        for name, value in (
            ("nothing-acceptable", b"gzip;q=0, *;q=0"),
            ("brotli", b"br"),
            ("garbage", b";;=,,q=\xff"),
            ("8-kilobytes", b"gzip;q=0.001, " * 585),
        )
    ),
    one(
        "H19.events",
        post(chat(stream=True), b"Accept-Encoding: gzip"),
        served(
            answer(
                200,
                contains=(b"data: [DONE]",),
                absent=(b"content-encoding",),
                headers={b"content-type": b"text/event-stream*"},
            ),
            calls=1,
        ),
    ),
    *(
        one(f"H20.{name}", _typed(*lines), _UNSUPPORTED)
        for name, lines in (
            ("none", ()),
            ("empty", (b"Content-Type:",)),
            ("text", (b"Content-Type: text/plain",)),
            ("utf-16", (b"Content-Type: application/json; charset=utf-16",)),
            ("longer-name", (b"Content-Type: application/jsonp",)),
            ("multipart", (b"Content-Type: multipart/form-data; boundary=x",)),
            ("form", (b"Content-Type: application/x-www-form-urlencoded",)),
            ("two", (JSON, b"Content-Type: text/plain")),
            ("list", (b"Content-Type: application/json, text/plain",)),
        )
    ),
    *(
        one(f"H20.good-{name}", _typed(b"Content-Type: " + value), ECHOED)
        for name, value in (
            ("utf-8", b"application/json; charset=utf-8"),
            ("capitals", b"Application/JSON;Charset=UTF-8"),
            ("quoted", b'application/json; charset="utf-8"'),
        )
    ),
    *(
        one(
            f"H21.{value.decode().replace(', ', '-')}",
            _typed(JSON, b"Content-Encoding: " + value),
            _UNSUPPORTED,
        )
        for value in (b"gzip", b"gzip, gzip", b"br", b"deflate", b"zstd", b"x-unknown")
    ),
    one(
        "H22.all",
        post(
            BODY,
            b"Range: bytes=0-1",
            b'If-None-Match: "x", *',
            b"If-Modified-Since: Sat, 29 Oct 2033 19:43:31 GMT",
        ),
        ECHOED,
    ),
    *(
        one(
            f"H23.{name}",
            get(MODELS, b"Origin: " + origin),
            served(answer(200, absent=(b"access-control-allow-credentials",))),
            forbidden=(b"evil",),
        )
        for name, origin in (
            ("null", b"null"),
            ("evil", b"https://evil.test"),
            ("8-kilobytes", b"https://evil" + b"x" * 8192),
        )
    ),
    later("H23.preflight", "CORS: policies and preflights"),
    one(
        "H24.events-accepted-only",
        post(BODY, b"Accept: text/event-stream"),
        served(
            answer(200, contains=(ECHO,), headers={b"content-type": b"application/json*"}), calls=1
        ),
    ),
    one(
        "H24.json-accepted-only",
        post(chat(stream=True), b"Accept: application/json"),
        served(
            answer(
                200,
                contains=(b"data: [DONE]",),
                headers={b"content-type": b"text/event-stream*"},
            ),
            calls=1,
        ),
    ),
    one("H25.last-event-id", post(BODY, b"Last-Event-ID: 17"), ECHOED),
]

CASES = tuple(CONTENT)
