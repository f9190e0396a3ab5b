"""What an upstream of the tests says, and when: OpenAI's answers and streams as behaviours."""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.acceptance.upstream import Behaviour, Exchange, Upstream

STREAM = "text/event-stream"
DOCUMENT = "application/json"
DONE = b"data: [DONE]\n\n"
#: Seconds between two events of an endless stream.
PACE = 0.005
_FLOOD = 200 * 1024 * 1024
_PIECE = "x" * 16_000


def chunk(model: str, delta: Mapping[str, Any], finish_reason: str | None = None) -> bytes:
    """Return the event of one chunk."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return event({**_chunk(model), "choices": [choice]})


def usage_chunk(model: str, usage: Mapping[str, int]) -> bytes:
    """Return the event that tells the usage at the end of a stream."""
    return event({**_chunk(model), "choices": [], "usage": usage})


def _chunk(model: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model}


def event(value: object) -> bytes:
    """Return the event whose data is ``value``."""
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def whole(model: str, content: str) -> bytes:
    """Return a whole answer."""
    message = {"role": "assistant", "content": content}
    answer = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
    }
    return json.dumps(answer, ensure_ascii=False).encode()


def words(exchange: Exchange) -> list[bytes]:
    """Return the events that say the last message word by word."""
    found = re.findall("[^ ]+ ?", exchange.text)
    return [chunk(exchange.model, {"content": word}) for word in found]


def documented(
    body: bytes,
    *,
    status: int = 200,
    media_type: str = DOCUMENT,
    fields: Mapping[str, str] = {},
) -> Behaviour:
    """Return the behaviour that answers with ``body``."""

    async def answer(exchange: Exchange) -> None:
        await exchange.head(media_type, fields, status=status, length=len(body))
        await exchange.write(body)

    return answer


def streamed(pieces: Sequence[bytes]) -> Behaviour:
    """Return the behaviour that answers with these pieces of a stream, one write each."""

    async def answer(exchange: Exchange) -> None:
        await exchange.head(STREAM)
        for piece in pieces:
            await exchange.write(piece)
        await exchange.end()

    return answer


async def repeat(exchange: Exchange) -> None:
    """Say what the last message says, whole or word by word."""
    if not exchange.streamed:
        body = whole(exchange.model, exchange.text)
        await documented(body)(exchange)
        return
    await streamed([*words(exchange), chunk(exchange.model, {}, "stop"), DONE])(exchange)


async def silent(exchange: Exchange) -> None:
    """Never begin to answer."""
    exchange.reach()
    await _for_ever()


async def half(exchange: Exchange) -> None:
    """Begin a whole answer, and never end it."""
    await _half(exchange, 200)


async def half_refused(exchange: Exchange) -> None:
    """Begin to say what went wrong, and never end it."""
    await _half(exchange, 500)


async def _half(exchange: Exchange, status: int) -> None:
    body = whole(exchange.model, exchange.text)
    await exchange.head(DOCUMENT, status=status, length=len(body))
    await exchange.write(body[: len(body) // 2])
    exchange.reach()
    await _for_ever()


async def endless(exchange: Exchange) -> None:
    """Stream at a pace, for ever."""
    await _endless(exchange, PACE)


async def endless_slowly(exchange: Exchange) -> None:
    """Stream at a pace that a thousand streams can have at once, for ever."""
    await _endless(exchange, 1.0)


async def _endless(exchange: Exchange, pace: float) -> None:
    await exchange.head(STREAM)
    piece = chunk(exchange.model, {"content": "on"})
    while True:
        await exchange.write(piece)
        exchange.reach()
        await asyncio.sleep(pace)


async def flood(exchange: Exchange) -> None:
    """Stream 200 MB as fast as they are taken."""
    await exchange.head(STREAM)
    exchange.reach()
    piece = chunk(exchange.model, {"content": _PIECE}) * 4
    for _ in range(_FLOOD // len(piece)):
        await exchange.write(piece)
    await exchange.write(chunk(exchange.model, {}, "stop") + DONE)
    await exchange.end()


async def held(exchange: Exchange) -> None:
    """Stream the first word of the last message, and the others once the test says so."""
    first, *others = words(exchange)
    await exchange.head(STREAM)
    await exchange.write(first)
    exchange.reach()
    await exchange.released()
    for piece in others:
        await exchange.write(piece)
        await asyncio.sleep(0)  # let all the others say something
    await exchange.write(chunk(exchange.model, {}, "stop") + DONE)
    await exchange.end()


async def held_back(exchange: Exchange) -> None:
    """Say nothing at all until the test says so; then repeat."""
    exchange.reach()
    await exchange.released()
    await repeat(exchange)


async def _for_ever() -> None:
    await asyncio.Event().wait()


ANSWERS: Mapping[str, Behaviour] = {
    "silent": silent,
    "half": half,
    "half-refused": half_refused,
    "endless": endless,
    "endless-slowly": endless_slowly,
    "flood": flood,
    "held": held,
    "held-back": held_back,
}


def serve(answers: Mapping[str, Behaviour] = {}) -> Upstream:
    """Return an upstream with these answers and all of this module; other models are repeated."""
    return Upstream({**ANSWERS, **answers}, repeat)
