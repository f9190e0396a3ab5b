"""How many retries there may be."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.resilience.budget import RetryBudget


class BudgetTests(SynchronousTestCase):
    """Calls that fail, and want to be tried again."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1000.0)
        self.budget = RetryBudget(20, self.clock.seconds)

    def retries(self, calls: int, *, every: float, wanted: int = 2) -> int:
        """Return how many retries a number of calls get, one coming ``every`` few seconds."""
        allowed = 0
        for _ in range(calls):
            self.budget.deposit()
            for _ in range(wanted):
                allowed += self.budget.withdraw()
            self.clock.advance(every)
        return allowed

    def test_burst(self) -> None:
        """A thousand calls at a dead fleet get a fifth of a thousand retries."""
        self.assertEqual(self.retries(1000, every=0.0), 200)

    def test_few_seconds(self) -> None:
        """It is the same when they come within the window."""
        self.assertEqual(self.retries(1000, every=0.004), 200)

    def test_minute(self) -> None:
        """When they come over a minute there are not many more."""
        retries = self.retries(1000, every=0.06)
        self.assertLessEqual(retries, 210)
        self.assertGreaterEqual(retries, 170)

    def test_late_wishes(self) -> None:
        """Calls of one window pay for retries only while they are in it."""
        for _ in range(100):
            self.budget.deposit()
        self.clock.advance(10.0)
        self.assertEqual(sum(self.budget.withdraw() for _ in range(100)), 3)

    def test_single_failure(self) -> None:
        """On a quiet gateway a call that fails has its retries."""
        self.assertEqual(self.retries(1, every=0.0, wanted=5), 3)

    def test_very_slow(self) -> None:
        """When a window holds one call, that call has its retries, each time."""
        self.assertEqual(self.retries(20, every=10.0, wanted=5), 60)

    def test_slow(self) -> None:
        """A few calls in a window share the retries that are always allowed."""
        self.assertEqual(self.retries(1000, every=1.0), 300)

    def test_none_at_all(self) -> None:
        """Without a share nothing is allowed, not even to a single call."""
        self.budget = RetryBudget(0, self.clock.seconds)
        self.assertEqual(self.retries(100, every=0.1), 0)

    def test_no_least(self) -> None:
        """Without a least number the share is kept to the letter."""
        self.budget = RetryBudget(5, self.clock.seconds, least=0)
        self.assertEqual(self.retries(19, every=0.0), 0)
        self.assertEqual(self.retries(1, every=0.0), 1)

    def test_own_window(self) -> None:
        """The window may be another."""
        self.budget = RetryBudget(20, self.clock.seconds, least=0, window=300.0)
        self.assertEqual(self.retries(100, every=1.0), 20)

    def test_long_silence(self) -> None:
        """After a long silence nothing is left of what was."""
        self.retries(1000, every=0.0)
        self.clock.advance(100_000.0)
        self.assertEqual(self.retries(10, every=0.0), 3)


class Counted(RuleBasedStateMachine):
    """Calls and retries at any times, counted one by one."""

    @initialize(
        percent=st.sampled_from([0, 1, 20, 100]), least=st.integers(min_value=0, max_value=4)
    )
    def begin(self, percent: int, least: int) -> None:
        """Nothing has happened yet; a turn takes one second."""
        self.clock = Clock()
        self.percent = percent
        self.least = least if percent else 0
        self.budget = RetryBudget(percent, self.clock.seconds, least=least, window=10.0)
        self.calls: list[float] = []
        self.retries: list[float] = []

    def recent(self, times: list[float]) -> int:
        """Count the ``times`` in this turn and the nine before."""
        return len([time for time in times if int(time) > int(self.clock.seconds()) - 10])

    @rule(seconds=st.sampled_from([0.25, 1.0, 3.5, 9.75, 10.0, 25.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.clock.advance(seconds)

    @rule(count=st.integers(min_value=1, max_value=30))
    def deposit(self, count: int) -> None:
        """Calls come."""
        for _ in range(count):
            self.budget.deposit()
            self.calls.append(self.clock.seconds())

    @rule(count=st.integers(min_value=1, max_value=10))
    def withdraw(self, count: int) -> None:
        """Calls want retries."""
        for _ in range(count):
            most = max(self.least, self.percent * self.recent(self.calls) // 100)
            allowed = self.recent(self.retries) < most
            assert self.budget.withdraw() is allowed
            if allowed:
                self.retries.append(self.clock.seconds())

    @invariant()
    def overall(self) -> None:
        """Over all the time there are not more retries than are due."""
        windows = int(self.clock.seconds() / 10.0) + 1
        most = len(self.calls) * self.percent / 100 + self.least * windows
        assert len(self.retries) <= most


class ModelTests(SynchronousTestCase):
    """The budget and a count."""

    def test_model(self) -> None:
        """The budget allows what a count of the window allows, whatever happens when."""
        run_state_machine_as_test(
            Counted, settings=settings(max_examples=40, stateful_step_count=40)
        )
