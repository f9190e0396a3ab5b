"""Tests of `inference_gateway.wire.completions`."""

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import InvalidRequest
from inference_gateway.wire.completions import parse_completion
from inference_gateway.wire.operations import COMPLETIONS

#: Values that are accepted, by field.
GOOD: dict[str, list[Any]] = {
    "prompt": ["", "a", [""], ["a", "b"], [0], [5, 2**31], [[1], [2, 3]]],
    "best_of": [None, 0, 1, 20],
    "n": [None, 1, 128],
    "logprobs": [None, 0, 5],
    "echo": [None, True, False],
    "max_tokens": [None, 0, 1_000_000],
    "suffix": [None, "", "end"],
    "stop": [None, "x", ["a", "b", "c", "d"]],
    "temperature": [None, 0, 2],
    "top_p": [None, 0, 1.0],
    "frequency_penalty": [None, -2, 2],
    "presence_penalty": [None, -2, 2],
    "logit_bias": [None, {"50256": -100}],
    "seed": [None, -1, 2**63 - 1],
    "stream": [None, True, False],
    "user": [None, "me"],
    "whatever": [None, {"a": 1}],
}
#: Values that are refused, by field and the path of the problem.
BAD: list[tuple[str, str, list[Any]]] = [
    ("prompt", "prompt", [None, [], 5, True, {}]),
    ("prompt", "prompt[0]", [[None], [{}], [1.5], [True]]),
    ("prompt", "prompt[1]", [["a", 5], [1, -1], [[1], []], [[1], "a"]]),
    ("prompt", "prompt[0][2]", [[[1, 2, "a"]], [[1, 2, -3]], [[1, 2, 1.5]]]),
    ("best_of", "best_of", [-1, 21, "2", True, 1.0]),
    ("n", "n", [0, 129, "1", True]),
    ("logprobs", "logprobs", [-1, 6, True, "2"]),
    ("echo", "echo", ["x", 1]),
    ("max_tokens", "max_tokens", [-1, 1_000_001, 1.5, 10**20]),
    ("suffix", "suffix", [5, ["a"]]),
    ("stop", "stop", [5, [], ["a"] * 5]),
    ("stop", "stop[0]", [[5]]),
    ("temperature", "temperature", [2.1]),
    ("top_p", "top_p", [1.1]),
    ("frequency_penalty", "frequency_penalty", ["1"]),
    ("presence_penalty", "presence_penalty", [3]),
    ("logit_bias", "logit_bias.5", [{"5": 101}]),
    ("seed", "seed", ["x"]),
    ("stream", "stream", ["true"]),
    ("stream_options", "stream_options", [{"include_usage": True}]),
    ("user", "user", [5]),
    ("model", "model", [None, "", "m" * 257, 5]),
]


def body(**members: Any) -> bytes:
    """Return a good body with more or other members."""
    return json.dumps({"model": "m", "prompt": "hello", **members}).encode()


class ParseTests(SynchronousTestCase):
    """A good body becomes a view of itself."""

    def test_good(self) -> None:
        """Every value that the API has is accepted, and the bytes stay."""
        for field, values in GOOD.items():
            for value in values:
                came = body(**{field: value})
                self.assertIs(parse_completion(came).body, came)

    def test_smallest(self) -> None:
        """What is not asked for has the API's defaults."""
        request = parse_completion(body())
        self.assertIs(request.operation, COMPLETIONS)
        self.assertEqual(
            (request.model, request.stream, request.include_usage, request.choices),
            ("m", False, False, 1),
        )
        self.assertEqual((request.max_tokens, request.prompts), (None, ["hello"]))

    def test_all(self) -> None:
        """What is asked for is there."""
        request = parse_completion(
            body(stream=True, stream_options={"include_usage": True}, max_tokens=0)
        )
        self.assertEqual(
            (request.stream, request.include_usage, request.max_tokens), (True, True, 0)
        )

    def test_choices(self) -> None:
        """Each prompt gets ``n`` choices; token ids together are one prompt."""
        for prompt, expected in (
            ("a", 3),
            (["a", "b"], 6),
            ([1, 2, 3, 4], 3),
            ([[1, 2], [3], [4]], 9),
        ):
            self.assertEqual(parse_completion(body(prompt=prompt, n=3)).choices, expected)

    def test_best_of(self) -> None:
        """``best_of`` may be ``n`` or more; without ``n`` it may be anything in its bounds."""
        for members in ({"best_of": 2, "n": 2}, {"best_of": 3, "n": 2}, {"best_of": 0}):
            self.assertEqual(parse_completion(body(**members)).choices, members.get("n", 1))

    def test_dropped(self) -> None:
        """Reserved members are gone, and their names are told."""
        request = parse_completion(body(api_key="x"))
        self.assertEqual((request.dropped, request.body), (("api_key",), body()))


class RefuseTests(SynchronousTestCase):
    """A bad body is refused for everything that is wrong with it."""

    def test_bad(self) -> None:
        """Every value outside of the contract is refused, under its path."""
        for field, path, values in BAD:
            for value in values:
                error = self.assertRaises(InvalidRequest, parse_completion, body(**{field: value}))
                self.assertEqual([problem.field for problem in error.problems], [path])

    def test_best_of(self) -> None:
        """``best_of`` is refused when it is less than the ``n`` beside it."""
        for best_of, n in ((1, 2), (0, 1)):
            error = self.assertRaises(InvalidRequest, parse_completion, body(best_of=best_of, n=n))
            self.assertEqual([problem.field for problem in error.problems], ["best_of"])

    def test_all_at_once(self) -> None:
        """Every problem is listed, and the error is about the first."""
        error = self.assertRaises(
            InvalidRequest,
            parse_completion,
            b'{"prompt":["a",5],"best_of":1,"n":2,"echo":1,"echo":2,"logprobs":6}',
        )
        self.assertEqual(error.message, "echo is given more than once")
        self.assertEqual(
            [problem.field for problem in error.problems],
            ["echo", "model", "prompt[1]", "echo", "logprobs", "best_of"],
        )
