"""Candidates that are never asked, and the calls that they are ordered for."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from twisted.internet.task import Clock

from inference_gateway.exchange import Call, ClientHints
from inference_gateway.routing.candidate import Candidate
from inference_gateway.routing.load import Load
from inference_gateway.wire.operations import CHAT
from inference_gateway.wire.request import ModelRequest
from tests.routing.rosters import entry


def candidate(
    id: str, clock: Clock | None = None, *, slow_start: float = 0.0, **settings: Any
) -> Candidate:
    """Return a candidate with more ``settings`` of its provider."""
    clock = clock or Clock()
    made = entry(id, clock=clock, **settings)
    made.load = Load(clock.seconds, slow_start=slow_start)
    return Candidate(made, "m")


def group(ids: Iterable[str], clock: Clock | None = None) -> list[Candidate]:
    """Return candidates with these ids, all alike."""
    clock = clock or Clock()
    return [candidate(id, clock) for id in ids]


def ids(candidates: Sequence[Candidate]) -> str:
    """Return the ids of ``candidates``, in one word."""
    return "".join(each.entry.id for each in candidates)


def call(fields: Mapping[str, Any] | None = None, *, session: str = "") -> Call:
    """Return a call whose request has ``fields``; without any it has no request."""
    request = None
    if fields is not None:
        request = ModelRequest(operation=CHAT, model="m", body=b"", fields=dict(fields))
    return Call(
        id="call",
        received=0.0,
        method="POST",
        path="/v1/chat/completions",
        request=request,
        hints=ClientHints(session=session),
    )


def question(text: str) -> Call:
    """Return a call that asks ``text``."""
    return call({"messages": [{"role": "user", "content": text}]})


def fail(one: Candidate, times: int = 3) -> None:
    """Let attempts at a candidate's provider fail, one after another and at once."""
    for _ in range(times):
        one.entry.load.begin()
        one.entry.load.fail(0.0)


def succeed(one: Candidate, latency: float) -> None:
    """Let an attempt at a candidate's provider succeed, as if it had taken ``latency`` seconds."""
    one.entry.load.begin()
    one.entry.load.succeed(latency)
