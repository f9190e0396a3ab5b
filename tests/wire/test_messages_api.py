"""Tests of `inference_gateway.wire.messages_api`."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.provider_errors import ProviderInvalidAnswer
from inference_gateway.wire.inspect import Kind
from inference_gateway.wire.messages_api import (
    MessageInspector,
    inspect_message,
    rename_message_event,
)
from inference_gateway.wire.sse import Event, SSEParser, encode

MESSAGE: dict[str, Any] = {
    "id": "msg_014p7gG3wDgGV9EUtLvnow3U",
    "type": "message",
    "role": "assistant",
    "model": "own-5",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 472,
        "cache_creation_input_tokens": 20,
        "cache_read_input_tokens": 8,
        "output_tokens": 2,
    },
    "content": [],
    "stop_reason": None,
}

#: A whole stream as it is on the wire, each event with its kind.
STREAM = [
    (
        b'event: message_start\ndata: {"type":"message_start","message":%b}\n\n'
        % json.dumps(MESSAGE).encode(),
        Kind.EMPTY,
    ),
    (
        b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
        b'"content_block":{"type":"text","text":""}}\n\n',
        Kind.EMPTY,
    ),
    (b'event: ping\ndata: {"type": "ping"}\n\n', Kind.EMPTY),
    (
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        b'"delta":{"type":"text_delta","text":"Okay"}}\n\n',
        Kind.CONTENT,
    ),
    (b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n', Kind.EMPTY),
    (
        b'event: content_block_start\ndata: {"type":"content_block_start","index":1,'
        b'"content_block":{"type":"tool_use","id":"toolu_1","name":"get_weather","input":{}}}\n\n',
        Kind.EMPTY,
    ),
    (
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":1,'
        b'"delta":{"type":"input_json_delta","partial_json":""}}\n\n',
        Kind.EMPTY,
    ),
    (
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":1,'
        b'"delta":{"type":"input_json_delta","partial_json":"{\\"a\\":1}"}}\n\n',
        Kind.CONTENT,
    ),
    (b'event: content_block_stop\ndata: {"type":"content_block_stop","index":1}\n\n', Kind.EMPTY),
    (
        b'event: message_delta\ndata: {"type":"message_delta",'
        b'"delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":89}}\n\n',
        Kind.FINISH,
    ),
    (b'event: message_stop\ndata: {"type":"message_stop"}\n\n', Kind.LAST),
]
BYTES = b"".join(raw for raw, _ in STREAM)
EVENTS = SSEParser().feed(BYTES)


def typed(type: str, **members: Any) -> Event:
    """Return an event of this type."""
    data = json.dumps({"type": type, **members}).encode()
    return Event(encode(data, type.encode()), data, type.encode())


def told(*events: Event) -> MessageInspector:
    """Return the inspector after these events."""
    inspector = MessageInspector()
    for event in events:
        inspector.inspect(event)
    return inspector


class StreamTests(SynchronousTestCase):
    """What a stream has said so far is at hand."""

    def test_every_cut(self) -> None:
        """Cut at any byte, a stream is of the same events, whole only with its last."""
        for position in range(len(BYTES) + 1):
            parser = SSEParser()
            inspector = MessageInspector()
            kinds = [inspector.inspect(event) for event in parser.feed(BYTES[:position])]
            self.assertEqual(inspector.complete, position == len(BYTES))
            kinds += [inspector.inspect(event) for event in parser.feed(BYTES[position:])]
            self.assertEqual(kinds, [kind for _, kind in STREAM])

    def test_facts(self) -> None:
        """Usage, with what a cache had, model, end and size are read."""
        inspector = told(*EVENTS)
        self.assertEqual(
            (inspector.usage, inspector.model, inspector.finish_reason, inspector.output_chars),
            ((500, 89), "own-5", "tool_use", 11),
        )

    def test_broken_off(self) -> None:
        """What breaks off is not complete, and its first count of the output is no total."""
        inspector = told(*EVENTS[:4])
        self.assertEqual(
            (inspector.complete, inspector.usage, inspector.output_chars), (False, None, 4)
        )

    def test_usage(self) -> None:
        """A later event may tell all counts again, or some, or none; the last ones stay."""
        start = typed("message_start", message={"usage": {"input_tokens": 3, "output_tokens": 1}})
        for usages, expected in (
            ([{"output_tokens": 5}], (3, 5)),
            ([{"output_tokens": 5}, {"output_tokens": 7}], (3, 7)),
            ([{"input_tokens": 4, "output_tokens": 5}], (4, 5)),
            ([{"input_tokens": None, "output_tokens": 5}], (3, 5)),
            ([{"output_tokens": 5}, None], (3, 5)),
            ([{"output_tokens": 5}, {}], (3, 5)),
            ([{"output_tokens": "5"}], None),
            ([5], None),
        ):
            events = [typed("message_delta", delta={}, usage=usage) for usage in usages]
            self.assertEqual(told(start, *events).usage, expected)

    def test_usage_without_a_start(self) -> None:
        """Output alone is no usage."""
        self.assertIsNone(told(typed("message_delta", usage={"output_tokens": 5})).usage)


class KindTests(SynchronousTestCase):
    """Each event is of one kind."""

    def kind(self, event: Event) -> Kind:
        """Return the kind of an event that comes first."""
        return MessageInspector().inspect(event)

    def test_deltas(self) -> None:
        """A delta with anything in it is content, one with nothing is not."""
        for delta, kind in (
            ({"type": "thinking_delta", "thinking": "a"}, Kind.CONTENT),
            ({"type": "signature_delta", "signature": "EqQB"}, Kind.CONTENT),
            ({"type": "citations_delta", "citation": {"title": "a"}}, Kind.CONTENT),
            ({"type": "text_delta", "text": ""}, Kind.EMPTY),
            ({}, Kind.EMPTY),
            (None, Kind.EMPTY),
        ):
            self.assertIs(self.kind(typed("content_block_delta", delta=delta)), kind)

    def test_message_delta(self) -> None:
        """A message's delta without a reason to stop is empty, with usage or without."""
        for members in ({}, {"delta": {"stop_reason": None}}, {"usage": {"output_tokens": 1}}):
            self.assertIs(self.kind(typed("message_delta", **members)), Kind.EMPTY)

    def test_start_without_a_model(self) -> None:
        """A message that names no model has none."""
        self.assertEqual(told(typed("message_start", message={"model": 5})).model, "")

    def test_unknown(self) -> None:
        """What is not known is empty."""
        self.assertIs(self.kind(typed("context_management")), Kind.EMPTY)

    def test_error(self) -> None:
        """An error is an error, and completes nothing."""
        inspector = MessageInspector()
        error = typed("error", error={"type": "overloaded_error", "message": "Overloaded"})
        self.assertIs(inspector.inspect(error), Kind.ERROR)
        self.assertFalse(inspector.complete)

    def test_no_data(self) -> None:
        """A comment is a comment, and what is no object is malformed."""
        self.assertIs(self.kind(Event(b": x\n\n", None)), Kind.COMMENT)
        self.assertIs(self.kind(Event(encode(b"[]"), b"[]")), Kind.MALFORMED)

    @settings(max_examples=200)
    @given(
        st.sampled_from(["message_start", "message_delta", "content_block_delta"]),
        st.sampled_from(["message", "delta", "usage"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=3),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["text", "usage", "model", "input_tokens", "output_tokens"]),
                    inner,
                )
            ),
            max_leaves=8,
        ),
    )
    def test_anything(self, type: str, name: str, value: Any) -> None:
        """Whatever comes is of some kind."""
        self.assertIsInstance(self.kind(typed(type, **{name: value})), Kind)


