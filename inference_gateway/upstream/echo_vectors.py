"""What the echo provider says to texts that are to be embedded: vectors drawn from their hash.

The same text gets the same vector everywhere and for ever. Near texts get no near vectors: there is
no model that could know.
"""

import struct
from base64 import b64encode
from collections.abc import Sequence
from hashlib import shake_256
from math import hypot
from typing import Any

import attrs
import orjson

from inference_gateway.provider_errors import ProviderRejected
from inference_gateway.upstream.echo_words import Frame, count_tokens, frame, text_of
from inference_gateway.wire.embeddings import EmbeddingsRequest

DIMENSIONS = 8
MOST_DIMENSIONS = 4096
#: Of all vectors together: making them must not hold up the process.
MOST_NUMBERS = 2**17

_NO_VECTOR = b'"embedding":""'


@attrs.frozen(kw_only=True)
class EchoVectors:
    """The answer to one request."""

    model: str
    texts: Sequence[str] = attrs.field(repr=False)
    dimensions: int
    #: Whether a vector is little-endian 32-bit floats in base64, and not an array of numbers.
    as_base64: bool

    @classmethod
    def to(cls, request: EmbeddingsRequest, *, model: str) -> "EchoVectors":
        """Answer ``request``; raises `ProviderRejected` when it wants too many numbers."""
        texts = [text_of(each) for each in request.inputs]
        dimensions = request.fields.get("dimensions") or DIMENSIONS
        if dimensions > MOST_DIMENSIONS:
            raise ProviderRejected(
                f"echo has vectors of at most {MOST_DIMENSIONS} dimensions",
                status=400,
                param="dimensions",
            )
        if len(texts) * dimensions > MOST_NUMBERS:
            raise ProviderRejected(
                f"echo answers with vectors of at most {MOST_NUMBERS} numbers together",
                status=400,
                param="input",
            )
        return cls(
            model=model,
            texts=texts,
            dimensions=dimensions,
            as_base64=request.fields.get("encoding_format") == "base64",
        )

    def whole(self, *, usage: bool = True) -> bytes:
        """Return the answer as one JSON body, with or without ``usage``."""
        return self._whole([self._vector(text) for text in self.texts], usage=usage)

    def whole_frame(self) -> Frame:
        """Return what stands around the first vector in the whole answer."""
        return frame(self._whole([""], usage=True), _NO_VECTOR)

    def pieces(self) -> int:
        """Return how many vectors there are."""
        return len(self.texts)

    def _vector(self, text: str) -> str | Sequence[float]:
        count = self.dimensions
        # half of one added, no number is 0, and so no vector is without length
        drawn = struct.unpack(f"<{count}i", shake_256(text.encode()).digest(4 * count))
        numbers = [number + 0.5 for number in drawn]
        length = hypot(*numbers)
        packed = struct.pack(f"<{count}f", *[number / length for number in numbers])
        if self.as_base64:
            return b64encode(packed).decode()
        return struct.unpack(f"<{count}f", packed)

    def _whole(self, vectors: list[str | Sequence[float]], *, usage: bool) -> bytes:
        answer: dict[str, Any] = {
            "object": "list",
            "data": [
                {"object": "embedding", "index": index, "embedding": vector}
                for index, vector in enumerate(vectors)
            ],
            "model": self.model,
        }
        if usage:
            tokens = sum(map(count_tokens, self.texts))
            answer["usage"] = {"prompt_tokens": tokens, "total_tokens": tokens}
        return orjson.dumps(answer)
