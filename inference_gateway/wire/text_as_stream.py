"""A whole text completion told as a stream, for clients who asked for one that nobody has."""

from inference_gateway.wire.inspect_text import inspect_text
from inference_gateway.wire.sse import Event, encode


def text_as_events(body: bytes) -> list[Event]:
    """Return ``body``, a text completion, as one chunk: both have the same shape.

    ``[DONE]`` is not among the events. Raises `ProviderInvalidAnswer` for what is no completion.
    """
    inspect_text(body)
    return [Event(encode(body), body)]
