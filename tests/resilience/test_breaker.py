"""Breakers: when they open, whom they let try, and what closes them."""

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.routing_settings import BreakerSettings
from inference_gateway.resilience.breaker import Breaker, BreakerState

CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN


class BreakerTestCase(SynchronousTestCase):
    """A breaker that opens with the third failure in a row, for 5 seconds at first."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.luck = 0.5
        self.breaker = self.make()

    def make(self, **settings: Any) -> Breaker:
        """Return a breaker with other settings."""
        chosen = BreakerSettings(**{"failures": 3, "longest_open": 40.0, **settings})
        return Breaker(chosen, self.clock.seconds, lambda: self.luck)

    def play(self, breaker: Breaker, outcomes: str) -> None:
        """Have attempts end one after another: ``+`` well, ``-`` badly, ``.`` neither."""
        for outcome in outcomes:
            end = {"+": breaker.succeed, "-": breaker.fail, ".": breaker.ignore}[outcome]
            end(breaker.admit())

    def open(self) -> None:
        """Have it open."""
        self.play(self.breaker, "---")

    def wait(self) -> None:
        """Wait until a probe may go."""
        self.clock.advance(self.breaker.reopens_in())


class ClosedTests(BreakerTestCase):
    """While attempts go through."""

    def test_first(self) -> None:
        """A new one lets everybody through."""
        self.assertIs(self.breaker.state, CLOSED)
        self.assertTrue(self.breaker.is_ready())
        self.assertEqual(self.breaker.reopens_in(), 0.0)

    def test_consecutive(self) -> None:
        """It opens with exactly as many failures in a row as were configured."""
        self.play(self.breaker, "--")
        self.assertIs(self.breaker.state, CLOSED)
        self.play(self.breaker, "-")
        self.assertIs(self.breaker.state, OPEN)
        self.assertFalse(self.breaker.is_ready())

    def test_interrupted(self) -> None:
        """A success begins the row anew; an outcome that says nothing does not."""
        self.play(self.breaker, "--+--")
        self.assertIs(self.breaker.state, CLOSED)
        self.play(self.breaker, ".-")
        self.assertIs(self.breaker.state, OPEN)

    def test_rate(self) -> None:
        """It opens with the failure that makes the rate too high, if there were enough calls."""
        breaker = self.make(min_calls=10, error_rate=40)
        self.play(breaker, "+--++--+")
        self.assertEqual(breaker.recent(), (8, 4))
        self.play(breaker, "+")
        self.assertIs(breaker.state, CLOSED)
        self.play(breaker, "-")
        self.assertIs(breaker.state, OPEN)

    def test_few(self) -> None:
        """Too few calls have no rate."""
        breaker = self.make(min_calls=10, error_rate=40)
        self.play(breaker, "--+--+--+")
        self.assertIs(breaker.state, CLOSED)

    def test_success_does_not_open(self) -> None:
        """The rate of a success is not looked at, even where it is the first of enough calls."""
        breaker = self.make(min_calls=3, error_rate=60)
        self.play(breaker, "--+")
        self.assertIs(breaker.state, CLOSED)
        self.play(breaker, "-")
        self.assertIs(breaker.state, OPEN)

    def test_window(self) -> None:
        """What happened before the window is forgotten."""
        breaker = self.make(min_calls=4, error_rate=50, window=10.0)
        self.play(breaker, "--+")
        self.clock.advance(10.0)
        self.play(breaker, "++-")
        self.assertEqual(breaker.recent(), (3, 1))
        self.assertIs(breaker.state, CLOSED)

    def test_together(self) -> None:
        """Attempts that were under way when it opened, and fail like the others, change nothing."""
        under_way = [self.breaker.admit() for _ in range(50)]
        for generation in under_way:
            self.breaker.fail(generation)
        self.assertEqual(self.breaker.openings, 1)
        self.assertEqual(self.breaker.reopens_in(), 5.0)
        self.assertEqual(self.breaker.failures, 50)


class OpenTests(BreakerTestCase):
    """While nobody goes through."""

    def test_wait(self) -> None:
        """The time until a probe may go runs down; being due alone does not change the state."""
        self.open()
        self.assertEqual(self.breaker.reopens_in(), 5.0)
        self.clock.advance(4.0)
        self.assertEqual((self.breaker.reopens_in(), self.breaker.is_ready()), (1.0, False))
        self.clock.advance(2.0)
        self.assertEqual((self.breaker.reopens_in(), self.breaker.is_ready()), (0.0, True))
        self.assertIs(self.breaker.state, OPEN)

    def test_jitter(self) -> None:
        """Waits differ by up to a tenth each way, so that not all gateways probe at once."""
        for luck, wait in ((0.0, 4.5), (0.25, 4.75), (0.999, 5.499)):
            self.luck = luck
            breaker = self.make()
            self.play(breaker, "---")
            self.assertAlmostEqual(breaker.reopens_in(), wait)

    def test_longer(self) -> None:
        """Each probe that fails doubles the wait, up to the longest."""
        self.open()
        waits = []
        for _ in range(5):
            waits.append(self.breaker.reopens_in())
            self.wait()
            self.play(self.breaker, "-")
        self.assertEqual(waits, [5.0, 10.0, 20.0, 40.0, 40.0])
        self.assertEqual(self.breaker.openings, 6)

    def test_longest(self) -> None:
        """No wait is longer than the longest, whatever the draw, not even the first."""
        self.luck = 0.999
        breaker = self.make(open_for=60.0)
        self.play(breaker, "---")
        self.assertEqual(breaker.reopens_in(), 40.0)

    def test_forced(self) -> None:
        """An attempt that goes all the same neither closes it nor makes it wait longer."""
        for outcome in "+-.":
            self.breaker.reset()
            self.open()
            self.play(self.breaker, outcome)
            self.assertIs(self.breaker.state, OPEN)
            self.assertEqual(self.breaker.reopens_in(), 5.0)


class HalfOpenTests(BreakerTestCase):
    """While somebody finds out."""

    def setUp(self) -> None:
        super().setUp()
        self.open()
        self.wait()

    def test_one(self) -> None:
        """Of a hundred that ask at the same time one is admitted."""
        admitted = []
        for _ in range(100):
            if self.breaker.is_ready():
                admitted.append(self.breaker.admit())
        self.assertEqual(len(admitted), 1)
        self.assertIs(self.breaker.state, HALF_OPEN)
        self.assertEqual(self.breaker.reopens_in(), 0.0)

    def test_success(self) -> None:
        """A probe that succeeds closes it, and the next time the wait is the first one again."""
        self.play(self.breaker, "-")
        self.wait()
        self.play(self.breaker, "+")
        self.assertIs(self.breaker.state, CLOSED)
        self.assertEqual(self.breaker.recent(), (0, 0))
        self.play(self.breaker, "--")
        self.assertIs(self.breaker.state, CLOSED)
        self.play(self.breaker, "-")
        self.assertEqual(self.breaker.reopens_in(), 5.0)

    def test_ignored(self) -> None:
        """After a probe that told nothing the next attempt is one, at once; one only."""
        self.play(self.breaker, ".")
        self.assertIs(self.breaker.state, HALF_OPEN)
        self.assertTrue(self.breaker.is_ready())
        generation = self.breaker.admit()
        self.assertFalse(self.breaker.is_ready())
        self.breaker.succeed(generation)
        self.assertIs(self.breaker.state, CLOSED)

    def test_late(self) -> None:
        """What an attempt from before it opened comes to does not speak for the provider now."""
        breaker = self.make()
        early = [breaker.admit() for _ in range(3)]
        self.play(breaker, "---")
        breaker.succeed(early[0])
        self.assertIs(breaker.state, OPEN)
        self.clock.advance(5.0)
        probe = breaker.admit()
        breaker.fail(early[1])
        breaker.ignore(early[2])
        self.assertIs(breaker.state, HALF_OPEN)
        self.assertFalse(breaker.is_ready())
        breaker.succeed(probe)
        self.assertIs(breaker.state, CLOSED)

    def test_beside(self) -> None:
        """An attempt that goes beside the probe decides nothing."""
        probe, other = self.breaker.admit(), self.breaker.admit()
        self.breaker.succeed(other)
        self.assertIs(self.breaker.state, HALF_OPEN)
        self.breaker.fail(probe)
        self.assertIs(self.breaker.state, OPEN)


class ResetTests(BreakerTestCase):
    """When an administrator says that all is well."""

    def test_open(self) -> None:
        """It closes at once, and what led to its state is forgotten, the long wait as well."""
        self.open()
        self.wait()
        self.play(self.breaker, "-")
        self.breaker.reset()
        self.assertIs(self.breaker.state, CLOSED)
        self.assertEqual(self.breaker.recent(), (0, 0))
        self.open()
        self.assertEqual(self.breaker.reopens_in(), 5.0)

    def test_closed(self) -> None:
        """Failures so far count no longer, nor do those of attempts under way."""
        self.play(self.breaker, "--")
        under_way = self.breaker.admit()
        self.breaker.reset()
        self.breaker.fail(under_way)
        self.play(self.breaker, "--")
        self.assertIs(self.breaker.state, CLOSED)

    def test_half_open(self) -> None:
        """The outcome of a probe under way is of no interest any more."""
        self.open()
        self.wait()
        probe = self.breaker.admit()
        self.breaker.reset()
        self.breaker.fail(probe)
        self.assertIs(self.breaker.state, CLOSED)

    def test_unproved(self) -> None:
        """It closes as well while the next probe is waited for."""
        self.open()
        self.wait()
        self.play(self.breaker, ".")
        self.breaker.reset()
        self.assertIs(self.breaker.state, CLOSED)

    def test_totals(self) -> None:
        """The counters go on."""
        self.play(self.breaker, "++---")
        self.breaker.reset()
        totals = (self.breaker.successes, self.breaker.failures, self.breaker.openings)
        self.assertEqual(totals, (2, 3, 1))


class ChangeTests(BreakerTestCase):
    """What is told to those who want to know."""

    def test_changes(self) -> None:
        """Each change is told once, when it has happened."""
        told: list[tuple[BreakerState, BreakerState]] = []
        self.breaker.on_change = lambda state: told.append((state, self.breaker.state))
        self.open()
        self.wait()
        self.play(self.breaker, ".-")
        self.wait()
        self.play(self.breaker, "+")
        expected = [OPEN, HALF_OPEN, OPEN, HALF_OPEN, CLOSED]
        self.assertEqual(told, [(state, state) for state in expected])

    def test_nothing_new(self) -> None:
        """Resetting a closed one is no change."""
        told: list[BreakerState] = []
        self.breaker.on_change = told.append
        self.breaker.reset()
        self.assertEqual(told, [])
        self.open()
        self.breaker.reset()
        self.assertEqual(told, [OPEN, CLOSED])
