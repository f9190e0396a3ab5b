"""Section S, rows 6 and 9 to 11: events that tell of failure, make no sense or have no end."""

from typing import Any

from tests.corpus.relay_case import (
    STREAMED,
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
    FINISH,
    JSON,
    ROLE,
    STREAM,
    USAGE,
    WORDS,
    Payload,
    chunk,
    event,
    framed,
    open_head,
    stream,
)
from tests.corpus.scripted_upstream import Flood

_REST = (*WORDS[1:], FINISH)
_FREE = Connection.ANY

_MARK = b"canary-of-the-provider"
_ERROR = event({"error": {"message": _MARK.decode(), "type": "x", "code": 500}})
_COUNTED = chunk({"content": "a"}, usage={"prompt_tokens": 3, "completion_tokens": 4})
_NAMED = b"event: error\n" + event({"message": _MARK.decode()})


def _reported(mode: Mode, *told: bytes, **more: Any) -> Owed:
    """The provider says in its stream that it failed."""
    if mode is Mode.STREAM:
        return broken_off("provider_error", *told, **more)
    return failed(502, "provider_error", **more)


ERRORS = (
    *(
        case
        for name, error in (("object", _ERROR), ("named", _NAMED))
        for case in (
            *in_modes(
                f"S9.{name}-behind-content",
                always((framed(stream(*BEGUN, error, *_REST, END)),)),
                lambda mode: _reported(mode, *BEGUN, connection=_FREE, forbidden=(_MARK,)),
                modes=STREAMED,
            ),
            *in_modes(
                f"S9.{name}-first",
                always((framed(stream(ROLE, error)),)),
                failed(502, "provider_error", connection=_FREE, forbidden=(_MARK,)),
                modes=STREAMED,
            ),
        )
    ),
    *in_modes(
        "S9.usage-kept",
        lambda good: (
            (
                framed(
                    stream(
                        ROLE,
                        _COUNTED,
                        _ERROR,
                    )
                ),
            ),
        ),
        broken_off(
            "provider_error",
            ROLE,
            _COUNTED,
            connection=_FREE,
            line={
                "gen_ai.usage.input_tokens": 3,
                "gen_ai.usage.output_tokens": 4,
                "usage_source": "upstream",
            },
        ),
        modes=(Mode.STREAM,),
    ),
    *in_modes(
        "S10.400-as-json",
        lambda good: (
            (
                framed(
                    Payload(media_type=JSON, body=b'{"error":{"message":"n is odd","param":"n"}}'),
                    status=b"HTTP/1.1 400 Bad Request\r\n",
                ),
            ),
        ),
        failed(400, "provider_invalid_request", says=b"n is odd", connection=_FREE),
        modes=STREAMED,
    ),
    *in_modes(
        "S10.whole-answer",
        lambda good: ((framed(ANSWER),),),
        lambda mode: (
            Owed(body=ANSWER.body)
            if mode is Mode.RIDING
            else Owed(events=None, says="懒狗 🦊".encode(), connection=Connection.KEPT)
        ),
        modes=STREAMED,
    ),
    *in_modes(
        "S10.whole-answer-in-pieces",
        lambda good: ((framed(ANSWER)[:-40], framed(ANSWER)[-40:]),),
        lambda mode: (
            Owed(body=ANSWER.body)
            if mode is Mode.RIDING
            else Owed(says="懒狗 🦊".encode(), connection=Connection.KEPT)
        ),
        modes=STREAMED,
    ),
    *in_modes(
        "S11.invalid-json",
        lambda good: ((framed(stream(ROLE, b'data: {"id": \n\n', *EVENTS[1:], USAGE, END)),),),
        lambda mode: fine(mode, line={"dropped_events": 1}),
        modes=STREAMED,
    ),
    *in_modes(
        "S11.invalid-utf-8",
        lambda good: (
            (framed(stream(*BEGUN, b'data: {"choices":"\xff\xfe"}\n\n', *_REST, USAGE, END)),),
        ),
        lambda mode: fine(mode, line={"dropped_events": 1}),
        modes=STREAMED,
    ),
    *in_modes(
        "S11.no-chunk",
        lambda good: (
            (framed(stream(*BEGUN, b"data: 17\n\n", b"data: {}\n\n", *_REST, USAGE, END)),),
        ),
        lambda mode: fine(mode, line={"dropped_events": 2}),
        modes=STREAMED,
    ),
    *in_modes(
        "S11.nested",
        lambda good: (
            (framed(stream(*BEGUN, b"data: " + b"[" * 50_000 + b"\n\n", *_REST, USAGE, END)),),
        ),
        lambda mode: fine(mode, line={"dropped_events": 1}),
        modes=STREAMED,
    ),
)

SIZES = (
    *(
        case
        for name, data in (("one-line", b"x" * 65_536), ("many-lines", b"data: x\n" * 8_192))
        for case in (
            *in_modes(
                f"S6.{name}-first",
                always((open_head(STREAM) + b"data: ", Flood(data, 800))),
                failed(502, "provider_error"),
                modes=STREAMED,
            ),
            *in_modes(
                f"S6.{name}-behind-content",
                always((open_head(STREAM) + b"".join(BEGUN) + b"data: ", Flood(data, 800))),
                lambda mode: _reported(mode, *BEGUN),
                modes=STREAMED,
            ),
        )
    ),
)

CASES = (*ERRORS, *SIZES)
