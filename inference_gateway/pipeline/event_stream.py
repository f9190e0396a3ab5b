"""One attempt's answer as a stream of whole events.

Turns a provider's bytes into events, looks into each, and knows when the first content is there,
when the stream is over and whether it was complete. Holds back only what may come before the first
content, as long as another provider could still answer instead. It knows nothing of sockets: the
relay takes the events from here.
"""

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from inference_gateway.errors import CLIENT_GONE, GatewayError, Verdict
from inference_gateway.exchange import (
    COMPLETE,
    Attempt,
    ByteStream,
    Call,
    EventSink,
    Outcome,
    Usage,
)
from inference_gateway.provider_errors import (
    ProviderInvalidAnswer,
    ProviderTimeout,
    ProviderTruncated,
)
from inference_gateway.resilience.deadline import Deadline
from inference_gateway.wire.inspect import CONTENT, EMPTY, FINISH, Kind, estimate_tokens
from inference_gateway.wire.request import ModelRequest
from inference_gateway.wire.sse import Event
from inference_gateway.wire.told_errors import event_error

#: Bytes of events that may come before the first content.
_MOST_HELD = 1024 * 1024
#: Seconds that a body may take to end behind its ``[DONE]``.
_LAST_BYTES = 1.0
#: The kinds of events that may name the model.
_NAMING = frozenset({CONTENT, EMPTY, FINISH, Kind.USAGE, Kind.LAST})


