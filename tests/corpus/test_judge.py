"""The judge sees what it is there to see."""

import json

import attrs
from twisted.trial.unittest import SynchronousTestCase

from tests.corpus.case import Case
from tests.corpus.judge import Evidence, judge
from tests.corpus.owed import (
    Afterwards,
    Expect,
    Line,
    answer,
    hung_up,
    left,
    refused,
    rejected,
    served,
)
from tests.corpus.requests import KEY

_OK = b"HTTP/1.1 200 OK\r\nX-Request-ID: one\r\nContent-Length: 2\r\n\r\nhi"
_ERROR = {
    "error": {"message": "no", "type": "invalid_request_error", "param": "n", "code": "x"},
    "detail": {"errors": [{"message": "no", "field": "n"}]},
}


def _error(
    status: int = 400, code: str = "validation_error", *, close: bool = False, **changes: object
) -> bytes:
    """An error as it should be, but for ``changes`` to the object."""
    error = {**_ERROR["error"], "code": code, **changes}  # type: ignore[dict-item]
    body = json.dumps({**_ERROR, "error": error}).encode()
    return (
        b"HTTP/1.1 %d No\r\nX-Request-ID: one\r\nContent-Type: application/json\r\n%b"
        b"Content-Length: %d\r\n\r\n%b"
        % (status, b"Connection: close\r\n" if close else b"", len(body), body)
    )


def _line(status: int, verdict: str = "complete", **fields: object) -> bytes:
    return json.dumps(
        {"status": status, "verdict": verdict, "request_id": "one", **fields}
    ).encode()


#: A call that was served, and what is seen of it.
SERVED = Case(id="X1.served", owed=served(answer(200, contains=(b"h", b"i")), calls=1))
SEEN = Evidence(
    received=_OK,
    afterwards=Afterwards.OPEN,
    lines=(_line(200, attempts=[{"provider": "echo"}]),),
)
REFUSED = Case(id="X1.refused", owed=refused(400, codes=("validation_error",)))
SEEN_REFUSED = Evidence(
    received=_error(close=True), afterwards=Afterwards.HUNG_UP, lines=(_line(400, "refused"),)
)


