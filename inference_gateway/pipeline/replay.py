"""One stream for the client out of those of several providers, each taking over from the last.

When a provider's stream breaks off, another provider is asked the same again, and what it says is
passed on from where it goes beyond what was sent. What that means is `wire.comparison`'s; who is
asked is `tries`'.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger

from inference_gateway.eager import Running, start
from inference_gateway.errors import GatewayError
from inference_gateway.exchange import Call, EventSink, EventStream
from inference_gateway.provider_errors import ProviderInvalidAnswer, ProviderTimeout
from inference_gateway.wire.comparison import Comparison, Disagreement
from inference_gateway.wire.sse import Event
from inference_gateway.wire.transcript import Transcript

#: Asks another provider, because of an error, and returns its stream, which nobody has started.
Again = Callable[[GatewayError], Coroutine[Deferred[Any], Any, EventStream]]


class ReplayStream:
    """An `EventStream` that outlives the streams it is made of.

    ``again`` is asked for another stream when one breaks off, or says something else than was sent
    before, until it raises. The client then learns why the stream broke off of which it got
    something last. What the call is told of a repetition counts once that has come so far.
    """

    __slots__ = (
        "_again",
        "_asking",
        "_call",
        "_cut",
        "_failure",
        "_first",
        "_is_asking",
        "_paused",
        "_sink",
        "_source",
        "_told",
        "_transcript",
    )

    _log = Logger()

    def __init__(
        self, call: Call, first: EventStream, transcript: Transcript, again: Again
    ) -> None:
        self._call = call
        self._first: EventStream | None = first
        self._transcript = transcript
        self._again = again
        self._sink: EventSink | None = None
        #: The stream that is being read.
        self._source: _Source | None = None
        self._paused = False
        #: Why the stream broke off of which something was sent last, and what the call knew then.
        self._cut: GatewayError | None = None
        self._told = _Told(call)
        #: Why there has to be another stream.
        self._failure: GatewayError | None = None
        self._is_asking = False
        self._asking: Running | None = None

    # --- the relay's side: EventStream

    def start(self, sink: EventSink) -> None:
        """Deliver the stream to ``sink``; one-shot."""
        first, self._first = self._first, None
        if first is not None:
            self._sink = sink
            self._follow(first, None)

    def pause(self) -> None:
        """Hold the provider back, whichever it is."""
        self._paused = True
        stream = self._stream
        if stream is not None:
            stream.pause()

    def resume(self) -> None:
        """Let the provider go on."""
        self._paused = False
        stream = self._stream
        if stream is not None:
            stream.resume()

    def abort(self) -> None:
        """Leave the provider, or stop asking for another."""
        self._sink = None
        first, self._first = self._first, None
        if first is not None:
            first.abort()
        self._leave()
        if self._asking is not None:
            self._asking.cancel()

    # --- the providers' side

    def deliver(self, events: list[Event]) -> None:
        """Pass on what was not sent before."""
        sink = self._sink
        assert sink is not None  # or the provider would have been left
        for event in events:
            self._transcript.sent(event)
        sink.events(events)

    def reject(self) -> None:
        """Leave the provider that said something else than was sent; that is no fault of it."""
        self._leave()
        self._ask(ProviderInvalidAnswer("the provider's answer is not the one that was begun"))

    def ended(self, caught_up: bool, error: GatewayError | None) -> None:
        """Take the end of the stream that is being read."""
        self._source = None
        if caught_up:
            if error is None:
                self._finish(None)
                return
            self._cut = error
            self._told = _Told(self._call)
        else:
            self._told.restore(self._call)
        self._ask(
            error or ProviderInvalidAnswer("the provider's answer ends before what was begun")
        )

    # --- between the two

    @property
    def _stream(self) -> EventStream | None:
        return self._first if self._source is None else self._source.stream

    def _follow(self, stream: EventStream, comparison: Comparison | None) -> None:
        self._source = _Source(self, stream, comparison)
        if self._paused:
            stream.pause()
        stream.start(self._source)

    def _leave(self) -> None:
        source, self._source = self._source, None
        if source is not None:
            source.leave()
            if not source.caught_up:
                self._told.restore(self._call)

    def _ask(self, failure: GatewayError) -> None:
        if not (_is_repeatable(failure) and self._transcript.is_comparable):
            self._finish(self._cut)
            return
        self._failure = failure
        if not self._is_asking:  # else this happens while the stream is begun that was asked for
            self._is_asking = True
            self._asking = start(self._go_on(), self._give_up)

    async def _go_on(self) -> None:
        """Follow one stream after the other, as long as each is done with at once."""
        while self._failure is not None:
            failure, self._failure = self._failure, None
            stream = await self._again(failure)
            self._call.first_content_at = self._told.first_content_at
            if self._sink is None:
                stream.abort()
            else:
                self._follow(stream, Comparison(self._transcript))
        self._stop_asking()

    def _stop_asking(self) -> None:
        self._is_asking = False
        self._asking = None  # which holds this as well

    def _give_up(self, error: Exception) -> None:
        self._stop_asking()
        self._told.restore(self._call)
        if self._sink is None:
            return
        if not isinstance(error, GatewayError | CancelledError):
            self._log.failure(
                "a bug kept the stream of call {request_id} from going on", request_id=self._call.id
            )
        self._leave()
        self._finish(self._cut)

    def _finish(self, error: GatewayError | None) -> None:
        sink, self._sink = self._sink, None
        assert sink is not None  # or the provider would have been left
        sink.finished(error)


class _Source:
    """One provider's stream: an `EventSink` to it that can be cut off at any moment."""

    __slots__ = ("_comparison", "_replay", "stream")

    def __init__(
        self, replay: ReplayStream, stream: EventStream, comparison: Comparison | None
    ) -> None:
        self._replay: ReplayStream | None = replay
        self._comparison = comparison
        self.stream = stream

    @property
    def caught_up(self) -> bool:
        """Whether what comes now was not sent before."""
        return self._comparison is None or self._comparison.caught_up

    def leave(self) -> None:
        """Leave the provider and pass nothing on any more."""
        self._replay = None
        self.stream.abort()

    def events(self, batch: list[Event]) -> None:
        """Pass on what is new; what differs from what was sent ends this stream."""
        replay = self._replay
        if replay is None:
            return
        if self._comparison is None:
            replay.deliver(batch)
            return
        new: list[Event] = []
        agrees = True
        try:
            for event in batch:
                new += self._comparison.feed(event)
        except Disagreement:
            agrees = False
        if new:
            replay.deliver(new)
        if not agrees and self._replay is not None:  # whoever took them may have left
            replay.reject()

    def finished(self, error: GatewayError | None) -> None:
        """Tell how the provider's stream ended."""
        replay, self._replay = self._replay, None
        if replay is not None:
            replay.ended(self.caught_up, error)


class _Told:
    """What a call is told by whatever stream ends, and by each that begins."""

    __slots__ = ("_finish_reason", "_response_model", "_usage", "first_content_at")

    def __init__(self, call: Call) -> None:
        self._usage = call.usage
        self._finish_reason = call.finish_reason
        self._response_model = call.response_model
        self.first_content_at = call.first_content_at

    def restore(self, call: Call) -> None:
        """Make ``call`` know this and no more."""
        call.usage = self._usage
        call.finish_reason = self._finish_reason
        call.response_model = self._response_model
        call.first_content_at = self.first_content_at


def _is_repeatable(error: GatewayError) -> bool:
    """Whether another provider may do better: none gets more time than the stream had in all."""
    if isinstance(error, ProviderTimeout) and error.limit == "total":
        return False
    return error.may_fail_over
