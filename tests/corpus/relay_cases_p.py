"""Section P, rows 1 to 6, and all that the bare client refuses: connections, framing, silence.

What the bare client is owed for such upstreams is in `upstream_cases`; those that fit are played
again here through the whole gateway, with a good answer in place of their two bytes.
"""

from functools import partial

from tests.corpus.relay_case import (
    INVALID,
    STREAMED,
    UNAVAILABLE,
    Connection,
    Ending,
    Mode,
    Owed,
    RelayCase,
    Route,
    always,
    broken_off,
    failed,
    fine,
    in_modes,
    rescued,
)
from tests.corpus.relay_payloads import (
    ANSWER,
    BEGUN,
    END,
    FINISH,
    LAST_CHUNK,
    OK,
    STREAM,
    USAGE,
    WORDS,
    Payload,
    chunked_head,
    framed,
    in_chunk,
)
from tests.corpus.scripted_upstream import Action, Pause, Script, Seen
from tests.corpus.upstream_cases import CASES as CLIENT_CASES
from tests.corpus.upstream_cases import EARLY_HINTS, End, Step, UpstreamCase


def _dressed(case: UpstreamCase, good: Payload) -> tuple[Script, ...]:
    """Return the steps of ``case`` with ``good`` in place of its body; nothing if it has none."""
    whole = b"Content-Length: %d\r\n\r\n%b" % (len(good.body), good.body)

    def dress(step: bytes | Step) -> Action:
        if isinstance(step, Step):
            return step
        step = step.replace(b"Content-Length: 2\r\n\r\nhi", whole, 1)
        return step.replace(b"2\r\nhi\r\n", in_chunk(good.body), 1)

    steps = tuple(map(dress, case.steps))
    return () if steps == case.steps else (steps,)


def _slug(id: str) -> str:
    row, _, words = id.partition(" ")
    kept = "".join(letter if letter.isalnum() or letter in ".-" else "-" for letter in words)
    return f"{row}.client-{kept}"


def _as_client() -> tuple[RelayCase, ...]:
    """Return the cases of the bare client that mean the same through the gateway."""
    found: list[RelayCase] = []
    for case in CLIENT_CASES:
        if case.end is End.BAD:
            found += in_modes(_slug(case.id), always(case.steps), INVALID)
        elif (
            case.end is End.COMPLETE
            and (case.status, case.method, case.body) == (200, "GET", b"hi")
            and _dressed(case, ANSWER)
        ):
            kept = Connection.KEPT if case.reusable else Connection.CLOSED
            found += in_modes(
                _slug(case.id),
                partial(_dressed, case),
                partial(fine, connection=kept),
            )
    return tuple(found)


def _late(limit: str) -> Owed:
    """A limit of time ran out, and the message says which."""
    return failed(504, "request_timeout", f"{limit}_timeout", says=b"%b timeout" % limit.encode())


def _timed_out(mode: Mode) -> Owed:
    """Nothing at all came: plain calls have one limit, streams one for the first byte."""
    return _late("total" if mode is Mode.PLAIN else "first_byte")


def _no_token(mode: Mode) -> Owed:
    """A head came, and nothing behind it."""
    return _late("total" if mode is Mode.PLAIN else "first_token")


CONNECTING = (
    *in_modes(
        "P1.refused",
        lambda good: (),
        failed(502, "provider_unavailable", requests=0, connection=Connection.ANY),
        route=Route.REFUSED,
    ),
    *in_modes(
        "P1.refused-then-another",
        lambda good: ((framed(good),),),
        lambda mode: fine(mode, attempts=("provider_error", "complete")),
        route=Route.HALF,
    ),
    *in_modes("P2.fin", lambda good: ((Step.FIN,),), UNAVAILABLE, alone=True),
    *in_modes("P2.rst", lambda good: ((Step.RST,),), UNAVAILABLE, alone=True),
    *rescued("P2.fin-then-another", Step.FIN, alone=True),
    *rescued("P2.rst-then-another", Step.RST, alone=True),
    *in_modes(
        "P2.fin-on-a-used-connection",
        lambda good: ((Step.FIN,), (framed(good),)),
        lambda mode: fine(mode, requests=2, attempts=("complete",)),
        warm=True,
    ),
    *in_modes(
        "P2.rst-on-a-used-connection",
        lambda good: ((Step.RST,), (framed(good),)),
        lambda mode: fine(mode, requests=2, attempts=("complete",)),
        warm=True,
    ),
    *in_modes(
        "P2.twice-on-a-used-connection",
        lambda good: ((Step.FIN,), (Step.FIN,)),
        failed(502, "provider_unavailable", requests=2, attempts=("provider_error",)),
        warm=True,
    ),
    *in_modes("P3.fin", lambda good: ((OK, Step.FIN),), UNAVAILABLE),
    *in_modes("P3.rst", lambda good: ((b"HTTP", Step.RST),), UNAVAILABLE),
    *in_modes(
        "P3.fin-on-a-used-connection", lambda good: ((OK, Step.FIN),), UNAVAILABLE, warm=True
    ),
    *rescued("P3.then-another", OK, Step.FIN),
    *rescued("P10.then-another", OK + b"Content-Length: +2\r\n\r\nhi"),
    *rescued("P12.then-another", b"220 mail.example ESMTP\r\n"),
)

