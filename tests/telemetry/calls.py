"""Calls that are over, for those who record them."""

from typing import Any

from inference_gateway.errors import Verdict
from inference_gateway.exchange import Attempt, Call, Outcome, Principal, Usage
from tests.pipeline.chats import chat

COMPLETE = Outcome(verdict=Verdict.COMPLETE, status=200)


def served(**fields: Any) -> Call:
    """Return a streamed call that two providers were tried for, received at 10 seconds."""
    call = chat(stream=True, received=10.0)
    call.route = "/v1/chat/completions"
    call.peer = "192.0.2.1"
    call.principal = Principal(id="alice")
    call.model = "m"
    call.response_model = "upstream-model"
    call.first_content_at = 10.5
    call.finish_reason = "stop"
    call.usage = Usage(7, 3)
    call.bytes_in, call.bytes_out = 100, 200
    for provider, started, ended, verdict in (
        ("a", 10.1, 10.2, Verdict.PROVIDER_ERROR),
        ("b", 10.25, 10.75, Verdict.COMPLETE),
    ):
        attempt = Attempt(provider=provider, model="own", started=started, ended=ended)
        attempt.complete(Outcome(verdict=verdict, status=200))
        call.attempts.append(attempt)
    for name, value in fields.items():
        setattr(call, name, value)
    return call


def plain(method: str = "GET", path: str = "/", **fields: Any) -> Call:
    """Return a call that reached no provider."""
    call = Call(id="r-1", received=10.0, method=method, path=path)
    for name, value in fields.items():
        setattr(call, name, value)
    return call
