"""Chat calls, and what providers say to them."""

from typing import Any

import orjson

from inference_gateway.exchange import Call
from inference_gateway.wire.chat import parse_chat
from inference_gateway.wire.operations import OPERATIONS
from inference_gateway.wire.request import ModelRequest

#: The end of a stream.
DONE = b"data: [DONE]\n\n"
#: What OpenAI's servers send before the first content.
ROLE = b'data: {"choices":[{"index":0,"delta":{"role":"assistant"},"finish_reason":null}]}\n\n'
#: The end of the only choice.
STOP = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
#: The extra event of ``stream_options.include_usage``.
USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}\n\n'


def text(content: str) -> bytes:
    """Return an event with some content."""
    chunk = {
        "model": "upstream-model",
        "choices": [{"index": 0, "delta": {"content": content}, "finish_reason": None}],
    }
    return b"data: " + orjson.dumps(chunk) + b"\n\n"


def answer(content: str = "hello", **fields: Any) -> bytes:
    """Return a whole answer."""
    message = {"role": "assistant", "content": content}
    return orjson.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1700000000,
            "model": "upstream-model",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
            **fields,
        }
    )


def request(model: str = "m", **fields: Any) -> bytes:
    """Return the body of a chat request."""
    return orjson.dumps(
        {"model": model, "messages": [{"role": "user", "content": "hello there"}], **fields}
    )


def asked(call: Call) -> ModelRequest:
    """Return what ``call``, which was parsed, asks for."""
    assert call.request is not None
    return call.request


def chat(model: str = "m", *, received: float = 0.0, **fields: Any) -> Call:
    """Return a call with a parsed chat request."""
    parsed = parse_chat(request(model, **fields))
    return Call(
        id="r-1",
        received=received,
        method="POST",
        path="/v1/chat/completions",
        operation="chat",
        request=parsed,
        stream=parsed.stream,
    )


def call_for(operation: str, *, stream: bool = True) -> Call:
    """Return a call of a kind that is relayed as it is."""
    return Call(
        id="r-1",
        received=0.0,
        method="POST",
        path="/v1/any",
        route="/v1/any",
        operation=operation,
        stream=stream,
        request=ModelRequest(
            operation=OPERATIONS[operation], model="m", body=b'{"model":"m"}', stream=stream
        ),
    )
