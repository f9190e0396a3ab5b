"""What the echo provider says, whole and in events."""

from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.upstream.echo_answer import EchoAnswer
from inference_gateway.wire.chat import ChatRequest, parse_chat
from inference_gateway.wire.sse import SSEParser


def request(*contents: object, **fields: object) -> ChatRequest:
    """Return a request with one user message for each of ``contents``."""
    messages = [{"role": "user", "content": content} for content in contents]
    return parse_chat(orjson.dumps({"model": "echo", "messages": messages, **fields}))


def answer_to(*contents: object, **fields: object) -> EchoAnswer:
    """Return the answer to such a request."""
    return EchoAnswer.to(request(*contents, **fields), id="chatcmpl-1", created=7, model="echo")


def chunks(data: bytes) -> list[dict[str, Any]]:
    """Return the parsed data of every event in ``data``."""
    return [orjson.loads(event.data or b"") for event in SSEParser().feed(data)]


def told(events: list[dict[str, Any]], index: int = 0) -> str:
    """Return the content that ``events`` tell of one choice."""
    return "".join(
        choice["delta"].get("content", "")
        for event in events
        for choice in event["choices"]
        if choice["index"] == index
    )


class WholeAnswerTests(SynchronousTestCase):
    """The answer as one body."""

    def test_text(self) -> None:
        """It repeats the last text of the user."""
        body = orjson.loads(answer_to("one", "two").whole())
        self.assertEqual(body["choices"][0]["message"]["content"], "Echo: two")
        self.assertEqual(body["choices"][0]["finish_reason"], "stop")

    def test_identity(self) -> None:
        """It carries the id, the time and the model it was given."""
        body = orjson.loads(answer_to("hi").whole())
        self.assertEqual(
            (body["id"], body["created"], body["model"], body["object"]),
            ("chatcmpl-1", 7, "echo", "chat.completion"),
        )

    def test_usage(self) -> None:
        """Words are counted, in every message and in the answer."""
        body = orjson.loads(answer_to("Hello, world!", "and you?").whole())
        self.assertEqual(
            body["usage"], {"prompt_tokens": 4, "completion_tokens": 3, "total_tokens": 7}
        )

    def test_usage_of_parts(self) -> None:
        """Text parts count; other parts and messages without content do not."""
        asked = parse_chat(
            orjson.dumps(
                {
                    "model": "echo",
                    "messages": [
                        {
                            "role": "assistant",
                            "content": None,
                            "tool_calls": [
                                {
                                    "id": "1",
                                    "type": "function",
                                    "function": {"name": "f", "arguments": "{}"},
                                }
                            ],
                        },
                        {"role": "tool", "tool_call_id": "1", "content": "done"},
                        {
                            "role": "user",
                            "content": [
                                {"type": "text", "text": "what is"},
                                {"type": "image_url", "image_url": {"url": "https://a.test/b"}},
                                {"type": "text", "text": "this?"},
                            ],
                        },
                    ],
                }
            )
        )
        answer = EchoAnswer.to(asked, id="x", created=0, model="echo")
        self.assertEqual(answer.text, "Echo: what is\nthis?")
        self.assertEqual(answer.prompt_tokens, 4)

    def test_without_usage(self) -> None:
        """It can leave its usage out."""
        self.assertNotIn("usage", orjson.loads(answer_to("hi").whole(usage=False)))

    def test_choices(self) -> None:
        """With n it says the same n times, and counts each."""
        body = orjson.loads(answer_to("hi", n=3).whole())
        self.assertEqual([choice["index"] for choice in body["choices"]], [0, 1, 2])
        self.assertEqual(body["usage"]["completion_tokens"], 6)

    def test_max_tokens(self) -> None:
        """It stops at the tokens it may use and says why."""
        body = orjson.loads(answer_to("one two three", max_tokens=3).whole())
        self.assertEqual(body["choices"][0]["message"]["content"], "Echo: one two")
        self.assertEqual(body["choices"][0]["finish_reason"], "length")
        self.assertEqual(body["usage"]["completion_tokens"], 3)

    def test_max_tokens_just_enough(self) -> None:
        """An answer that just fits has not been cut."""
        self.assertEqual(answer_to("one", max_tokens=2).finish_reason, "stop")

    def test_frame(self) -> None:
        """Any content fits between the two halves of the frame."""
        before, after = answer_to("hi", n=2).whole_frame()
        body = orjson.loads(before + b'"other"' + after)
        self.assertEqual(
            [choice["message"]["content"] for choice in body["choices"]], ["other", ""]
        )


class StreamedAnswerTests(SynchronousTestCase):
    """The answer as events."""

    def test_role(self) -> None:
        """The first event of each choice tells the role and no content."""
        events = chunks(answer_to("hi", n=2).opening())
        self.assertEqual([event["choices"][0]["index"] for event in events], [0, 1])
        self.assertEqual(events[0]["choices"][0]["delta"], {"role": "assistant", "content": ""})

    def test_content(self) -> None:
        """The content comes token by token, each in an event of its own."""
        deltas = [
            event["choices"][0]["delta"]["content"]
            for piece in answer_to("Hello, you").content()
            for event in chunks(piece)
        ]
        self.assertEqual(deltas, ["Echo", ":", " Hello", ",", " you"])

    def test_content_of_choices(self) -> None:
        """Each choice gets each token."""
        events = chunks(b"".join(answer_to("hi", n=2).content()))
        self.assertEqual([told(events, 0), told(events, 1)], ["Echo: hi"] * 2)

    def test_finish(self) -> None:
        """The last event of each choice tells why it ended."""
        events = chunks(answer_to("one two", max_tokens=2, n=2).finish())
        self.assertEqual(
            [event["choices"][0]["finish_reason"] for event in events], ["length", "length"]
        )
        self.assertEqual(events[0]["choices"][0]["delta"], {})

    def test_usage(self) -> None:
        """The usage event has no choices."""
        (event,) = chunks(answer_to("hi").usage())
        self.assertEqual(event["choices"], [])
        self.assertEqual(event["usage"]["completion_tokens"], 2)

    def test_usage_asked_for(self) -> None:
        """Every chunk has a usage, if null, exactly when the client asked for it."""
        asked = answer_to("hi", stream=True, stream_options={"include_usage": True})
        self.assertTrue(all(event["usage"] is None for event in chunks(asked.opening())))
        self.assertNotIn("usage", chunks(answer_to("hi").opening())[0])

    def test_long_word(self) -> None:
        """A word of a million letters is told in many small events."""
        pieces = list(answer_to("a" * 1_000_000).content())
        self.assertLess(max(map(len, pieces)), 400)

    @given(st.text(max_size=200), st.integers(1, 40))
    @settings(max_examples=100)
    def test_nothing_lost(self, text: str, most: int) -> None:
        """Whole and streamed say the same, of the length they may have, whatever the text."""
        answer = answer_to(text or " ", max_tokens=most)
        pieces = list(answer.content())
        self.assertEqual(told(chunks(b"".join(pieces))), answer.text)
        self.assertLessEqual(answer.completion_tokens, most)
        self.assertEqual(answer.text == f"Echo: {text or ' '}", answer.finish_reason == "stop")
