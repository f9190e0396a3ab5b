"""Tests of `inference_gateway.wire.comparison` against a simple model: signs in a row."""

from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.wire.comparison import Comparison, Disagreement
from inference_gateway.wire.sse import Event
from inference_gateway.wire.transcript import Transcript
from tests.wire.repeating import answers, said, tellings, transcript_of, variants

Signs = dict[int, list[tuple[str, str]]]


def is_beginning(sent: Signs, whole: Signs) -> bool:
    """Whether ``whole`` goes on from ``sent``, in every choice."""
    return all(whole.get(index, [])[: len(signs)] == signs for index, signs in sent.items())


class RepetitionTests(SynchronousTestCase):
    """Any answer, told twice."""

    @given(data=st.data())
    @settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
    def test_same_answer(self, data: st.DataObject) -> None:
        """An answer that is cut off anywhere is whole after it was told again in any pieces."""
        answer = data.draw(answers())
        first = data.draw(tellings(answer))
        sent = first[: data.draw(st.integers(1, len(first)))]
        comparison = Comparison(transcript_of(*sent))
        for event in data.draw(tellings(answer)):
            sent = sent + comparison.feed(event)
        self.assertEqual(said(sent), said(first))
        chunks = [orjson.loads(event.data or b"") for event in sent]
        self.assertEqual(len({(c["id"], c["created"], c["model"]) for c in chunks}), 1)
        ids = [
            (choice["index"], call["index"])
            for chunk in chunks
            for choice in chunk["choices"]
            for call in choice["delta"].get("tool_calls", ())
            if "id" in call
        ]
        self.assertEqual(len(ids), len(set(ids)), "one id for each call")

    @given(data=st.data())
    @settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
    def test_other_answer(self, data: st.DataObject) -> None:
        """Another answer adds something only where it goes on from all that was sent."""
        answer = data.draw(answers())
        first = data.draw(tellings(answer))
        sent = first[: data.draw(st.integers(1, len(first)))]
        comparison = Comparison(transcript_of(*sent))
        other = data.draw(tellings(data.draw(variants(answer))))
        new: list[Event] = []
        try:
            for event in other:
                new += comparison.feed(event)
            agrees = comparison.caught_up
        except Disagreement:
            agrees = False
        self.assertEqual(agrees, is_beginning(said(sent), said(other)))
        self.assertEqual(said(sent + new), said(other if agrees else sent))


class Retelling(RuleBasedStateMachine):
    """A stream that breaks off again and again, and is told again, truly or not."""

    def __init__(self) -> None:
        super().__init__()
        self.transcript = Transcript()
        self.sent: list[Event] = []
        #: What was sent when the provider that is heard now was asked.
        self.before: Signs = {}
        self.answer: Any = None
        self.telling: list[Event] = []
        self.waiting: list[Event] = []
        self.comparison: Comparison | None = None
        self.broken = False

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """Somebody answers."""
        self.answer = data.draw(answers())
        self.hear(data)

    @rule(data=st.data(), truly=st.booleans())
    def break_off(self, data: st.DataObject, truly: bool) -> None:
        """The provider breaks off, and another begins from the start."""
        if not truly:
            self.answer = data.draw(variants(self.answer))
        self.before = said(self.sent)
        self.comparison = Comparison(self.transcript)
        self.broken = False
        self.hear(data)

    def hear(self, data: st.DataObject) -> None:
        """Begin to listen to somebody's telling of the answer."""
        self.telling = data.draw(tellings(self.answer))
        self.waiting = list(self.telling)

    @precondition(lambda self: self.waiting)
    @rule(most=st.integers(1, 6))
    def go_on(self, most: int) -> None:
        """The provider says some more."""
        for _ in range(most):
            if self.waiting:
                self.say(self.waiting.pop(0))

    def say(self, event: Event) -> None:
        """Send what is new of an event."""
        new = [event]
        if self.comparison is not None:
            try:
                new = self.comparison.feed(event)
            except Disagreement:
                self.broken = True
                self.waiting = []
                return
        for one in new:
            self.transcript.sent(one)
            self.sent.append(one)

    @invariant()
    def nothing_is_mixed(self) -> None:
        """What was sent is the beginning of one answer, and is added to by true tellings only."""
        now, whole = said(self.sent), said(self.telling)
        agrees = is_beginning(self.before, whole)
        if now != self.before:
            assert agrees
            assert is_beginning(now, whole)
        if self.broken:
            assert not agrees
        elif agrees and not self.waiting:
            assert now == whole


class RetellingTests(SynchronousTestCase):
    """Any number of providers, one after the other."""

    def test_model(self) -> None:
        """Whatever they say, the client reads the beginning of one answer."""
        run_state_machine_as_test(
            Retelling,
            settings=settings(max_examples=40, stateful_step_count=12),
        )
