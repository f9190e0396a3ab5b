"""The layer that answers a repeated request with the answer that is being made already.

A client names a request with ``Idempotency-Key``. While a call with that name runs, a repeat of it
attaches to it, and all participants get one answer, from one provider. Nothing is kept after the
answer is over: this is no memory of answers.
"""

from collections.abc import Callable
from functools import partial

import attrs
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.logger import Logger

from inference_gateway.errors import GatewayError, IdempotencyConflict, IdempotencyKeyReused
from inference_gateway.exchange import Call, Reply
from inference_gateway.interfaces import Async, Service
from inference_gateway.pipeline.shared_stream import SharedStream
from inference_gateway.wire.multipart import boundary_of
from inference_gateway.wire.request import ModelRequest

_HEADER = b"idempotency-key"

#: Whose request it is, where it goes and what it is named.
_Identity = tuple[str, str, tuple[bytes, ...]]


@attrs.frozen
class Idempotency:
    """A `Layer`; ``running`` is where it keeps what runs, and nothing else."""

    _running: dict[_Identity, "_Work"] = attrs.field(factory=dict, repr=False)

    def __call__(self, call: Call, proceed: Service) -> Async:
        """Answer ``call`` by ``proceed``, or as a call is answered that has the same key.

        Raises `IdempotencyKeyReused` and `IdempotencyConflict`. Cancelling it ends the work when
        nobody else waits for that.
        """
        request = call.request
        if not call.forwarded or request is None or call.method != "POST":
            return proceed(call)
        key = tuple([value for name, value in call.forwarded if name == _HEADER and value])
        if not key:
            return proceed(call)
        return self._take_part((call.principal.id, call.path, key), call, request, proceed)

    async def _take_part(
        self, identity: _Identity, call: Call, request: ModelRequest, proceed: Service
    ) -> Reply:
        work = self._running.get(identity)
        if work is not None:
            if _content(request) != _content(work.request):
                raise IdempotencyKeyReused(
                    "this Idempotency-Key names a different request, which is still running;"
                    " send another key",
                    param="Idempotency-Key",
                )
            return await work.join(call)
        work = _Work(call, request, partial(self._running.pop, identity))
        self._running[identity] = work
        reply = work.join(call)
        work.begin(proceed)
        return await reply


class _Work:
    """What is done for all calls with one key, on the ``first`` of them, even when that has left.

    Attempts, usage and the like are noted on that call alone, so that one answer is billed once;
    when its client has left, the usage goes to a call that was served. ``forget`` is called when
    all is over.
    """

    _log = Logger()

    def __init__(self, first: Call, request: ModelRequest, forget: Callable[[], object]) -> None:
        self.request = request
        self._first = first
        self._forget = forget
        self._running: Deferred[None] | None = None
        #: Those who take part, in order; of them, those who have no reply yet.
        self._calls: list[Call] = []
        self._waiting: dict[Call, Deferred[Reply]] = {}
        #: Once there is a stream: what came with it, and the stream.
        self._begun: tuple[Reply, SharedStream] | None = None

    def join(self, call: Call) -> Deferred[Reply]:
        """Return what will be the answer to ``call``; cancelling it makes that leave.

        Raises `IdempotencyConflict`.
        """
        if self._begun is not None:
            reply = self._part(call, *self._begun)
            self._take_in(call)
            return succeed(reply)
        self._take_in(call)
        waiting: Deferred[Reply] = Deferred(lambda _: self._leave(call))
        self._waiting[call] = waiting
        return waiting

    def begin(self, proceed: Service) -> None:
        """Do the work by ``proceed``, and let whoever has joined know how it goes."""
        running = Deferred.fromCoroutine(self._run(proceed))
        if not running.called:
            self._running = running

    async def _run(self, proceed: Service) -> None:
        try:
            reply = await proceed(self._first)
        except Exception as error:  # cancellation among them: it comes from nowhere but here
            self._running = None
            self._failed(error)
            return
        self._running = None
        self._answered(reply)

    def _take_in(self, call: Call) -> None:
        self._calls.append(call)
        if call is not self._first:
            call.attached_to = self._first.id

    def _part(self, call: Call, reply: Reply, stream: SharedStream) -> Reply:
        reader = stream.join(partial(self._leave, call))
        if reader is None:
            raise IdempotencyConflict(
                "the request with this Idempotency-Key is still running, and too much of its answer"
                " was sent for another client to have all of it",
                retry_after=1.0,
            )
        self._describe(call)
        return attrs.evolve(reply, body=reader)

    def _leave(self, call: Call) -> None:
        """Do without ``call``; without any, end the work."""
        if call not in self._calls:
            return
        self._calls.remove(call)
        self._waiting.pop(call, None)
        if not self._calls:
            self._forget()
            if self._running is not None:
                self._running.cancel()
            self._bill(call)

    # --- how it goes

    def _answered(self, reply: Reply) -> None:
        if not self._calls:  # it was given up, and came all the same
            _drop(reply)
            return
        waiting, self._waiting = self._waiting, {}
        # all have joined when the first goes on, for that may take the answer to its end
        if isinstance(reply.body, bytes):
            self._over()
            replies = dict.fromkeys(waiting, reply)
        else:
            self._begun = (reply, SharedStream(reply.body, self._over))
            replies = {call: self._part(call, *self._begun) for call in waiting}
        for call, answer in waiting.items():
            if answer.called:  # it has left since
                _drop(replies[call])
            else:
                answer.callback(replies[call])

    def _failed(self, error: Exception) -> None:
        if not self._calls:
            if not isinstance(error, CancelledError | GatewayError):
                self._log.failure("a bug failed a call that was given up")
            return
        waiting, self._waiting = self._waiting, {}
        self._over()
        for answer in waiting.values():
            if not answer.called:
                answer.errback(error)

    def _over(self) -> None:
        self._forget()
        calls, self._calls = self._calls, []
        for call in calls:
            self._describe(call)
        if self._first not in calls:
            self._bill(calls[0])

    # --- what the calls say of it

    def _describe(self, call: Call) -> None:
        first = self._first
        if call is first:
            return
        call.model = first.model
        call.fallback = first.fallback
        call.response_model = first.response_model
        call.finish_reason = first.finish_reason
        call.sequence = first.sequence
        if first.first_content_at is not None:
            call.first_content_at = max(first.first_content_at, call.received)

    def _bill(self, call: Call) -> None:
        if call is not self._first:
            call.usage = self._first.usage


def _content(request: ModelRequest) -> bytes:
    """Return what a repeat of ``request`` has as well: clients make up a form's boundary anew."""
    boundary = boundary_of(request.content_type)
    return request.body if boundary is None else request.body.replace(boundary, b"")


def _drop(reply: Reply) -> None:
    if not isinstance(reply.body, bytes):
        reply.body.abort()
