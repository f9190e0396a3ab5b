"""What a case of the relay is: what upstreams do to one call, and what its client is owed.

A case is data; `relay_player` plays it and `relay_judge` compares. Most hold for every way in which
a call can be made, so there are short words for three cases at once.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

import attrs

from tests.corpus.relay_payloads import ANSWER, END, EVENTS, STREAM, Payload, framed
from tests.corpus.scripted_upstream import Action, Script


class Mode(Enum):
    """How a call is made."""

    PLAIN = "plain"
    STREAM = "stream"
    #: A plain call that the gateway sends upstream as a stream.
    RIDING = "riding"


class Route(Enum):
    """Which providers serve the call; `relay_gateway` knows how they are configured."""

    ONE = "one"
    #: Two of them, both of which are the scripted upstream.
    TWO = "two"
    #: One whose limits of time are easily reached.
    HASTY = "hasty"
    #: One that refuses connections.
    REFUSED = "refused"
    #: One that refuses connections, and another that does not.
    HALF = "half"


class Connection(Enum):
    """What becomes of the upstream's connection that the last script was played on."""

    KEPT = "open, and it serves the next call"
    CLOSED = "closed by the gateway, or by the script"
    #: Both are right, or there is none.
    ANY = "anything"


class Ending(Enum):
    """How the answer to the client ends."""

    WHOLE = "in order"
    CUT = "in the middle, so that nobody takes it for whole"


@attrs.frozen(kw_only=True)
class Owed:
    """What is owed; None and empty mean that a thing is free."""

    status: int = 200
    #: Of the error, as body or as last event; empty: there is no error.
    code: str = ""
    #: What the error's message or the plain answer contains.
    says: bytes = b""
    #: The exact body of a plain answer, as bytes or (for one put together) as the same JSON.
    body: bytes | None = None
    #: The data of all events that a stream tells before its error, ``[DONE]`` included.
    events: tuple[bytes, ...] | None = None
    #: The exact bytes of the whole stream.
    raw: bytes | None = None
    ending: Ending = Ending.WHOLE
    #: Headers of the answer by lower-case name; None for those that must not be there.
    headers: Mapping[bytes, bytes | None] = attrs.field(factory=dict)
    verdict: str = "complete"
    #: How each attempt ended; empty: one, like the call.
    attempts: tuple[str, ...] = ()
    #: How many requests the upstream got; None: any number.
    requests: int | None = 1
    connection: Connection = Connection.ANY
    #: More of what the line of the access log says; None for what it must not.
    line: Mapping[str, object] = attrs.field(factory=dict)
    #: Fields that the upstream got beside those that it always gets; None: any.
    forwarded: Mapping[bytes, bytes] | None = None
    #: What may be neither in the answer nor in the log.
    forbidden: tuple[bytes, ...] = ()


@attrs.frozen(kw_only=True)
class RelayCase:
    """One call and one script for each request that it may cause."""

    #: The row, a full stop, what is special about this case; a full stop and the mode.
    id: str
    mode: Mode
    scripts: tuple[Script, ...]
    owed: Owed
    route: Route = Route.ONE
    #: Header lines of the client.
    headers: tuple[bytes, ...] = ()
    #: Members of the client's request.
    fields: Mapping[str, object] = attrs.field(factory=dict)
    #: An ordinary call goes before, so that there is a connection to use again.
    warm: bool = False
    #: It proves its point only while nobody else has left a connection to use again.
    alone: bool = False
    #: Comments are sent after moments of silence.
    talkative: bool = False

    @property
    def row(self) -> str:
        """The row of the requirements that this case belongs to."""
        return self.id.partition(".")[0]


MODES = tuple(Mode)
#: The modes in which the provider is asked for a stream.
STREAMED = (Mode.STREAM, Mode.RIDING)

#: What a good provider says in each mode.
PAYLOADS: Mapping[Mode, Payload] = {
    Mode.PLAIN: ANSWER,
    Mode.STREAM: STREAM,
    Mode.RIDING: STREAM,
}


def data_of(*events: bytes) -> tuple[bytes, ...]:
    """Return the data of events with one line of data each."""
    return tuple(event.removeprefix(b"data: ").removesuffix(b"\n\n") for event in events)


def fine(mode: Mode, **more: Any) -> Owed:
    """The good answer, whole and exact."""
    owed = (
        Owed(raw=b"".join((*EVENTS, END)), events=data_of(*EVENTS, END))
        if mode is Mode.STREAM
        else Owed(body=ANSWER.body)
    )
    return attrs.evolve(owed, **more)


def failed(status: int, code: str, verdict: str = "provider_error", **more: Any) -> Owed:
    """An error in place of an answer; the connection that brought it is of no more use."""
    owed = Owed(status=status, code=code, verdict=verdict, connection=Connection.CLOSED)
    return attrs.evolve(owed, **more)


INVALID = failed(502, "provider_error")
UNAVAILABLE = failed(502, "provider_unavailable")


def broken_off(code: str, *events: bytes, verdict: str = "provider_error", **more: Any) -> Owed:
    """A stream that tells ``events`` and then an error."""
    owed = Owed(
        code=code,
        events=data_of(*events),
        ending=Ending.CUT,
        verdict=verdict,
        connection=Connection.CLOSED,
    )
    return attrs.evolve(owed, **more)


def always(*scripts: Script) -> Callable[[Payload], tuple[Script, ...]]:
    """Play the same in every mode."""
    return lambda good: scripts


def in_modes(
    id: str,
    scripts: Callable[[Payload], tuple[Script, ...]],
    owed: Callable[[Mode], Owed] | Owed,
    *,
    modes: tuple[Mode, ...] = MODES,
    **more: Any,
) -> tuple[RelayCase, ...]:
    """Return one case for each mode; ``scripts`` get the good answer of the mode."""
    return tuple(
        RelayCase(
            id=f"{id}.{mode.value}",
            mode=mode,
            scripts=scripts(PAYLOADS[mode]),
            owed=owed if isinstance(owed, Owed) else owed(mode),
            **more,
        )
        for mode in modes
    )


def rescued(
    id: str, *script: Action, verdict: str = "provider_error", alone: bool = False
) -> tuple[RelayCase, ...]:
    """Return cases of two providers: the first spoils its chance, the second answers."""

    def owed(mode: Mode) -> Owed:
        return fine(mode, requests=2, attempts=(verdict, "complete"))

    return in_modes(
        id,
        lambda good: (script, (framed(good),)),
        owed,
        route=Route.TWO,
        alone=alone,
    )
