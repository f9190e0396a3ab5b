"""Section D: clients that leave."""

from tests.corpus.case import Await, Case, HalfClose, Pass, Reset, Send, Setting, Step, later
from tests.corpus.owed import Afterwards, Expect, Line, answer, hung_up, left, refused
from tests.corpus.requests import BODY, CALL, CHUNKED, ECHO, chat, chunk, get, post, post_head

GONE = Line(status=499, verdict="client_gone")
CHARGED = Line(status=499, verdict="client_gone", has=("gen_ai.usage.output_tokens",))
_DONE = Line(status=200, verdict="complete")
#: The gateway hears FIN in the middle of its answer, and takes it for leaving.
_CUT_GONE = (Expect(afterwards=Afterwards.CUT, provider_calls=1, lines=(GONE,)),)
_CUT_CHARGED = (Expect(afterwards=Afterwards.CUT, provider_calls=1, lines=(CHARGED,)),)


def _call(model: str, *, stream: bool = False, text: str = "one two three") -> bytes:
    return post(chat(text, model=model, stream=stream))


_UNFINISHED = {
    "request-line": b"GET /v1/mod",
    "head": get()[:-2],
}

_UNFINISHED_BODIES = {
    "body": CALL[:-5],
    "body-not-begun": CALL[: -len(BODY)],
    "chunk": post_head(CHUNKED) + chunk(BODY)[:-9],
    "chunks": post_head(CHUNKED) + chunk(BODY),
    "trailers": post_head(CHUNKED) + chunk(BODY) + b"0\r\nX-Trailer: 1\r\n",
}

BEFORE = [
    *(
        Case(id=f"D1.reset-in-{name}", steps=(Send(data), Reset()), owed=left())
        for name, data in _UNFINISHED.items()
    ),
    *(
        Case(id=f"D1.fin-in-{name}", steps=(Send(data), HalfClose()), owed=hung_up() + refused(400))
        for name, data in _UNFINISHED.items()
    ),
    Case(id="D1.reset-at-once", steps=(Reset(),), owed=left()),
    Case(id="D1.fin-at-once", steps=(HalfClose(),), owed=hung_up()),
    Case(
        id="D1.reset-after-an-answer",
        steps=(Send(get()), Await(b"}"), Reset()),
        owed=left(_DONE),
    ),
    *(
        Case(id=f"D1.reset-in-{name}", steps=(Send(data), Reset()), owed=left(GONE))
        for name, data in _UNFINISHED_BODIES.items()
    ),
    *(
        Case(
            id=f"D1.fin-in-{name}",
            steps=(Send(data), HalfClose()),
            owed=hung_up(GONE) + refused(400, codes=("body_read_error",)),
        )
        for name, data in _UNFINISHED_BODIES.items()
    ),
]

_LEAVINGS: dict[str, tuple[Step, tuple[Expect, ...]]] = {
    "reset": (Reset(), left(GONE, calls=1)),
    "fin": (HalfClose(), _CUT_GONE),
}

WAITING = [
    *(
        Case(
            id=f"D2.{name}-{'stream' if stream else 'plain'}",
            steps=(Send(_call("echo/silent", stream=stream)), Pass(0.1), leave),
            owed=owed,
        )
        for stream in (False, True)
        for name, (leave, owed) in _LEAVINGS.items()
    ),
    Case(
        id="D2.reset-with-pipelined",
        steps=(Send(_call("echo/silent") + get() * 3), Pass(0.1), Reset()),
        owed=left(GONE, calls=1),
    ),
    Case(
        id="D3.reset-stalled",
        steps=(Send(_call("echo/stall", stream=True)), Await(b"Echo"), Reset()),
        owed=left(CHARGED, calls=1),
    ),
    Case(
        id="D3.fin-stalled",
        steps=(Send(_call("echo/stall", stream=True)), Await(b"Echo"), HalfClose()),
        owed=_CUT_CHARGED,
    ),
    Case(
        id="D3.reset-flowing",
        steps=(Send(_call("echo/slow:0.1", stream=True)), Await(b"one"), Reset()),
        owed=left(CHARGED, calls=1),
    ),
    later("D4.waiting", "limits and retries: nothing makes a call wait"),
]

HALF = [
    *(
        Case(
            id=f"D5.{name}",
            steps=(Send(data), HalfClose()),
            owed=(Expect(answers=answers, afterwards=Afterwards.HUNG_UP, provider_calls=calls),),
        )
        for name, data, answers, calls in (
            ("models", get(), (answer(200),), 0),
            ("chat", CALL, (answer(200, contains=(ECHO,)),), 1),
            (
                "events",
                post(chat(stream=True)),
                (answer(200, contains=(b"data: [DONE]",)),),
                1,
            ),
            ("pipelined", get() + CALL, (answer(200), answer(200, contains=(ECHO,))), 1),
            ("no-key", CALL.replace(b"Authorization", b"X-Nothing"), (answer(401),), 0),
        )
    ),
    Case(
        id="D6.taken-for-gone",
        steps=(Send(_call("echo/slow:0.1", stream=True)), Await(b"one"), HalfClose()),
        owed=_CUT_CHARGED,
    ),
    Case(
        id="D6.served-to-the-end",
        steps=(
            Send(_call("echo/slow:0.1", stream=True)),
            Await(b"one"),
            HalfClose(),
            Pass(2.0),
        ),
        owed=(
            Expect(
                answers=(answer(200, contains=(b"three", b"data: [DONE]")),),
                afterwards=Afterwards.HUNG_UP,
                provider_calls=1,
            ),
        ),
        setting=Setting.PATIENT,
        sockets=False,
    ),
    Case(
        id="D6.plain-served-to-the-end",
        steps=(Send(_call("echo/slow-first-token:0.5")), HalfClose(), Pass(1.0)),
        owed=(
            Expect(
                answers=(answer(200, contains=(b"Echo: one",)),),
                afterwards=Afterwards.HUNG_UP,
                provider_calls=1,
            ),
        ),
        setting=Setting.PATIENT,
        sockets=False,
    ),
]

#: The provider's answer is due after this time, and the client leaves somewhere around it.
_DUE = 0.05
_DELIVERED = Expect(answers=(answer(200),), afterwards=Afterwards.HUNG_UP, provider_calls=1)
_EITHER_WAY = left(GONE, calls=1) + left(_DONE, calls=1)

RACES = [
    *(
        Case(
            id=f"D7.{'stream' if stream else 'plain'}-{offset:+d}",
            steps=(
                Send(_call(f"echo/slow-first-token:{_DUE}", stream=stream)),
                Pass(_DUE + offset / 1_000),
                Reset(),
            ),
            owed=_EITHER_WAY,
        )
        for stream in (False, True)
        for offset in range(-12, 13)
    ),
    *(
        Case(
            id=f"D7.fin-{offset:+d}",
            steps=(
                Send(_call(f"echo/slow-first-token:{_DUE}")),
                Pass(_DUE + offset / 1_000),
                HalfClose(),
            ),
            owed=(*_CUT_GONE, _DELIVERED),
        )
        for offset in range(-12, 13)
    ),
    later("D8.cable", "packet loss: needs a network namespace"),
]

CASES = (*BEFORE, *WAITING, *HALF, *RACES)
