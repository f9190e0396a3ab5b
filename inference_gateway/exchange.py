"""What travels through the gateway: calls, attempts, replies, and how they end.

A ``Call`` is one client request, born at its head; an ``Attempt`` is one try at one provider. Both
complete exactly once, running the hooks of whoever holds something for them. No I/O and no clock
reading of its own: times are handed in, in seconds of a monotonic clock.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import attrs
from twisted.logger import Logger

from inference_gateway.errors import GatewayError, Verdict
from inference_gateway.record import record

if TYPE_CHECKING:
    from inference_gateway.wire.request import ModelRequest
    from inference_gateway.wire.sse import Event

_log = Logger()


@record
class Usage:
    """Token counts of one answer; ``source`` is ``upstream`` or ``estimated``."""

    input_tokens: int
    output_tokens: int
    source: str = "upstream"


@attrs.frozen(kw_only=True)
class Principal:
    """Whose credential a call carries; ``models`` empty means every model."""

    id: str
    models: tuple[str, ...] = ()
    admin: bool = False
    debug: bool = False

    def may_use(self, model: str) -> bool:
        """Whether this key may use the public model name ``model``."""
        return not self.models or model in self.models


#: Who calls when no key is configured.
ANONYMOUS = Principal(id="anonymous")


@record(kw_only=True)
class Outcome:
    """How a call or an attempt ended; ``status`` is for logs and metrics (499: client gone)."""

    verdict: Verdict
    status: int
    error: GatewayError | None = None

    @classmethod
    def of(cls, error: GatewayError, status: int | None = None) -> "Outcome":
        """The outcome of ending with ``error``; ``status``: what was sent before it, if it was."""
        return cls(
            verdict=error.verdict, status=error.status if status is None else status, error=error
        )


#: How nearly every call and attempt ends.
COMPLETE = Outcome(verdict=Verdict.COMPLETE, status=200)


class BodySink(Protocol):
    """Where a provider's body goes."""

    def received(self, data: bytes) -> None:
        """Take the next bytes; they come also while paused, if they were already on the way."""

    def ended(self, error: GatewayError | None) -> None:
        """The body is over, cleanly if ``error`` is None; called once, and never after abort."""


class ByteStream(Protocol):
    """A provider's body that has not been read yet."""

    def start(self, sink: BodySink) -> None:
        """Begin delivering to ``sink``; one-shot; may deliver before it returns."""

    def pause(self) -> None:
        """Stop reading from the provider; idempotent."""

    def resume(self) -> None:
        """Read on; idempotent."""

    def abort(self) -> None:
        """Close the provider's connection and deliver nothing more; idempotent."""


class EventSink(Protocol):
    """Where a call's stream events go: the relay."""

    def events(self, batch: "list[Event]") -> None:
        """Take whole events that arrived together; never an empty list."""

    def finished(self, error: GatewayError | None) -> None:
        """The stream is over: complete if ``error`` is None; called once, and never after abort."""


class EventStream(Protocol):
    """A reply's stream of whole events, its first content already there."""

    def start(self, sink: EventSink) -> None:
        """Begin delivering to ``sink``; one-shot; may deliver before it returns."""

    def pause(self) -> None:
        """Hold the provider back; idempotent."""

    def resume(self) -> None:
        """Let the provider go on; idempotent."""

    def abort(self) -> None:
        """Leave the provider and deliver nothing more; idempotent."""


@record(kw_only=True)
class ProviderReply:
    """A provider's answer: its head, and its body whole or as a stream that nobody has started.

    ``headers`` are those that the client may see. ``is_document`` marks a body that comes bit by
    bit and is still one JSON document, from a provider that was asked for events and has none.
    """

    status: int
    body: bytes | ByteStream = attrs.field(repr=False)
    headers: tuple[tuple[bytes, bytes], ...] = ()
    is_document: bool = False


@record(kw_only=True)
class Reply:
    """The answer to a call: a whole JSON body, or events."""

    status: int
    body: bytes | EventStream = attrs.field(repr=False)
    headers: tuple[tuple[bytes, bytes], ...] = ()


@record(kw_only=True)
class ClientHints:
    """What a client says in its head about how it wants to be served."""

    #: Binds calls to one provider; empty: nothing does.
    session: str = ""
    #: Seconds after which the client gives up; None: unknown.
    patience: float | None = None
    #: How often it has sent this request before.
    retries: int = 0
    #: Whether it asks how its answer came about.
    diagnosis: bool = False


