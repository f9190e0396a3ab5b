"""Streams that consist of no events, such as audio: bytes are passed on as they come."""

import attrs

from inference_gateway.wire.inspect import Kind
from inference_gateway.wire.sse import Event


class RawParser:
    """Makes one event, without data, of whatever bytes come together."""

    def feed(self, data: bytes) -> list[Event]:
        """Return ``data`` as the one event that it is."""
        return [Event(data, None)] if data else []


@attrs.define(eq=False)
class RawInspector:
    """An inspector of bytes that say nothing of themselves: all are content, none are the last."""

    usage: tuple[int, int] | None = attrs.field(default=None, init=False)
    finish_reason: str = attrs.field(default="", init=False)
    model: str = attrs.field(default="", init=False)
    output_chars: int = attrs.field(default=0, init=False)
    sequence: int = attrs.field(default=0, init=False)
    #: Never known: such an answer is whole when its body ends well.
    complete: bool = attrs.field(default=False, init=False)

    def inspect(self, event: Event) -> Kind:
        """Say that the event is content."""
        return Kind.CONTENT
