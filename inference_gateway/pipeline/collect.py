"""Gathers a provider's body into memory, bounded, for calls that are answered whole."""

from twisted.internet.defer import Deferred

from inference_gateway.errors import GatewayError
from inference_gateway.exchange import ByteStream
from inference_gateway.provider_errors import ProviderInvalidAnswer

#: Bytes; a whole answer larger than this is refused rather than held.
LARGEST_ANSWER = 32 * 1024 * 1024


def collect(body: ByteStream) -> "Deferred[bytes]":
    """Read ``body`` to its end.

    Fails with the error the body ended with, or `ProviderInvalidAnswer` when it outgrows
    `LARGEST_ANSWER`. Cancelling it aborts the body.
    """
    return _Collector(body).whole


class _Collector:
    def __init__(self, body: ByteStream) -> None:
        self._body = body
        self._parts: list[bytes] = []
        self._size = 0
        self.whole: Deferred[bytes] = Deferred(lambda _: body.abort())
        body.start(self)

    def received(self, data: bytes) -> None:
        self._size += len(data)
        if self._size <= LARGEST_ANSWER:
            self._parts.append(data)
        elif not self.whole.called:
            self._body.abort()
            self.whole.errback(
                ProviderInvalidAnswer("the provider's answer is larger than the gateway takes")
            )

    def ended(self, error: GatewayError | None) -> None:
        if self.whole.called:
            return
        if error is not None:
            self.whole.errback(error)
        else:
            self.whole.callback(b"".join(self._parts))
