"""Tests of `inference_gateway.wire.embeddings`."""

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import InvalidRequest
from inference_gateway.wire.embeddings import parse_embeddings
from inference_gateway.wire.operations import EMBEDDINGS

#: Values that are accepted, by field.
GOOD: dict[str, list[Any]] = {
    "input": [
        "a",
        ["a"] * 2048,
        list(range(2048)),
        [[0, 1]] * 2048,
        [list(range(3000))],
    ],
    "encoding_format": [None, "float", "base64"],
    "dimensions": [None, 1, 4096],
    "user": [None, "me"],
    "whatever": [None, [1]],
    "stream": [None, True, "x"],
}
#: Values that are refused, by field and the path of the problem.
BAD: list[tuple[str, str, list[Any]]] = [
    ("input", "input", [None, "", [], ["a"] * 2049, [1] * 2049, [[1]] * 2049, 5, True, {}]),
    ("input", "input[0]", [[""], [None], [-1], [[]], [0.5]]),
    ("input", "input[1]", [["a", 1], [1, "a"], [1, -1], [[1], "a"], [[1], []], [1, 1.5]]),
    ("input", "input[1][2]", [[[1], [1, 2, "a"]], [[1], [1, 2, -3]], [[1], [1, 2, True]]]),
    ("encoding_format", "encoding_format", ["hex", "", 5]),
    ("dimensions", "dimensions", [0, -1, 1.5, "8", True]),
    ("user", "user", [5]),
    ("model", "model", [None, "", 5]),
]


def body(**members: Any) -> bytes:
    """Return a good body with more or other members."""
    return json.dumps({"model": "m", "input": "hello", **members}).encode()


class ParseTests(SynchronousTestCase):
    """A good body becomes a view of itself."""

    def test_good(self) -> None:
        """Every value that the API has is accepted, and the bytes stay."""
        for field, values in GOOD.items():
            for value in values:
                came = body(**{field: value})
                self.assertIs(parse_embeddings(came).body, came)

    def test_view(self) -> None:
        """What the gateway must know is there; a stream is none of it."""
        request = parse_embeddings(body(input=["a", "b"], stream=True, api_base="x"))
        self.assertIs(request.operation, EMBEDDINGS)
        self.assertEqual((request.model, request.stream, request.choices), ("m", False, 1))
        self.assertEqual(request.dropped, ("api_base",))
        self.assertEqual(request.inputs, ["a", "b"])


class RefuseTests(SynchronousTestCase):
    """A bad body is refused for everything that is wrong with it."""

    def test_bad(self) -> None:
        """Every value outside of the contract is refused, under its path."""
        for field, path, values in BAD:
            for value in values:
                error = self.assertRaises(InvalidRequest, parse_embeddings, body(**{field: value}))
                self.assertEqual([problem.field for problem in error.problems], [path])

    def test_all_at_once(self) -> None:
        """Every problem is listed."""
        error = self.assertRaises(
            InvalidRequest, parse_embeddings, b'{"dimensions":0,"encoding_format":"x"}'
        )
        self.assertEqual(
            [problem.field for problem in error.problems],
            ["model", "input", "dimensions", "encoding_format"],
        )
