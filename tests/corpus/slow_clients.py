"""Section C: clients that take their time."""

from tests.corpus.case import (
    Case,
    Elapse,
    Limit,
    Read,
    ReadOn,
    Send,
    StillOpen,
    StopReading,
    Trickle,
    later,
)
from tests.corpus.owed import Afterwards, Answer, Expect, Line, answer, hung_up, refused, served
from tests.corpus.requests import AUTH, CHUNKED, HOST, chat, chunk, get, head, post, post_head

TOO_SLOW = refused(408, codes=("request_read_timeout",))
#: An answer of some twenty megabytes: a hundred thousand events.
LONG_CALL = post(chat("a " * 100_000, stream=True))


def _stalled(*before: Answer) -> tuple[Expect, ...]:
    """The client is dropped for not reading; the answers ``before`` were small enough to arrive."""
    return (
        Expect(
            answers=before,
            afterwards=Afterwards.CUT,
            provider_calls=1,
            lines=(Line(status=499, verdict="slow_client"),),
            waiting=1024 * 1024,
        ),
    )


_HEAD = head(b"GET /v1/models HTTP/1.1", HOST, AUTH, b"X-Padding: " + b"x" * 64)

HEADS = [
    Case(
        id="C1.byte-by-byte",
        steps=(
            Trickle(_HEAD[:40], Limit.HEAD, 0.6),
            StillOpen(),
            Trickle(_HEAD[40:80], Limit.HEAD, 0.6),
        ),
        owed=TOO_SLOW + hung_up(),
    ),
    Case(
        id="C1.to-the-point",
        steps=(
            Trickle(_HEAD[:60], Limit.HEAD, 0.95),
            StillOpen(),
            Trickle(_HEAD[60:80], Limit.HEAD, 0.1),
        ),
        owed=TOO_SLOW + hung_up(),
        sockets=False,
    ),
    Case(
        id="C1.in-time",
        steps=(Trickle(_HEAD, Limit.HEAD, 0.5),),
        owed=served(),
    ),
    Case(
        id="C1.second-request",
        steps=(
            Send(get() + _HEAD[:1]),
            Trickle(_HEAD[1:40], Limit.HEAD, 0.6),
            StillOpen(),
            Trickle(_HEAD[40:80], Limit.HEAD, 0.6),
        ),
        owed=(
            Expect(answers=(answer(200), answer(408)), afterwards=Afterwards.CLOSED),
            Expect(answers=(answer(200),), afterwards=Afterwards.HUNG_UP),
        ),
    ),
    Case(
        id="C2.nothing",
        steps=(Elapse(Limit.HEAD, 0.6), StillOpen(), Elapse(Limit.HEAD, 0.6)),
        owed=hung_up() + TOO_SLOW,
    ),
    Case(
        id="C2.to-the-point",
        steps=(Elapse(Limit.HEAD, 0.95), StillOpen(), Elapse(Limit.HEAD, 0.1)),
        owed=hung_up() + TOO_SLOW,
        sockets=False,
    ),
    Case(
        id="C2.empty-line",
        steps=(Send(b"\r\n"), Elapse(Limit.HEAD, 1.2)),
        owed=hung_up() + TOO_SLOW,
    ),
]

_MEGABYTE = post_head(b"Content-Length: 1000000")
#: Two kilobytes for each second of the default deadline.
_FAST_ENOUGH = b"{" * 122_880
_BEGUN, _REST = _FAST_ENOUGH[:73_728], _FAST_ENOUGH[73_728:]

BODIES = [
    Case(
        id="C3.for-too-long",
        steps=(
            Send(_MEGABYTE),
            Trickle(_BEGUN, Limit.BODY, 0.6),
            StillOpen(),
            Trickle(_REST, Limit.BODY, 0.6),
        ),
        owed=TOO_SLOW,
    ),
    Case(
        id="C3.to-the-point",
        steps=(
            Send(_MEGABYTE),
            Trickle(_FAST_ENOUGH, Limit.BODY, 0.95),
            StillOpen(),
            Elapse(Limit.BODY, 0.1),
        ),
        owed=TOO_SLOW,
        sockets=False,
    ),
    Case(
        id="C3.below-the-rate",
        steps=(Send(_MEGABYTE), Trickle(b"{" * 64, Limit.BODY, 0.5)),
        owed=TOO_SLOW,
        sockets=False,
    ),
    Case(
        id="C3.chunks-below-the-rate",
        steps=(Send(post_head(CHUNKED)), Trickle(chunk(b"{") * 32, Limit.BODY, 0.5)),
        owed=TOO_SLOW,
        sockets=False,
    ),
    Case(
        id="C3.nothing",
        steps=(Send(_MEGABYTE), Elapse(Limit.BODY, 1.2)),
        owed=TOO_SLOW,
    ),
    Case(
        id="C3.in-time",
        steps=(Trickle(post(chat("x" * 100_000)), Limit.BODY, 0.5),),
        owed=served(calls=1),
    ),
]

ANSWERS = [
    Case(
        id="C4.events",
        steps=(StopReading(), Send(LONG_CALL), Elapse(Limit.STALL, 1.6)),
        owed=_stalled(),
    ),
    Case(
        id="C4.events-after-the-head",
        steps=(StopReading(), Send(LONG_CALL), Read(4_096), Elapse(Limit.STALL, 1.6)),
        owed=_stalled(),
    ),
    Case(
        id="C4.pipelined",
        steps=(StopReading(), Send(get() * 10 + LONG_CALL), Elapse(Limit.STALL, 1.6)),
        owed=_stalled(*[answer(200)] * 10),
    ),
    Case(
        id="C5.slowly",
        steps=(
            StopReading(),
            Send(LONG_CALL),
            *(Read(1_048_576), Elapse(Limit.STALL, 0.7)) * 4,
            StillOpen(),
            ReadOn(),
        ),
        owed=(
            Expect(
                answers=(answer(200, contains=(b"data: [DONE]",)),),
                provider_calls=1,
                waiting=1024 * 1024,
            ),
        ),
    ),
    later("C6.packets", "packet loss: needs a network namespace"),
    Case(
        id="C7.after-an-answer",
        steps=(Send(get()), Elapse(Limit.IDLE, 0.6), StillOpen(), Elapse(Limit.IDLE, 0.6)),
        owed=(Expect(answers=(answer(200),), afterwards=Afterwards.HUNG_UP),),
    ),
    Case(
        id="C7.to-the-point",
        steps=(Send(get()), Elapse(Limit.IDLE, 0.95), StillOpen(), Elapse(Limit.IDLE, 0.1)),
        owed=(Expect(answers=(answer(200),), afterwards=Afterwards.HUNG_UP),),
        sockets=False,
    ),
    Case(
        id="C7.in-time",
        steps=(Send(get()), Elapse(Limit.IDLE, 0.6), Send(get()), Elapse(Limit.IDLE, 0.6)),
        owed=served(answer(200), answer(200)),
    ),
    later("C8.addresses", "caps: thousands of connections belong to the tests of overload"),
    later("C9.records", "TLS: no listener speaks it"),
    later("C10.age", "caps: age and requests of a connection cannot be configured"),
]

CASES = (*HEADS, *BODIES, *ANSWERS)
