"""Section S, rows 1 to 5, 7 and 8: the grammar of events, and how streams end.

S2, the stream that is cut at every byte, is too many cases to list: `test_relay_in_memory`.
"""

import itertools
from typing import Any

from tests.corpus.relay_case import (
    STREAMED,
    Connection,
    Mode,
    Owed,
    RelayCase,
    broken_off,
    data_of,
    failed,
    fine,
    in_modes,
)
from tests.corpus.relay_payloads import (
    END,
    EVENTS,
    FINISH,
    LAST_CHUNK,
    ROLE,
    USAGE,
    WORDS,
    Payload,
    chunked_head,
    framed,
    in_chunk,
    open_head,
    stream,
)
from tests.corpus.scripted_upstream import Flood, Script, Seen
from tests.corpus.upstream_cases import Step

_GOOD = b"".join((*EVENTS, USAGE, END))


def _packets(body: bytes, *cuts: int) -> Script:
    """Send a body in packets, cut at these places."""
    whole = framed(stream(body))
    start = len(whole) - len(body)
    places = [0, *(start + cut for cut in cuts), len(whole)]
    return tuple(whole[a:b] for a, b in itertools.pairwise(places))


def _same(mode: Mode, **more: Any) -> Owed:
    """The same events as those of the good stream, in whatever spelling."""
    return fine(mode, raw=None, **more)


def _told(id: str, *scripts: Script, **more: Any) -> tuple[RelayCase, ...]:
    """Both ways to ask for a stream, which says the same as the good one."""
    return in_modes(id, lambda good: scripts, _same, modes=STREAMED, **more)


_CRLF = _GOOD.replace(b"\n", b"\r\n")
_CR = _GOOD.replace(b"\n", b"\r")
_MIXED = b"".join(
    piece.removesuffix(b"\n\n") + end
    for piece, end in zip(
        (*EVENTS, USAGE, END),
        (
            b"\n\n",
            b"\r\n\r\n",
            b"\r\r",
            b"\n\r\n",
            b"\r\n\n",
            b"\r\n\r",
            b"\n\r",
            b"\r\n\r\n",
            b"\n\n",
        ),
        strict=True,
    )
)
_AFTER_CR = tuple(place + 1 for place, byte in enumerate(_CRLF) if byte == 13)


def _in_pieces(good: Payload) -> Script:
    """Send packets of seven bytes, which cut every character of the text somewhere."""
    whole = framed(good)
    return tuple(whole[start : start + 7] for start in range(0, len(whole), 7))


GRAMMAR = (
    *in_modes("S2.sevens", lambda good: (_in_pieces(good),), fine),
    *_told("S1.lf", (framed(stream(_GOOD)),)),
    *_told("S1.crlf", (framed(stream(_CRLF)),)),
    *_told("S1.cr", (framed(stream(_CR)),)),
    *_told("S1.mixed", (framed(stream(_MIXED)),)),
    *_told("S1.split-behind-each-cr", _packets(_CRLF, *_AFTER_CR)),
    *_told("S6.empty-lines", (open_head(stream()), Flood(b"\n" * 65_536, 16), _GOOD, Step.FIN)),
    *_told("S3.comments", (framed(stream(b": hello\n\n", b":\n\n", _GOOD, b": bye\n\n")),)),
    *_told(
        "S3.fields",
        (
            framed(
                stream(
                    b"id: 1\nretry: 10\n" + ROLE,
                    b"unknown: x\nnocolon\n" + WORDS[0],
                    *WORDS[1:],
                    b"id: 9\n\nretry: 5\n\n",
                    FINISH.replace(b"data: ", b"data:"),
                    USAGE,
                    END.replace(b"data: ", b"data:"),
                )
            ),
        ),
    ),
    *_told("S3.byte-order-mark", (framed(stream(b"\xef\xbb\xbf", _GOOD)),)),
    *in_modes(
        "S3.named-events",
        lambda good: ((framed(stream(*(b"event: message\n" + piece for piece in EVENTS), END)),),),
        lambda mode: _same(mode, body=None),
        modes=STREAMED,
    ),
    *in_modes(
        "S3.forwarded-as-they-came",
        lambda good: (
            (framed(stream(b": hi\nid: 7\nevent: message\n" + ROLE, *EVENTS[1:], END)),),
        ),
        Owed(raw=b": hi\nid: 7\nevent: message\n" + b"".join((*EVENTS, END))),
        modes=(Mode.STREAM,),
    ),
    *in_modes(
        "S3.data-without-value",
        lambda good: ((framed(stream(ROLE, b"data\n\n", b"data:\n\n", *EVENTS[1:], END)),),),
        lambda mode: _same(mode, body=None, line={"dropped_events": 2}),
        modes=STREAMED,
    ),
    *in_modes(
        "S4.lines",
        lambda good: (
            (framed(stream(ROLE.replace(b', "object"', b',\ndata: "object"'), *EVENTS[1:], END)),),
        ),
        lambda mode: (
            Owed(
                events=(
                    data_of(ROLE)[0].replace(b', "object"', b',\n"object"'),
                    *data_of(*EVENTS[1:], END),
                )
            )
            if mode is Mode.STREAM
            else Owed(says="懒狗 🦊".encode())
        ),
        modes=STREAMED,
    ),
)


