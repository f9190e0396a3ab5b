"""The cases of the relay: complete, unambiguous, and told apart from others."""

import re
from collections import Counter

from twisted.trial.unittest import SynchronousTestCase

from tests.corpus.relay_case import Connection, Mode
from tests.corpus.relay_rows import CASES
from tests.corpus.scripted_upstream import Seen


class DataTests(SynchronousTestCase):
    """What holds for the cases without playing them."""

    def test_ids(self) -> None:
        """No two cases have the same id, and each can be the id of a request."""
        self.assertEqual([id for id, n in Counter(case.id for case in CASES).items() if n > 1], [])
        odd = [case.id for case in CASES if not re.fullmatch(r"[A-Za-z0-9._-]{1,100}", case.id)]
        self.assertEqual(odd, [])

    def test_rows(self) -> None:
        """Every row of the sections P and S is played, and what section H says of providers."""
        rows = {f"P{number}" for number in range(1, 29)} | {f"S{number}" for number in range(1, 15)}
        rows |= {"H11", "H16", "H17", "H18", "H25"}
        self.assertEqual({case.row for case in CASES}, rows)

    def test_modes(self) -> None:
        """A case is called after its mode."""
        odd = [case.id for case in CASES if not case.id.endswith(f".{case.mode.value}")]
        self.assertEqual(odd, [])

    def test_only_streams_are_seen(self) -> None:
        """No upstream waits for what the client of a plain call cannot see before the end."""
        odd = [
            case.id
            for case in CASES
            if case.mode is not Mode.STREAM
            and any(isinstance(step, Seen) for script in case.scripts for step in script)
        ]
        self.assertEqual(odd, [])

    def test_free_connections(self) -> None:
        """What becomes of the connection is owed wherever the upstream does not end it itself."""
        owed = Counter(case.owed.connection for case in CASES)
        self.assertGreater(owed[Connection.CLOSED] + owed[Connection.KEPT], len(CASES) // 2)
