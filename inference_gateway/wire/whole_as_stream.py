"""A whole chat answer told as a stream, for clients who asked for one that nobody has."""

import orjson

from inference_gateway.provider_errors import ProviderInvalidAnswer
from inference_gateway.wire.sse import Event, encode


def as_events(body: bytes) -> list[Event]:
    """Return ``body``, a chat completion, as one chunk: each message becomes its choice's delta.

    ``[DONE]`` is not among the events. Raises `ProviderInvalidAnswer` for what is no completion.
    """
    try:
        answer = orjson.loads(body)
        answer["object"] = "chat.completion.chunk"
        for choice in answer["choices"]:
            choice["delta"] = delta = choice.pop("message")
            # only a delta needs to say which of the calls it is a part of
            for index, tool_call in enumerate(delta.get("tool_calls") or ()):
                tool_call.setdefault("index", index)
        data = orjson.dumps(answer)
    except (orjson.JSONDecodeError, TypeError, KeyError, AttributeError):
        raise ProviderInvalidAnswer("the provider's answer is no chat completion") from None
    return [Event(encode(data), data)]
