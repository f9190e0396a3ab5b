"""Loads and strategies against simple models, whatever happens in whatever order."""

import math
from collections.abc import Callable
from random import Random
from typing import get_args

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

from inference_gateway.config.routing_settings import Strategy
from inference_gateway.exchange import Call
from inference_gateway.routing.balancer import balancer
from inference_gateway.routing.load import Load
from tests.routing.candidates import call, candidate, question

STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
SLOW_START = 10.0
HALF_LIFE = 3.0


@attrs.define
class Known:
    """What the model knows of a provider."""

    pending: int = 0
    last_success: float | None = None
    #: When each failure was, and what it weighs; halved where successes came in between.
    failures: list[tuple[float, float]] = attrs.field(factory=list)
    in_a_row: int = 0
    state: str = "sound"
    back_since: float = 0.0

    def failure_load(self, now: float) -> float:
        """What all failures weigh together now."""
        return sum(weight * math.exp2((when - now) / HALF_LIFE) for when, weight in self.failures)


class LoadMachine(RuleBasedStateMachine):
    """One provider, its attempts, and time."""

    @initialize(slow_start=st.sampled_from([0.0, SLOW_START]))
    def start(self, slow_start: float) -> None:
        """Nothing has happened yet."""
        self.clock = Clock()
        self.slow_start = slow_start
        self.load = Load(self.clock.seconds, slow_start=slow_start)
        self.known = Known()

    def _back(self) -> None:
        self.known.state = "starting" if self.slow_start else "sound"
        self.known.back_since = self.clock.seconds()

    @rule()
    def begin(self) -> None:
        """An attempt begins: the load is more than before, or nothing is known of it."""
        before = self.load.score()
        self.load.begin()
        self.known.pending += 1
        assert self.load.score() > before

    @precondition(lambda self: self.known.pending)
    @rule(latency=st.floats(min_value=0.001, max_value=600))
    def succeed(self, latency: float) -> None:
        """An attempt succeeds: what was known of failures weighs half."""
        now = self.clock.seconds()
        self.load.succeed(latency)
        known = self.known
        known.pending -= 1
        known.last_success = now
        load = known.failure_load(now) / 2
        known.failures = [(now, load)] if load >= 0.5 else []
        known.in_a_row = 0
        if known.state == "out":
            self._back()
        assert self.load.score() >= latency * (known.pending + 1) * 0.999

    @precondition(lambda self: self.known.pending)
    @rule(latency=st.floats(min_value=0.001, max_value=600))
    def fail(self, latency: float) -> None:
        """An attempt fails: three in a row are too many."""
        now = self.clock.seconds()
        self.load.fail(latency)
        known = self.known
        known.pending -= 1
        weight = min(2.0**known.in_a_row, 32.0)
        known.failures = [(now, min(known.failure_load(now) + weight, 32.0))]
        known.in_a_row += 1
        if known.failure_load(now) >= 4:
            known.state = "out"
        assert known.in_a_row < 3 or known.state == "out"

    @precondition(lambda self: self.known.pending)
    @rule()
    def end(self) -> None:
        """An attempt ends otherwise: the load is less than before."""
        before = self.load.score()
        self.load.end()
        self.known.pending -= 1
        assert self.load.score() < before

    @rule(seconds=st.sampled_from([0.001, 0.5, 3.0, 12.0, 60.0, 1e6]))
    def advance(self, seconds: float) -> None:
        """Time passes: no load grows, and no share shrinks."""
        score, share, failures = self.load.score(), self.load.share(), self.load.failure_load()
        self.clock.advance(seconds)
        assert self.load.score() <= score
        assert self.load.share() >= share
        assert self.load.failure_load() <= failures

    @rule()
    def recover(self) -> None:
        """It is said to be back."""
        self.load.recover()
        self.known.failures = []
        self.known.in_a_row = 0
        self._back()

    @invariant()
    def agrees(self) -> None:
        """Everything is as the model has it."""
        now, load, known = self.clock.seconds(), self.load, self.known
        assert load.pending == known.pending >= 0
        assert load.last_success == known.last_success
        assert math.isclose(load.failure_load(), known.failure_load(now), abs_tol=1e-9)
        assert 0 <= load.score() < math.inf
        grown = (now - known.back_since) / SLOW_START
        if known.state == "starting" and grown >= 1:
            known.state = "sound"
        share = load.share()
        if known.state == "sound":
            assert share == 1
        elif known.state == "starting":
            assert math.isclose(share, 0.1 + 0.9 * grown)
        else:
            assert share in (0, 0.1)
            assert share == 0 or load.failure_load() < 0.5
        assert load.is_sound is (known.state == "sound")


#: What makes calls, some of which the strategies treat differently.
CALLS: list[Callable[[int], Call]] = [
    lambda number: call(),
    lambda number: call(session=str(number)),
    lambda number: question(str(number)),
]


class OrderMachine(RuleBasedStateMachine):
    """A group of providers in whatever condition, and all strategies."""

    @initialize(priorities=st.lists(st.integers(0, 2), min_size=1, max_size=5))
    def start(self, priorities: list[int]) -> None:
        """Nobody has been asked yet."""
        self.clock = Clock()
        draw = Random(3).random
        self.balancers = [balancer(name, self.clock.seconds, draw) for name in STRATEGIES]
        self.group = [
            candidate(
                str(index), self.clock, slow_start=SLOW_START, priority=number, weight=number + 1
            )
            for index, number in enumerate(priorities)
        ]

    @rule(index=st.integers(0, 4), end=st.sampled_from(["succeed", "fail", "end", ""]))
    def attempt(self, index: int, end: str) -> None:
        """An attempt begins, and ends or not."""
        load = self.group[index % len(self.group)].entry.load
        load.begin()
        if end == "end":
            load.end()
        elif end:
            getattr(load, end)(0.2)

    @rule(index=st.integers(0, 4), good=st.booleans())
    def check(self, index: int, good: bool) -> None:
        """Somebody's health is checked."""
        health = self.group[index % len(self.group)].entry.health
        if good:
            health.passed(0.1)
        else:
            health.failed("it does not answer")

    @rule(seconds=st.sampled_from([0.1, 5.0, 20.0]))
    def advance(self, seconds: float) -> None:
        """Time passes."""
        self.clock.advance(seconds)

    @rule(number=st.integers(0, 9), make=st.sampled_from(CALLS), some=st.integers(0, 31))
    def order(self, number: int, make: Callable[[int], Call], some: int) -> None:
        """Some of the group are ordered: nobody is lost, and who is in trouble does not lead."""
        given = [each for index, each in enumerate(self.group) if some >> index & 1]
        kept = list(given)
        for each in self.balancers:
            order = each.order(make(number), "m", given)
            assert given == kept
            assert sorted(map(id, order)) == sorted(map(id, given))
            hopeless = [
                one.entry.health.is_unhealthy or not one.entry.load.share() for one in order
            ]
            assert hopeless == sorted(hopeless) or len(order) < 2


class ModelTests(SynchronousTestCase):
    """Whatever happens, in whatever order."""

    def test_load(self) -> None:
        """What is measured is what the model has."""
        run_state_machine_as_test(
            LoadMachine, settings=settings(max_examples=60, stateful_step_count=40)
        )

    def test_order(self) -> None:
        """Every order has everybody once, and those who fail last."""
        run_state_machine_as_test(
            OrderMachine, settings=settings(max_examples=40, stateful_step_count=30)
        )
