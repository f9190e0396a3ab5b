"""Tests of `inference_gateway.wire.text_as_stream`."""

import json

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.provider_errors import ProviderInvalidAnswer
from inference_gateway.wire.assemble_text import TextAssembler
from inference_gateway.wire.inspect_text import TextInspector
from inference_gateway.wire.sse import SSEParser
from inference_gateway.wire.text_as_stream import text_as_events

ANSWER = {
    "id": "cmpl-1",
    "object": "text_completion",
    "choices": [
        {"index": 0, "text": "a\nb", "logprobs": None, "finish_reason": "stop"},
        {"index": 1, "text": "c", "logprobs": None, "finish_reason": "stop"},
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
}


class AsEventsTests(SynchronousTestCase):
    """One whole answer, one event."""

    def test_event(self) -> None:
        """The event is one that parsers read and that says what the answer said."""
        for body in (json.dumps(ANSWER).encode(), json.dumps(ANSWER, indent=2).encode()):
            (event,) = text_as_events(body)
            self.assertEqual([seen.data for seen in SSEParser().feed(event.raw)], [event.data])
            assembler = TextAssembler()
            assembler.add(event.data or b"")
            self.assertEqual(json.loads(assembler.answer()), ANSWER)

    def test_complete(self) -> None:
        """It is a whole stream."""
        inspector = TextInspector(2)
        for event in text_as_events(json.dumps(ANSWER).encode()):
            inspector.inspect(event)
        self.assertTrue(inspector.complete)

    def test_no_answer(self) -> None:
        """What is no text completion cannot be told."""
        self.assertRaises(ProviderInvalidAnswer, text_as_events, b'{"choices":[{}]}')
