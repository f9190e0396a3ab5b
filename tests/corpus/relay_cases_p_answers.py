"""Section P, rows 18 to 25: answers that are whole and mean trouble."""

from email.utils import formatdate
from typing import Any

from tests.corpus.relay_case import (
    Connection,
    Mode,
    Owed,
    RelayCase,
    Route,
    always,
    failed,
    fine,
    in_modes,
    rescued,
)
from tests.corpus.relay_payloads import (
    ANSWER,
    JSON,
    OK,
    ROLE,
    SSE,
    Payload,
    chunk,
    framed,
    open_head,
)
from tests.corpus.scripted_upstream import Flood, Script
from tests.corpus.upstream_cases import Step

#: A word that bad answers contain, and that nobody may see.
_MARK = b"canary-of-the-provider"

_NOT_KEPT = Connection.ANY


def _nonsense(id: str, body: bytes, media_type: bytes = JSON, **more: Any) -> tuple[RelayCase, ...]:
    """A 200 whose body is no answer, in every mode."""
    answer = framed(Payload(media_type=media_type, body=body))
    owed = failed(502, "provider_error", connection=_NOT_KEPT, forbidden=(_MARK,))
    return in_modes(f"P18.{id}", lambda good: ((answer,),), owed, **more)


def _unread(mode: Mode) -> Owed:
    """No event came of a stream, so it lacks its end; a plain body is no JSON."""
    verdict = "provider_error" if mode is Mode.PLAIN else "truncated"
    return failed(502, "provider_error", verdict, connection=_NOT_KEPT, forbidden=(_MARK,))


_ERROR = b'{"error":{"message":"%b","type":"x","param":null,"code":null}}' % _MARK

NONSENSE = (
    *_nonsense("invalid-json", b'{"id": %b' % _MARK),
    *_nonsense("truncated-json", ANSWER.body[:-9]),
    *_nonsense("empty-json", b""),
    *_nonsense("array", b"[]"),
    *_nonsense("null", b"null"),
    *_nonsense("no-choices", b'{"id":"%b"}' % _MARK),
    *_nonsense("choices-empty", b'{"id":"%b","choices":[]}' % _MARK),
    *_nonsense("choice-without-message", b'{"choices":[{"index":0,"%b":1}]}' % _MARK),
    *_nonsense("error-under-200", _ERROR),
    *_nonsense("byte-order-mark", b"\xef\xbb\xbf" + ANSWER.body),
    *_nonsense("nested", b'{"choices":' + b"[" * 100_000),
    *_nonsense("utf-16", ANSWER.body.decode().encode("utf-16")),
    *_nonsense("html", b"<html>%b</html>" % _MARK, b"text/html; charset=utf-8"),
    *_nonsense("html-as-json", b"<html>%b</html>" % _MARK),
    *_nonsense("html-in-capitals", b"<html>%b</html>" % _MARK, b"Text/HTML"),
    *in_modes(
        "P18.plain-text",
        lambda good: ((framed(Payload(media_type=b"text/plain", body=_MARK * 9)),),),
        _unread,
    ),
    *in_modes(
        "P18.no-content-type",
        lambda good: ((OK + b"Content-Length: 5\r\n\r\nhello",),),
        _unread,
    ),
    *in_modes(
        "P18.events-for-a-plain-call",
        lambda good: ((framed(Payload(media_type=SSE, body=ROLE)),),),
        failed(502, "provider_error", connection=_NOT_KEPT),
        modes=(Mode.PLAIN,),
    ),
    *in_modes(
        "P18.answer-without-content-type",
        lambda good: ((OK + b"Content-Length: %d\r\n\r\n%b" % (len(good.body), good.body),),),
        lambda mode: fine(mode, connection=Connection.KEPT),
    ),
    *rescued("P18.html-then-another", framed(Payload(media_type=b"text/html", body=b"<p>"))),
    *rescued("P18.nonsense-then-another", framed(Payload(media_type=JSON, body=b"{"))),
)

_MEGABYTE = 1024 * 1024
_BLANKS = b" " * 65_536
_LONG = chunk({"content": "x" * 65_000})


