"""Section P, rows 7, 8, 15 to 17 and 26 to 28: broken bodies, odd heads, connections used again."""

from tests.corpus.relay_case import (
    INVALID,
    STREAMED,
    UNAVAILABLE,
    Connection,
    Mode,
    Owed,
    always,
    broken_off,
    failed,
    fine,
    in_modes,
)
from tests.corpus.relay_payloads import (
    ANSWER,
    BEGUN,
    END,
    EVENTS,
    STREAM,
    USAGE,
    WORDS,
    Payload,
    chunked_head,
    framed,
    in_chunk,
    in_chunks,
    open_head,
)
from tests.corpus.scripted_upstream import Seen
from tests.corpus.upstream_cases import EARLY_HINTS, Step


def _cut(good: Payload) -> bytes:
    """The first part of a good answer: of a stream, whole events with content."""
    return b"".join(BEGUN) if good is STREAM else good.body[:60]


def _begun(mode: Mode) -> Owed:
    """The connection broke behind `_cut`."""
    return broken_off("provider_unavailable", *BEGUN) if mode is Mode.STREAM else UNAVAILABLE


def _short(good: Payload) -> bytes:
    """A length that is longer than the body."""
    return framed(Payload(media_type=good.media_type, body=good.body))[: -len(good.body)] + _cut(
        good
    )


BROKEN = (
    *in_modes("P7.fin-with-the-length-short", lambda good: ((_short(good), Step.FIN),), _begun),
    *in_modes(
        "P7.fin-inside-a-chunk",
        lambda good: ((chunked_head(good) + in_chunk(_cut(good)) + b"ff\r\ndata: {", Step.FIN),),
        _begun,
    ),
    *in_modes(
        "P7.fin-before-the-last-chunk",
        lambda good: ((chunked_head(good) + in_chunk(_cut(good)), Step.FIN),),
        _begun,
    ),
    *in_modes(
        "P7.rst",
        lambda good: (
            (
                chunked_head(good) + in_chunk(_cut(good)),
                *((Seen(WORDS[0]),) if good is STREAM else ()),
                Step.RST,
            ),
        ),
        broken_off("provider_unavailable", *BEGUN),
        modes=(Mode.STREAM,),
    ),
    *in_modes(
        "P7.rst",
        lambda good: ((chunked_head(good) + in_chunk(_cut(good)), Step.RST),),
        UNAVAILABLE,
        modes=(Mode.PLAIN, Mode.RIDING),
    ),
    *in_modes(
        "P7.all-but-the-last-chunk",
        lambda good: ((chunked_head(good) + in_chunk(good.body), Step.FIN),),
        # every choice has its finish_reason: a stream is complete, a document may lack its end
        lambda mode: UNAVAILABLE if mode is Mode.PLAIN else fine(mode),
    ),
    *in_modes(
        "P7.bad-chunk-behind-content",
        lambda good: ((chunked_head(good) + in_chunk(_cut(good)) + b"0x5\r\nhello\r\n",),),
        lambda mode: broken_off("provider_error", *BEGUN) if mode is Mode.STREAM else INVALID,
    ),
    *in_modes("P8.whole", lambda good: ((open_head(good) + good.body, Step.FIN),), fine),
    *in_modes(
        "P8.whole-of-1.0",
        lambda good: ((open_head(good, status=b"HTTP/1.0 200 OK\r\n") + good.body, Step.FIN),),
        fine,
    ),
    *in_modes(
        "P8.cut",
        lambda good: ((open_head(good) + _cut(good), Step.FIN),),
        lambda mode: (
            broken_off("provider_error", *BEGUN, verdict="truncated")
            if mode is Mode.STREAM
            else failed(
                502, "provider_error", "truncated" if mode is Mode.RIDING else "provider_error"
            )
        ),
    ),
    *in_modes(
        "P8.empty",
        lambda good: ((open_head(good), Step.FIN),),
        lambda mode: failed(
            502, "provider_error", "provider_error" if mode is Mode.PLAIN else "truncated"
        ),
    ),
    *in_modes(
        "P8.done-without-a-reason",
        lambda good: ((open_head(good) + b"".join((*BEGUN, END)), Step.FIN),),
        lambda mode: (
            broken_off("provider_error", *BEGUN, verdict="truncated")
            if mode is Mode.STREAM
            else failed(502, "provider_error", "truncated")
        ),
        modes=STREAMED,
    ),
    *in_modes(
        "P8.reason-without-done",
        lambda good: ((open_head(good) + b"".join(EVENTS) + USAGE, Step.FIN),),
        fine,
        modes=STREAMED,
    ),
    *in_modes(
        "P8.reset",
        lambda good: ((open_head(good) + _cut(good), Step.RST),),
        UNAVAILABLE,
        modes=(Mode.PLAIN, Mode.RIDING),
    ),
)

