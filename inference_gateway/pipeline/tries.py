"""One call at the providers of one model: who is asked, who is asked next, and when to give up.

What one try does is ``attempt``; which model is asked is decided by ``dispatch``.
"""

from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, cast

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from inference_gateway.errors import GatewayError, Verdict
from inference_gateway.exchange import Call, EventStream, Reply
from inference_gateway.pipeline.attempt import run_attempt
from inference_gateway.pipeline.event_stream import AttemptStream
from inference_gateway.pipeline.hedge import race
from inference_gateway.pipeline.replay import ReplayStream
from inference_gateway.pipeline.waiting import wait_for_place
from inference_gateway.provider_errors import (
    ProviderAuthFailed,
    ProviderRateLimited,
    ProviderUnavailable,
)
from inference_gateway.resilience.budget import RetryBudget
from inference_gateway.resilience.deadline import Deadline
from inference_gateway.resilience.hedging import HedgeGauge
from inference_gateway.routing.candidate import Candidate
from inference_gateway.routing.selection import is_usable, ready_in, refusal, usable
from inference_gateway.routing.target import Target
from inference_gateway.wire.request import ModelRequest

#: Seconds within which a provider must have answered somebody to be asked again for nothing.
_RECENTLY = 10.0

_log = Logger()


@attrs.frozen(kw_only=True)
class Means:
    """What the tries of all calls share; ``draw`` gives random numbers from 0 to 1."""

    clock: IReactorTime
    draw: Callable[[], float]
    budget: RetryBudget


