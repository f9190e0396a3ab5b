"""Rows V23 to V25: bodies of embeddings and text completions, and models that nobody serves.

What they say is in the tables of the parsers' own tests; here whole requests are made of them.
"""

from collections.abc import Callable, Iterator
from typing import Any

from tests.corpus.case import Case, one
from tests.corpus.owed import Expect, answer, rejected
from tests.corpus.requests import AUTH, HOST, JSON, MODEL, head, length
from tests.wire import test_completions, test_embeddings

EMBEDDINGS = b"/v1/embeddings"
COMPLETIONS = b"/v1/completions"
SERVED = (Expect(answers=(answer(200),), provider_calls=1),)

Body = Callable[..., bytes]


def _post(path: bytes, body: bytes) -> bytes:
    return head(b"POST %b HTTP/1.1" % path, HOST, AUTH, JSON, length(body)) + body


def _accepted(row: str, path: bytes, body: Body, good: dict[str, list[Any]]) -> Iterator[Case]:
    for field, values in good.items():
        for number, value in enumerate(values):
            if field != "model" and not (field == "stream" and value is True):
                request = _post(path, body(**{"model": MODEL, field: value}))
                yield one(f"{row}.takes-{field}-{number}", request, SERVED)


def _refused(
    row: str, path: bytes, body: Body, bad: list[tuple[str, str, list[Any]]]
) -> Iterator[Case]:
    for group, (field, param, values) in enumerate(bad):
        for number, value in enumerate(values):
            request = _post(path, body(**{"model": MODEL, field: value}))
            owed = rejected(400, codes=("validation_error",), param=param)
            yield one(f"{row}.refuses-{field}-{group}-{number}", request, owed)


def _unknown() -> Iterator[Case]:
    for name, path, body in (
        ("embeddings", EMBEDDINGS, test_embeddings.body),
        ("completions", COMPLETIONS, test_completions.body),
    ):
        owed = rejected(404, codes=("model_not_found",), param="model")
        yield one(f"V25.{name}", _post(path, body(model="gpt-99")), owed)


CASES = (
    *_accepted("V23", EMBEDDINGS, test_embeddings.body, test_embeddings.GOOD),
    *_refused("V23", EMBEDDINGS, test_embeddings.body, test_embeddings.BAD),
    *_accepted("V24", COMPLETIONS, test_completions.body, test_completions.GOOD),
    *_refused("V24", COMPLETIONS, test_completions.body, test_completions.BAD),
    *_unknown(),
)
