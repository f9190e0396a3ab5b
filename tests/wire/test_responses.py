"""Tests of `inference_gateway.wire.responses`."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.provider_errors import ProviderError, ProviderInvalidAnswer
from inference_gateway.wire.inspect import Kind
from inference_gateway.wire.responses import (
    ResponseInspector,
    inspect_response,
    rename_response_event,
)
from inference_gateway.wire.sse import Event, SSEParser, encode

#: What the model says in `STREAM`, and the answer that it is.
MESSAGE = {
    "type": "message",
    "id": "msg_1",
    "status": "completed",
    "role": "assistant",
    "content": [{"type": "output_text", "annotations": [], "logprobs": [], "text": "Grüße!"}],
}
USAGE = {
    "input_tokens": 37,
    "input_tokens_details": {"cached_tokens": 5},
    "output_tokens": 11,
    "output_tokens_details": {"reasoning_tokens": 2},
    "total_tokens": 48,
}
RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1741290958,
    "status": "completed",
    "error": None,
    "incomplete_details": None,
    "model": "own-2026",
    "output": [MESSAGE],
    "tools": [],
    "usage": USAGE,
}
BEGUN = {**RESPONSE, "status": "in_progress", "output": [], "usage": None}
PLACE = {"item_id": "msg_1", "output_index": 0, "content_index": 0}


def typed(type: str, **members: Any) -> Event:
    """Return an event of this type."""
    data = json.dumps({"type": type, **members}, ensure_ascii=False).encode()
    return Event(encode(data, type.encode()), data, type.encode())


#: A whole stream, each event with its kind.
STREAM = [
    (typed("response.created", sequence_number=0, response=BEGUN), Kind.EMPTY),
    (typed("response.in_progress", sequence_number=1, response=BEGUN), Kind.EMPTY),
    (
        typed(
            "response.output_item.added",
            sequence_number=2,
            output_index=0,
            item={**MESSAGE, "status": "in_progress", "content": []},
        ),
        Kind.EMPTY,
    ),
    (
        typed("response.content_part.added", sequence_number=3, **PLACE, part={"text": ""}),
        Kind.EMPTY,
    ),
    (typed("response.output_text.delta", sequence_number=4, **PLACE, delta=""), Kind.EMPTY),
    (typed("response.output_text.delta", sequence_number=5, **PLACE, delta="Grü"), Kind.CONTENT),
    (typed("response.output_text.delta", sequence_number=6, **PLACE, delta="ße!"), Kind.CONTENT),
    (typed("response.output_text.done", sequence_number=7, **PLACE, text="Grüße!"), Kind.EMPTY),
    (
        typed("response.output_item.done", sequence_number=8, output_index=0, item=MESSAGE),
        Kind.CONTENT,
    ),
    (typed("response.completed", sequence_number=9, response=RESPONSE), Kind.LAST),
]
BYTES = b"".join(event.raw for event, _ in STREAM)


def told(*events: Event) -> ResponseInspector:
    """Return the inspector after these events."""
    inspector = ResponseInspector()
    for event in events:
        inspector.inspect(event)
    return inspector


class StreamTests(SynchronousTestCase):
    """What a stream has said so far is at hand."""

    def test_every_cut(self) -> None:
        """Cut at any byte, a stream is of the same events, whole only with its last."""
        for position in range(len(BYTES) + 1):
            parser = SSEParser()
            inspector = ResponseInspector()
            kinds = [inspector.inspect(event) for event in parser.feed(BYTES[:position])]
            self.assertEqual(inspector.complete, position == len(BYTES))
            kinds += [inspector.inspect(event) for event in parser.feed(BYTES[position:])]
            self.assertEqual(kinds, [kind for _, kind in STREAM])

    def test_facts(self) -> None:
        """Usage, model, end, size and the number of what comes next are read."""
        inspector = told(*(event for event, _ in STREAM))
        self.assertEqual(
            (inspector.usage, inspector.model, inspector.finish_reason, inspector.output_chars),
            ((37, 11), "own-2026", "completed", 6),
        )
        self.assertEqual(inspector.sequence, 10)

    def test_broken_off(self) -> None:
        """What breaks off is not complete, and tells what it told."""
        inspector = told(*(event for event, _ in STREAM[:6]))
        self.assertEqual(
            (inspector.complete, inspector.usage, inspector.model, inspector.output_chars),
            (False, None, "own-2026", 3),
        )

    def test_incomplete(self) -> None:
        """An answer that stopped early is whole, and says why it stopped."""
        cut = {**RESPONSE, "status": "incomplete"}
        for response, reason in (
            ({**cut, "incomplete_details": {"reason": "max_output_tokens"}}, "max_output_tokens"),
            (cut, "incomplete"),
            ({}, "incomplete"),
            ({"status": 5}, "incomplete"),
            (None, "incomplete"),
        ):
            inspector = ResponseInspector()
            event = typed("response.incomplete", response=response)
            self.assertIs(inspector.inspect(event), Kind.LAST)
            self.assertEqual((inspector.complete, inspector.finish_reason), (True, reason))

    def test_all_at_the_end(self) -> None:
        """Where nothing was told before it, the last event says what was written."""
        self.assertEqual(told(STREAM[-1][0]).output_chars, 6)

    def test_unnumbered(self) -> None:
        """Events without numbers are counted."""
        self.assertEqual(told().sequence, 0)
        self.assertEqual(told(typed("response.created"), typed("response.queued")).sequence, 2)


class KindTests(SynchronousTestCase):
    """Each event is of one kind."""

    def kind(self, event: Event) -> Kind:
        """Return the kind of an event that comes first."""
        return ResponseInspector().inspect(event)

    def test_deltas(self) -> None:
        """Any delta with something in it is content."""
        for name in (
            "refusal",
            "reasoning_text",
            "reasoning_summary_text",
            "function_call_arguments",
            "custom_tool_call_input",
            "code_interpreter_call_code",
        ):
            inspector = ResponseInspector()
            event = typed(f"response.{name}.delta", delta='{"a')
            self.assertIs(inspector.inspect(event), Kind.CONTENT)
            self.assertEqual(inspector.output_chars, 3)
            self.assertIs(inspector.inspect(typed(f"response.{name}.delta")), Kind.EMPTY)

    def test_audio(self) -> None:
        """Audio is content of no characters; its transcript has them."""
        inspector = ResponseInspector()
        self.assertIs(inspector.inspect(typed("response.audio.delta", delta="AAAA")), Kind.CONTENT)
        self.assertEqual(inspector.output_chars, 0)
        inspector.inspect(typed("response.audio.transcript.delta", delta="ab"))
        self.assertEqual(inspector.output_chars, 2)

    def test_items(self) -> None:
        """An item that is done is content if anything is in it."""
        for item, kind in (
            ({"type": "function_call", "id": "1", "name": "f", "arguments": ""}, Kind.CONTENT),
            ({"type": "image_generation_call", "id": "1", "result": "AAAA"}, Kind.CONTENT),
            ({"type": "message", "id": "1", "role": "assistant", "content": []}, Kind.EMPTY),
            (None, Kind.EMPTY),
        ):
            self.assertIs(self.kind(typed("response.output_item.done", item=item)), kind)

    def test_partial_image(self) -> None:
        """A partial image is content."""
        event = typed("response.image_generation_call.partial_image", partial_image_b64="AAAA")
        self.assertIs(self.kind(event), Kind.CONTENT)

    def test_unknown(self) -> None:
        """Progress, and what is not known, is empty."""
        for name in ("response.queued", "response.web_search_call.searching", "keepalive", "x"):
            self.assertIs(self.kind(typed(name)), Kind.EMPTY)

    def test_errors(self) -> None:
        """A failed response is an error, and so is an event of that type."""
        failed = {**RESPONSE, "status": "failed", "error": {"code": "server_error"}}
        for event in (
            typed("response.failed", response=failed),
            typed("error", code="server_error", message="busy", param=None),
        ):
            inspector = ResponseInspector()
            self.assertIs(inspector.inspect(event), Kind.ERROR)
            self.assertFalse(inspector.complete)

    def test_no_data(self) -> None:
        """A comment is a comment, and what is no object is malformed."""
        self.assertIs(self.kind(Event(b": x\n\n", None)), Kind.COMMENT)
        self.assertIs(self.kind(Event(encode(b"{"), b"{")), Kind.MALFORMED)

    def test_deep(self) -> None:
        """A delta may be nested as deep as the parser goes."""
        data = b'{"type":"x.delta","delta":' + b"[" * 900 + b'"a"' + b"]" * 900 + b"}"
        inspector = ResponseInspector()
        self.assertIs(inspector.inspect(Event(encode(data), data)), Kind.CONTENT)
        self.assertEqual(inspector.output_chars, 1)

    @settings(max_examples=200)
    @given(
        st.sampled_from(["response.completed", "response.created", "response.output_item.done"]),
        st.sampled_from(["response", "item", "delta", "sequence_number", "usage"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=3),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["output", "content", "usage", "model", "input_tokens"]), inner
                )
            ),
            max_leaves=8,
        ),
    )
    def test_anything(self, type: str, name: str, value: Any) -> None:
        """Whatever comes is of some kind."""
        self.assertIsInstance(self.kind(typed(type, **{name: value})), Kind)


class AnswerTests(SynchronousTestCase):
    """A whole answer is a response, or none."""

    def test_facts(self) -> None:
        """Usage, status, model and size of the answer are read."""
        facts = inspect_response(json.dumps(RESPONSE).encode())
        self.assertEqual(
            (facts.usage, facts.finish_reason, facts.model, facts.output_chars),
            ((37, 11), "completed", "own-2026", 6),
        )

    def test_written(self) -> None:
        """What the model wrote is counted: text, reasoning, calls, but no ids and no types."""
        output = [
            {
                "type": "reasoning",
                "id": "rs_1",
                "summary": [{"type": "summary_text", "text": "abc"}],
            },
            {"type": "function_call", "call_id": "c_1", "name": "f", "arguments": "{}"},
            {"type": "message", "content": [{"type": "refusal", "refusal": "no"}, 5]},
            5,
        ]
        self.assertEqual(inspect_response(json.dumps({"output": output}).encode()).output_chars, 8)

    def test_without_facts(self) -> None:
        """What is lacking beside the output is no fault."""
        facts = inspect_response(b'{"output":[]}')
        self.assertEqual(
            (facts.usage, facts.finish_reason, facts.model, facts.output_chars), (None, "", "", 0)
        )

    def test_failed(self) -> None:
        """An answer that failed is the provider's failure, with its error or without."""
        for error in (None, {"code": "server_error", "message": "secret"}):
            body = json.dumps({**RESPONSE, "status": "failed", "error": error}).encode()
            raised = self.assertRaises(ProviderError, inspect_response, body)
            self.assertNotIsInstance(raised, ProviderInvalidAnswer)
            self.assertNotIn("secret", raised.message)

    def test_no_answer(self) -> None:
        """What is no response is refused."""
        for body in (b"", b"[]", b"{}", b'{"output":{}}', b'{"output":[],"error":{"code":"x"}}'):
            self.assertRaises(ProviderInvalidAnswer, inspect_response, body)


class RenameTests(SynchronousTestCase):
    """Events under the public name of their model."""

    def test_stream(self) -> None:
        """Only the name changes, in the events that tell of the response."""
        renamed = b"".join(rename_response_event(event, "public").raw for event, _ in STREAM)
        self.assertEqual(renamed, BYTES.replace(b'"own-2026"', b'"public"'))
        self.assertEqual(renamed.count(b'"public"'), 3)

    def test_words(self) -> None:
        """A model that writes about models is left alone."""
        event = typed("response.output_text.delta", delta='{"response":{"model":"own-2026"}}')
        self.assertIs(rename_response_event(event, "public"), event)
