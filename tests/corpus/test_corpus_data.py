"""The corpus itself: complete, unambiguous and in order."""

from collections import Counter

from twisted.trial.unittest import SynchronousTestCase

from tests.corpus.case import Case, HalfClose, Repeat, Reset, Send, Setting, StopReading
from tests.corpus.owed import Afterwards
from tests.corpus.rows import CASES, SECTIONS, complaint, playable, score


class DataTests(SynchronousTestCase):
    """What holds for the cases without playing them."""

    def test_ids(self) -> None:
        """No two cases have the same id."""
        repeated = [id for id, count in Counter(case.id for case in CASES).items() if count > 1]
        self.assertEqual(repeated, [])

    def test_id_form(self) -> None:
        """Every id is a row, a full stop and a name."""
        odd = [case.id for case in CASES if not case.id.partition(".")[2]]
        self.assertEqual(odd, [])

    def test_rows(self) -> None:
        """Every row of the six sections has cases, or a reason to have them later."""
        present = {case.row for case in CASES}
        rows = {f"{section}{n}" for section, count in SECTIONS.items() for n in range(1, count + 1)}
        self.assertEqual(rows - present, set())

    def test_nothing_invented(self) -> None:
        """No case belongs to a row that does not exist in these sections."""
        odd = [
            case.id
            for case in CASES
            if case.row[0] in SECTIONS and int(case.row[1:]) > SECTIONS[case.row[0]]
        ]
        self.assertEqual(odd, [])

    def test_owed_or_later(self) -> None:
        """Every case either says what is owed or why nothing is yet."""
        odd = [case.id for case in CASES if bool(case.owed) == bool(case.later)]
        self.assertEqual(odd, [])

    def test_reasons(self) -> None:
        """What is left for later says which kind of work it waits for, and why."""
        odd = [case.id for case in CASES if case.later and not case.later.partition(": ")[2]]
        self.assertEqual(odd, [])

    def test_mutations(self) -> None:
        """The Transfer-Encoding header is mutated in all 656 ways, and more."""
        self.assertGreaterEqual(sum(case.row == "F12" for case in CASES), 656)

    def test_left(self) -> None:
        """The client has left at the end exactly where it resets the connection."""
        odd = [
            case.id
            for case in CASES
            if case.owed
            and any(expect.afterwards is Afterwards.LEFT for expect in case.owed)
            != (Reset() in case.steps)
        ]
        self.assertEqual(odd, [])

    def test_nothing_behind_the_end(self) -> None:
        """No client sends anything behind its FIN or RST."""
        odd = [
            case.id
            for case in CASES
            for end in (HalfClose(), Reset())
            if end in case.steps
            and any(isinstance(step, Send | Repeat) for step in case.steps[case.steps.index(end) :])
        ]
        self.assertEqual(odd, [])

    def test_socket_settings(self) -> None:
        """Cases that need a gateway of their own kind are not for sockets."""
        odd = [case.id for case in CASES if case.sockets and case.setting is not Setting.STANDARD]
        self.assertEqual(odd, [])

    def test_waiting_is_for_unread_answers(self) -> None:
        """What may wait in the gateway is bounded where the client stops reading."""
        odd = [
            case.id
            for case in CASES
            if any(expect.waiting is not None for expect in case.owed)
            and StopReading() not in case.steps
        ]
        self.assertEqual(odd, [])


class ScoreTests(SynchronousTestCase):
    """How the result is told."""

    def test_counts(self) -> None:
        """The score says how many passed and failed, and names what is left for later."""
        played = playable(CASES, sockets=True)[:10]
        told = score("somewhere", played, [played[0].id])
        self.assertTrue(told.startswith("corpus somewhere: 9 cases of "), told)
        self.assertIn("1 failed", told)
        self.assertIn("\n  later: C9.records: TLS: ", told)

    def test_complaint(self) -> None:
        """Every fault of every failed case is told."""
        told = complaint({"B2.x": ["wrong", "also wrong"], "A1.y": ["bad"]})
        self.assertEqual(told, "A1.y: bad\nB2.x: wrong\nB2.x: also wrong")

    def test_later_is_not_played(self) -> None:
        """A case for later is played by no driver, one for memory by one."""
        cases = [Case(id="X1.a", later="x"), Case(id="X1.b", sockets=False), Case(id="X1.c")]
        self.assertEqual([case.id for case in playable(cases, sockets=True)], ["X1.c"])
        self.assertEqual([case.id for case in playable(cases, sockets=False)], ["X1.b", "X1.c"])
