"""The corpus of chat bodies, driven through the parser."""

from collections import Counter

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import CallerError
from inference_gateway.wire.chat import parse_chat
from tests.corpus.validation_cases import CASES, ValidationCase


def judged(case: ValidationCase) -> tuple[int, str | None, str | None]:
    """Return the status, code and param that the parser gives a body."""
    try:
        parse_chat(case.body)
    except CallerError as error:
        return error.status, error.code, error.param
    return 200, None, None


class ValidationCaseTests(SynchronousTestCase):
    """The parser against the whole corpus."""

    def test_judgement(self) -> None:
        """Every body is accepted, or refused for the reason the corpus names."""
        wrong = [
            (case.id, got)
            for case in CASES
            if (got := judged(case)) != (case.status, case.code, case.param)
        ]
        self.assertEqual(wrong, [])

    def test_forwarded(self) -> None:
        """Every accepted body is forwarded byte for byte, without its reserved members."""
        changed = [
            case.id
            for case in CASES
            if case.status == 200 and parse_chat(case.body).body != (case.forwarded or case.body)
        ]
        self.assertEqual(changed, [])

    def test_identifiers(self) -> None:
        """No identifier occurs twice."""
        counted = Counter(case.id for case in CASES)
        self.assertEqual([id for id, count in counted.items() if count > 1], [])

    def test_rows(self) -> None:
        """Each row of fields is there, and each row of bodies that a parser decides."""
        bodies = (4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 17, 18, 19)
        expected = {f"B{row}" for row in bodies} | {f"V{row}" for row in range(1, 23)}
        self.assertEqual({case.id.split("-")[0] for case in CASES}, expected)
