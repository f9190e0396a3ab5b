"""Comparing what was seen of a relayed call with what is owed.

Says everything that is wrong, in sentences; an empty list means that all is well. The answer is
read by other code than the gateway's.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from tests.corpus.answers import Unreadable, read
from tests.corpus.relay_case import Connection, Ending, Mode, Owed, RelayCase
from tests.corpus.relay_gateway import PROVIDER_KEY
from tests.corpus.relay_player import RelayEvidence
from tests.corpus.requests import KEY, PROMPT
from tests.corpus.scripted_upstream import Received

#: What every provider gets, and nothing else unless the case says so.
_ALWAYS = frozenset(
    {
        b"host",
        b"content-type",
        b"content-length",
        b"accept",
        b"accept-encoding",
        b"user-agent",
        b"authorization",
        b"x-request-id",
        b"via",
    }
)
_TYPES = {
    400: "invalid_request_error",
    404: "invalid_request_error",
    409: "invalid_request_error",
    413: "invalid_request_error",
    415: "invalid_request_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
    500: "internal_error",
    502: "provider_error",
    504: "timeout_error",
}


@attrs.frozen(kw_only=True)
class Relayed:
    """An answer as the client reads it, also one that breaks off."""

    status: int
    headers: Mapping[bytes, bytes]
    body: bytes
    whole: bool


@attrs.frozen(kw_only=True)
class _Told:
    """One event, by the grammar of the WHATWG."""

    name: bytes
    data: bytes


def judge(case: RelayCase, evidence: RelayEvidence, lines: list[dict[str, Any]]) -> list[str]:
    """Return everything wrong with how ``case`` ended; ``lines`` are its lines of the log."""
    try:
        found = judge_answer(case, read_relayed(evidence.received))
    except Unreadable as error:
        found = [f"{error} in {evidence.received[:200]!r}"]
    owed = case.owed
    return [
        *found,
        *_requests(case, evidence),
        *_connection(owed, evidence),
        *_line(owed, lines),
        *_leaks(owed, evidence.received, json.dumps(lines).encode()),
    ]


def judge_answer(case: RelayCase, answer: Relayed) -> list[str]:
    """Return everything wrong with the answer alone; raises `Unreadable`."""
    read = _stream if _is_stream(answer) else _document
    return [*_answer(case, answer), *read(case, answer)]


# --- reading -------------------------------------------------------------------------------------


def read_relayed(data: bytes) -> Relayed:
    """Read the one answer in ``data``, after which the connection ended; raises `Unreadable`."""
    reading = read(data, closed=True)
    if reading.answers:
        answer = reading.answers[0]
        if reading.rest or len(reading.answers) > 1:
            raise Unreadable("more behind the answer")
        return Relayed(status=answer.status, headers=answer.headers, body=answer.body, whole=True)
    # Put the end behind it that it lacks, at the end of its last whole chunk.
    head, end, chunks = data.partition(b"\r\n\r\n")
    if not end or chunks.endswith(b"0\r\n\r\n"):
        raise Unreadable("no answer")
    (answer,) = read(head + end + chunks + b"0\r\n\r\n", closed=True).answers
    return Relayed(status=answer.status, headers=answer.headers, body=answer.body, whole=False)


def _is_stream(answer: Relayed) -> bool:
    return answer.headers.get(b"content-type") == b"text/event-stream; charset=utf-8"


def _events(body: bytes) -> list[_Told]:
    """Dispatch the events of ``body`` as a client does: those that have data."""
    told: list[_Told] = []
    name, data = b"", list[bytes]()
    *lines, rest = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    for line in lines:
        field, _, value = line.partition(b":")
        if not line:
            if data:
                told.append(_Told(name=name, data=b"\n".join(data)))
            name, data = b"", []
        elif field == b"data":
            data.append(value.removeprefix(b" "))
        elif field == b"event":
            name = value.removeprefix(b" ")
    if rest or data:
        raise Unreadable("half an event at the end")
    return told


# --- comparing -----------------------------------------------------------------------------------


def _answer(case: RelayCase, answer: Relayed) -> Iterator[str]:
    owed = case.owed
    if answer.status != owed.status:
        yield f"{answer.status} instead of {owed.status}: {answer.body[:200]!r}"
    if answer.whole != (owed.ending is Ending.WHOLE):
        yield f"the answer ends {'in order' if answer.whole else 'in the middle'}"
    if answer.headers.get(b"x-request-id") != case.id.encode():
        yield "it has another request id"
    for name, value in owed.headers.items():
        if answer.headers.get(name) != value:
            yield f"{name!r} is {answer.headers.get(name)!r} instead of {value!r}"
    if owed.says not in answer.body:
        yield f"{owed.says!r} is not in {answer.body[:300]!r}"


def _stream(case: RelayCase, answer: Relayed) -> Iterator[str]:
    owed = case.owed
    if case.mode is not Mode.STREAM:
        yield "no stream was asked for"
    told = _events(answer.body)
    if owed.code:
        last = told.pop() if told else _Told(name=b"", data=b"")
        if last.name != b"error":
            yield f"the last event is {last}"
        else:
            yield from _error(owed, json.loads(last.data)["error"])
    found = tuple(event.data for event in told)
    if owed.events is not None and found != owed.events:
        yield f"it tells {found} instead of {owed.events}"
    if (b"[DONE]" in found) != (not owed.code) or found.count(b"[DONE]") > 1:
        yield f"[DONE] comes {found.count(b'[DONE]')} times"
    if any(event.name == b"error" for event in told):
        yield "an error is told in between"
    if owed.raw is not None and answer.body != owed.raw:
        yield f"the bytes are {answer.body!r} instead of {owed.raw!r}"
    ids = {json.loads(data).get("id") for data in found if data != b"[DONE]"}
    if len(ids) > 1:
        yield f"it has the ids {ids}"


def _document(case: RelayCase, answer: Relayed) -> Iterator[str]:
    owed = case.owed
    if answer.headers.get(b"content-type") != b"application/json":
        yield "it is not application/json"
        return
    found = json.loads(answer.body)
    if owed.code:
        if set(found) != {"error", "detail"}:
            yield f"the error {found}"
        else:
            yield from _error(owed, found["error"])
    elif case.mode is Mode.STREAM:
        yield "a stream was asked for"
    elif owed.body is not None and (
        answer.body != owed.body if case.mode is Mode.PLAIN else found != json.loads(owed.body)
    ):
        yield f"the body is {answer.body!r} instead of {owed.body!r}"


def _error(owed: Owed, error: dict[str, Any]) -> Iterator[str]:
    if set(error) != {"message", "type", "param", "code"}:
        yield f"the error {error}"
    elif error["code"] != owed.code:
        yield f"the code {error['code']} instead of {owed.code}"
    elif owed.ending is Ending.WHOLE and error["type"] != _TYPES[owed.status]:
        yield f"the type {error['type']}"
    elif not error["message"] or not error["message"].isprintable():
        yield f"the message {error['message']!r}"


def _requests(case: RelayCase, evidence: RelayEvidence) -> Iterator[str]:
    owed, requests = case.owed, evidence.requests
    if owed.requests is not None and len(requests) != owed.requests:
        yield f"{len(requests)} requests reached providers instead of {owed.requests}"
    providers = [request.provider for request in requests]
    if len(owed.attempts) == len(providers) and len(set(providers)) != len(providers):
        yield f"the attempts went to {providers}"
    for request in requests:
        yield from _request(case, request)


def _request(case: RelayCase, request: Received) -> Iterator[str]:
    headers = request.headers
    path = f"/{request.provider}/v1/chat/completions"
    if request.line != b"POST %b HTTP/1.1" % path.encode():
        yield f"the request line {request.line!r}"
    if headers[b"authorization"] != (b"Bearer " + PROVIDER_KEY,):
        yield f"the credential {headers[b'authorization']!r}"
    if not headers[b"via"][-1].startswith(b"1.1 inference-gateway-"):
        yield f"the gateway is not the last in {headers[b'via']!r}"
    if json.loads(request.body).get("stream", False) != (case.mode is not Mode.PLAIN):
        yield "the provider was asked otherwise"
    if case.owed.forwarded is None:
        return
    extra = {name: values for name, values in headers.items() if name not in _ALWAYS}
    if len(headers[b"via"]) > 1:
        extra[b"via"] = headers[b"via"][:-1]
    owed = {name: (value,) for name, value in case.owed.forwarded.items()}
    if extra != owed:
        yield f"the provider saw {extra} instead of {owed}"
    if any(len(values) != 1 for name, values in headers.items() if name != b"via"):
        yield "the provider saw a field twice"


def _connection(owed: Owed, evidence: RelayEvidence) -> Iterator[str]:
    if owed.connection is Connection.CLOSED and not evidence.closed:
        yield "the provider's connection is still open"
    if owed.connection is Connection.KEPT and evidence.closed:
        yield "the provider's connection is closed"


def _line(owed: Owed, lines: list[dict[str, Any]]) -> Iterator[str]:
    if len(lines) != 1:
        yield f"{len(lines)} lines in the log"
        return
    (line,) = lines
    status = (line["status"], line["verdict"])
    if status != (owed.status, owed.verdict):
        yield f"the log says {status} instead of {(owed.status, owed.verdict)}"
    attempts = tuple(attempt["verdict"] for attempt in line.get("attempts", ()))
    if attempts != (owed.attempts or (owed.verdict,)):
        yield f"the log says of the attempts {attempts}"
    for name, value in owed.line.items():
        if line.get(name) != value:
            yield f"the log says {name} {line.get(name)} instead of {value}"
    if "dropped_events" in line and "dropped_events" not in owed.line:
        yield f"{line['dropped_events']} events were dropped"


def _leaks(owed: Owed, received: bytes, log: bytes) -> Iterator[str]:
    for secret in (KEY, PROVIDER_KEY, PROMPT.encode(), *owed.forbidden):
        if secret in received:
            yield f"{secret!r} is in the answer"
        if secret in log:
            yield f"{secret!r} is in the log"
