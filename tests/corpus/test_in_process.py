"""The hostile corpus against the whole gateway in process."""

import gc
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.corpus.case import Setting
from tests.corpus.driver_memory import MemoryDriver
from tests.corpus.rows import CASES, complaint, playable, score


class InProcessTests(SynchronousTestCase):
    """Every case, one after the other, in memory."""

    def test_every_case(self) -> None:
        """Every hostile client gets what it is owed, and leaves nothing behind."""
        directory = Path(self.mktemp())
        directory.mkdir()
        played = playable(CASES, sockets=False)
        failures: dict[str, list[str]] = {}
        for setting in Setting:
            driver = MemoryDriver(setting, directory / setting.name)
            self.addCleanup(driver.close)
            for case in played:
                if case.setting is setting and (faults := driver.play(case)):
                    failures[case.id] = faults
        gc.collect()
        print("\n" + score("in process", played, failures))
        self.flushLoggedErrors()
        self.assertEqual(failures, {}, complaint(failures))
