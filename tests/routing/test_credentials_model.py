"""Credentials against a model of them, whatever happens in whatever order."""

import attrs
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

from inference_gateway.routing.credentials import FIRST_PAUSE, LONGEST_PAUSE, CredentialRing


@attrs.define
class Known:
    """What the model knows of a credential; times are those of the clock."""

    usable_from: float = 0.0
    #: Refusals of probes since the first refusal; None: it is not refused.
    refusals: int | None = None
    #: early, probe, or empty where no call since the last refusal has used it.
    asked: str = ""

    def pause(self) -> float:
        """How long it is out after the last refusal."""
        return min(FIRST_PAUSE * 2.0 ** (self.refusals or 0), LONGEST_PAUSE)


class Ring(RuleBasedStateMachine):
    """One to four credentials and the calls that use them."""

    @initialize(count=st.integers(min_value=1, max_value=4))
    def begin(self, count: int) -> None:
        """Nothing has happened yet."""
        self.clock = Clock()
        self.ring = CredentialRing(count, self.clock.seconds)
        self.known = [Known() for _ in range(count)]
        self.last = -1

    def choose(self, data: st.DataObject) -> int:
        """Pick one of them."""
        return data.draw(st.integers(min_value=0, max_value=len(self.known) - 1))

    @rule()
    def take(self) -> None:
        """A call comes."""
        now, count = self.clock.seconds(), len(self.known)
        turns = [(self.last + 1 + step) % count for step in range(count)]
        usable = [number for number in turns if self.known[number].usable_from <= now]
        first = min(turns, key=lambda number: self.known[number].usable_from)
        expected = usable[0] if usable else first
        assert self.ring.take() == expected
        self.last = expected
        known = self.known[expected]
        if known.refusals is None:
            return
        if usable:
            known.asked = "probe"
            known.usable_from = now + known.pause()
        elif not known.asked:
            known.asked = "early"

    @rule(data=st.data())
    def succeed(self, data: st.DataObject) -> None:
        """A call is answered."""
        number = self.choose(data)
        self.ring.succeed(number)
        if self.known[number].asked:
            self.known[number] = Known()

    @rule(data=st.data())
    def refuse(self, data: st.DataObject) -> None:
        """A call is answered with 401."""
        number = self.choose(data)
        self.ring.refuse(number)
        known = self.known[number]
        if known.refusals is None:
            known.refusals = 0
            known.usable_from = self.clock.seconds() + known.pause()
        elif known.asked == "probe":
            known.refusals += 1
            known.usable_from = self.clock.seconds() + known.pause()
        known.asked = ""

    @rule(data=st.data(), seconds=st.sampled_from([0.5, 20.0, 700.0]))
    def cool(self, data: st.DataObject, seconds: float) -> None:
        """A call is answered with 429."""
        number = self.choose(data)
        self.ring.cool(number, seconds)
        known = self.known[number]
        until = self.clock.seconds() + seconds
        if known.asked == "probe":
            known.usable_from, known.asked = until, ""
        known.usable_from = max(until, known.usable_from)

    @rule(data=st.data())
    def ignore(self, data: st.DataObject) -> None:
        """The client of a call leaves."""
        number = self.choose(data)
        self.ring.ignore(number)
        if self.known[number].asked == "probe":
            self.known[number].usable_from = self.clock.seconds()
            self.known[number].asked = ""

    @rule(seconds=st.sampled_from([0.25, 15.0, 30.0, 300.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.clock.advance(seconds)

    @invariant()
    def agrees(self) -> None:
        """Everything that can be asked is as the model says, and asking changes nothing."""
        now = self.clock.seconds()
        refused = sum(known.refusals is not None for known in self.known)
        wait = min(known.usable_from for known in self.known) - now
        assert self.ring.refused == refused
        assert self.ring.is_ready() == (wait <= 0)
        assert self.ring.ready_in() == max(0.0, wait)
        assert self.ring.are_refused == (refused == len(self.known) and wait > 0)


class ModelTests(SynchronousTestCase):
    """The ring and its model."""

    def test_any_order(self) -> None:
        """They agree after every step."""
        run_state_machine_as_test(Ring, settings=settings(max_examples=150, stateful_step_count=40))
