"""Section S, rows 12 to 14, and what of section H goes on to providers.

How long a stream may be silent, what usage it tells, who answers after a failure, and which of the
client's headers a provider gets to see.
"""

from tests.corpus.relay_case import (
    MODES,
    STREAMED,
    Connection,
    Mode,
    Owed,
    RelayCase,
    Route,
    broken_off,
    data_of,
    fine,
    in_modes,
)
from tests.corpus.relay_payloads import (
    END,
    EVENTS,
    LAST_CHUNK,
    ROLE,
    USAGE,
    WORDS,
    chunk,
    chunked_head,
    event,
    framed,
    in_chunk,
    stream,
)
from tests.corpus.requests import KEY
from tests.corpus.scripted_upstream import Seen
from tests.corpus.upstream_cases import Step

_COMMENT = b": keepalive\n\n"

WAITING = (
    *in_modes(
        "S12.comments-before-the-head",
        lambda good: ((Seen(_COMMENT), framed(good)),),
        Owed(events=data_of(*EVENTS, END), says=_COMMENT, connection=Connection.KEPT),
        modes=(Mode.STREAM,),
        talkative=True,
    ),
    *in_modes(
        "S12.comments-behind-the-head",
        lambda good: ((chunked_head(good), Seen(_COMMENT), in_chunk(good.body) + LAST_CHUNK),),
        Owed(events=data_of(*EVENTS, END), says=_COMMENT, connection=Connection.KEPT),
        modes=(Mode.STREAM,),
        talkative=True,
    ),
    *in_modes(
        "S12.comments-then-failure",
        lambda good: ((Seen(_COMMENT), Step.FIN),),
        broken_off("provider_unavailable", says=_COMMENT),
        modes=(Mode.STREAM,),
        talkative=True,
        alone=True,
    ),
    *in_modes(
        "S12.comments-then-another",
        lambda good: ((Seen(_COMMENT), Step.RST), (framed(good),)),
        Owed(
            events=data_of(*EVENTS, END),
            says=_COMMENT,
            requests=2,
            attempts=("provider_error", "complete"),
        ),
        modes=(Mode.STREAM,),
        route=Route.TWO,
        talkative=True,
        alone=True,
    ),
)


def _counts(prompt: int, completion: int, source: str = "upstream") -> dict[str, object]:
    return {
        "gen_ai.usage.input_tokens": prompt,
        "gen_ai.usage.output_tokens": completion,
        "usage_source": source,
    }


_ASKED = {"stream_options": {"include_usage": True}}
_NULL = tuple(piece.replace(b"]}", b'], "usage": null}') for piece in EVENTS)
_RUNNING = tuple(
    piece.replace(b"]}", b'], "usage": {"prompt_tokens": 5, "completion_tokens": %d}}' % count)
    for count, piece in enumerate(EVENTS, start=1)
)

USAGES = (
    *in_modes(
        "S13.told-and-not-asked-for",
        lambda good: ((framed(good),),),
        lambda mode: fine(mode, line=_counts(5, 7)),
    ),
    *in_modes(
        "S13.told-and-asked-for",
        lambda good: ((framed(good),),),
        Owed(raw=b"".join((*EVENTS, USAGE, END)), line=_counts(5, 7)),
        modes=(Mode.STREAM,),
        fields=_ASKED,
    ),
    *in_modes(
        "S13.null-until-told",
        lambda good: ((framed(stream(*_NULL, USAGE, END)),),),
        Owed(raw=b"".join((*_NULL, USAGE, END)), line=_counts(5, 7)),
        modes=(Mode.STREAM,),
        fields=_ASKED,
    ),
    *in_modes(
        "S13.in-every-chunk",
        lambda good: ((framed(stream(*_RUNNING, END)),),),
        lambda mode: (
            Owed(raw=b"".join((*_RUNNING, END)), line=_counts(5, len(EVENTS)))
            if mode is Mode.STREAM
            else Owed(says=b'"completion_tokens":7', line=_counts(5, len(EVENTS)))
        ),
        modes=STREAMED,
    ),
    *in_modes(
        "S13.none",
        lambda good: ((framed(stream(*EVENTS, END)),),),
        lambda mode: (
            fine(mode, line={"usage_source": "estimated"})
            if mode is Mode.STREAM
            else Owed(line={"usage_source": "estimated"})
        ),
        modes=STREAMED,
    ),
)

#: The beginning of an answer that must be forgotten.
_SPOILT = chunk({"role": "assistant", "content": ""}).replace(b"chatcmpl-relay", b"chatcmpl-spoilt")


def _one_id(mode: Mode) -> Owed:
    return fine(
        mode, requests=2, attempts=("provider_error", "complete"), forbidden=(b"chatcmpl-spoilt",)
    )