class AttemptStream:
    """A provider's stream under inspection: a `BodySink` to it, an `EventStream` to the relay.

    Await `first_content` once, then hand it on; whoever gets it must `start` or `abort` it. The
    attempt completes when the stream does, however that happens.
    """

    __slots__ = (
        "_answer_as",
        "_attempt",
        "_body",
        "_call",
        "_clock",
        "_ended",
        "_first",
        "_held",
        "_held_size",
        "_hide_usage",
        "_idle",
        "_inspector",
        "_last_received",
        "_over",
        "_parser",
        "_paused",
        "_rename",
        "_request",
        "_result",
        "_sink",
        "_timer",
        "_total",
    )

    def __init__(
        self,
        call: Call,
        request: ModelRequest,
        attempt: Attempt,
        body: ByteStream,
        clock: IReactorTime,
        *,
        idle: float,
        total: Deadline,
    ) -> None:
        operation = request.operation
        self._call = call
        self._request = request
        self._attempt = attempt
        # of a plain call's stream only the answer that is put together gets another name
        self._answer_as = attempt.answer_as if call.stream else None
        self._body = body
        self._clock = clock
        self._idle = idle
        self._total = total
        self._hide_usage = call.stream and not request.include_usage
        self._parser = operation.parser()
        self._inspector = operation.inspector(request)
        self._rename = operation.rename_event
        self._held: list[Event] = []
        self._held_size = 0
        self._ended = False
        self._first: Deferred[None] | None = None
        self._sink: EventSink | None = None
        self._result: GatewayError | None = None
        self._over = False
        self._paused = False
        self._last_received = clock.seconds()
        self._timer: IDelayedCall | None = None

    def first_content(self) -> "Deferred[None]":
        """Start reading; fires when the answer has begun, so that there is no way back.

        Fails with the `ProviderError` that happened instead. Cancelling it leaves the provider.
        """
        self._first = Deferred(lambda _: self.abort())
        waiting = self._first
        self._body.start(self)
        return waiting

    @property
    def is_filtered(self) -> bool:
        """Whether the provider's filter let nothing of the answer through."""
        inspector = self._inspector
        return inspector.finish_reason == "content_filter" and not inspector.output_chars

    # --- the relay's side: EventStream

    def start(self, sink: EventSink) -> None:
        """Deliver what was held back and all that follows to ``sink``; one-shot."""
        self._sink = sink
        if self._held:
            held, self._held = self._held, []
            sink.events(held)
            if self._sink is not sink:  # whoever took them has left
                return
        if self._over:
            sink.finished(self._result)
        if not self._paused:  # held up since the first content; if all came, its end is unread
            self.resume()
        if not self._over:
            self._watch()

    def pause(self) -> None:
        """Hold the provider back; the time it is held back does not count as its silence."""
        self._paused = True
        self._body.pause()

    def resume(self) -> None:
        """Let the provider go on."""
        self._paused = False
        self._last_received = self._clock.seconds()
        self._body.resume()

    def abort(self) -> None:
        """Leave the provider; nothing is delivered any more.

        Before the first content it is for whoever awaits that to say how the attempt ended.
        """
        self._sink = None
        if self._first is not None:
            self._over = True
            self._first = None
        else:
            self._end(Outcome(verdict=Verdict.CLIENT_GONE, status=CLIENT_GONE))
        self._cancel_timer()
        self._body.abort()

    def fail(self, error: GatewayError) -> None:
        """End the attempt with ``error`` and leave the provider."""
        self._end(Outcome.of(error))
        self._body.abort()

    # --- the provider's side: BodySink

    def received(self, data: bytes) -> None:
        """Take the provider's next bytes."""
        if self._over:  # bytes after the end of the stream: nobody waits for them
            self._cancel_timer()
            self._body.abort()
            return
        self._last_received = self._clock.seconds()
        try:
            events = self._parser.feed(data)
        except ProviderInvalidAnswer as too_large:
            self.fail(too_large)
            return
        batch: list[Event] = []
        for event in events:
            kind = self._inspector.inspect(event)
            if self._answer_as is not None and kind in _NAMING:
                event = self._rename(event, self._answer_as)
            if kind is CONTENT or kind is EMPTY or kind is FINISH:
                batch.append(event)
                if self._first is not None and kind is not EMPTY:
                    self._commit(batch)
                    batch = []
            elif kind is Kind.USAGE:
                if not self._hide_usage:
                    batch.append(event)
            elif kind is Kind.COMMENT:
                batch.append(event)
            elif kind is Kind.MALFORMED:
                self._call.dropped_events += 1
            elif kind is Kind.ERROR:
                self._deliver(batch)
                self.fail(event_error(event))
                return
            else:  # DONE or LAST
                if kind is Kind.LAST:
                    batch.append(event)
                self._deliver(batch)
                self._finish(None)
                self._await_end()
                return
        self._deliver(batch)

    def ended(self, error: GatewayError | None) -> None:
        """Take the end of the provider's body, clean or not."""
        self._ended = True
        self._cancel_timer()
        if not self._over:
            self._finish(error)

    # --- between the two

    def _deliver(self, batch: list[Event]) -> None:
        if not batch or self._over:  # whoever took what came before may have left
            return
        if self._sink is not None:
            self._sink.events(batch)
            return
        self._held += batch
        self._held_size += sum([len(event.raw) for event in batch])
        if self._held_size > _MOST_HELD:
            self.fail(ProviderInvalidAnswer("the provider says much and begins no answer"))

    def _commit(self, batch: list[Event]) -> None:
        """The first content is here: let the call go on, which normally starts us at once."""
        first, self._first = self._first, None
        self._held += batch
        self._attempt.first_content_at = self._last_received
        if self._call.first_content_at is None:
            self._call.first_content_at = self._last_received
        if first is not None:
            first.callback(None)
        if self._sink is None and not self._over:
            self._body.pause()

    def _finish(self, error: GatewayError | None) -> None:
        """The provider has said all; what it said decides if that was enough.

        A body without events says nothing about that: it is whole if it began and ended well.
        """
        complete = self._inspector.complete
        if not self._request.operation.has_events:
            complete = error is None and self._first is None
        if complete:
            self._end(COMPLETE)
        else:
            self.fail(
                error
                or ProviderTruncated("the provider's stream ended before the answer was complete")
            )

    def _await_end(self) -> None:
        """All was said; give the body a moment to end, so that its connection can be used again."""
        if self._result is not None or self._ended:
            return
        self._body.resume()
        self._timer = self._clock.callLater(_LAST_BYTES, self._body.abort)

    def _cancel_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()

    def _end(self, outcome: Outcome) -> None:
        if self._over:
            return
        self._over = True
        self._result = outcome.error
        self._cancel_timer()
        self._report()
        self._attempt.ended = self._clock.seconds()
        self._attempt.complete(outcome)
        first, self._first = self._first, None
        if first is not None:
            if outcome.error is not None:
                first.errback(outcome.error)
            else:
                first.callback(None)
        if self._sink is not None:
            self._sink.finished(outcome.error)

    def _report(self) -> None:
        """Put what the stream said about itself on the call; usage that is missing is estimated."""
        inspector = self._inspector
        call = self._call
        call.finish_reason = inspector.finish_reason
        call.response_model = inspector.model
        call.sequence = inspector.sequence
        if inspector.usage is not None:
            call.usage = Usage(*inspector.usage)
        elif inspector.output_chars:
            call.usage = Usage(
                estimate_tokens(len(self._request.body)),
                estimate_tokens(inspector.output_chars),
                "estimated",
            )

    # --- the limits of time after the first content

    def _watch(self) -> None:
        now = self._clock.seconds()
        wait = min(self._last_received + self._idle, self._total.at) - now
        if self._paused:  # the client holds the provider back: only the total limit runs
            wait = min(self._idle, self._total.at - now)
        self._timer = self._clock.callLater(max(0.0, wait), self._look)

    def _look(self) -> None:
        self._timer = None
        now = self._clock.seconds()
        if now >= self._total.at:
            self.fail(ProviderTimeout(self._total.limit, self._total.seconds))
        elif not self._paused and now >= self._last_received + self._idle:
            self.fail(ProviderTimeout("idle", self._idle))
        else:
            self._watch()


class WholeStream:
    """A whole answer told as events, for providers that do not stream: an `EventStream`."""

    __slots__ = ("_events",)

    def __init__(self, events: list[Event]) -> None:
        self._events = events

    def start(self, sink: EventSink) -> None:
        """Deliver everything at once."""
        sink.events(self._events)
        sink.finished(None)

    def pause(self) -> None:
        """Nothing is left to hold back."""

    def resume(self) -> None:
        """Nothing is left to go on with."""

    def abort(self) -> None:
        """Nothing is left to leave."""