@attrs.define(eq=False)
class Tries:
    """The tries of one call at one model; ``deadline`` is the call's own."""

    means: Means
    target: Target
    call: Call
    request: ModelRequest
    deadline: Deadline
    #: How many there were.
    _made: int = attrs.field(default=0, init=False)
    #: Who was not asked yet, in order.
    _fresh: list[Candidate] = attrs.field(factory=list, init=False)
    #: Who failed, and how.
    _failed: list[tuple[Candidate, GatewayError]] = attrs.field(factory=list, init=False)
    #: Who was asked last, or answers.
    _current: Candidate = attrs.field(init=False)
    #: Whether the client has the beginning of an answer already.
    _has_begun: bool = attrs.field(default=False, init=False)

    async def run(self) -> Reply:
        """Return the first usable answer; raises the last failure when there is to be no other try.

        Cancelling it leaves whoever is asked.
        """
        candidate = await self._first()
        reply = await self._from(candidate, "fallback" if self.target.is_fallback else "first")
        body = reply.body
        transcript = self.request.operation.transcript
        if self.target.rules.replays and transcript is not None and isinstance(body, AttemptStream):
            return attrs.evolve(
                reply, body=ReplayStream(self.call, body, transcript(), self._again)
            )
        return reply

    async def _from(self, candidate: Candidate, reason: str) -> Reply:
        """Ask ``candidate``, and then others, until one answers."""
        while True:
            self._made += 1
            self._current = candidate
            if self._fresh:
                self._fresh = [other for other in self._fresh if other is not candidate]
            try:
                if self.target.rules.hedge is None or reason == "replay":
                    return await self._try(candidate, reason)
                return await self._hedged(self.target.rules.hedge, candidate, reason)
            except GatewayError as error:
                failure = error
            self._take_note(candidate, failure)
            following = await self._next(failure)
            if following is None:
                self._failed.clear()
                try:
                    raise failure
                finally:
                    del failure  # or it would hold this frame, which holds it
            if reason != "replay":
                reason = "retry" if following is candidate else "failover"
            candidate = following

    async def _again(self, cut: GatewayError) -> EventStream:
        """Have the answer repeated whose stream broke off with ``cut``; raises if nobody does."""
        self._has_begun = True
        now = self.means.clock.seconds()
        self.deadline = Deadline.after(now, "total", self.deadline.seconds)
        self._take_note(self._current, cut)
        following = await self._next(cut)
        if following is None:
            raise ProviderUnavailable("nobody is left to repeat the answer")
        reply = await self._from(following, "replay")
        return cast(EventStream, reply.body)  # as it is for whoever asks for a stream

    # --- who is asked

    async def _first(self) -> Candidate:
        """Return whom to ask first, with a place there; raises why nobody can be asked."""
        target = self.target
        while True:
            ready = usable(target.group)
            if ready:
                order = ready
                if len(ready) > 1:
                    order = target.rules.balancer.order(self.call, target.label, ready)
                if target.favourite is not None:
                    order = sorted(order, key=lambda one: one.entry.id != target.favourite)
                if target.is_fallback and not self._may_cost(order):
                    raise refusal(target.group)
                candidate = _with_place(order) or await self._queue(order)
                if candidate is not None:
                    break
                continue
            refused = refusal(target.group)
            if not await self._wait_out(refused):
                try:
                    raise refused
                finally:
                    del refused  # or it would hold this frame, which holds it
        if len(target.group) > 1:
            self._fresh = [*order, *[one for one in target.group if one not in ready]]
        return candidate

    async def _next(self, failure: GatewayError) -> Candidate | None:
        """Return whom to ask after ``failure``, with a place there; None if nobody is left."""
        if self._made >= self.target.rules.retry.attempts or not self._may_follow(failure):
            return None
        while True:
            ready = usable(self._fresh)
            if ready:
                if not self._may_cost(ready):
                    return None
            else:
                soonest = await self._soonest(failure)
                if soonest is None:
                    return None
                if not is_usable(soonest):  # any longer, or not quite yet
                    continue
                ready = [soonest]
            candidate = _with_place(ready) or await self._queue(ready)
            if candidate is not None:
                return candidate

    def _may_follow(self, failure: GatewayError) -> bool:
        in_time = self.means.clock.seconds() < self.deadline.at
        return in_time and self.target.rules.retry.may_follow(failure)

    def _may_cost(self, order: Sequence[Candidate]) -> bool:
        """Whether the first of ``order`` may be asked: for nothing if it answers these days."""
        return order[0].entry.load.succeeded_within(_RECENTLY) or self.means.budget.withdraw()

    async def _queue(self, order: Sequence[Candidate]) -> Candidate | None:
        """Wait for whoever of ``order`` has a place first; raises `QueueFull`.

        None if that one can no longer be asked.
        """
        candidate = await wait_for_place(self.call, order, self.means.clock, self.deadline)
        if is_usable(candidate):
            return candidate
        candidate.entry.places.give_back(0.0)
        return None

    async def _soonest(self, failure: GatewayError) -> Candidate | None:
        """Wait for whoever can be asked first of those who failed, or could not be asked before.

        None if nobody can in time.
        """
        policy = self.target.rules.retry
        waits = {one: ready_in(one) for one in self._fresh}
        asked = [one for one, _ in self._failed]
        for one, error in self._failed:  # of those who failed twice the last failure counts
            waits[one] = ready = ready_in(one)
            if ready is None or isinstance(error, ProviderAuthFailed):
                continue  # if it can be asked at all, then with another credential
            if not policy.may_repeat(error):
                waits[one] = None
            elif not isinstance(error, ProviderRateLimited):
                waits[one] = max(ready, policy.wait(asked.count(one), self.means.draw))
        possible = [(seconds, one) for one, seconds in waits.items() if seconds is not None]
        if not possible:
            return None
        seconds, soonest = min(possible, key=lambda wait: wait[0])
        if not (self._can_wait(failure, seconds) and self.means.budget.withdraw()):
            return None
        if seconds > 0.0:
            await deferLater(self.means.clock, seconds)
        return soonest

    async def _wait_out(self, refused: GatewayError) -> bool:
        """Wait until somebody can be asked; False if that takes too long."""
        seconds = refused.retry_after
        if seconds is None:
            return False
        if seconds > 0.0:  # else somebody can be asked since it was found that nobody can
            if not isinstance(refused, ProviderRateLimited):
                return False
            if not self._can_wait(refused, seconds):
                return False
            await deferLater(self.means.clock, seconds)
        return True

    def _can_wait(self, failure: GatewayError, seconds: float) -> bool:
        if isinstance(failure, ProviderRateLimited) and not self.target.is_last:
            return False
        in_time = self.means.clock.seconds() + seconds < self.deadline.at
        return in_time and seconds <= self.target.rules.retry.max_wait

    # --- asking

    async def _hedged(self, gauge: HedgeGauge, candidate: Candidate, reason: str) -> Reply:
        """Ask ``candidate``, and a second one if it takes long."""
        call = self.call
        before = len(call.attempts)
        if self._made == 1:
            gauge.begin_call()
        delay = gauge.delay()
        if delay is None:
            reply = await self._try(candidate, reason)
        else:
            first = partial(self._try, candidate, reason)
            reply = await race(self.means.clock, delay, first, self._second)
        for attempt in call.attempts[before:]:
            if attempt.outcome is not None and attempt.outcome.verdict is Verdict.CLIENT_GONE:
                attempt.outrun = True
        # from the first question on: the time of the faster one would make hedges come earlier
        gauge.observe(self.means.clock.seconds() - call.attempts[before].started)
        return reply

    def _second(self) -> "Coroutine[Deferred[Any], Any, Reply] | None":
        """Begin to ask somebody else as well; None if nobody may be asked."""
        target = self.target
        roomy = [one for one in usable(self._fresh) if one.entry.places.has_room]
        gauge = target.rules.hedge
        if not roomy or self._made >= target.rules.retry.attempts or gauge is None:
            return None
        if not (gauge.allow() and self.means.budget.withdraw()):
            return None
        candidate = roomy[0]
        candidate.entry.places.take()
        self._made += 1
        self._fresh = [other for other in self._fresh if other is not candidate]
        return self._hedge(candidate)

    async def _hedge(self, candidate: Candidate) -> Reply:
        try:
            reply = await self._try(candidate, "hedge")
        except GatewayError as error:
            self._take_note(candidate, error)
            raise
        self._current = candidate
        return reply

    def _try(self, candidate: Candidate, reason: str) -> "Coroutine[Deferred[Any], Any, Reply]":
        rules, entry = self.target.rules, candidate.entry
        return run_attempt(
            self.call,
            self.request,
            candidate,
            self.means.clock,
            self.deadline,
            public=self.target.public,
            limits=rules.limits(entry) if rules.own_limits else entry.settings.timeouts,
            reason=reason,
            is_fallback=self.target.is_fallback,
        )

    def _take_note(self, candidate: Candidate, error: GatewayError) -> None:
        """Remember that ``candidate`` failed; of what it said nothing is the call's."""
        self._failed.append((candidate, error))
        call = self.call
        if not self._has_begun:
            call.usage = None
            call.finish_reason = ""
            call.response_model = ""
            call.first_content_at = None
        _log.warn(
            "provider {provider} failed: {code} ({error_type})",
            provider=candidate.entry.id,
            code=error.code,
            error_type=error.error_type,
            request_id=call.id,
        )


def _with_place(order: Sequence[Candidate]) -> Candidate | None:
    """Take a place at the first of ``order`` that has one."""
    for candidate in order:
        if candidate.entry.places.take():
            return candidate
    return None