SILENCE = (
    *in_modes("P4.silence", lambda good: ((),), _timed_out, route=Route.HASTY),
    *in_modes("P5.head", lambda good: ((chunked_head(good),),), _no_token, route=Route.HASTY),
    *in_modes(
        "P5.part-of-a-body",
        lambda good: ((chunked_head(good) + in_chunk(good.body[:20]),),),
        _no_token,
        route=Route.HASTY,
    ),
    *in_modes(
        "P5.behind-content",
        lambda good: ((chunked_head(good) + in_chunk(b"".join(BEGUN)),),),
        lambda mode: (
            broken_off("request_timeout", *BEGUN, verdict="idle_timeout")
            if mode is Mode.STREAM
            else failed(504, "request_timeout", "idle_timeout")
        ),
        route=Route.HASTY,
        modes=STREAMED,
    ),
    *in_modes(
        "P5.comments-meanwhile",
        lambda good: ((chunked_head(good),),),
        broken_off("request_timeout", verdict="first_token_timeout", says=b": keepalive"),
        route=Route.HASTY,
        modes=(Mode.STREAM,),
        talkative=True,
    ),
    *in_modes(
        "P5.comments-behind-content",
        lambda good: ((chunked_head(good) + in_chunk(b"".join(BEGUN)),),),
        broken_off("request_timeout", *BEGUN, verdict="idle_timeout", says=b": keepalive"),
        route=Route.HASTY,
        modes=(Mode.STREAM,),
        talkative=True,
    ),
    *in_modes(
        "P6.byte-by-byte",
        lambda good: (tuple(bytes([byte]) for byte in framed(good)),),
        lambda mode: fine(mode, connection=Connection.KEPT),
    ),
    *in_modes(
        "P6.first-content-at-once",
        # The rest comes only when the client has the beginning.
        lambda good: (
            (
                chunked_head(good) + in_chunk(b"".join(BEGUN)),
                Seen(WORDS[0]),
                *(
                    step
                    for event in (*WORDS[1:], FINISH, USAGE, END)
                    for step in (in_chunk(event), *((Seen(event),) if event in WORDS else ()))
                ),
                LAST_CHUNK,
            ),
        ),
        lambda mode: fine(mode, connection=Connection.KEPT),
        modes=(Mode.STREAM,),
    ),
    *in_modes(
        "P6.slowly",
        lambda good: (
            tuple(
                step
                for start in range(0, len(framed(good)), 400)
                for step in (framed(good)[start : start + 400], Pause(0.01))
            ),
        ),
        lambda mode: fine(mode, connection=Connection.KEPT),
    ),
    *in_modes(
        "P6.longer-than-the-total",
        # Something comes all the time, so that only the limit for all of it can end it.
        lambda good: (
            (
                chunked_head(good) + (in_chunk(b"".join(BEGUN)) if good is STREAM else b""),
                *(Pause(0.05), in_chunk(WORDS[1] if good is STREAM else b" ")) * 40,
            ),
        ),
        lambda mode: (
            Owed(
                code="request_timeout",
                says=b"total timeout",
                ending=Ending.CUT,
                verdict="total_timeout",
                connection=Connection.CLOSED,
            )
            if mode is Mode.STREAM
            else _late("total")
        ),
        route=Route.HASTY,
    ),
    *in_modes(
        "P11.a-byte-a-chunk",
        lambda good: (
            (
                chunked_head(good)
                + b"".join(in_chunk(bytes([byte])) for byte in good.body)
                + LAST_CHUNK,
            ),
        ),
        lambda mode: fine(mode, connection=Connection.KEPT),
    ),
    *in_modes(
        "P11.nothing-behind-a-chunk-size",
        lambda good: ((chunked_head(good) + b"5",),),
        _no_token,
        route=Route.HASTY,
    ),
    *in_modes(
        "P16.103-then-nothing", lambda good: ((EARLY_HINTS,),), _timed_out, route=Route.HASTY
    ),
)


CASES = (*_as_client(), *CONNECTING, *SILENCE)
