"""A whole chat answer told as a stream, for clients who asked for one where the provider has none."""

import orjson

from inference_gateway.errors import ProviderInvalidAnswer
from inference_gateway.wire.sse import Event, encode


def as_events(body: bytes) -> list[Event]:
    """Return ``body``, a chat completion, as one chunk: each message becomes its choice's delta.

    ``[DONE]`` is not among the events. Raises `ProviderInvalidAnswer` for what is no completion.
    """
    try:
        answer = orjson.loads(body)
        answer["object"] = "chat.completion.chunk"
        for choice in answer["choices"]:
            choice["delta"] = choice.pop("message")
        data = orjson.dumps(answer)
    except (orjson.JSONDecodeError, TypeError, KeyError, AttributeError):
        raise ProviderInvalidAnswer("the provider's answer is no chat completion") from None
    return [Event(encode(data), data)]
