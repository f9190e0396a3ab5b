"""What the gateway asks of its process."""

import gc
import resource
import time

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.service.process import (
    most_connections,
    raise_open_file_limit,
    settle_memory,
    use_monotonic_time,
)
from tests.service.processes import keep_process


class OpenFilesTests(SynchronousTestCase):
    """Descriptors, and how many clients they are enough for."""

    def test_raised(self) -> None:
        """The soft limit is raised to the hard one."""
        keep_process(self.addCleanup)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, hard // 2), hard))
        self.assertEqual(raise_open_file_limit(), hard)
        self.assertEqual(resource.getrlimit(resource.RLIMIT_NOFILE), (hard, hard))

    def test_most_connections(self) -> None:
        """Half of the files less a reserve may be clients, but never none."""
        self.assertEqual(most_connections(20_000), 9_800)
        self.assertEqual(most_connections(256), 16)


class TimeTests(SynchronousTestCase):
    """The reactor's clock."""

    def test_monotonic(self) -> None:
        """A reactor that was told tells the time that never jumps."""
        reactor = Clock()
        use_monotonic_time(reactor)
        before = time.monotonic()
        now = reactor.seconds()
        self.assertTrue(before <= now <= time.monotonic())


class MemoryTests(SynchronousTestCase):
    """The garbage collector."""

    def test_settled(self) -> None:
        """What was there at the start is no longer looked at, and looking is rarer."""
        keep_process(self.addCleanup)
        before = gc.get_threshold()
        settle_memory()
        self.assertGreater(gc.get_freeze_count(), 0)
        self.assertGreater(gc.get_threshold()[0], before[0])