_ODD_FIELDS = (
    b"Set-Cookie: evil=1",
    b"Server: evil",
    b"X-Powered-By: evil",
    b"Connection: x",
    b"X: evil",
    b"Location: http://evil.test/",
    b"X-RateLimit-Remaining-Requests: 7",
    b"X-Request-ID: evil",
    b"Access-Control-Allow-Origin: evil",
    b"Access-Control-Allow-Credentials: true",
    b"Strict-Transport-Security: max-age=1",
    b"OpenAI-Processing-MS: 17",
    b"X-A: evil\x1b[31m",
)

HEADS = (
    *in_modes(
        "P15.fields",
        lambda good: ((framed(good, *_ODD_FIELDS),),),
        lambda mode: fine(
            mode,
            connection=Connection.KEPT,
            headers={
                b"openai-processing-ms": b"17",
                b"set-cookie": None,
                b"x-powered-by": None,
                b"x": None,
                b"x-a": None,
                b"location": None,
                b"x-ratelimit-remaining-requests": None,
                b"access-control-allow-credentials": None,
                b"strict-transport-security": None,
            },
            forbidden=(b"evil",),
        ),
    ),
    *in_modes(
        "P15.control-bytes-in-a-field-that-passes",
        lambda good: ((framed(good, b"OpenAI-Version: 1\x1bevil"),),),
        lambda mode: fine(mode, headers={b"openai-version": None}, forbidden=(b"evil",)),
    ),
    *in_modes("P16.103-then-fin", lambda good: ((EARLY_HINTS, Step.FIN),), UNAVAILABLE),
    *(
        case
        for status in (b"204 No Content", b"304 Not Modified")
        for case in in_modes(
            f"P17.{status[:3].decode()}-with-a-body",
            always((framed(ANSWER, status=b"HTTP/1.1 " + status + b"\r\n"),)),
            INVALID,
        )
    ),
    *in_modes(
        "P17.205",
        lambda good: ((framed(good, status=b"HTTP/1.1 205 Reset Content\r\n"),),),
        failed(502, "provider_error", connection=Connection.ANY),
    ),
)

REUSE = (
    *in_modes(
        "P26.fin-with-the-next-request",
        # The first call's answer and its FIN come in one packet or two; nothing is lost either way.
        lambda good: ((framed(good), Step.FIN),),
        lambda mode: fine(mode, connection=Connection.CLOSED),
    ),
    *in_modes(
        "P27.used-again",
        lambda good: ((framed(good),),),
        lambda mode: fine(mode, connection=Connection.KEPT),
        warm=True,
    ),
    *in_modes(
        "P27.used-again-with-chunks",
        lambda good: ((in_chunks(good),),),
        lambda mode: fine(mode, connection=Connection.KEPT),
        warm=True,
    ),
    *in_modes(
        "P27.close-by-chunks",
        lambda good: ((in_chunks(good, b"Connection: close"),),),
        lambda mode: fine(mode, connection=Connection.CLOSED),
        warm=True,
    ),
    *in_modes(
        "P28.trailers",
        lambda good: ((in_chunks(good, trailers=b"Set-Cookie: evil\r\nX-Evil: 1\r\n"),),),
        lambda mode: fine(
            mode,
            connection=Connection.KEPT,
            headers={b"set-cookie": None, b"x-evil": None, b"trailer": None},
            forbidden=(b"evil", b"Evil"),
        ),
    ),
    *in_modes(
        "P28.a-length-as-trailer",
        lambda good: ((in_chunks(good, trailers=b"Content-Length: 9\r\n"),),),
        # the events were complete before; a document's framing is not to be trusted
        lambda mode: INVALID if mode is Mode.PLAIN else fine(mode, connection=Connection.CLOSED),
    ),
)

CASES = (*BROKEN, *HEADS, *REUSE)
