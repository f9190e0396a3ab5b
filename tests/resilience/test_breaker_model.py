"""Breakers against a simple model, in every order of events that can be thought of."""

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.routing_settings import BreakerSettings
from inference_gateway.resilience.breaker import Breaker

#: The width of a slice of the window is one second, which binary numbers have exactly.
WINDOW = 10.0
OUTCOMES = st.sampled_from(["succeed", "fail", "fail", "ignore"])


@attrs.define
class Attempt:
    """An attempt under way; ``era`` counts the changes before it, None: its end is no proof."""

    generation: int
    era: int | None


class BreakerMachine(RuleBasedStateMachine):
    """Attempts of a few callers, good and bad ends of them, time, and an administrator.

    The model is a list of all outcomes that count, and what follows from it is counted anew each
    time. A probe is under way while ``probe`` is the era of some attempt.
    """

    @initialize(
        failures=st.integers(1, 4),
        min_calls=st.integers(1, 6),
        error_rate=st.sampled_from([30, 50, 100]),
    )
    def begin(self, failures: int, min_calls: int, error_rate: int) -> None:
        """A breaker with small limits."""
        self.clock = Clock()
        self.luck = 0.5
        self.settings = BreakerSettings(
            failures=failures,
            min_calls=min_calls,
            error_rate=error_rate,
            window=WINDOW,
            open_for=2.0,
            longest_open=7.0,
        )
        self.breaker = Breaker(self.settings, self.clock.seconds, lambda: self.luck)
        self.told: list[str] = []
        self.breaker.on_change = self.told.append
        self.under_way: list[Attempt] = []
        self.state = "closed"
        self.era = 0
        self.is_probing = False
        self.ready_at = 0.0
        self.failed_probes = 0
        self.ends: list[tuple[int, bool]] = []
        self.totals = [0, 0, 0]
        self.expected: list[str] = []

    def turn(self, state: str) -> None:
        """Change the model."""
        self.era += 1
        if state != self.state:
            self.expected.append(state)
        self.state = state

    def open(self) -> None:
        """Have the model open, again or for the first time."""
        self.turn("open")
        self.totals[2] += 1
        wait = min(2.0 * 2**self.failed_probes, 7.0)
        self.ready_at = self.clock.seconds() + min(7.0, wait * (0.9 + 0.2 * self.luck))

    def close(self) -> None:
        """Have the model close and forget."""
        self.turn("closed")
        self.failed_probes = 0
        self.ends = []

    def recent(self) -> tuple[int, int]:
        """Return how many outcomes are in the window, and how many of them are failures."""
        first = int(self.clock.seconds()) - 9
        window = [good for at, good in self.ends if at >= first]
        return len(window), window.count(False)

    def may_go(self) -> bool:
        """Whether an attempt may go now."""
        if self.state == "half_open":
            return not self.is_probing
        return self.state == "closed" or self.clock.seconds() >= self.ready_at

    @rule(seconds=st.sampled_from([0.25, 1.0, 1.75, 4.0, 11.0]), luck=st.sampled_from([0, 0.5, 1]))
    def wait(self, seconds: float, luck: float) -> None:
        """Time passes."""
        self.clock.advance(seconds)
        self.luck = luck

    @rule()
    def wait_until_due(self) -> None:
        """The time until the next probe passes, and no more."""
        self.clock.advance(self.breaker.reopens_in())

    @rule(asking=st.sampled_from([1, 1, 2, 100]))
    def ask(self, asking: int) -> None:
        """So many ask at the same time: all go while it is closed, else one when that is due."""
        expected = asking if self.state == "closed" else int(self.may_go())
        admitted = 0
        for _ in range(asking):
            if self.breaker.is_ready():
                self.go()
                admitted += 1
        assert admitted == expected
        del self.under_way[20:]  # some never end

    @rule()
    def go(self) -> None:
        """An attempt begins, whether the breaker is for it or not."""
        era: int | None = None
        if self.may_go():
            if self.state != "closed":
                self.turn("half_open")
                self.is_probing = True
            era = self.era
        self.under_way.append(Attempt(self.breaker.admit(), era))

    @rule(outcomes=st.lists(OUTCOMES, min_size=1, max_size=6))
    def go_and_end(self, outcomes: list[str]) -> None:
        """Attempts begin and end, one after another."""
        for outcome in outcomes:
            self.go()
            self.end(self.under_way.pop(), outcome)
            self.agrees()

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), outcome=OUTCOMES)
    def end_one(self, data: st.DataObject, outcome: str) -> None:
        """One of the attempts under way ends."""
        which = data.draw(st.integers(0, len(self.under_way) - 1))
        self.end(self.under_way.pop(which), outcome)

    def end(self, attempt: Attempt, outcome: str) -> None:
        """Have an attempt end."""
        getattr(self.breaker, outcome)(attempt.generation)
        if outcome != "ignore":
            self.totals[outcome == "fail"] += 1
        if attempt.era != self.era:
            return
        if outcome != "ignore":
            self.ends.append((int(self.clock.seconds()), outcome == "succeed"))
        if self.state == "half_open":
            self.end_probe(outcome)
        elif outcome == "fail" and self.is_too_much():
            self.open()

    def end_probe(self, outcome: str) -> None:
        """Have the probe of the model end."""
        self.is_probing = False
        if outcome == "succeed":
            self.close()
        elif outcome == "fail":
            self.failed_probes += 1
            self.open()
        else:
            self.turn("half_open")

    def is_too_much(self) -> bool:
        """Whether the outcomes are reason to open."""
        last = [good for _, good in self.ends[-self.settings.failures :]]
        calls, failed = self.recent()
        return last == [False] * self.settings.failures or (
            calls >= self.settings.min_calls and failed / calls >= self.settings.error_rate / 100
        )

    @rule(is_sure=st.sampled_from([False, False, True]))
    def reset(self, is_sure: bool) -> None:
        """An administrator closes it, not as often as other things happen."""
        if not is_sure:
            return
        self.breaker.reset()
        self.is_probing = False
        self.close()

    @invariant()
    def agrees(self) -> None:
        """Whatever can be seen is as the model has it."""
        breaker, now = self.breaker, self.clock.seconds()
        assert breaker.state == self.state
        assert breaker.is_ready() == self.may_go()
        waits = self.state == "open" and self.ready_at > now
        assert breaker.reopens_in() == (self.ready_at - now if waits else 0.0)
        assert breaker.recent() == self.recent()
        assert [breaker.successes, breaker.failures, breaker.openings] == self.totals
        assert self.told == self.expected


class BreakerModelTests(SynchronousTestCase):
    """The breaker is what the model is."""

    def test_model(self) -> None:
        """Breaker and model agree after every event."""
        run_state_machine_as_test(
            BreakerMachine,
            settings=settings(max_examples=120, stateful_step_count=30),
        )
