"""A whole answer told as a stream."""

import orjson
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.provider_errors import ProviderInvalidAnswer
from inference_gateway.wire.inspect import Kind, StreamInspector
from inference_gateway.wire.sse import SSEParser
from inference_gateway.wire.whole_as_stream import as_events
from tests.pipeline.chats import answer


class AsEventsTests(SynchronousTestCase):
    """From a body to events."""

    def test_one_chunk(self) -> None:
        """Everything but the message stays as it was, and that becomes the delta."""
        (event,) = as_events(answer("hi"))
        chunk = orjson.loads(event.data or b"")
        self.assertEqual(chunk["object"], "chat.completion.chunk")
        self.assertEqual(
            chunk["choices"],
            [
                {
                    "index": 0,
                    "delta": {"role": "assistant", "content": "hi"},
                    "finish_reason": "stop",
                }
            ],
        )
        self.assertEqual((chunk["id"], chunk["created"]), ("chatcmpl-1", 1700000000))
        self.assertEqual(chunk["usage"]["prompt_tokens"], 7)

    def test_event(self) -> None:
        """The event is one that a client's parser reads, and a complete stream."""
        (event,) = as_events(answer("grüße\n\u2028"))
        self.assertEqual(SSEParser().feed(event.raw), [event])
        inspector = StreamInspector()
        self.assertIs(inspector.inspect(event), Kind.CONTENT)
        self.assertTrue(inspector.complete)
        self.assertEqual(inspector.usage, (7, 3))

    def test_tool_calls(self) -> None:
        """Calls of tools get the index that a delta needs and a message does not have."""
        message = {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                {"id": "b", "type": "function", "function": {"name": "g", "arguments": "{}"}},
            ],
        }
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
        (event,) = as_events(answer(choices=[choice]))
        calls = orjson.loads(event.data or b"")["choices"][0]["delta"]["tool_calls"]
        self.assertEqual([(call["index"], call["id"]) for call in calls], [(0, "a"), (1, "b")])

    def test_no_answer(self) -> None:
        """What is no completion is the provider's failure."""
        for body in (
            b"",
            b"[]",
            b"5",
            b"{}",
            b'{"choices":null}',
            b'{"choices":[{}]}',
            b'{"choices":[5]}',
            b'{"choices":[{"message":5}]}',
            b'{"choices":[{"message":{"content":"x"}},null]}',
            b'{"choices":[{"message":{"tool_calls":[5]}}]}',
        ):
            self.assertRaises(ProviderInvalidAnswer, as_events, body)