FAILING_OVER = (
    *in_modes(
        "S14.behind-the-role",
        lambda good: (
            (chunked_head(good) + in_chunk(_SPOILT), Step.FIN),
            (framed(good),),
        ),
        _one_id,
        modes=STREAMED,
        route=Route.TWO,
    ),
    *in_modes(
        "S14.error-behind-the-role",
        lambda good: (
            (framed(stream(_SPOILT, event({"error": {"message": "x"}}))),),
            (framed(good),),
        ),
        _one_id,
        modes=STREAMED,
        route=Route.TWO,
    ),
    *in_modes(
        "S14.comment-and-empty-delta",
        lambda good: (
            (chunked_head(good) + in_chunk(b": x\n\n" + _SPOILT + _SPOILT), Step.FIN),
            (framed(good),),
        ),
        _one_id,
        modes=STREAMED,
        route=Route.TWO,
    ),
    *in_modes(
        "S14.end-behind-the-role",
        lambda good: ((framed(stream(_SPOILT, END)),), (framed(good),)),
        lambda mode: fine(
            mode, requests=2, attempts=("truncated", "complete"), forbidden=(b"chatcmpl-spoilt",)
        ),
        modes=STREAMED,
        route=Route.TWO,
    ),
    *in_modes(
        "S14.never-behind-content",
        lambda good: ((chunked_head(good) + in_chunk(ROLE + WORDS[0]), Seen(WORDS[0]), Step.RST),),
        broken_off("provider_unavailable", ROLE, WORDS[0]),
        modes=(Mode.STREAM,),
        route=Route.TWO,
    ),
    *in_modes(
        "S14.never-behind-an-error-event",
        lambda good: ((framed(stream(ROLE, WORDS[0], event({"error": {"message": "x"}}))),),),
        broken_off("provider_error", ROLE, WORDS[0], connection=Connection.ANY),
        modes=(Mode.STREAM,),
        route=Route.TWO,
    ),
)


def _forwarding(
    id: str,
    *lines: bytes,
    seen: dict[bytes, bytes] | None = None,
    modes: tuple[Mode, ...] = MODES,
) -> tuple[RelayCase, ...]:
    """A call with these header lines, of which the provider sees ``seen``."""
    return in_modes(
        f"{id}.forwarded",
        lambda good: ((framed(good),),),
        lambda mode: fine(mode, forwarded=seen or {}),
        headers=lines,
        modes=modes,
    )


HEADERS = (
    *_forwarding(
        "H11",
        b"traceparent: 00-" + b"1" * 32 + b"-" + b"2" * 16 + b"-01",
        b"tracestate: evil=1",
        b"baggage: a=1",
    ),
    *_forwarding("H11.malformed", b"traceparent: evil", b"tracestate: " + b"x" * 4_000),
    *_forwarding(
        "H16",
        b"X-Forwarded-For: 198.51.100.7",
        b"X-Forwarded-Proto: https",
        b"X-Forwarded-Host: evil.test",
        b"X-Real-IP: 198.51.100.7",
        b"Forwarded: for=198.51.100.7",
    ),
    *_forwarding(
        "H17",
        b"Connection: X-Hop",
        b"Keep-Alive: timeout=5",
        b"TE: trailers",
        b"Trailer: X-Trailer",
        b"Proxy-Connection: keep-alive",
        b"Proxy-Authorization: Basic Zm9vOmJhcg==",
        b"Upgrade: h2c",
        b"HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA",
        b"X-Hop: 1",
    ),
    *_forwarding(
        "H17.named-by-connection",
        b"Connection: OpenAI-Beta",
        b"OpenAI-Beta: assistants=v2",
    ),
    *_forwarding(
        "H18",
        b"Cookie: session=1",
        b"X-API-Key: " + KEY,
        b"OpenAI-Organization: org",
        b"OpenAI-Project: proj",
        b"User-Agent: client",
        b"Accept-Encoding: gzip",
        b"Origin: http://localhost",
        b"X-Stainless-Retry-Count: 1",
    ),
    *_forwarding(
        "H18.allowed", b"OpenAI-Beta: assistants=v2", seen={b"openai-beta": b"assistants=v2"}
    ),
    *(
        # each has a key of its own, as calls with the same one would be taken for one call
        case
        for mode in MODES
        for case in _forwarding(
            "H18.idempotent",
            b"Idempotency-Key: idem-" + mode.value.encode(),
            seen={b"idempotency-key": b"idem-" + mode.value.encode()},
            modes=(mode,),
        )
    ),
    *_forwarding("H18.via", b"Via: 1.1 other", seen={b"via": b"1.1 other"}),
    *_forwarding("H25", b"Last-Event-ID: 17"),
)

CASES = (*WAITING, *USAGES, *FAILING_OVER, *HEADERS)
