"""What the echo provider says to text completions, whole and in events."""

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.provider_errors import ProviderRejected
from inference_gateway.upstream.echo_text import EchoText
from inference_gateway.upstream.echo_words import MOST_CHOICES
from inference_gateway.wire.assemble_text import TextAssembler
from inference_gateway.wire.completions import parse_completion
from inference_gateway.wire.sse import SSEParser


def answer_to(prompt: object, **fields: object) -> EchoText:
    """Return the answer to a request."""
    request = parse_completion(orjson.dumps({"model": "echo", "prompt": prompt, **fields}))
    return EchoText.to(request, id="cmpl-1", created=7, model="echo")


def whole(answer: EchoText) -> dict[str, Any]:
    """Return the plain answer, parsed."""
    body: dict[str, Any] = orjson.loads(answer.whole())
    return body


def chunks(data: bytes) -> list[dict[str, Any]]:
    """Return the parsed data of every event in ``data``."""
    return [orjson.loads(event.data or b"") for event in SSEParser().feed(data)]


class WholeAnswerTests(SynchronousTestCase):
    """The answer as one body."""

    def test_answer(self) -> None:
        """It has the API's shape, and repeats the prompt."""
        self.assertEqual(
            whole(answer_to("hi there")),
            {
                "id": "cmpl-1",
                "object": "text_completion",
                "created": 7,
                "model": "echo",
                "choices": [
                    {
                        "text": "Echo: hi there",
                        "index": 0,
                        "logprobs": None,
                        "finish_reason": "stop",
                    }
                ],
                "usage": {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5},
            },
        )

    def test_prompts(self) -> None:
        """Each prompt gets ``n`` choices, those of the first prompt first."""
        body = whole(answer_to(["a", "b c"], n=2))
        self.assertEqual(
            [(choice["index"], choice["text"]) for choice in body["choices"]],
            [(0, "Echo: a"), (1, "Echo: a"), (2, "Echo: b c"), (3, "Echo: b c")],
        )
        self.assertEqual(
            body["usage"], {"prompt_tokens": 3, "completion_tokens": 10, "total_tokens": 13}
        )

    def test_token_ids(self) -> None:
        """Token ids are echoed as their numbers."""
        for prompt, texts in (
            ([15339, 1917], ["Echo: 15339 1917"]),
            ([[1], [2, 3]], ["Echo: 1", "Echo: 2 3"]),
        ):
            body = whole(answer_to(prompt))
            self.assertEqual([choice["text"] for choice in body["choices"]], texts)

    def test_max_tokens(self) -> None:
        """Each choice stops at the tokens it may use, and says why."""
        body = whole(answer_to(["a", "b c d"], max_tokens=2))
        self.assertEqual(
            [(choice["text"], choice["finish_reason"]) for choice in body["choices"]],
            [("Echo: a", "stop"), ("Echo: b", "length")],
        )
        self.assertEqual(body["usage"]["completion_tokens"], 4)

    def test_no_tokens(self) -> None:
        """No tokens at all are a text that is empty."""
        body = whole(answer_to("", max_tokens=0))
        self.assertEqual(body["choices"][0]["text"], "")
        self.assertEqual(body["choices"][0]["finish_reason"], "length")
        self.assertEqual(body["usage"]["total_tokens"], 0)

    def test_without_usage(self) -> None:
        """It can leave its usage out."""
        self.assertNotIn("usage", orjson.loads(answer_to("hi").whole(usage=False)))

    def test_frame(self) -> None:
        """Any text fits between the two halves of the frame."""
        before, after = answer_to("hi", n=2).whole_frame()
        body = orjson.loads(before + b'"other"' + after)
        self.assertEqual([choice["text"] for choice in body["choices"]], ["other", ""])

    def test_too_much(self) -> None:
        """More choices, or longer ones, than are good for the process are refused."""
        for prompt in (["a"] * (MOST_CHOICES // 128 + 1), "a" * 300_000):
            error = self.assertRaises(ProviderRejected, answer_to, prompt, n=128)
            self.assertEqual(error.status, 400)


class StreamedAnswerTests(SynchronousTestCase):
    """The answer as events."""

    def test_content(self) -> None:
        """Nothing comes before the content, and that token by token."""
        answer = answer_to("Hello, you")
        self.assertEqual(answer.opening(), b"")
        (first, *_) = pieces = [chunks(piece) for piece in answer.content()]
        self.assertEqual(
            [chunk["choices"][0]["text"] for (chunk,) in pieces],
            ["Echo", ":", " Hello", ",", " you"],
        )
        self.assertEqual(
            first,
            [
                {
                    "id": "cmpl-1",
                    "object": "text_completion",
                    "created": 7,
                    "model": "echo",
                    "choices": [
                        {"text": "Echo", "index": 0, "logprobs": None, "finish_reason": None}
                    ],
                }
            ],
        )

    def test_choices(self) -> None:
        """Choices come side by side, until each has said its own."""
        steps = list(answer_to(["a", "b c"]).content())
        indexes = [[chunk["choices"][0]["index"] for chunk in chunks(step)] for step in steps]
        self.assertEqual(indexes, [[0, 1], [0, 1], [0, 1], [1]])

    def test_pieces(self) -> None:
        """It takes as many steps as its longest choice."""
        answer = answer_to(["a", "b c d", ""])
        self.assertEqual(answer.pieces(), len(list(answer.content())))

    def test_finish(self) -> None:
        """The last event of each choice tells why that ended."""
        events = chunks(answer_to(["a", "b c"], max_tokens=2).finish())
        self.assertEqual(
            [event["choices"][0]["finish_reason"] for event in events], ["stop", "length"]
        )

    def test_usage(self) -> None:
        """The usage event has no choices."""
        (event,) = chunks(answer_to("hi").usage())
        self.assertEqual((event["choices"], event["usage"]["total_tokens"]), ([], 3))

    def test_usage_asked_for(self) -> None:
        """Every chunk has a usage, if null, exactly when the client asked for it."""
        asked = answer_to("hi", stream=True, stream_options={"include_usage": True})
        for event in chunks(b"".join(asked.content()) + asked.finish()):
            self.assertIsNone(event["usage"])
        self.assertNotIn("usage", chunks(answer_to("hi").finish())[0])

    @given(
        st.lists(st.text(max_size=20), min_size=1, max_size=3),
        st.integers(1, 2),
        st.integers(0, 4) | st.none(),
    )
    def test_nothing_lost(self, prompts: list[str], n: int, most: int | None) -> None:
        """Put together, the stream is the plain answer."""
        answer = answer_to(prompts, n=n, max_tokens=most)
        assembler = TextAssembler()
        for event in SSEParser().feed(
            b"".join([*answer.content(), answer.finish(), answer.usage()])
        ):
            assembler.add(event.data or b"")
        self.assertEqual(orjson.loads(assembler.answer()), whole(answer))
