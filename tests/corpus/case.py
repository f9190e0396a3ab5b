"""What a case of the corpus is: the steps of one client, and what the gateway owes in return.

A case is data. It knows neither sockets nor clocks: a driver plays its steps and collects the
evidence, `judge` compares that with what is owed.
"""

from enum import Enum

import attrs

from tests.corpus.owed import Expect


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
    """Make sure that the gateway has not hung up so far."""


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
    headless: bool = False
    #: Why the gateway does not owe this yet, after its kind and a colon; then it is not played.
    later: str = ""

    @property
    def row(self) -> str:
        """The row of the requirements that this case belongs to."""
        return self.id.partition(".")[0]


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
