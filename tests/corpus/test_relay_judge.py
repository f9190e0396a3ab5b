"""The judge of the relay notices each kind of fault."""

import json
from typing import Any

import attrs
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.corpus.answers import Unreadable
from tests.corpus.relay_case import (
    Connection,
    Mode,
    Owed,
    RelayCase,
    broken_off,
    failed,
    fine,
)
from tests.corpus.relay_gateway import PROVIDER_KEY
from tests.corpus.relay_judge import judge, read_relayed
from tests.corpus.relay_payloads import ANSWER, END, EVENTS, ROLE, STREAM, WORDS, event, framed
from tests.corpus.relay_player import RelayEvidence
from tests.corpus.scripted_upstream import (
    Received,
    ScriptedConnection,
    ScriptedUpstream,
    good_script,
)

_ERROR = {"message": "m", "type": "provider_error", "param": None, "code": "provider_error"}
_FAILED = json.dumps({"error": _ERROR, "detail": {"errors": [{"message": "m"}]}}).encode()
_ERROR_EVENT = b"event: error\n" + event({"error": _ERROR})


def plain(body: bytes = ANSWER.body, status: int = 200, *, id: str = "x.plain") -> bytes:
    """A plain answer as bytes."""
    return (
        b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\nx-request-id: %b\r\n"
        b"content-length: %d\r\n\r\n%b" % (status, id.encode(), len(body), body)
    )


def streamed(*events: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """A stream as bytes."""
    body = b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in events)
    return (
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
        b"x-request-id: x.stream\r\ntransfer-encoding: chunked\r\n\r\n" + body + end
    )


def request(mode: Mode, **headers: bytes) -> Received:
    """A request as a provider gets it."""
    fields = {
        b"authorization": (b"Bearer " + PROVIDER_KEY,),
        b"via": (b"1.1 inference-gateway-1",),
        **{name.replace("_", "-").encode(): (value,) for name, value in headers.items()},
    }
    body = b"{}" if mode is Mode.PLAIN else b'{"stream":true}'
    connection = ScriptedConnection(ScriptedUpstream(Clock()))
    return Received(
        line=b"POST /one/v1/chat/completions HTTP/1.1",
        headers=fields,
        body=body,
        connection=connection,
    )


def line(status: int = 200, verdict: str = "complete", **more: object) -> dict[str, Any]:
    """One line of the log."""
    return {"status": status, "verdict": verdict, "attempts": [{"verdict": verdict}], **more}


