"""Two providers' places and all who wait for them, compared with a model that counts rounds."""

from copy import deepcopy
from functools import partial

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.resilience.concurrency import Places, Waiter

#: The first comes more often, so that others have less in the queues.
KEYS = st.sampled_from("aaabc")
SIDES = st.integers(0, 1)
MOST_WAITING = 5


@attrs.define
class Queue:
    """What one provider's places should do: keys have a round and a number in it."""

    limit: int | None
    in_use: int = 0
    round: int = 0
    numbers: int = 0
    #: Key and name of those who wait, in the order in which they came.
    waiting: list[tuple[str, str]] = attrs.field(factory=list)
    #: When the keys of those who wait have their turn.
    turns: dict[str, tuple[int, int]] = attrs.field(factory=dict)
    #: In which round a key had its last turn.
    had: dict[str, int] = attrs.field(factory=dict)

    @property
    def has_room(self) -> bool:
        """Whether one more may be in use."""
        return self.limit is None or self.in_use < self.limit

    def count(self, key: str) -> int:
        """Return how many of ``key`` wait."""
        return [each for each, _ in self.waiting].count(key)

    def set_turn(self, key: str, round: int) -> None:
        """Give ``key`` the last turn of a round."""
        self.numbers += 1
        self.turns[key] = (round, self.numbers)

    def join(self, key: str, name: str) -> None:
        """Let one more wait."""
        if key not in self.turns:
            self.set_turn(key, self.round + (self.had.get(key) == self.round))
        self.waiting.append((key, name))

    def drop(self, key: str, name: str) -> None:
        """Let one no longer wait."""
        self.waiting.remove((key, name))
        if not self.count(key):
            del self.turns[key]

    def dispensable(self, key: str) -> tuple[str, str] | None:
        """Return who is displaced for another one of ``key``."""
        if not self.waiting:
            return None
        most = max(self.turns, key=lambda each: (self.count(each), [-n for n in self.turns[each]]))
        if self.count(most) <= self.count(key) + 1:
            return None
        return [one for one in self.waiting if one[0] == most][-1]

    def serve(self) -> tuple[str, str]:
        """Return whose turn it is, who no longer waits."""
        key = min(self.turns, key=lambda each: self.turns[each])
        self.round = max(self.round, self.turns[key][0])
        if len(self.turns) == 1:
            self.had.clear()
        self.had[key] = self.round
        one = next(one for one in self.waiting if one[0] == key)
        self.drop(*one)
        if key in self.turns:
            self.set_turn(key, self.round + 1)
        return one

    def before(self, key: str) -> int:
        """Return how many are served before another one of ``key``."""
        queue = deepcopy(self)
        queue.join(key, "another")
        served = 0
        while queue.serve() != (key, "another"):
            served += 1
        return served


