"""Tests of `inference_gateway.wire.assemble_text`."""

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.provider_errors import ProviderInvalidAnswer
from inference_gateway.wire.assemble_text import TextAssembler
from inference_gateway.wire.inspect_text import inspect_text

HEAD: dict[str, Any] = {"id": "cmpl-1", "created": 1_700_000_000, "model": "m"}


def assemble(*chunks: object) -> dict[str, Any]:
    """Return the value of the answer that these chunks make."""
    assembler = TextAssembler()
    for chunk in chunks:
        assembler.add(orjson.dumps(chunk))
    answer: dict[str, Any] = orjson.loads(assembler.answer())
    return answer


def choice_of(*choices: object) -> dict[str, Any]:
    """Return the only choice of the answer that comes in these pieces, one in each chunk."""
    (choice,) = assemble(*[{**HEAD, "choices": [choice]} for choice in choices])["choices"]
    assert isinstance(choice, dict)
    return choice


class ChoiceTests(SynchronousTestCase):
    """Pieces to choices."""

    def test_text(self) -> None:
        """The texts are put together, and the reason is that of the end."""
        self.assertEqual(
            choice_of(
                {"text": "He", "logprobs": None, "finish_reason": None},
                {"text": "llo"},
                {"text": None},
                {"text": "", "finish_reason": "length"},
            ),
            {"index": 0, "text": "Hello", "logprobs": None, "finish_reason": "length"},
        )

    def test_nothing(self) -> None:
        """A choice of which nothing is told has all its members."""
        self.assertEqual(
            choice_of({}), {"index": 0, "text": "", "logprobs": None, "finish_reason": None}
        )

    def test_logprobs(self) -> None:
        """The lists in logprobs are joined; one that is null stays so."""
        choice = choice_of(
            {
                "text": "a",
                "logprobs": {
                    "tokens": ["a"],
                    "token_logprobs": [-0.5],
                    "text_offset": [0],
                    "top_logprobs": None,
                },
            },
            {
                "text": "b",
                "logprobs": {
                    "tokens": ["b"],
                    "token_logprobs": [None],
                    "text_offset": [1],
                    "top_logprobs": None,
                },
            },
            {"text": "", "logprobs": None},
        )
        self.assertEqual(
            choice["logprobs"],
            {
                "tokens": ["a", "b"],
                "token_logprobs": [-0.5, None],
                "text_offset": [0, 1],
                "top_logprobs": None,
            },
        )

    def test_top_logprobs(self) -> None:
        """Alternatives are joined as well."""
        choice = choice_of(
            {"text": "a", "logprobs": {"top_logprobs": [{"a": -1.0}]}},
            {"text": "b", "logprobs": {"top_logprobs": [{"b": -2.0}]}},
        )
        self.assertEqual(choice["logprobs"]["top_logprobs"], [{"a": -1.0}, {"b": -2.0}])

    def test_unknown(self) -> None:
        """Members that nobody knows are kept: lists joined, of others the last."""
        choice = choice_of(
            {"text": "a", "token_ids": [1], "stop_reason": None, "x": {"y": 1}},
            {"text": "b", "token_ids": [2, 3], "stop_reason": 7, "x": {"y": 2}},
        )
        self.assertEqual(
            (choice["token_ids"], choice["stop_reason"], choice["x"]), ([1, 2, 3], 7, {"y": 2})
        )

    def test_order(self) -> None:
        """Choices are ordered by their index, whichever came first; one without has its place's."""
        answer = assemble(
            {"choices": [{"index": 2, "text": "c"}]},
            {"choices": [{"text": "a"}, {"text": "b"}]},
            {"choices": [{"index": 2, "text": "C"}, None]},
        )
        self.assertEqual(
            [(choice["index"], choice["text"]) for choice in answer["choices"]],
            [(0, "a"), (1, "b"), (2, "cC")],
        )


class AnswerTests(SynchronousTestCase):
    """What stands around the choices."""

    def test_head(self) -> None:
        """The first id, time and model count, and the last of everything else."""
        answer = assemble(
            {**HEAD, "choices": [{"text": "a"}], "usage": None, "obfuscation": "x"},
            {"id": "other", "created": 5, "model": "n", "object": "text_completion"},
            {"choices": [], "usage": {"prompt_tokens": 1}, "timings": {"predicted_n": 3}},
        )
        del answer["choices"]
        self.assertEqual(
            answer,
            {
                **HEAD,
                "object": "text_completion",
                "usage": {"prompt_tokens": 1},
                "timings": {"predicted_n": 3},
            },
        )

    def test_odd(self) -> None:
        """What has an odd shape is skipped."""
        answer = assemble([], 5, {"choices": 5}, {"choices": [5]}, {"choices": [{"text": 5}]})
        self.assertEqual(inspect_text(orjson.dumps(answer)).output_chars, 0)

    def test_too_deep(self) -> None:
        """What cannot be written as JSON is refused."""
        assembler = TextAssembler()
        assembler.add(b'{"x":' + b"[" * 600 + b"]" * 600 + b"}")
        self.assertRaises(ProviderInvalidAnswer, assembler.answer)

    @given(st.lists(st.lists(st.text(max_size=5), max_size=4), min_size=1, max_size=3), st.data())
    def test_interleaved(self, told: list[list[str]], data: st.DataObject) -> None:
        """However the pieces of several choices follow each other, each text is whole."""
        queues = [[(index, text) for text in texts] for index, texts in enumerate(told)]
        chunks: list[object] = [{"choices": [{"index": i, "text": ""} for i in range(len(told))]}]
        while queues := [queue for queue in queues if queue]:
            index, text = queues[data.draw(st.integers(0, len(queues) - 1))].pop(0)
            chunks.append({"choices": [{"index": index, "text": text}]})
        self.assertEqual(
            [choice["text"] for choice in assemble(*chunks)["choices"]],
            ["".join(texts) for texts in told],
        )
