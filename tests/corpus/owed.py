"""What the gateway owes: the ways in which a case may end, and short words for the usual ones.

Only values; whether they came true is for `judge`.
"""

from collections.abc import Mapping
from enum import Enum

import attrs


class Afterwards(Enum):
    """What has become of the connection when the case is over."""

    OPEN = "open, and it serves another request"
    CLOSED = "closed by the gateway, in order and announced by the last answer"
    HUNG_UP = "closed by the gateway, announced or not"
    CUT = "closed by the gateway in the middle of an answer"
    LEFT = "left by the client"
    EITHER = "open and serving, or closed and announced"


@attrs.frozen(kw_only=True)
class Answer:
    """One final answer; what is not said here is free, within the rules for all answers."""

    statuses: frozenset[int]
    #: Of the error; empty: any that goes with the status.
    codes: frozenset[str] = frozenset()
    param: str | None = None
    #: Names in lower case with the value, or with what the value contains if it ends in ``*``.
    headers: Mapping[bytes, bytes] = attrs.field(factory=dict)
    #: Names of headers that must not be there, in lower case.
    absent: tuple[bytes, ...] = ()
    #: What the decoded body contains, in this order.
    contains: tuple[bytes, ...] = ()


@attrs.frozen(kw_only=True)
class Line:
    """What one line of the access log says of a call that got no answer, or not all of it."""

    status: int
    verdict: str
    #: Fields that must be there.
    has: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Expect:
    """One acceptable way for a case to end."""

    answers: tuple[Answer, ...] = ()
    afterwards: Afterwards = Afterwards.OPEN
    provider_calls: int = 0
    #: How often ``100 Continue`` was said.
    interim: int = 0
    #: Lines of the access log beyond one for each answer; None: any number of lines and answers.
    lines: tuple[Line, ...] | None = ()
    #: Processor seconds that playing the case may cost the gateway.
    cpu: float | None = None
    #: Bytes that the gateway may have taken from a client that reads nothing; known in process.
    taken: int | None = None
    #: Bytes that may ever have waited in the gateway for the client; known in process.
    waiting: int | None = None


def answer(
    *statuses: int,
    codes: tuple[str, ...] = (),
    param: str | None = None,
    headers: Mapping[bytes, bytes] | None = None,
    absent: tuple[bytes, ...] = (),
    contains: tuple[bytes, ...] = (),
) -> Answer:
    """One answer with any of ``statuses``."""
    return Answer(
        statuses=frozenset(statuses),
        codes=frozenset(codes),
        param=param,
        headers=headers or {},
        absent=absent,
        contains=contains,
    )


def refused(*statuses: int, codes: tuple[str, ...] = ()) -> tuple[Expect, ...]:
    """An error, the connection closed behind it, nothing forwarded."""
    return (Expect(answers=(answer(*statuses, codes=codes),), afterwards=Afterwards.CLOSED),)


def rejected(
    *statuses: int,
    codes: tuple[str, ...] = (),
    param: str | None = None,
    afterwards: Afterwards = Afterwards.EITHER,
) -> tuple[Expect, ...]:
    """An error to a request whose framing is sound, nothing forwarded."""
    return (Expect(answers=(answer(*statuses, codes=codes, param=param),), afterwards=afterwards),)


def served(
    *answers: Answer, calls: int = 0, afterwards: Afterwards = Afterwards.OPEN, interim: int = 0
) -> tuple[Expect, ...]:
    """A 200, or all of ``answers``; ``calls`` of them came from the provider."""
    return (
        Expect(
            answers=answers or (answer(200),),
            afterwards=afterwards,
            provider_calls=calls,
            interim=interim,
        ),
    )


def hung_up(*lines: Line) -> tuple[Expect, ...]:
    """The gateway closes without an answer; calls that had begun are in the log."""
    return (Expect(afterwards=Afterwards.HUNG_UP, lines=lines),)


def left(*lines: Line, calls: int = 0) -> tuple[Expect, ...]:
    """The client has gone and nothing came for it; calls that had begun are in the log."""
    return (Expect(afterwards=Afterwards.LEFT, lines=lines, provider_calls=calls),)