class PlacesMachine(RuleBasedStateMachine):
    """Calls that come, wait, leave and end in any order; every place is held for a second."""

    def __init__(self) -> None:
        super().__init__()
        clock = Clock()
        #: The operator limits the first; of the second only the provider tells.
        self.places = [Places(2, MOST_WAITING, clock.seconds)]
        self.places.append(Places(None, MOST_WAITING, clock.seconds))
        self.model = [Queue(2, 2), Queue(1, 1)]
        self.places[1].learn(1)
        for places in (*self.places, self.places[0]):
            assert places.take()
        self.names = 0
        self.waiters: dict[str, Waiter] = {}
        self.brief: set[str] = set()
        #: What happened, and what should have.
        self.seen: list[tuple[str, object]] = []
        self.expected: list[tuple[str, object]] = []

    def on_granted(self, name: str, places: Places) -> None:
        """Note a grant; some give their place back at once."""
        self.seen.append((name, self.places.index(places)))
        if name in self.brief:
            places.give_back(1.0)

    def on_displaced(self, name: str) -> None:
        """Note that somebody lost its last queue."""
        self.seen.append((name, "displaced"))

    def grant(self, side: int, name: str) -> None:
        """Expect a grant."""
        queue = self.model[side]
        queue.in_use += name not in self.brief
        self.expected.append((name, side))

    def hand_on(self, side: int) -> None:
        """Expect grants for as long as there is room."""
        queue, other = self.model[side], self.model[1 - side]
        while queue.waiting and queue.has_room:
            one = queue.serve()
            if one in other.waiting:
                other.drop(*one)
            self.grant(side, one[1])

    @rule(side=SIDES)
    def take(self, side: int) -> None:
        """A call takes a place if nobody waits for it."""
        queue = self.model[side]
        may = queue.has_room and not queue.waiting
        assert self.places[side].has_room == may
        assert self.places[side].take() == may
        queue.in_use += may

    @precondition(lambda self: any(queue.in_use for queue in self.model))
    @rule(side=SIDES)
    def give_back(self, side: int) -> None:
        """A call ends, and others get its place."""
        if not self.model[side].in_use:
            side = 1 - side
        self.model[side].in_use -= 1
        self.hand_on(side)
        self.places[side].give_back(1.0)

    @rule(key=KEYS, sides=st.sampled_from([(0,), (1,), (0, 1), (1, 0)]), is_brief=st.booleans())
    def wait(self, key: str, sides: tuple[int, ...], is_brief: bool) -> None:
        """A call finds no room, or finds some after all."""
        self.names += 1
        name = f"{key}{self.names}"
        if is_brief:
            self.brief.add(name)
        waiter = Waiter(key, partial(self.on_granted, name), partial(self.on_displaced, name))
        self.waiters[name] = waiter
        is_let_in = self.expect_waiting(key, name, sides)
        assert [self.places[side].lets_in(key) for side in (0, 1)] == self.let_in
        assert waiter.wait_for([self.places[side] for side in sides]) == is_let_in

    def expect_waiting(self, key: str, name: str, sides: tuple[int, ...]) -> bool:
        """Expect that a call joins the queues that let it in; return whether any does."""
        self.let_in = [
            len(queue.waiting) < MOST_WAITING or queue.dispensable(key) is not None
            for queue in self.model
        ]
        for side in sides:
            if self.model[side].has_room and not self.model[side].waiting:
                self.grant(side, name)
                return True
        joined = [side for side in sides if self.let_in[side]]
        for side in joined:
            queue = self.model[side]
            if len(queue.waiting) == MOST_WAITING:
                last = queue.dispensable(key)
                assert last is not None
                queue.drop(*last)
                if last not in self.model[1 - side].waiting:
                    self.expected.append((last[1], "displaced"))
            queue.join(key, name)
        return bool(joined)

    @precondition(lambda self: self.waiters)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        """A client leaves, be its call served by then or not."""
        name = data.draw(st.sampled_from(sorted(self.waiters)))
        for queue in self.model:
            if (name[0], name) in queue.waiting:
                queue.drop(name[0], name)
        self.waiters.pop(name).leave()

    @rule(side=SIDES, limit=st.none() | st.integers(0, 4))
    def learn(self, side: int, limit: int | None) -> None:
        """A provider tells how much it can do."""
        if side:
            self.model[1].limit = None if limit is None else max(1, limit)
            self.hand_on(1)
        self.places[side].learn(limit)

    @invariant()
    def same(self) -> None:
        """Both know the same, and nobody waits where there is room."""
        assert self.seen == self.expected
        for places, queue in zip(self.places, self.model, strict=True):
            assert (places.in_use, places.waiting) == (queue.in_use, len(queue.waiting))
            assert not (queue.waiting and queue.has_room)

    @invariant()
    def honest(self) -> None:
        """The wait that is told is that for all who have their turn before."""
        for places, queue in zip(self.places, self.model, strict=True):
            for key in "abc":
                expected = 0.0
                if not queue.has_room and queue.limit is not None:
                    ahead = queue.before(key) + queue.in_use - queue.limit
                    expected = (ahead + 1) / queue.limit
                assert places.expected_wait(key) == expected


class PlacesModelTests(SynchronousTestCase):
    """The places and the model."""

    def test_model(self) -> None:
        """Whatever happens, both do the same."""
        run_state_machine_as_test(
            PlacesMachine,
            settings=settings(max_examples=100, stateful_step_count=40),
        )
