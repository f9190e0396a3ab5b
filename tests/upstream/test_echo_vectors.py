"""What the echo provider says to texts that are to be embedded."""

import struct
from base64 import b64decode
from math import hypot
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.provider_errors import ProviderRejected
from inference_gateway.upstream.echo_vectors import MOST_DIMENSIONS, MOST_NUMBERS, EchoVectors
from inference_gateway.wire.embeddings import parse_embeddings


def answer_to(asked: object, **fields: object) -> EchoVectors:
    """Return the answer to a request."""
    request = parse_embeddings(orjson.dumps({"model": "echo", "input": asked, **fields}))
    return EchoVectors.to(request, model="echo")


def whole(answer: EchoVectors) -> dict[str, Any]:
    """Return the answer, parsed."""
    body: dict[str, Any] = orjson.loads(answer.whole())
    return body


def vectors(asked: object, **fields: object) -> list[list[float]]:
    """Return the vectors of the answer."""
    return [item["embedding"] for item in whole(answer_to(asked, **fields))["data"]]


class VectorTests(SynchronousTestCase):
    """The vectors."""

    @given(st.text(min_size=1), st.integers(1, 64))
    def test_unit(self, text: str, dimensions: int) -> None:
        """They have length one, and the dimensions that were asked for."""
        (vector,) = vectors(text, dimensions=dimensions)
        self.assertEqual(len(vector), dimensions)
        self.assertAlmostEqual(hypot(*vector), 1.0, places=5)

    def test_default(self) -> None:
        """Who asks for no dimensions gets eight."""
        self.assertEqual(len(vectors("a")[0]), 8)

    def test_for_ever(self) -> None:
        """They depend on nothing but the text, so that they can be stored."""
        (vector,) = vectors("hello", dimensions=2)
        self.assertEqual([round(number, 6) for number in vector], [0.613431, 0.789748])

    def test_different(self) -> None:
        """Different texts have different vectors, the same text has the same everywhere."""
        first, second, third = vectors(["a", "b", "a"])
        self.assertNotEqual(first, second)
        self.assertEqual((first, [first]), (third, vectors("a")))

    def test_token_ids(self) -> None:
        """Token ids are what their numbers are."""
        self.assertEqual(vectors([1, 2]), vectors("1 2"))
        self.assertEqual(vectors([[1, 2], [3]]), vectors(["1 2", "3"]))

    def test_base64(self) -> None:
        """In base64 they are the same numbers, 32-bit floats in little-endian order."""
        plain = vectors(["a", "b"], dimensions=5)
        encoded = vectors(["a", "b"], dimensions=5, encoding_format="base64")
        decoded = [list(struct.unpack("<5f", b64decode(str(vector)))) for vector in encoded]
        self.assertEqual(decoded, plain)


class AnswerTests(SynchronousTestCase):
    """What stands around the vectors."""

    def test_answer(self) -> None:
        """It has the API's shape."""
        body = whole(answer_to(["a", "b c"]))
        for item in body["data"]:
            del item["embedding"]
        self.assertEqual(
            body,
            {
                "object": "list",
                "data": [
                    {"object": "embedding", "index": 0},
                    {"object": "embedding", "index": 1},
                ],
                "model": "echo",
                "usage": {"prompt_tokens": 3, "total_tokens": 3},
            },
        )

    def test_without_usage(self) -> None:
        """It can leave its usage out."""
        self.assertNotIn("usage", orjson.loads(answer_to("hi").whole(usage=False)))

    def test_frame(self) -> None:
        """Any string fits where the vector was."""
        before, after = answer_to(["a", "b"]).whole_frame()
        self.assertEqual(
            orjson.loads(before + b'"long"' + after)["data"],
            [{"object": "embedding", "index": 0, "embedding": "long"}],
        )

    def test_pieces(self) -> None:
        """Slowly said, it takes a step for each vector."""
        self.assertEqual(answer_to(["a", "b"]).pieces(), 2)

    def test_too_much(self) -> None:
        """Too many dimensions, or numbers together, are refused as the request's fault."""
        inputs = MOST_NUMBERS // MOST_DIMENSIONS
        answer_to(["a"] * inputs, dimensions=MOST_DIMENSIONS)
        for asked, dimensions, param in (
            ("a", MOST_DIMENSIONS + 1, "dimensions"),
            (["a"] * (inputs + 1), MOST_DIMENSIONS, "input"),
        ):
            error = self.assertRaises(ProviderRejected, answer_to, asked, dimensions=dimensions)
            self.assertEqual((error.status, error.param), (400, param))
