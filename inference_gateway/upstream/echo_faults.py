"""The faults that the echo provider plays when its model is called ``echo/<fault>[:seconds]``.

Each is a pair of scripts, for plain and for streamed answers. What a script tells before its first
bytes happens before the head of the answer. ``docs/echo.md`` says what a client sees of it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from math import inf
from types import MappingProxyType
from typing import Protocol

import attrs
import orjson

from inference_gateway.errors import GatewayError
from inference_gateway.provider_errors import (
    ProviderAuthFailed,
    ProviderError,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from inference_gateway.upstream.echo_words import Frame
from inference_gateway.upstream.scripted_body import Script
from inference_gateway.wire import sse

_PREFIX = "echo/"
_SECONDS = re.compile(r"[0-9]{1,4}(\.[0-9]{1,3})?")
_MOST_SECONDS = 3600.0

#: Tokens that a stream has told when its fault happens.
_BEFORE_FAULT = 2

_ERROR = orjson.dumps(
    {
        "error": {
            "message": "this model reports an error in its answer",
            "type": "server_error",
            "param": None,
            "code": None,
        }
    }
)
_PAGE = b"<!doctype html>\n<html><head><title>Welcome</title></head><body>It works!</body></html>\n"
_HUGE_EVENT = 2 * 1024 * 1024
_HUGE_BODY = 33 * 1024 * 1024
_FILLER = b"echo " * 8192


class Whole(Protocol):
    """An answer that can be told at once."""

    def whole(self, *, usage: bool = True) -> bytes:
        """Return the answer as one JSON body, with or without ``usage``."""

    def whole_frame(self) -> Frame:
        """Return what stands around the first content in the whole answer."""

    def pieces(self) -> int:
        """Return how many steps it takes to say it slowly."""


class Streamable(Whole, Protocol):
    """An answer that can also be told in events."""

    def opening(self) -> bytes:
        """Return what comes before the content."""

    def content(self) -> Iterator[bytes]:
        """Yield the content step by step."""

    def content_frames(self) -> list[Frame]:
        """Return, for each choice, what stands around the content in one of its events."""

    def finish(self) -> bytes:
        """Return what ends the choices."""

    def usage(self) -> bytes:
        """Return the event that tells the usage."""


#: Make the script for an answer; the second argument is what the model's name says in seconds.
PlainPlay = Callable[[Whole, float], Script]
StreamPlay = Callable[[Streamable, float], Script]


@attrs.frozen(kw_only=True)
class Behaviour:
    """How an answer is told, well or with a fault, and with what ``Content-Type``."""

    plain: PlainPlay
    stream: StreamPlay
    #: What a name without seconds means.
    seconds: float = 1.0


def find_behaviour(model: str) -> tuple[Behaviour, float]:
    """Return the fault that ``model`` names, with its seconds; the good behaviour for other names.

    Raises `ProviderRejected` when there is no such fault or the seconds are none.
    """
    if not model.startswith(_PREFIX):
        return _GOOD, 0.0
    name, colon, seconds = model.removeprefix(_PREFIX).partition(":")
    fault = FAULTS.get(name)
    if fault is None:
        raise ProviderRejected(
            f"echo has no such fault; it has {', '.join(FAULTS)}", status=400, param="model"
        )
    if not colon:
        return fault, fault.seconds
    if not _SECONDS.fullmatch(seconds) or float(seconds) > _MOST_SECONDS:
        raise ProviderRejected(
            f"the seconds of a fault are a number from 0 to {_MOST_SECONDS:g}",
            status=400,
            param="model",
        )
    return fault, float(seconds)


# --- the good behaviour -------------------------------------------------------------------------


def _answer(answer: Whole, seconds: float) -> Script:
    """Tell the whole answer."""
    yield answer.whole()


def _answer_stream(answer: Streamable, seconds: float) -> Script:
    """Tell the answer token by token."""
    yield answer.opening()
    yield from answer.content()
    yield from _closing(answer)


_GOOD = Behaviour(plain=_answer, stream=_answer_stream)


def _closing(answer: Streamable) -> Script:
    yield answer.finish()
    yield answer.usage()
    yield sse.DONE.raw


def _opening(answer: Streamable) -> Script:
    yield answer.opening()
    yield from islice(answer.content(), _BEFORE_FAULT)


# --- the faults ---------------------------------------------------------------------------------


def _failing(error: Callable[[float], GatewayError]) -> PlainPlay:
    """Fail before the head; every answer gets an error of its own."""

    def play(answer: Whole, seconds: float) -> Script:
        yield error(seconds)

    return play


def _refusal(error: Callable[[float], GatewayError]) -> Behaviour:
    return Behaviour(plain=_failing(error), stream=_failing(error))


def _reset(seconds: float) -> ProviderUnavailable:
    return ProviderUnavailable("the provider closed the connection")


def _silence(answer: Whole, seconds: float) -> Script:
    yield inf


def _late(answer: Whole, seconds: float) -> Script:
    yield seconds
    yield answer.whole()


def _late_stream(answer: Streamable, seconds: float) -> Script:
    yield answer.opening()
    yield seconds
    yield from answer.content()
    yield from _closing(answer)


def _slow(answer: Whole, seconds: float) -> Script:
    yield seconds * answer.pieces()
    yield answer.whole()


def _slow_stream(answer: Streamable, seconds: float) -> Script:
    yield answer.opening()
    for event in answer.content():
        yield seconds
        yield event
    yield from _closing(answer)


def _cut_stream(answer: Streamable, seconds: float) -> Script:
    yield from _opening(answer)
    yield _reset(seconds)


def _stalled_stream(answer: Streamable, seconds: float) -> Script:
    yield from _opening(answer)
    yield inf


def _malformed(answer: Whole, seconds: float) -> Script:
    body = answer.whole()
    yield body[: len(body) // 2]


def _malformed_stream(answer: Streamable, seconds: float) -> Script:
    yield answer.opening()
    content = answer.content()
    yield from islice(content, _BEFORE_FAULT)
    yield sse.encode(b'{"choices": [{"index": 0, "delta": {"content":')
    yield from content
    yield from _closing(answer)


def _no_done_stream(answer: Streamable, seconds: float) -> Script:
    yield answer.opening()
    yield from answer.content()
    yield answer.finish()
    yield answer.usage()


def _no_usage(answer: Whole, seconds: float) -> Script:
    yield answer.whole(usage=False)


def _no_usage_stream(answer: Streamable, seconds: float) -> Script:
    yield answer.opening()
    yield from answer.content()
    yield answer.finish()
    yield sse.DONE.raw


def _error(answer: Whole, seconds: float) -> Script:
    yield _ERROR


def _error_stream(answer: Streamable, seconds: float) -> Script:
    yield from _opening(answer)
    yield sse.encode(_ERROR)


def _page(answer: Whole, seconds: float) -> Script:
    yield _PAGE


def _huge(answer: Whole, seconds: float) -> Script:
    before, after = answer.whole_frame()
    yield from _filled(before, after, _HUGE_BODY)


def _huge_stream(answer: Streamable, seconds: float) -> Script:
    yield from _opening(answer)
    for before, after in answer.content_frames():
        yield from _filled(before, after, _HUGE_EVENT)
    yield from _closing(answer)


def _filled(before: bytes, after: bytes, size: int) -> Script:
    """Tell a content of at least ``size`` bytes, piece by piece."""
    yield before + b'"'
    for _ in range(0, size, len(_FILLER)):
        yield _FILLER
    yield b'"' + after


FAULTS: Mapping[str, Behaviour] = MappingProxyType(
    {
        "error-400": _refusal(
            lambda seconds: ProviderRejected("the provider refused the request", status=400)
        ),
        "error-401": _refusal(
            lambda seconds: ProviderAuthFailed("the provider refused the gateway's credential")
        ),
        "error-429": _refusal(
            lambda seconds: ProviderRateLimited(
                "the provider's rate limit is reached", retry_after=seconds
            )
        ),
        "error-500": _refusal(lambda seconds: ProviderError("the provider answered 500")),
        "error-503": _refusal(lambda seconds: ProviderOverloaded("the provider is overloaded")),
        "reset": _refusal(_reset),
        "silent": Behaviour(plain=_silence, stream=_silence),
        "slow-first-token": Behaviour(plain=_late, stream=_late_stream, seconds=5.0),
        "slow": Behaviour(plain=_slow, stream=_slow_stream),
        "cut": Behaviour(plain=_failing(_reset), stream=_cut_stream),
        "stall": Behaviour(plain=_silence, stream=_stalled_stream),
        "malformed": Behaviour(plain=_malformed, stream=_malformed_stream),
        "no-done": Behaviour(plain=_answer, stream=_no_done_stream),
        "no-usage": Behaviour(plain=_no_usage, stream=_no_usage_stream),
        "error-event": Behaviour(plain=_error, stream=_error_stream),
        "html": Behaviour(plain=_page, stream=_page),
        "huge": Behaviour(plain=_huge, stream=_huge_stream),
    }
)
