"""Tests of `inference_gateway.wire.inspect`."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.provider_errors import (
    ProviderError,
    ProviderInvalidAnswer,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderRejected,
)
from inference_gateway.wire.inspect import (
    Kind,
    StreamInspector,
    estimate_tokens,
    inspect_answer,
)
from inference_gateway.wire.sse import DONE, Event, encode

NAMES = [
    "choices",
    "delta",
    "usage",
    "error",
    "index",
    "finish_reason",
    "model",
    "message",
    "prompt_tokens",
    "content",
    "tool_calls",
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=10,
)

USAGE = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}


def event(value: Any, name: bytes = b"") -> Event:
    """Return the event whose data is ``value``, as JSON unless it is bytes."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Event(encode(data, name), data, name)


def chunk(delta: Any = None, reason: str | None = None, index: int = 0, **more: Any) -> Event:
    """Return a chunk with one choice."""
    choice = {"index": index, "delta": delta, "finish_reason": reason}
    return event({"choices": [choice], **more})


class KindTests(SynchronousTestCase):
    """Each event is of one kind."""

    def kind(self, seen: Event) -> Kind:
        """Return the kind of an event that comes first."""
        return StreamInspector().inspect(seen)

    def test_content(self) -> None:
        """Text, tool calls, reasoning, refusals and audio are content, also at the end."""
        for delta in (
            {"content": "a"},
            {"role": "assistant", "content": "a"},
            {"tool_calls": [{"index": 0, "function": {"arguments": "{"}}]},
            {"reasoning_content": "a"},
            {"refusal": "no"},
            {"audio": {"data": "AA"}},
        ):
            self.assertIs(self.kind(chunk(delta)), Kind.CONTENT)
            self.assertIs(self.kind(chunk(delta, "stop")), Kind.CONTENT)

    def test_empty(self) -> None:
        """A role without content is empty, and so is no delta at all."""
        for delta in ({}, None, {"role": "assistant"}, {"role": "assistant", "content": ""}, 5):
            self.assertIs(self.kind(chunk(delta)), Kind.EMPTY)
        self.assertIs(self.kind(chunk({"role": "assistant", "content": None})), Kind.EMPTY)

    def test_empty_choices(self) -> None:
        """No choices and no usage is empty: some servers begin with filter results."""
        self.assertIs(self.kind(event({"choices": [], "prompt_filter_results": []})), Kind.EMPTY)
        self.assertIs(self.kind(event({"choices": None, "usage": None})), Kind.EMPTY)

    def test_finish(self) -> None:
        """A finish_reason without content is the finish, with usage or without."""
        self.assertIs(self.kind(chunk({}, "stop")), Kind.FINISH)
        self.assertIs(self.kind(chunk({}, "stop", usage=USAGE)), Kind.FINISH)

    def test_usage(self) -> None:
        """Usage without choices is the usage event."""
        self.assertIs(self.kind(event({"choices": [], "usage": USAGE})), Kind.USAGE)

    def test_done(self) -> None:
        """Data that begins with the end mark is the end, as clients read it."""
        self.assertIs(self.kind(DONE), Kind.DONE)
        self.assertIs(self.kind(event(b"[DONE] ")), Kind.DONE)

    def test_comment(self) -> None:
        """An event without data is a comment."""
        self.assertIs(self.kind(Event(b": x\n\n", None)), Kind.COMMENT)

    def test_malformed(self) -> None:
        """What is no chunk is malformed, whatever else it is."""
        for value in (
            b"",
            b"{",
            b"\xff",
            b"null",
            b"[]",
            {},
            {"detail": "x"},
            {"choices": 5},
            {"choices": [5]},
        ):
            self.assertIs(self.kind(event(value)), Kind.MALFORMED)

    def test_null_error(self) -> None:
        """An ``error`` of null says nothing."""
        self.assertIs(self.kind(chunk({"content": "a"}, error=None)), Kind.CONTENT)

    @settings(max_examples=200)
    @given(VALUES, st.sampled_from([b"", b"error"]))
    def test_anything(self, value: Any, name: bytes) -> None:
        """Whatever comes is of some kind, and an answer or refused."""
        inspector = StreamInspector()
        for wrapped in (value, {"choices": value}, {"choices": [value]}):
            self.assertIsInstance(inspector.inspect(event(wrapped, name)), Kind)
            try:
                inspect_answer(event(wrapped).data or b"")
            except ProviderInvalidAnswer as error:
                self.assertEqual(error.status, 502)