class AnswerTests(SynchronousTestCase):
    """A whole answer is a message, or none."""

    def test_facts(self) -> None:
        """Usage, stop_reason, model and size of the answer are read."""
        content = [
            {"type": "thinking", "thinking": "ab", "signature": "EqQB"},
            {"type": "text", "text": "cde"},
            {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"place": ["Rom"]}},
            5,
        ]
        answer = {**MESSAGE, "content": content, "stop_reason": "tool_use"}
        facts = inspect_message(json.dumps(answer).encode())
        self.assertEqual(
            (facts.usage, facts.finish_reason, facts.model, facts.output_chars),
            ((500, 2), "tool_use", "own-5", 9),
        )

    def test_without_facts(self) -> None:
        """What is lacking beside the content is no fault."""
        facts = inspect_message(b'{"content":[]}')
        self.assertEqual(
            (facts.usage, facts.finish_reason, facts.model, facts.output_chars), (None, "", "", 0)
        )

    def test_no_answer(self) -> None:
        """What is no message is refused."""
        for body in (b"", b"[]", b"{}", b'{"content":"a"}', b'{"type":"error","content":[]}'):
            self.assertRaises(ProviderInvalidAnswer, inspect_message, body)


class RenameTests(SynchronousTestCase):
    """Events under the public name of their model."""

    def test_stream(self) -> None:
        """Only the name changes, in the event that begins the message."""
        renamed = b"".join(rename_message_event(event, "public").raw for event in EVENTS)
        self.assertEqual(renamed, BYTES.replace(b'"own-5"', b'"public"'))
        self.assertEqual(renamed.count(b'"public"'), 1)