NO_HINTS = ClientHints()


@attrs.define(kw_only=True, eq=False)
class _Lifetime:
    """Something that ends once and then runs its hooks, last taken first."""

    outcome: Outcome | None = None
    _hooks: list[Callable[[Outcome], None]] = attrs.field(factory=list, init=False)

    def on_complete(self, hook: Callable[[Outcome], None]) -> None:
        """Run ``hook`` when this ends; whoever takes something gives it back here."""
        self._hooks.append(hook)

    def complete(self, outcome: Outcome) -> None:
        """End this with ``outcome``; a second call is ignored: racing ends do not count twice."""
        if self.outcome is not None:
            return
        self.outcome = outcome
        hooks = self._hooks
        while hooks:
            hook = hooks.pop()
            try:
                hook(outcome)
            except Exception:  # one failing hook must not keep the others from running
                _log.failure("a completion hook failed")


@attrs.define(kw_only=True, eq=False)
class Attempt(_Lifetime):
    """One try at one provider; what it holds is given back when it completes."""

    provider: str
    #: The provider's own name of the model.
    model: str
    started: float
    #: Whether the provider is asked for a stream; a plain call may be put together out of one.
    stream: bool = False
    #: The public name to be put into the answer; None leaves the provider's.
    answer_as: str | None = None
    #: Why there is this attempt: first, failover, retry, fallback, hedge or replay.
    reason: str = "first"
    #: Which of the provider's credentials is used.
    credential: int = 0
    #: Seconds; None: as the provider's settings say.
    connect_timeout: float | None = None
    #: Another attempt was faster, so this one was given up.
    outrun: bool = False
    #: Seconds on the passed clock; None until it happened.
    first_content_at: float | None = None
    ended: float | None = None


@attrs.define(kw_only=True, eq=False)
class Call(_Lifetime):
    """One client request, from its head to the last byte of its answer."""

    id: str
    received: float
    method: str
    #: Path without the query, decoded for logs; never a metric label.
    path: str
    #: Route template, from our own table; ``other`` until one matched.
    route: str = "other"
    peer: str = ""
    principal: Principal = ANONYMOUS
    #: ``chat``, ``models`` ...; what `gen_ai.operation.name` and the metrics call it.
    operation: str = ""
    request: "ModelRequest | None" = None
    #: Headers of the client that its provider gets to see, by lower-case name.
    forwarded: tuple[tuple[bytes, bytes], ...] = ()
    hints: ClientHints = NO_HINTS
    #: The id of the call whose answer it is given; empty: its own.
    attached_to: str = ""
    #: Public model name once it is known to exist; empty before, so that labels stay bounded.
    model: str = ""
    #: The label of the model that answers in its place; empty: none does.
    fallback: str = ""
    response_model: str = ""
    stream: bool = False
    attempts: list[Attempt] = attrs.field(factory=list)
    usage: Usage | None = None
    finish_reason: str = ""
    #: Seconds on the passed clock; None until it happened.
    first_content_at: float | None = None
    #: Why the call is being ended from outside: the client left, or the gateway goes.
    ended_by: GatewayError | None = None
    #: The head of the answer was written: from here on a failure cannot change the status.
    answering: bool = False
    bytes_in: int = 0
    bytes_out: int = 0
    dropped_events: int = 0
    #: Seconds in which it waited for a provider to have room.
    queued: float = 0.0
    #: The number of the next event of its stream, in an API that numbers them.
    sequence: int = 0

    @property
    def answering_attempt(self) -> Attempt | None:
        """The attempt that answers, or failed last; None before the first."""
        attempts = self.attempts
        if attempts and not attempts[-1].outrun:
            return attempts[-1]
        for attempt in reversed(attempts):
            if not attempt.outrun:
                return attempt
        return None

    def overhead(self, now: float) -> float:
        """Seconds until ``now`` in which nobody was waited for: the gateway's own share."""
        if self.attached_to:
            return 0.0
        waited = self.queued
        for attempt in self.attempts:
            waited += (now if attempt.ended is None else attempt.ended) - attempt.started
        return max(0.0, now - self.received - waited)