class StreamTests(SynchronousTestCase):
    """What a stream has said so far is at hand."""

    def told(self, *events: Event, choices: int = 1) -> StreamInspector:
        """Return the inspector after these events."""
        inspector = StreamInspector(choices)
        for one in events:
            inspector.inspect(one)
        return inspector

    def test_complete(self) -> None:
        """A stream is complete with its finish_reason, not with the end mark."""
        inspector = self.told(chunk({"content": "a"}), DONE)
        self.assertEqual((inspector.complete, inspector.done), (False, True))
        inspector = self.told(chunk({"content": "a"}), chunk({}, "length"))
        self.assertEqual((inspector.complete, inspector.done), (True, False))
        self.assertEqual(inspector.finish_reason, "length")

    def test_nothing(self) -> None:
        """A stream that said nothing is not complete."""
        self.assertFalse(self.told().complete)

    def test_choices(self) -> None:
        """Every choice asked for needs its finish_reason, whether it has begun or not."""
        one, two = chunk({}, "stop", 0), chunk({}, "stop", 1)
        self.assertFalse(self.told(one, choices=2).complete)
        self.assertTrue(self.told(one, two, choices=2).complete)

    def test_more_choices(self) -> None:
        """A choice nobody asked for needs its finish_reason once it has begun."""
        extra = chunk({"content": "a"}, index=1)
        self.assertFalse(self.told(chunk({}, "stop"), extra).complete)
        self.assertTrue(self.told(chunk({}, "stop"), extra, chunk({}, "stop", 1)).complete)

    def test_after_the_finish(self) -> None:
        """An empty delta after a choice's finish does not open it again."""
        self.assertTrue(self.told(chunk({}, "stop"), chunk({})).complete)

    def test_without_index(self) -> None:
        """A choice without a proper index has that of its place."""
        choices = [{"delta": {}, "finish_reason": "stop"}, {"index": [], "finish_reason": "stop"}]
        self.assertTrue(self.told(event({"choices": choices}), choices=2).complete)

    def test_several_choices_in_one(self) -> None:
        """Content in one choice makes an event content, whatever the others do."""
        content = {"index": 1, "delta": {"content": "a"}}
        finish = {"index": 0, "delta": {}, "finish_reason": "stop"}
        for choices in ([content, finish], [finish, content]):
            self.assertIs(StreamInspector(2).inspect(event({"choices": choices})), Kind.CONTENT)

    def test_usage(self) -> None:
        """Usage counts on whatever event it comes, and the last one stays."""
        first = {"prompt_tokens": 3, "completion_tokens": 1}
        for events in (
            [chunk({"content": "a"}, usage=first), chunk({}, "stop", usage=USAGE)],
            [chunk({}, "stop"), event({"choices": [], "usage": USAGE})],
            [chunk({}, "stop", usage=USAGE), chunk({}, usage=None)],
        ):
            self.assertEqual(self.told(*events).usage, (3, 4))

    def test_bad_usage(self) -> None:
        """Usage that is none changes nothing."""
        for bad in (5, {}, {"prompt_tokens": "3"}, {"prompt_tokens": -1}, {"prompt_tokens": True}):
            self.assertEqual(self.told(chunk(usage=USAGE), chunk(usage=bad)).usage, (3, 4))
        self.assertIsNone(self.told(chunk()).usage)

    def test_usage_of_prompt_only(self) -> None:
        """Completion tokens that are not told are none."""
        self.assertEqual(self.told(chunk(usage={"prompt_tokens": 3})).usage, (3, 0))

    def test_model(self) -> None:
        """The model is what the first event that names one calls it."""
        events = [chunk(), chunk(model=5), chunk(model="a"), chunk(model="b")]
        self.assertEqual(self.told(*events).model, "a")

    def test_output(self) -> None:
        """Characters of content are counted, in tool calls too, those of roles are not."""
        call = {"index": 0, "function": {"name": "f", "arguments": "{}"}}
        inspector = self.told(
            chunk({"role": "assistant", "content": "模型"}), chunk({"tool_calls": [call]})
        )
        self.assertEqual(inspector.output_chars, 5)

    def test_deep(self) -> None:
        """A delta may be nested as deep as the parser goes."""
        data = b'{"choices":[{"delta":{"x":' + b"[" * 900 + b'"a"' + b"]" * 900 + b"}}]}"
        self.assertEqual(self.told(event(data)).output_chars, 1)

    def test_errors(self) -> None:
        """An error object, or an event of that name, is an error, and completes nothing."""
        for seen in (
            event({"error": {"message": "too busy"}}),
            event({"error": "busy"}),
            event({"choices": [], "error": {"code": 5}}),
            event({"message": "busy"}, b"error"),
            event("busy", b"error"),
            event(b"<html>", b"error"),
            event([], b"error"),
        ):
            inspector = StreamInspector()
            self.assertIs(inspector.inspect(seen), Kind.ERROR)
            self.assertFalse(inspector.complete)