def _cut(mode: Mode, *told: bytes, **more: Any) -> Owed:
    """A stream that lacks its end."""
    if mode is Mode.STREAM:
        return broken_off("provider_error", *told, verdict="truncated", **more)
    return failed(502, "provider_error", "truncated", **more)


_FREE = Connection.ANY

ENDINGS = (
    *in_modes(
        "S5.finish-without-its-end",
        lambda good: ((framed(stream(*EVENTS[:-1], FINISH[:-2])),),),
        lambda mode: _cut(mode, *EVENTS[:-1], connection=_FREE),
        modes=STREAMED,
    ),
    *in_modes(
        "S5.one-line-end-short",
        lambda good: ((framed(stream(*EVENTS[:-1], FINISH[:-1])),),),
        lambda mode: _cut(mode, *EVENTS[:-1], connection=_FREE),
        modes=STREAMED,
    ),
    *in_modes(
        "S5.usage-without-its-end",
        lambda good: ((framed(stream(*EVENTS, USAGE[:-1])),),),
        lambda mode: fine(mode, line={"usage_source": "estimated"}),
        modes=(Mode.STREAM,),
    ),
    *in_modes(
        "S7.reason-without-done",
        lambda good: ((framed(stream(*EVENTS, USAGE)),),),
        lambda mode: fine(mode, connection=Connection.KEPT),
        modes=STREAMED,
    ),
    *in_modes(
        "S7.neither",
        lambda good: ((framed(stream(*EVENTS[:-1])),),),
        lambda mode: _cut(mode, *EVENTS[:-1], connection=_FREE),
        modes=STREAMED,
    ),
    *in_modes(
        "S7.one-choice-of-two",
        lambda good: ((framed(stream(*EVENTS, END)),),),
        lambda mode: _cut(mode, *EVENTS, connection=_FREE),
        modes=STREAMED,
        fields={"n": 2},
    ),
    *in_modes(
        "S8.events-behind-done",
        lambda good: ((framed(stream(*EVENTS, USAGE, END, WORDS[0], END, b"evil")),),),
        lambda mode: fine(mode, forbidden=(b"evil",)),
        modes=STREAMED,
    ),
    *in_modes(
        "S8.endless-behind-done",
        lambda good: ((open_head(good) + good.body, Flood(b"data: evil\n\n" * 1_000, 1_000)),),
        lambda mode: fine(mode, connection=Connection.CLOSED, forbidden=(b"evil",)),
        modes=STREAMED,
    ),
    *in_modes(
        "S8.silence-behind-done",
        lambda good: ((chunked_head(good) + in_chunk(good.body), Seen(END), LAST_CHUNK),),
        lambda mode: fine(mode, connection=Connection.KEPT),
        modes=(Mode.STREAM,),
    ),
)

CASES = (*GRAMMAR, *ENDINGS)
