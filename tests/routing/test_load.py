"""What is measured of a provider: its latency, its failures, and how it comes back."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.routing.load import Load


class Case(SynchronousTestCase):
    """A provider that nobody has asked, with a slow start of 10 seconds."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.load = Load(self.clock.seconds, slow_start=10.0)

    def good(self, latency: float = 1.0) -> None:
        """Let an attempt succeed."""
        self.load.begin()
        self.load.succeed(latency)

    def bad(self, times: int = 1, latency: float = 0.0) -> None:
        """Let attempts fail, one after another."""
        for _ in range(times):
            self.load.begin()
            self.load.fail(latency)


class PendingTests(Case):
    """Attempts under way."""

    def test_ends(self) -> None:
        """Every way to end ends one."""
        for _ in range(4):
            self.load.begin()
        self.load.succeed(1.0)
        self.load.fail(1.0)
        self.load.end()
        self.assertEqual(self.load.pending, 1)

    def test_attempts(self) -> None:
        """Failures count as attempts under way while they weigh half of one at least."""
        self.load.begin()
        self.assertEqual(self.load.attempts(), 1)
        self.bad()
        self.assertEqual(self.load.attempts(), 2)
        self.clock.advance(4)
        self.assertEqual(self.load.attempts(), 1)


class LatencyTests(Case):
    """The score, as far as it is a matter of speed."""

    def test_unknown(self) -> None:
        """Nobody comes before one that has not been asked yet."""
        self.assertEqual(self.load.score(), 0.0)

    def test_unanswered(self) -> None:
        """One that was asked and has not answered yet is worse than one that takes a minute."""
        self.load.begin()
        self.assertGreater(self.load.score(), 60)

    def test_pending(self) -> None:
        """The score is the latency times one more than it has to do."""
        self.good(2.0)
        self.assertEqual(self.load.score(), 2.0)
        self.load.begin()
        self.load.begin()
        self.assertEqual(self.load.score(), 6.0)

    def test_peak(self) -> None:
        """A slower answer counts in full at once."""
        self.good(1.0)
        self.good(5.0)
        self.assertEqual(self.load.score(), 5.0)

    def test_faster_answers(self) -> None:
        """Faster ones bring it down to a bit more than a third in ten seconds."""
        self.good(5.0)
        self.clock.advance(10)
        self.good(1.0)
        self.assertAlmostEqual(self.load.score(), 1 + 4 * 0.3679, places=3)

    def test_idle(self) -> None:
        """The latency of an idle one is forgotten, and that of one with an attempt is not."""
        self.good(5.0)
        self.clock.advance(10)
        self.assertAlmostEqual(self.load.score(), 5 * 0.3679, places=3)
        self.load.begin()
        self.assertEqual(self.load.score(), 10.0)

    def test_now(self) -> None:
        """Whoever knows the time may say it."""
        self.good(5.0)
        self.assertAlmostEqual(self.load.score(10.0), 5 * 0.3679, places=3)

    def test_failing_late(self) -> None:
        """A failure that took long is as bad as an answer that did."""
        self.good(1.0)
        self.bad(latency=5.0)
        self.assertGreaterEqual(self.load.score(), 5.0)

    def test_failing_fast(self) -> None:
        """A failure that took no time makes a provider no faster, and weighs as an attempt."""
        self.good(1.0)
        self.bad()
        self.assertEqual(self.load.score(), 2.0)


class FailureLoadTests(Case):
    """What failures weigh."""

    def test_none(self) -> None:
        """Nothing, without any."""
        self.good()
        self.assertEqual(self.load.failure_load(), 0.0)

    def test_decays(self) -> None:
        """It halves every three seconds."""
        self.bad()
        self.clock.advance(6)
        self.assertAlmostEqual(self.load.failure_load(), 0.25)

    def test_in_a_row(self) -> None:
        """Each in a row weighs twice as much as the one before."""
        self.bad(3)
        self.assertEqual(self.load.failure_load(), 7.0)

    def test_bounded(self) -> None:
        """However many there are, after 18 seconds they are negligible."""
        self.bad(1000)
        self.clock.advance(18)
        self.assertLessEqual(self.load.failure_load(), 0.5)

    def test_success(self) -> None:
        """A success halves it and ends the row."""
        self.bad(2)
        self.good()
        self.bad()
        self.assertEqual(self.load.failure_load(), 2.5)

    def test_occasional(self) -> None:
        """Failures do not add up where most attempts succeed, however many there are a second."""
        for _ in range(1000):
            self.bad()
            for _ in range(9):
                self.good()
        self.assertTrue(self.load.is_sound)
        self.assertEqual(self.load.failure_load(), 0.0)

    def test_every_other(self) -> None:
        """A provider that fails every other time is sound, but loaded."""
        for _ in range(100):
            self.good()
            self.bad()
        self.assertTrue(self.load.is_sound)
        self.assertAlmostEqual(self.load.failure_load(), 2.0)

    def test_no_verdict(self) -> None:
        """An attempt that tells nothing changes nothing."""
        self.bad(2)
        self.load.begin()
        self.load.end()
        self.assertEqual(self.load.failure_load(), 3.0)


class LastSuccessTests(Case):
    """When it answered last."""

    def test_never(self) -> None:
        """One that was never asked has not succeeded."""
        self.assertIsNone(self.load.last_success)
        self.assertFalse(self.load.succeeded_within(1000))

    def test_within(self) -> None:
        """It has succeeded in the last seconds, and after these no longer."""
        self.good()
        self.clock.advance(5)
        self.assertEqual(self.load.last_success, 0.0)
        self.assertTrue(self.load.succeeded_within(5))
        self.assertFalse(self.load.succeeded_within(4.9))

    def test_failures(self) -> None:
        """Other ends are no success."""
        self.bad()
        self.load.begin()
        self.load.end()
        self.assertIsNone(self.load.last_success)
