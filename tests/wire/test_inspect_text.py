"""Tests of `inference_gateway.wire.inspect_text`."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.provider_errors import ProviderInvalidAnswer
from inference_gateway.wire.inspect import Kind
from inference_gateway.wire.inspect_text import TextInspector, inspect_text
from inference_gateway.wire.sse import DONE, Event, encode

USAGE = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "text", "delta", "index", "finish_reason", "usage"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


def event(value: Any) -> Event:
    """Return the event whose data is ``value`` as JSON."""
    data = json.dumps(value).encode()
    return Event(encode(data), data)


def chunk(text: Any = "", reason: str | None = None, index: int = 0, **more: Any) -> Event:
    """Return a chunk with one choice."""
    choice = {"text": text, "index": index, "logprobs": None, "finish_reason": reason}
    return event({"object": "text_completion", "choices": [choice], **more})


class StreamTests(SynchronousTestCase):
    """Each event is of one kind, and what was said so far is at hand."""

    def told(self, *events: Event, choices: int = 1) -> TextInspector:
        """Return the inspector after these events."""
        inspector = TextInspector(choices)
        for one in events:
            inspector.inspect(one)
        return inspector

    def test_kinds(self) -> None:
        """Text is content, also at the end; without it a chunk is the finish, usage, or empty."""
        for seen, kind in (
            (chunk("a"), Kind.CONTENT),
            (chunk("a", "stop"), Kind.CONTENT),
            (chunk("", "stop"), Kind.FINISH),
            (chunk("", "stop", usage=USAGE), Kind.FINISH),
            (chunk(), Kind.EMPTY),
            (chunk(None), Kind.EMPTY),
            (chunk(["a"]), Kind.EMPTY),
            (event({"choices": [], "usage": USAGE}), Kind.USAGE),
            (event({"choices": []}), Kind.EMPTY),
            (event({"choices": None, "usage": None}), Kind.EMPTY),
            (event({"choices": {"text": "a"}}), Kind.MALFORMED),
            (event({"choices": ["a"]}), Kind.MALFORMED),
            (event({"detail": "x"}), Kind.MALFORMED),
            (event({"error": {"message": "busy"}}), Kind.ERROR),
            (DONE, Kind.DONE),
        ):
            self.assertIs(TextInspector().inspect(seen), kind)

    def test_several_choices_in_one(self) -> None:
        """Text in one choice makes an event content, whatever the others do."""
        content = {"index": 1, "text": "a", "finish_reason": None}
        finish = {"index": 0, "text": "", "finish_reason": "stop"}
        for choices in ([content, finish], [finish, content]):
            self.assertIs(TextInspector(2).inspect(event({"choices": choices})), Kind.CONTENT)

    def test_complete(self) -> None:
        """Every choice of every prompt needs its finish_reason."""
        events = [chunk("a", index=0), chunk("", "stop", 0), chunk("b", "length", 1)]
        self.assertFalse(self.told(*events[:2], choices=2).complete)
        inspector = self.told(*events, choices=2)
        self.assertTrue(inspector.complete)
        self.assertEqual(inspector.finish_reason, "length")

    def test_usage(self) -> None:
        """Usage counts on the finish and in an event of its own."""
        for events in (
            [chunk("a"), chunk("", "stop", usage=USAGE)],
            [chunk("a", "stop"), event({"choices": [], "usage": USAGE})],
        ):
            self.assertEqual(self.told(*events).usage, (3, 4))

    def test_facts(self) -> None:
        """The model and the characters of all choices are at hand."""
        inspector = self.told(chunk("模型", model="m"), chunk("abc", "stop", 1))
        self.assertEqual((inspector.model, inspector.output_chars), ("m", 5))

    @settings(max_examples=200)
    @given(VALUES)
    def test_anything(self, value: Any) -> None:
        """Whatever comes is of some kind, and an answer or refused."""
        for wrapped in (value, {"choices": value}, {"choices": [value]}):
            seen = event(wrapped)
            self.assertIsInstance(TextInspector().inspect(seen), Kind)
            try:
                inspect_text(seen.data or b"")
            except ProviderInvalidAnswer as error:
                self.assertEqual(error.status, 502)


class AnswerTests(SynchronousTestCase):
    """A whole answer is a text completion, or none."""

    def test_facts(self) -> None:
        """Usage, the last finish_reason, model and size of the answer are read."""
        choices = [
            {"text": "abc", "finish_reason": "stop"},
            {"text": "de", "finish_reason": "length"},
            {"text": "", "finish_reason": None},
        ]
        facts = inspect_text(
            json.dumps({"choices": choices, "usage": USAGE, "model": "m"}).encode()
        )
        self.assertEqual(
            (facts.usage, facts.finish_reason, facts.model, facts.output_chars),
            ((3, 4), "length", "m", 5),
        )

    def test_without_facts(self) -> None:
        """What is lacking beside the choices is no fault."""
        facts = inspect_text(b'{"choices":[{"text":""}]}')
        self.assertEqual(
            (facts.usage, facts.finish_reason, facts.model, facts.output_chars), (None, "", "", 0)
        )

    def test_no_answer(self) -> None:
        """What is no text completion is refused, and nothing of it is shown."""
        for body in (
            b"",
            b"<html>secret</html>",
            b'{"choices":[{"text":"secret"}]',
            b'{"choices":[]}',
            b'{"choices":"secret"}',
            b'{"choices":["secret"]}',
            b'{"choices":[{"message":{"content":"secret"}}]}',
            b'{"choices":[{"text":["secret"]}]}',
            b'{"choices":[{"text":"a"}],"error":{"message":"secret"}}',
        ):
            error = self.assertRaises(ProviderInvalidAnswer, inspect_text, body)
            self.assertNotIn("secret", error.message)