class AnswerTests(SynchronousTestCase):
    """A whole answer is a chat completion, or none."""

    def answer(self, **members: Any) -> bytes:
        """Return an answer with more or other members."""
        choice = {"index": 0, "message": {"role": "assistant", "content": "abc"}}
        return json.dumps({"choices": [{**choice, "finish_reason": "stop"}], **members}).encode()

    def test_facts(self) -> None:
        """Usage, finish_reason, model and size of the answer are read."""
        facts = inspect_answer(self.answer(usage=USAGE, model="m"))
        self.assertEqual(
            (facts.usage, facts.finish_reason, facts.model, facts.output_chars),
            ((3, 4), "stop", "m", 3),
        )

    def test_without_facts(self) -> None:
        """What is lacking beside the choices is no fault."""
        facts = inspect_answer(b'{"choices":[{"message":{}}]}')
        self.assertEqual(
            (facts.usage, facts.finish_reason, facts.model, facts.output_chars), (None, "", "", 0)
        )

    def test_no_answer(self) -> None:
        """What is no chat completion is refused, and nothing of it is shown."""
        for body in (
            b"",
            b"<html>secret</html>",
            self.answer()[:-1],
            b"[]",
            b'{"choices":[]}',
            b'{"choices":{}}',
            b'{"object":"secret"}',
            b'{"choices":["secret"]}',
            b'{"choices":[{"message":"secret"}]}',
            self.answer(error={"message": "secret"}),
            b"\xef\xbb\xbf" + self.answer(),
        ):
            error = self.assertRaises(ProviderInvalidAnswer, inspect_answer, body)
            self.assertNotIn("secret", error.message)

    def test_told(self) -> None:
        """An error that says what it means is that error, in any of its shapes."""
        for body, kind in (
            (b'{"error":{"code":429,"message":"secret"}}', ProviderRateLimited),
            (b'[{"error":{"code":503,"message":"secret"}}]', ProviderOverloaded),
            (b'{"type":"error","error":{"type":"overloaded_error"}}', ProviderOverloaded),
            (b'{"status":"failed","error":{"code":"rate_limit_exceeded"}}', ProviderRateLimited),
            (b'{"error":{"code":"context_length_exceeded","message":"no"}}', ProviderRejected),
        ):
            error = self.assertRaises(ProviderError, inspect_answer, body)
            self.assertIs(type(error), kind)
            self.assertNotIn("secret", error.message)


class EstimateTests(SynchronousTestCase):
    """Tokens are estimated where nobody counted them."""

    def test_estimate(self) -> None:
        """Four characters are a token, and a part of one counts."""
        self.assertEqual(
            [estimate_tokens(text) for text in ("", "a", "abcd", "abcde")], [0, 1, 1, 2]
        )
        self.assertEqual(estimate_tokens(5), 2)
