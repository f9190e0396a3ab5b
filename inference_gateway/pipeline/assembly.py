"""Puts a stream together into the plain answer that its client asked for.

A plain call rides on a stream where that lets the provider be stopped, and watched, on the way.
What a merged answer looks like is `wire.assemble`'s.
"""

from twisted.internet.defer import Deferred

from inference_gateway.errors import GatewayError
from inference_gateway.pipeline.collect import LARGEST_ANSWER
from inference_gateway.pipeline.event_stream import AttemptStream
from inference_gateway.provider_errors import ProviderInvalidAnswer
from inference_gateway.wire.operations import PlainAssembler
from inference_gateway.wire.sse import Event


def assemble(stream: AttemptStream, assembler: PlainAssembler) -> "Deferred[bytes]":
    """Read ``stream``, whose first content has come, to its end, and return the plain answer.

    Fails with the error that the stream ended with, or `ProviderInvalidAnswer` when it outgrows
    `LARGEST_ANSWER`. Cancelling it leaves the provider.
    """
    return _Assembly(stream, assembler).whole


class _Assembly:
    """An `EventSink` that forwards nothing."""

    def __init__(self, stream: AttemptStream, assembler: PlainAssembler) -> None:
        self._stream = stream
        self._assembler = assembler
        self._size = 0
        self.whole: Deferred[bytes] = Deferred(lambda _: stream.abort())
        stream.start(self)

    def events(self, batch: list[Event]) -> None:
        """Take the next events into the answer."""
        for event in batch:
            if event.data is not None:
                self._size += len(event.data)
                self._assembler.add(event.data)
        if self._size > LARGEST_ANSWER:
            self._stream.fail(
                ProviderInvalidAnswer("the provider's answer is larger than the gateway takes")
            )

    def finished(self, error: GatewayError | None) -> None:
        """Hand over the answer, or the reason why there is none."""
        if error is None:
            try:
                self.whole.callback(self._assembler.answer())
                return
            except ProviderInvalidAnswer as unfit:
                error = unfit
        self.whole.errback(error)
