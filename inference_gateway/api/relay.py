"""Carries a stream of events to one client.

Holds the provider back while the client does not read, says ``: keepalive`` while nothing else is
said, and sends the head early when the first content takes long. One relay serves one call.
"""

from collections.abc import Coroutine
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime
from zope.interface import implementer

from inference_gateway.api.respond import Responder
from inference_gateway.api.web_request import WebRequest
from inference_gateway.errors import GatewayError, InternalError
from inference_gateway.exchange import Call, EventStream, Reply
from inference_gateway.wire.operations import Operation
from inference_gateway.wire.sse import KEEPALIVE, Event


@implementer(IPushProducer)
class StreamRelay:
    """An `EventSink` on the provider's side, a push producer on the client's."""

    __slots__ = (
        "_call",
        "_clock",
        "_done",
        "_error",
        "_interval",
        "_last_write",
        "_open",
        "_operation",
        "_over",
        "_paused",
        "_request",
        "_responder",
        "_stream",
        "_timer",
    )

    def __init__(
        self,
        request: WebRequest,
        call: Call,
        operation: Operation,
        responder: Responder,
        clock: IReactorTime,
        interval: float,
    ) -> None:
        self._request = request
        self._call = call
        self._operation = operation
        self._responder = responder
        self._clock = clock
        self._interval = interval
        self._stream: EventStream | None = None
        self._done: Deferred[None] | None = None
        self._timer: IDelayedCall | None = None
        self._last_write = clock.seconds()
        self._open = False
        self._over = False
        self._paused = False
        self._error: GatewayError | None = None

    async def run(self, reply: Coroutine[Deferred[Any], Any, Reply]) -> None:
        """Relay the stream of ``reply`` once it is there, to its end.

        Raises what ended it early; whether the head was sent by then is on the call. Cancelling it
        leaves the provider.
        """
        if self._operation.has_events:  # there is no place for comments in anything else
            self._timer = self._clock.callLater(self._interval, self._on_silence)
        try:
            answer = await reply
            stream = answer.body
            if isinstance(stream, bytes):
                raise InternalError("a streamed call was answered whole")
            self._stream = stream
            self._begin(answer.headers)
            if self._paused:  # since the comments; nobody would say so again
                stream.pause()
            stream.start(self)
            if self._over:
                if self._error is not None:
                    raise self._error
            else:
                self._done = Deferred()
                await self._done
        finally:
            self._stop()

    # --- the provider's side: EventSink

    def events(self, batch: list[Event]) -> None:
        """Pass whole events on, in one write."""
        if self._over:
            return
        self._last_write = self._clock.seconds()
        if len(batch) == 1:
            self._request.write(batch[0].raw)
        else:
            self._request.write(b"".join([event.raw for event in batch]))

    def finished(self, error: GatewayError | None) -> None:
        """End the client's stream: as a whole one ends only if it is complete."""
        if self._over:
            return
        self._over = True
        self._stream = None
        self._error = error
        if error is None:
            self._unregister()
            self._responder.end_stream(self._request, self._call, self._operation.last)
        done, self._done = self._done, None
        if done is None:
            return
        if error is None:
            done.callback(None)
        else:
            done.errback(error)

    # --- the client's side: IPushProducer

    def pauseProducing(self) -> None:
        """The client reads too slowly: hold the provider back."""
        self._paused = True
        if self._stream is not None:
            self._stream.pause()

    def resumeProducing(self) -> None:
        """The client has caught up."""
        self._paused = False
        if self._stream is not None:
            self._stream.resume()

    def stopProducing(self) -> None:
        """The client left: leave the provider at once; ending the call is for the application."""
        self._over = True
        self._open = False  # a lost connection has let go of its producer
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.abort()

    # --- between the two

    def _begin(
        self, headers: tuple[tuple[bytes, bytes], ...] = (), *, is_early: bool = False
    ) -> None:
        """Write the head, once; an early one knows nothing of the provider and its ``headers``."""
        if self._open:
            return
        self._open = True
        self._responder.open_stream(
            self._request,
            self._call,
            headers,
            has_events=self._operation.has_events,
            is_early=is_early,
        )
        self._request.registerProducer(self, True)

    def _on_silence(self) -> None:
        """Say a comment if nothing was said for the interval."""
        quiet = self._clock.seconds() - self._last_write
        if quiet < self._interval:
            self._timer = self._clock.callLater(self._interval - quiet, self._on_silence)
            return
        self._timer = self._clock.callLater(self._interval, self._on_silence)
        self._begin(is_early=True)
        if not self._paused:
            self._last_write = self._clock.seconds()
            self._request.write(KEEPALIVE)

    def _unregister(self) -> None:
        if self._open:
            self._open = False
            self._request.unregisterProducer()

    def _stop(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()
        self._over = True
        self._unregister()
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.abort()
