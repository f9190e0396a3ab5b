"""What providers say in the cases of the relay: one answer, whole and as a stream.

Both say the same, so that the stream put together is the whole answer.
"""

import json

import attrs

from inference_gateway.wire.sse import DONE


@attrs.frozen(kw_only=True)
class Payload:
    """A body and what its ``Content-Type`` says."""

    media_type: bytes
    body: bytes


TEXT = "The quick 狐 jumps over 懒狗 🦊🐕 and naïve café walls."
_PIECES = ("The quick ", "狐 jumps over ", "懒狗 🦊", "🐕 and naïve", " café walls.")
_MODEL = "upstream-model"
_USAGE = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}


def event(value: object) -> bytes:
    """Encode one event with JSON data, in UTF-8 without escapes."""
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def chunk(delta: dict[str, object], finish: str | None = None, **more: object) -> bytes:
    """Encode one chunk of the answer with one choice."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return event(
        {
            "id": "chatcmpl-relay",
            "object": "chat.completion.chunk",
            "created": 1_700_000_000,
            "model": _MODEL,
            "choices": [choice],
            **more,
        }
    )


ROLE = chunk({"role": "assistant", "content": ""})
WORDS = tuple(chunk({"content": piece}) for piece in _PIECES)
FINISH = chunk({}, "stop")
USAGE = event(
    {
        "id": "chatcmpl-relay",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": _MODEL,
        "choices": [],
        "usage": _USAGE,
    }
)
END = DONE.raw

#: How a stream begins, its first content included.
BEGUN = (ROLE, WORDS[0])

#: What a client that did not ask for usage gets of `STREAM`, but for its end.
EVENTS = (ROLE, *WORDS, FINISH)

JSON = b"application/json"
SSE = b"text/event-stream"

ANSWER = Payload(
    media_type=JSON,
    body=json.dumps(
        {
            "id": "chatcmpl-relay",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": _MODEL,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": TEXT},
                    "finish_reason": "stop",
                }
            ],
            "usage": _USAGE,
        },
        ensure_ascii=False,
    ).encode(),
)


def stream(*events: bytes) -> Payload:
    """Make a stream of these events."""
    return Payload(media_type=SSE, body=b"".join(events))


STREAM = stream(*EVENTS, USAGE, END)

OK = b"HTTP/1.1 200 OK\r\n"


def open_head(payload: Payload, *lines: bytes, status: bytes = OK) -> bytes:
    """Return a head that frames nothing: only the end of the connection ends its body."""
    fields = (b"Content-Type: " + payload.media_type, *lines)
    return status + b"".join(line + b"\r\n" for line in fields) + b"\r\n"


def framed(payload: Payload, *lines: bytes, status: bytes = OK) -> bytes:
    """Return a whole answer with its length."""
    length = b"Content-Length: %d" % len(payload.body)
    return open_head(payload, *lines, length, status=status) + payload.body


def chunked_head(payload: Payload, *lines: bytes) -> bytes:
    """Return a head whose body comes in chunks."""
    return open_head(payload, *lines, b"Transfer-Encoding: chunked")


def in_chunk(data: bytes) -> bytes:
    """Return ``data`` as one chunk of HTTP."""
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"


def in_chunks(payload: Payload, *lines: bytes, trailers: bytes = b"") -> bytes:
    """Return a whole answer in one chunk, with ``trailers`` behind it."""
    end = b"0\r\n" + trailers + b"\r\n"
    return chunked_head(payload, *lines) + in_chunk(payload.body) + end
