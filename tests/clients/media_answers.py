"""What the upstream says on OpenAI's routes for sound and images."""

import json
from collections.abc import Mapping

from tests.acceptance.gateway import PROMPT
from tests.acceptance.upstream import Behaviour, Exchange
from tests.acceptance.upstream_answers import documented, event, streamed

#: What is no text, whatever is tried.
SOUND = bytes(range(256)) * 16
HEARD = f"{PROMPT} 你好"
IMAGE = "iVBORw0KGgo="
_USAGE = {
    "input_tokens": 5,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 5},
    "output_tokens": 9,
    "total_tokens": 14,
}


async def _speak(exchange: Exchange) -> None:
    """Send half of the sound, and the other half once the test says so."""
    half = len(SOUND) // 2
    await exchange.head("audio/mpeg")
    await exchange.write(SOUND[:half])
    exchange.reach()
    await exchange.released()
    await exchange.write(SOUND[half:])
    await exchange.end()


def _says(exchange: Exchange, name: str, value: str) -> bool:
    """Whether the form has a field with that value."""
    field = f'name="{name}"\r\n\r\n{value}\r\n'
    return field.encode() in exchange.content


async def _transcribe(exchange: Exchange) -> None:
    """Answer in the form that is asked for: text, events or JSON."""
    if _says(exchange, "response_format", "text"):
        await documented(HEARD.encode(), media_type="text/plain; charset=utf-8")(exchange)
    elif _says(exchange, "stream", "true"):
        deltas = [
            event({"type": "transcript.text.delta", "delta": letter, "logprobs": []})
            for letter in HEARD
        ]
        done = event({"type": "transcript.text.done", "text": HEARD, "logprobs": []})
        await streamed([*deltas, done])(exchange)
    else:
        answer = {"text": HEARD, "usage": {"type": "duration", "seconds": 2}}
        await documented(json.dumps(answer).encode())(exchange)


async def _draw(exchange: Exchange) -> None:
    await _show(exchange, "image_generation", is_stream=exchange.streamed)


async def _edit(exchange: Exchange) -> None:
    await _show(exchange, "image_edit", is_stream=_says(exchange, "stream", "true"))


async def _vary(exchange: Exchange) -> None:
    await _show(exchange, "", is_stream=False)


async def _show(exchange: Exchange, kind: str, *, is_stream: bool) -> None:
    """Send one image; the events of a stream begin with their ``kind``."""
    if is_stream:
        image = {
            "b64_json": IMAGE,
            "created_at": 1700000000,
            "background": "opaque",
            "output_format": "png",
            "quality": "low",
            "size": "1024x1024",
        }
        partial = {"type": f"{kind}.partial_image", "partial_image_index": 0, **image}
        completed = {"type": f"{kind}.completed", "usage": _USAGE, **image}
        events = [
            b"event: %b.partial_image\n" % kind.encode() + event(partial),
            b"event: %b.completed\n" % kind.encode() + event(completed),
        ]
        await streamed(events)(exchange)
        return
    answer = {"created": 1700000000, "data": [{"b64_json": IMAGE}], "usage": _USAGE}
    await documented(json.dumps(answer).encode())(exchange)


ANSWERS: Mapping[str, Behaviour] = {
    "POST /v1/audio/speech": _speak,
    "POST /v1/audio/transcriptions": _transcribe,
    "POST /v1/audio/translations": _transcribe,
    "POST /v1/images/generations": _draw,
    "POST /v1/images/edits": _edit,
    "POST /v1/images/variations": _vary,
}