class JudgeTests(SynchronousTestCase):
    """Good evidence has no fault; each fault is told."""

    def assertFault(self, case: Case, evidence: Evidence, part: str) -> None:
        """Assert that a fault containing ``part`` is found."""
        faults = judge(case, evidence)
        self.assertTrue(any(part in fault for fault in faults), faults)

    def test_good(self) -> None:
        """Nothing is wrong with what is owed."""
        self.assertEqual(judge(SERVED, SEEN), [])
        self.assertEqual(judge(REFUSED, SEEN_REFUSED), [])

    def test_gone(self) -> None:
        """Nothing is wrong with a client that leaves, if its call is in the log."""
        case = Case(id="X1.gone", owed=left(Line(status=499, verdict="client_gone")))
        seen = Evidence(
            received=b"HTTP/1.1 200",
            afterwards=Afterwards.LEFT,
            lines=(_line(499, "client_gone"),),
        )
        self.assertEqual(judge(case, seen), [])
        self.assertFault(case, attrs.evolve(seen, lines=()), "the log says []")
        self.assertFault(
            Case(
                id="X1.charged",
                owed=left(Line(status=499, verdict="client_gone", has=("tokens",))),
            ),
            seen,
            "the log says",
        )

    def test_alternatives(self) -> None:
        """One acceptable ending is enough; without any, the nearest is told."""
        case = attrs.evolve(REFUSED, owed=hung_up() + REFUSED.owed)
        self.assertEqual(judge(case, SEEN_REFUSED), [])
        self.assertFault(
            attrs.evolve(REFUSED, owed=served(answer(200), answer(200)) + refused(413)),
            SEEN_REFUSED,
            "400 instead of [413]",
        )

    def test_drivers_faults(self) -> None:
        """What the driver found wrong is passed on."""
        self.assertFault(SERVED, attrs.evolve(SEEN, faults=("a timer",)), "a timer")

    def test_answers(self) -> None:
        """Another status, another number of answers, another body are faults."""
        twice = attrs.evolve(SEEN, received=_OK * 2)
        self.assertFault(SERVED, twice, "2 answers")
        self.assertFault(
            SERVED, attrs.evolve(SEEN, received=_OK.replace(b"hi", b"ih")), "is not in"
        )
        self.assertFault(SERVED, attrs.evolve(SEEN, received=_error()), "400 instead of [200]")
        self.assertFault(SERVED, attrs.evolve(SEEN, received=b"garbage\r\n"), "the status line")

    def test_headers(self) -> None:
        """Headers that are missing, different or not wanted are faults."""
        for owed, part in (
            (answer(200, headers={b"allow": b"GET"}), "is None"),
            (answer(200, headers={b"content-length": b"3*"}), "instead of"),
            (answer(200, absent=(b"content-length",)), "is there"),
        ):
            case = attrs.evolve(SERVED, owed=served(owed, calls=1))
            self.assertFault(case, SEEN, part)

    def test_connection(self) -> None:
        """Another end of the connection is a fault, and so is one that was not announced."""
        self.assertFault(SERVED, attrs.evolve(SEEN, afterwards=Afterwards.HUNG_UP), "is closed")
        self.assertFault(
            REFUSED, attrs.evolve(SEEN_REFUSED, received=_error()), "announced or not instead"
        )
        self.assertFault(
            REFUSED,
            attrs.evolve(SEEN_REFUSED, afterwards=Afterwards.OPEN),
            "although its end was announced",
        )
        self.assertFault(SERVED, attrs.evolve(SEEN, received=_OK + b"HTTP"), "behind the answers")

    def test_interim(self) -> None:
        """A 100 that was not asked for is a fault."""
        seen = attrs.evolve(SEEN, received=b"HTTP/1.1 100 Continue\r\n\r\n" + _OK)
        self.assertFault(SERVED, seen, "1 times 100 Continue")

    def test_provider_calls(self) -> None:
        """A call that reached the provider and should not, or the reverse, is a fault."""
        self.assertFault(SERVED, attrs.evolve(SEEN, lines=(_line(200),)), "0 calls reached")

    def test_lines(self) -> None:
        """A line too many, too few or about another call is a fault."""
        (line,) = SEEN.lines
        self.assertFault(SERVED, attrs.evolve(SEEN, lines=(line, _line(200))), "the log says")
        self.assertFault(SERVED, attrs.evolve(SEEN, lines=()), "the log says")
        other = line.replace(b'"one"', b'"two"')
        self.assertFault(SERVED, attrs.evolve(SEEN, lines=(other,)), "the log says")
        self.assertFault(SERVED, attrs.evolve(SEEN, lines=(b"[]",)), "the line")

    def test_secrets(self) -> None:
        """A key in an answer, and a key, a prompt or a control byte in the log are faults."""
        (line,) = SEEN.lines
        leaking = _OK.replace(b"hi", KEY).replace(b": 2", b": %d" % len(KEY))
        self.assertFault(SERVED, attrs.evolve(SEEN, received=leaking), "is in the answer")
        logged = line.replace(b'"one"', b'"one", "path": "/%b"' % KEY)
        self.assertFault(SERVED, attrs.evolve(SEEN, lines=(logged,)), "is in the log")
        named = attrs.evolve(SERVED, forbidden=(b"echo",))
        self.assertFault(named, SEEN, "is in the log")
        deleted = line.replace(b'"one"', b'"one\x7f"')
        self.assertFault(SERVED, attrs.evolve(SEEN, lines=(deleted,)), "a control byte")

    def test_error_body(self) -> None:
        """Every way in which an error can break its shape is a fault."""
        for received, part in (
            (_error(type="not_found_error", close=True), "not_found_error and"),
            (_error(code="payload_too_large", close=True), "payload_too_large for a 400"),
            (_error(message="", close=True), "the message"),
            (_error(message="a\x1b[1m", close=True), "the message"),
            (_error(message='File "x"', close=True), "insides"),
            (_error(extra=1, close=True), "other members"),
            (_error(close=True).replace(b'"detail"', b'"retail"'), "other members"),
            (_error(close=True).replace(b'"field"', b'"place"'), "the detail"),
            (_error(close=True).replace(b"application/json", b"application/java"), "not appli"),
            (_error(close=True).replace(b"X-Request-ID: one\r\n", b""), "X-Request-ID"),
            (_error(405, "method_not_allowed", close=True), "without Allow"),
            (_error(401, "invalid_api_key", close=True), "without WWW-Authenticate"),
            (_error(401, "invalid_api_key", close=True), "the 401"),
        ):
            self.assertFault(REFUSED, attrs.evolve(SEEN_REFUSED, received=received), part)

    def test_server_header(self) -> None:
        """A version in the Server header is a fault."""
        seen = attrs.evolve(SEEN, received=_OK.replace(b"\r\n", b"\r\nServer: x/1.2\r\n", 1))
        self.assertFault(SERVED, seen, "version")

    def test_code_and_param(self) -> None:
        """Another code or param than the owed one is a fault."""
        seen = attrs.evolve(SEEN_REFUSED, received=_error(), afterwards=Afterwards.OPEN)
        for owed, part in (
            (rejected(400, codes=("json_parse_error",)), "the code"),
            (rejected(400, param="model"), "the param"),
        ):
            self.assertFault(Case(id="X1.code", owed=owed), seen, part)

    def test_figures(self) -> None:
        """More of the processor, of the input or of memory than is owed is a fault."""
        expect = Expect(
            answers=SERVED.owed[0].answers, provider_calls=1, cpu=1.0, taken=10, waiting=10
        )
        case = attrs.evolve(SERVED, owed=(expect,))
        self.assertEqual(judge(case, SEEN), [])
        self.assertFault(case, attrs.evolve(SEEN, cpu=1.1), "of the processor")
        self.assertFault(case, attrs.evolve(SEEN, taken=11), "were taken")
        self.assertFault(case, attrs.evolve(SEEN, waiting=11), "waited")
