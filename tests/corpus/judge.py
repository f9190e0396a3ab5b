"""Comparing the evidence of a played case with what is owed, and with what every answer owes.

Says everything that is wrong, in sentences; empty lists mean that all is well. It neither plays nor
collects.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from tests.corpus.answers import ReadAnswer, Reading, Unreadable, read
from tests.corpus.case import Case
from tests.corpus.owed import Afterwards, Answer, Expect, Line
from tests.corpus.requests import ADMIN_KEY, KEY, SECRETS

_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]")
#: What tells of code, files or addresses behind an error.
_INSIDES = ("Traceback", 'File "', ".py", "twisted", "Deferred", "0x7f")

#: The type and the codes that an error with a status may have.
_ERRORS: Mapping[int, tuple[str, frozenset[str]]] = {
    400: (
        "invalid_request_error",
        frozenset(
            {
                "validation_error",
                "json_parse_error",
                "body_read_error",
                "conflicting_credentials",
                "provider_invalid_request",
            }
        ),
    ),
    401: (
        "authentication_error",
        frozenset({"missing_api_key", "invalid_auth_header", "invalid_api_key"}),
    ),
    403: ("authorization_error", frozenset({"insufficient_permissions"})),
    404: ("not_found_error", frozenset({"model_not_found", "resource_not_found"})),
    405: ("invalid_request_error", frozenset({"method_not_allowed"})),
    408: ("timeout_error", frozenset({"request_read_timeout"})),
    411: ("invalid_request_error", frozenset({"length_required"})),
    413: ("invalid_request_error", frozenset({"payload_too_large"})),
    414: ("invalid_request_error", frozenset({"uri_too_long"})),
    415: ("invalid_request_error", frozenset({"unsupported_media_type"})),
    417: ("invalid_request_error", frozenset({"expectation_failed"})),
    431: ("invalid_request_error", frozenset({"request_header_fields_too_large"})),
    501: ("invalid_request_error", frozenset({"not_implemented"})),
    505: ("invalid_request_error", frozenset({"http_version_not_supported"})),
}


@attrs.frozen(kw_only=True)
class Evidence:
    """What a driver saw of one case."""

    received: bytes
    #: What the driver found of the connection; `EITHER` is never found.
    afterwards: Afterwards
    #: Lines of the access log that belong to the case, in order.
    lines: tuple[bytes, ...]
    #: What the driver itself found wrong: timers left, a gauge not zero, a failed step.
    faults: tuple[str, ...] = ()
    cpu: float = 0.0
    taken: int = 0
    waiting: int = 0


def judge(case: Case, evidence: Evidence) -> list[str]:
    """Return everything wrong with how ``case`` ended, against the nearest acceptable ending."""
    closed = evidence.afterwards is not Afterwards.OPEN
    try:
        reading = read(evidence.received, closed=closed, headless=case.headless)
        lines = [_parse_line(line) for line in evidence.lines]
    except (Unreadable, ValueError) as error:
        return [str(error)]
    faults = [
        *evidence.faults,
        *_leaks(case, evidence),
        *(fault for answer in reading.answers for fault in _answer_faults(case, answer)),
    ]
    endings = [list(_mismatches(expect, reading, lines, evidence)) for expect in case.owed]
    if all(endings):
        nearest = min(endings, key=len)
        faults += nearest
    return faults


# --- what every answer and every line owes -------------------------------------------------------


def _parse_line(line: bytes) -> dict[str, Any]:
    parsed = json.loads(line)
    if not isinstance(parsed, dict):
        raise ValueError(f"the line {line!r}")
    return parsed


def _leaks(case: Case, evidence: Evidence) -> Iterator[str]:
    log = b"\n".join(evidence.lines)
    for secret in (*SECRETS, *case.forbidden):
        if secret in log:
            yield f"{secret!r} is in the log"
    for secret in (KEY, ADMIN_KEY, *case.forbidden):
        if secret in evidence.received:
            yield f"{secret!r} is in the answer"
    if _CONTROL.search(log):
        yield "a control byte is in the log"


def _answer_faults(case: Case, answer: ReadAnswer) -> Iterator[str]:
    headers = answer.headers
    if not _ID.fullmatch(headers.get(b"x-request-id", b"")):
        yield f"a {answer.status} without a good X-Request-ID"
    if any(byte.isdigit() for byte in headers.get(b"server", b"").decode()):
        yield "Server tells a version"
    if answer.status == 405 and b"allow" not in headers:
        yield "a 405 without Allow"
    if answer.status == 401 and b"www-authenticate" not in headers:
        yield "a 401 without WWW-Authenticate"
    if answer.status >= 400 and not case.headless:
        yield from _error_faults(answer)


def _error_faults(answer: ReadAnswer) -> Iterator[str]:
    if answer.headers.get(b"content-type") != b"application/json":
        yield f"a {answer.status} that is not application/json"
        return
    body = json.loads(answer.body)
    error = body["error"]
    if set(body) != {"error", "detail"} or set(error) != {"message", "type", "param", "code"}:
        yield f"the error {body} has other members"
        return
    type_, codes = _ERRORS[answer.status]
    if error["type"] != type_ or error["code"] not in codes:
        yield f"{error['type']} and {error['code']} for a {answer.status}"
    if not error["message"] or not error["message"].isprintable():
        yield f"the message {error['message']!r}"
    problems = body["detail"]["errors"]
    if any(sign in error["message"] or sign in str(problems) for sign in _INSIDES):
        yield f"insides in {answer.body!r}"
    if not problems or any(
        not problem["message"] or set(problem) - {"message", "field"} for problem in problems
    ):
        yield f"the detail {body['detail']}"
    if answer.status == 401 and (
        error["param"] != "Authorization" or problems != [{"message": "unauthorized"}]
    ):
        yield f"the 401 {body}"


# --- what a case owes ----------------------------------------------------------------------------


def _mismatches(
    expect: Expect, reading: Reading, lines: list[dict[str, Any]], evidence: Evidence
) -> Iterator[str]:
    yield from _ending(expect, reading, evidence)
    if expect.lines is not None:
        if expect.afterwards is not Afterwards.LEFT:
            yield from _answers(expect, reading)
        yield from _lines(expect, reading, lines)
        calls = sum(len(line.get("attempts", ())) for line in lines)
        if calls != expect.provider_calls:
            yield f"{calls} calls reached the provider instead of {expect.provider_calls}"
    if expect.cpu is not None and evidence.cpu > expect.cpu:
        yield f"it took {evidence.cpu:.3f} s of the processor instead of {expect.cpu}"
    if expect.taken is not None and evidence.taken > expect.taken:
        yield f"{evidence.taken} bytes were taken instead of {expect.taken}"
    if expect.waiting is not None and evidence.waiting > expect.waiting:
        yield f"{evidence.waiting} bytes waited instead of {expect.waiting}"


def _ending(expect: Expect, reading: Reading, evidence: Evidence) -> Iterator[str]:
    found = evidence.afterwards
    announced = bool(reading.answers) and (
        reading.answers[-1].headers.get(b"connection", b"").lower() == b"close"
    )
    if found is Afterwards.HUNG_UP and reading.rest:
        found = Afterwards.CUT
    elif found is Afterwards.HUNG_UP and announced:
        found = Afterwards.CLOSED
    acceptable = {
        Afterwards.EITHER: {Afterwards.OPEN, Afterwards.CLOSED},
        Afterwards.HUNG_UP: {Afterwards.HUNG_UP, Afterwards.CLOSED},
        Afterwards.CUT: {Afterwards.HUNG_UP, Afterwards.CUT},
    }.get(expect.afterwards, {expect.afterwards})
    if found not in acceptable:
        yield f"the connection is {found.value} instead of {expect.afterwards.value}"
    if found is Afterwards.OPEN and announced:
        yield "the connection is open although its end was announced"
    if found is Afterwards.OPEN and reading.rest:
        yield f"behind the answers came {reading.rest[:100]!r}"


def _answers(expect: Expect, reading: Reading) -> Iterator[str]:
    if reading.interim != expect.interim:
        yield f"{reading.interim} times 100 Continue instead of {expect.interim}"
    statuses = [answer.status for answer in reading.answers]
    if len(statuses) != len(expect.answers):
        yield f"{len(statuses)} answers {statuses[:10]} instead of {len(expect.answers)}"
        return
    for owed, answer in zip(expect.answers, reading.answers, strict=True):
        yield from _answer(owed, answer)


def _answer(owed: Answer, answer: ReadAnswer) -> Iterator[str]:
    if answer.status not in owed.statuses:
        yield f"{answer.status} instead of {sorted(owed.statuses)}: {answer.body[:200]!r}"
        return
    if owed.codes or owed.param is not None:
        error = json.loads(answer.body)["error"]
        if owed.codes and error["code"] not in owed.codes:
            yield f"the code {error['code']} instead of {sorted(owed.codes)}"
        if owed.param is not None and error["param"] != owed.param:
            yield f"the param {error['param']} instead of {owed.param}"
    for name, value in owed.headers.items():
        found = answer.headers.get(name)
        if found is None or not _matches(found, value):
            yield f"{name!r} is {found!r} instead of {value!r}"
    for name in owed.absent:
        if name in answer.headers:
            yield f"{name!r} is there"
    position = 0
    for part in owed.contains:
        position = answer.body.find(part, position)
        if position < 0:
            yield f"{part[:100]!r} is not in {answer.body[:200]!r}"
            return


def _matches(found: bytes, value: bytes) -> bool:
    if value.endswith(b"*"):
        return found.startswith(value[:-1])
    return found == value


def _lines(expect: Expect, reading: Reading, lines: list[dict[str, Any]]) -> Iterator[str]:
    owed = list(expect.lines or ())
    if expect.afterwards is not Afterwards.LEFT:
        answered = [
            (answer.status, answer.headers.get(b"x-request-id")) for answer in reading.answers
        ]
        logged = [(line["status"], line["request_id"].encode()) for line in lines]
        if logged[: len(answered)] != answered:
            yield f"the log says {logged[:10]} of the answers {answered[:10]}"
        lines = lines[len(answered) :]
    if len(lines) != len(owed) or not all(map(_says, owed, lines)):
        said = [(line["status"], line["verdict"]) for line in lines]
        yield f"the log says {said} instead of {[(line.status, line.verdict) for line in owed]}"


def _says(owed: Line, line: dict[str, Any]) -> bool:
    return (
        line["status"] == owed.status
        and line["verdict"] == owed.verdict
        and all(name in line for name in owed.has)
    )
