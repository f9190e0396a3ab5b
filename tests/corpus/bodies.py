"""Section B: bodies that are too large, too strange or too slow, and what else chat bodies can be.

How a body reaches the gateway is told here; what its JSON says comes from `validation_cases`.
"""

import gzip
import zlib

from tests.corpus.case import Case, Repeat, Send, Setting, later, one
from tests.corpus.owed import Expect, answer, refused, rejected, served
from tests.corpus.requests import (
    BODY,
    BODY_LIMIT,
    CHUNKED,
    ECHO,
    SMUGGLED,
    chat,
    chunk,
    chunked,
    get,
    length,
    post,
    post_head,
)
from tests.corpus.validation_cases import CASES as VALIDATION_CASES
from tests.corpus.validation_cases import ValidationCase

TOO_LARGE = refused(413)
ECHOED = served(answer(200, contains=(ECHO,)), calls=1)

#: A body that is exactly as long as the limit allows.
_LARGEST = BODY + b" " * (BODY_LIMIT - len(BODY))
_64K = chunk(b" " * 65_536)

SIZES = [
    one("B1.declared", post_head(b"Content-Length: %d" % (BODY_LIMIT + 1)), TOO_LARGE),
    one("B1.sent", post(_LARGEST + b" ") + SMUGGLED, TOO_LARGE),
    one("B1.at-the-limit", post(_LARGEST), ECHOED),
    Case(
        id="B2.chunked",
        steps=(Send(post_head(CHUNKED)), Repeat(_64K, 1 + BODY_LIMIT // 65_536)),
        owed=(
            Expect(
                answers=(answer(413),),
                afterwards=TOO_LARGE[0].afterwards,
                taken=BODY_LIMIT + 128 * 1024,
            ),
        ),
    ),
    one("B2.one-chunk", chunked([chunk(_LARGEST + b" ")]), TOO_LARGE),
    one("B2.at-the-limit", chunked([chunk(BODY), chunk(b" " * (BODY_LIMIT - len(BODY)))]), ECHOED),
    Case(
        id="B3.one-byte-chunks",
        steps=(Send(post_head(CHUNKED)), Repeat(chunk(b" ") * 10_000, 60)),
        owed=refused(413, 400),
    ),
]

_UNSUPPORTED = refused(415)


def _bomb() -> bytes:
    """Ten megabytes of blanks behind a call, deflated."""
    return gzip.compress(BODY + b" " * (10 * BODY_LIMIT), 9)


def _coded(coding: bytes, body: bytes) -> bytes:
    return post(body, b"Content-Encoding: " + coding)


CODINGS = [
    one("B13.bomb", _coded(b"gzip", _bomb()), _UNSUPPORTED),
    one("B13.trailing-garbage", _coded(b"gzip", gzip.compress(BODY) + b"garbage"), _UNSUPPORTED),
    one("B13.truncated", _coded(b"gzip", gzip.compress(BODY)[:-9]), _UNSUPPORTED),
    one("B13.nested", _coded(b"gzip, gzip", gzip.compress(gzip.compress(BODY))), _UNSUPPORTED),
    one("B13.deflate", _coded(b"deflate", zlib.compress(BODY)), _UNSUPPORTED),
    one("B13.undeclared", post(gzip.compress(BODY)), rejected(400, codes=("json_parse_error",))),
    later("B13.limits", "decompression: request bodies in gzip are refused"),
]

STREAMS = [
    one("B15.too-large", post(_LARGEST + b" ") + get(), TOO_LARGE),
    one(
        "B15.too-large-unsent",
        post_head(b"Content-Length: %d" % (BODY_LIMIT + 1)) + get(),
        TOO_LARGE,
    ),
    one("B15.bad-framing", post_head(CHUNKED) + b"x\r\n" + get(), refused(400)),
    one("B15.bad-head", post_head(length(BODY), b"Content-Length: 0") + get(), refused(400)),
    Case(
        id="B16.bytes",
        steps=(Send(post(chat("ab" * 5_000)), packet=1),),
        owed=served(answer(200, contains=(b"Echo: " + b"ab" * 5_000,)), calls=1),
    ),
    Case(
        id="B16.bytes-of-chunks",
        steps=(Send(chunked([chunk(BODY[:10]), chunk(BODY[10:])]) + get(), packet=1),),
        owed=served(answer(200, contains=(ECHO,)), answer(200), calls=1),
    ),
    *(
        Case(id=f"B16.{size}-bytes", steps=(Send(post(BODY) * 2, packet=size),), owed=owed)
        for size, owed in (
            (size, served(*[answer(200, contains=(ECHO,))] * 2, calls=2)) for size in (2, 3, 7, 64)
        )
    ),
]


def _from_validation(case: ValidationCase) -> Case:
    row, _, name = case.id.partition("-")
    owed: tuple[Expect, ...]
    if case.status != 200:
        owed = rejected(case.status, codes=(case.code,) if case.code else (), param=case.param)
    elif case.known_model:
        owed = (Expect(answers=(answer(200),), provider_calls=1, cpu=0.25),)
    else:
        owed = rejected(404, codes=("model_not_found",))
    roomy = len(case.body) > BODY_LIMIT
    return one(
        f"{row}.{name}",
        post(case.body),
        owed,
        setting=Setting.ROOMY if roomy else Setting.STANDARD,
        sockets=not roomy,
    )


CASES = (*SIZES, *CODINGS, *STREAMS, *map(_from_validation, VALIDATION_CASES))