class JudgeTests(SynchronousTestCase):
    """Faults in what was seen of one case."""

    mode = Mode.PLAIN

    def faults(
        self,
        received: bytes,
        owed: Owed,
        *lines: dict[str, Any],
        requests: tuple[Received, ...] | None = None,
        closed: bool = False,
    ) -> list[str]:
        """Return what is wrong."""
        case = RelayCase(id=f"x.{self.mode.value}", mode=self.mode, scripts=(), owed=owed)
        evidence = RelayEvidence(
            received=received,
            requests=(request(self.mode),) if requests is None else requests,
            closed=closed,
        )
        return judge(case, evidence, list(lines or (line(),)))

    def test_fine(self) -> None:
        """What is as it is owed has no fault."""
        self.assertEqual(self.faults(plain(), fine(Mode.PLAIN)), [])
        owed = failed(502, "provider_error")
        bad = line(502, "provider_error")
        self.assertEqual(self.faults(plain(_FAILED, 502), owed, bad, closed=True), [])

    def test_answers(self) -> None:
        """A wrong status, id, header, type or body is a fault."""
        good = fine(Mode.PLAIN)
        for received, owed in (
            (plain(status=201), good),
            (plain(id="y"), good),
            (plain().replace(b"application/json", b"text/html"), good),
            (plain(ANSWER.body + b" "), good),
            (plain(), attrs.evolve(good, says=b"not there")),
            (plain(), attrs.evolve(good, headers={b"x-request-id": None})),
            (plain()[:-1], good),
            (plain() + plain(), good),
            (b"", good),
        ):
            self.assertNotEqual(self.faults(received, owed), [], received)

    def test_errors(self) -> None:
        """An error of another code, type or shape is a fault."""
        owed = failed(502, "provider_error", connection=Connection.ANY)
        bad = line(502, "provider_error")
        for body in (
            _FAILED.replace(b'"code": "provider_error"', b'"code": "other"'),
            _FAILED.replace(b'"type": "provider_error"', b'"type": "other"'),
            _FAILED.replace(b'"message": "m"', b'"message": ""'),
            _FAILED.replace(b'"param"', b'"other"'),
            _FAILED.replace(b'"detail"', b'"other"'),
        ):
            self.assertNotEqual(self.faults(plain(body, 502), owed, bad), [], body)

    def test_requests(self) -> None:
        """What should not reach a provider, or too often, is a fault."""
        owed = fine(Mode.PLAIN, forwarded={b"openai-beta": b"1"})
        good = request(Mode.PLAIN, openai_beta=b"1")
        self.assertEqual(self.faults(plain(), owed, requests=(good,)), [])
        for odd in (
            request(Mode.PLAIN),
            request(Mode.PLAIN, openai_beta=b"1", cookie=b"c"),
            request(Mode.PLAIN, openai_beta=b"1", authorization=b"Bearer other"),
            request(Mode.PLAIN, openai_beta=b"1", via=b"1.1 other"),
            request(Mode.STREAM, openai_beta=b"1"),
            attrs.evolve(good, line=b"GET /one/v1/chat/completions HTTP/1.1"),
            attrs.evolve(good, headers={**good.headers, b"host": (b"a", b"b")}),
        ):
            self.assertNotEqual(self.faults(plain(), owed, requests=(odd,)), [], odd)
        self.assertNotEqual(self.faults(plain(), owed, requests=()), [])
        twice = fine(Mode.PLAIN, requests=2, attempts=("provider_error", "complete"))
        self.assertNotEqual(self.faults(plain(), twice, requests=(good, good)), [])

    def test_connection(self) -> None:
        """A connection that is neither kept nor closed as owed is a fault."""
        kept = fine(Mode.PLAIN, connection=Connection.KEPT)
        self.assertNotEqual(self.faults(plain(), kept, closed=True), [])
        ended = fine(Mode.PLAIN, connection=Connection.CLOSED)
        self.assertNotEqual(self.faults(plain(), ended), [])

    def test_log(self) -> None:
        """Two lines, or one that says otherwise or too much, is a fault."""
        owed = fine(Mode.PLAIN, line={"usage_source": "upstream"})
        good = line(usage_source="upstream")
        self.assertEqual(self.faults(plain(), owed, good), [])
        for lines in (
            (good, good),
            (line(),),
            (line(verdict="truncated", usage_source="upstream"),),
            ({**good, "attempts": []},),
            ({**good, "dropped_events": 1},),
            ({**good, "error": PROVIDER_KEY.decode()},),
        ):
            self.assertNotEqual(self.faults(plain(), owed, *lines), [], lines)

    def test_forbidden(self) -> None:
        """What may not be told is a fault in an answer."""
        self.assertNotEqual(self.faults(plain(), fine(Mode.PLAIN, forbidden=(b"chatcmpl",))), [])

    def test_streams(self) -> None:
        """A stream has its events, one end and one id."""
        self.mode = Mode.STREAM
        good = fine(Mode.STREAM)
        self.assertEqual(self.faults(streamed(*EVENTS, END), good), [])
        for received in (
            streamed(*EVENTS),
            streamed(*EVENTS, END, END),
            streamed(*EVENTS, END, end=b""),
            streamed(*EVENTS[:-1], END),
            streamed(*EVENTS, _ERROR_EVENT, END),
            streamed(*EVENTS, END[:-1]),
            streamed(ROLE.replace(b"chatcmpl-relay", b"chatcmpl-other"), *EVENTS[1:], END),
            plain(),
        ):
            self.assertNotEqual(self.faults(received, good), [], received)
        self.mode = Mode.PLAIN
        self.assertNotEqual(self.faults(streamed(*EVENTS, END), Owed()), [])

    def test_broken_streams(self) -> None:
        """A stream that breaks off tells an error, and no end."""
        self.mode = Mode.STREAM
        owed = broken_off("provider_error", ROLE, WORDS[0], connection=Connection.ANY)
        bad = line(verdict="provider_error")
        begun = (ROLE, WORDS[0])
        self.assertEqual(self.faults(streamed(*begun, _ERROR_EVENT, end=b""), owed, bad), [])
        for received in (
            streamed(*begun, _ERROR_EVENT),
            streamed(*begun, end=b""),
            streamed(*begun, END, _ERROR_EVENT, end=b""),
            streamed(*begun, _ERROR_EVENT.replace(b'code": "p', b'code": "q'), end=b""),
        ):
            self.assertNotEqual(self.faults(received, owed, bad), [], received)

    def test_unreadable(self) -> None:
        """A head alone, or one that breaks off, is no answer."""
        for received in (b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhi"):
            self.assertRaises(Unreadable, read_relayed, received)

    def test_good_script(self) -> None:
        """Who is not known is answered in the way that was asked for."""
        self.assertEqual(good_script(b"{}"), (framed(ANSWER),))
        self.assertEqual(good_script(b'{"stream":true}'), (framed(STREAM),))