def _much(head: bytes, data: bytes, megabytes: int) -> tuple[Script, ...]:
    return ((head, Flood(data, megabytes * _MEGABYTE // len(data))),)


_TOO_LARGE = failed(502, "provider_error", says=b"larger")

SIZES = (
    *in_modes(
        "P19.announced",
        lambda good: _much(
            OK + b"Content-Type: application/json\r\nContent-Length: 104857600\r\n\r\n",
            _BLANKS,
            100,
        ),
        _TOO_LARGE,
    ),
    *in_modes(
        "P19.unannounced",
        lambda good: _much(open_head(ANSWER), _BLANKS, 100),
        _TOO_LARGE,
        modes=(Mode.PLAIN,),
    ),
    *in_modes(
        "P19.events",
        lambda good: _much(open_head(good), _LONG, 100),
        _TOO_LARGE,
        modes=(Mode.RIDING,),
    ),
    *in_modes(
        "P19.failed-answer",
        # what is looked at for a reason is little; the rest is not waited for
        lambda good: _much(
            open_head(ANSWER, status=b"HTTP/1.1 500 Internal Server Error\r\n"), _BLANKS, 100
        ),
        failed(502, "provider_error"),
    ),
    *in_modes(
        "P20.gzip-bomb",
        lambda good: ((framed(good, b"Content-Encoding: gzip"),),),
        failed(502, "provider_error"),
    ),
)


def _redirect(status: int, target: bytes) -> bytes:
    line = b"HTTP/1.1 %d Moved\r\n" % status
    return framed(Payload(media_type=b"text/html", body=_MARK), b"Location: " + target, status=line)


REDIRECTS = tuple(
    case
    for status in (300, 301, 302, 303, 307, 308)
    for name, target in (
        ("metadata", b"http://169.254.169.254/latest/meta-data/"),
        ("itself", b"/one/v1/chat/completions"),
        ("another-host", b"http://evil.test/v1/chat/completions"),
    )
    for case in in_modes(
        f"P21.{status}-{name}",
        always((_redirect(status, target),)),
        failed(
            502,
            "provider_error",
            connection=_NOT_KEPT,
            headers={b"location": None},
            forbidden=(_MARK, b"169.254", b"evil.test"),
        ),
    )
)


def _status(status: int, body: bytes = _ERROR, *lines: bytes) -> bytes:
    line = b"HTTP/1.1 %d Status\r\n" % status
    return framed(Payload(media_type=JSON, body=body), *lines, status=line)


def _refusals(row: str, status: int, owed: Owed, *lines: bytes) -> tuple[RelayCase, ...]:
    return in_modes(f"{row}.{status}", lambda good: ((_status(status, _ERROR, *lines),),), owed)


_AUTH = failed(502, "provider_auth_failed", connection=_NOT_KEPT, forbidden=(_MARK,))

STATUSES = (
    *(case for status in (401, 402, 403) for case in _refusals("P22", status, _AUTH)),
    *rescued("P22.then-another", _status(401)),
    *(
        case
        for status in (400, 404, 409, 413, 415, 422)
        for case in _refusals(
            "P24",
            status,
            failed(status, "provider_invalid_request", connection=Connection.KEPT, says=_MARK),
        )
    ),
    *in_modes(
        "P24.not-tried-elsewhere",
        lambda good: ((_status(400),),),
        failed(
            400,
            "provider_invalid_request",
            says=_MARK,
            connection=_NOT_KEPT,
            headers={b"x-should-retry": b"false"},
        ),
        route=Route.TWO,
    ),
    *rescued("P24.404-is-tried-elsewhere", _status(404)),
    *(
        case
        for status in (405, 408, 418, 500, 501, 502, 503, 504, 529, 599)
        for case in _refusals(
            "P25",
            status,
            failed(502, "provider_error", connection=_NOT_KEPT, forbidden=(_MARK,)),
        )
    ),
    *(
        case
        for status in (500, 502, 503, 504, 529)
        for case in rescued(f"P25.{status}-then-another", _status(status))
    ),
    *in_modes(
        "P25.both-fail",
        lambda good: ((_status(500),), (_status(503),)),
        failed(
            502,
            "provider_error",
            requests=2,
            connection=_NOT_KEPT,
            says=b"overloaded",
            attempts=("provider_error", "provider_error"),
        ),
        route=Route.TWO,
    ),
    *in_modes(
        "P25.answer-cut-off",
        lambda good: ((_status(500)[:-9], Step.FIN),),
        failed(502, "provider_error"),
    ),
)


def _limited(name: str, after: bytes | None, *lines: bytes) -> tuple[RelayCase, ...]:
    """A 429 to a call that has one provider; ``after`` is what the client is told to wait."""
    return in_modes(
        f"P23.{name}",
        lambda good: ((_status(429, _ERROR, *lines),),),
        failed(
            429,
            "provider_quota_exceeded",
            connection=Connection.KEPT,
            headers={b"retry-after": after},
            forbidden=(_MARK,),
        ),
    )


LIMITS = (
    *_limited("seconds", b"7", b"Retry-After: 7"),
    *_limited("milliseconds", b"2", b"Retry-After-MS: 1500", b"Retry-After: 9"),
    *_limited("nothing-said", b"1"),
    *_limited("negative", b"1", b"Retry-After: -5"),
    *_limited("garbage", b"1", b"Retry-After: soon"),
    *_limited("infinite", b"1", b"Retry-After: inf"),
    *_limited("absurd", b"3600", b"Retry-After: 1000000000"),
    *_limited("past", b"0", b"Retry-After: " + formatdate(1_000_000_000, usegmt=True).encode()),
    *_limited("distant", b"3600", b"Retry-After: Fri, 31 Dec 9999 23:59:59 GMT"),
    *rescued("P23.then-another", _status(429, _ERROR, b"Retry-After: 7")),
)

CASES = (*NONSENSE, *SIZES, *REDIRECTS, *STATUSES, *LIMITS)
