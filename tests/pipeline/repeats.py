"""Calls with an ``Idempotency-Key``, the work on them, and what their clients get."""

from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.exchange import Call, EventStream, Reply
from inference_gateway.pipeline.idempotency import Idempotency
from inference_gateway.testing.doubles import RecordingSink
from tests.garbage import collect_garbage
from tests.pipeline.chats import chat
from tests.pipeline.event_source import EventSource

KEY = ((b"idempotency-key", b"the-key"),)


def whole(body: bytes) -> Reply:
    """Return a whole answer."""
    return Reply(status=200, body=body)


def keyed(*, forwarded: tuple[tuple[bytes, bytes], ...] = KEY, **fields: Any) -> Call:
    """Return a call with a key; ``fields`` are the call's, and others the request's."""
    own = {name: fields.pop(name) for name in ("method", "path", "principal") if name in fields}
    call = chat(**fields)
    call.forwarded = forwarded
    for name, value in own.items():
        setattr(call, name, value)
    return call


class Taker:
    """A client: it reads a stream as soon as that is there, and does ``then`` first."""

    def __init__(self, call: Call, reply: Deferred[Reply]) -> None:
        self.call = call
        self.then: Callable[[], None] = lambda: None
        self.body = b""
        self.headers: tuple[tuple[bytes, bytes], ...] = ()
        self.sink = RecordingSink()
        self.error: BaseException | None = None
        self._stream: EventStream | None = None
        self._reply = reply
        reply.addCallbacks(self._take, self._fail)

    def leave(self) -> None:
        """Leave, as a relay does."""
        if self._stream is not None:
            self._stream.abort()
        self._reply.cancel()

    def _take(self, reply: Reply) -> None:
        self.then()
        self.headers = reply.headers
        if isinstance(reply.body, bytes):
            self.body = reply.body
        else:
            self._stream = reply.body
            reply.body.start(self.sink)

    def _fail(self, failure: Failure) -> None:
        self.error = failure.value
        self.then()


@attrs.define(eq=False)
class Work:
    """A call that a provider was asked for; the test gives the answer."""

    call: Call
    answer: Deferred[Reply] = attrs.field(factory=Deferred)
    cancelled: bool = False


class RepeatTestCase(SynchronousTestCase):
    """A layer around work that the test does."""

    def setUp(self) -> None:
        self.works: list[Work] = []
        self.source = EventSource()
        self.answers_at_once: Reply | None = None
        #: What work does when it is given up, instead of ending as it should.
        self.stubborn: Reply | Exception | None = None
        self._running: dict[Any, Any] = {}
        self._layer = Idempotency(self._running)
        self._takers: list[Taker] = []

    def tearDown(self) -> None:
        for taker in self._takers:
            taker.leave()
        self.assertEqual(self._running, {})
        collect_garbage()

    def ask(self, call: Call | None = None) -> Taker:
        """Have ``call`` answered, or one that is as all others."""
        asked = keyed(stream=True) if call is None else call
        asked.id = f"r-{len(self._takers) + 1}"
        taker = Taker(asked, Deferred.fromCoroutine(self._layer(asked, self._work)))
        self._takers.append(taker)
        return taker

    async def _work(self, call: Call) -> Reply:
        work = Work(call)
        self.works.append(work)
        if self.answers_at_once is not None:
            return self.answers_at_once
        try:
            return await work.answer
        except CancelledError:
            work.cancelled = True
            if isinstance(self.stubborn, Reply):
                return self.stubborn
            raise self.stubborn or CancelledError() from None
