"""What a case of the corpus is: the steps of one client, and what the gateway owes in return.

A case is data. It knows neither sockets nor clocks: a driver plays its steps and collects the evidence,
`judge` compares that with what is owed.
"""

from collections.abc import Mapping
from enum import Enum

import attrs

# --- what the client does -----------------------------------------------------------------------


class Limit(Enum):
    """A deadline of the gateway, by its key in ``server``; how long it is, the driver decides."""

    HEAD = "head_timeout"
    BODY = "body_timeout"
    IDLE = "idle_timeout"
    STALL = "write_stall"


@attrs.frozen
class Send:
    """Send ``data``, in packets of ``packet`` bytes; 0 is for as much as fits."""

    data: bytes
    packet: int = 0


@attrs.frozen
class Repeat:
    """Send ``data`` so many times over, or until the gateway takes no more."""

    data: bytes
    times: int


@attrs.frozen
class Trickle:
    """Send ``data`` byte by byte, evenly spread over ``share`` of a deadline."""

    data: bytes
    limit: Limit
    share: float


@attrs.frozen
class Elapse:
    """Do nothing for ``share`` of a deadline, or until the gateway hangs up."""

    limit: Limit
    share: float


@attrs.frozen
class Pass:
    """Do nothing for some seconds: those that a model of the echo provider was asked for."""

    seconds: float


@attrs.frozen
class Await:
    """Wait until ``data`` has come."""

    data: bytes


@attrs.frozen
class StillOpen:
    """Make sure that the gateway has neither answered nor hung up so far."""


@attrs.frozen
class StopReading:
    """Read no more."""


@attrs.frozen
class Read:
    """Read up to ``size`` bytes, while not reading otherwise."""

    size: int


@attrs.frozen
class ReadOn:
    """Read again as fast as anything comes."""


@attrs.frozen
class HalfClose:
    """Send FIN and go on reading."""


@attrs.frozen
class Reset:
    """Go away with RST."""


Step = (
    Send
    | Repeat
    | Trickle
    | Elapse
    | Pass
    | Await
    | StillOpen
    | StopReading
    | Read
    | ReadOn
    | HalfClose
    | Reset
)

# --- what the gateway owes ----------------------------------------------------------------------


class Afterwards(Enum):
    """What has become of the connection when the case is over."""

    OPEN = "open, and it serves another request"
    CLOSED = "closed by the gateway, in order and announced by the last answer"
    HUNG_UP = "closed by the gateway without announcement"
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


@attrs.frozen(kw_only=True)
class Expect:
    """One acceptable way for a case to end."""

    answers: tuple[Answer, ...] = ()
    afterwards: Afterwards = Afterwards.OPEN
    provider_calls: int = 0
    #: How often ``100 Continue`` was said.
    interim: int = 0
    #: Lines of the access log beyond one for each answer.
    lines: tuple[Line, ...] = ()
    #: Processor seconds that playing the case may cost the gateway.
    cpu: float | None = None
    #: Bytes that the gateway may have taken from a client that reads nothing.
    taken: int | None = None


class Setting(Enum):
    """Which configuration a case needs; all but the first are for the driver in process only."""

    STANDARD = "deadlines and limits small enough to be reached"
    ROOMY = "a limit for bodies as large as the default"
    PATIENT = "a half-closed client is served to the end"
    SPLIT = "metrics and administration have a listener of their own"


@attrs.frozen(kw_only=True)
class Case:
    """One client; ``owed`` lists the acceptable endings, the preferred one first."""

    #: The row, a full stop, and what is special about this case.
    id: str
    steps: tuple[Step, ...] = ()
    owed: tuple[Expect, ...] = ()
    #: What must appear in no answer and no line of any log, beyond the secrets of the corpus.
    forbidden: tuple[bytes, ...] = ()
    setting: Setting = Setting.STANDARD
    #: False: the case proves its point in process, and sockets would add nothing but time.
    sockets: bool = True
    #: The request was a HEAD: its answer has no body whatever its headers say.
    headless: bool = attrs.field(default=False)
    #: The reason why the gateway does not owe this yet; then it is not played.
    later: str = ""

    @property
    def row(self) -> str:
        """The row of the requirements that this case belongs to."""
        return self.id.partition(".")[0]


# --- how to say it briefly ----------------------------------------------------------------------


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


def one(
    id: str,
    data: bytes,
    owed: tuple[Expect, ...],
    *,
    forbidden: tuple[bytes, ...] = (),
    sockets: bool = True,
    setting: Setting = Setting.STANDARD,
) -> Case:
    """A client that sends ``data`` and reads what comes."""
    return Case(
        id=id,
        steps=(Send(data),),
        owed=owed,
        forbidden=forbidden,
        sockets=sockets,
        setting=setting,
    )


def later(id: str, reason: str) -> Case:
    """A row, or a part of one, that the gateway does not owe yet."""
    return Case(id=id, later=reason)
