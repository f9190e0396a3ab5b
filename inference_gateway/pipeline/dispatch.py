"""The innermost service: resolves the model, and asks for another one where that helps.

How the providers of one model are tried is ``tries``.
"""

from collections.abc import Iterator, Sequence

import attrs
from twisted.logger import Logger

from inference_gateway.errors import (
    CircuitOpen,
    GatewayError,
    InternalError,
    ModelNotFound,
    QueueFull,
    ResourceNotFound,
)
from inference_gateway.exchange import Call, Reply
from inference_gateway.pipeline.event_stream import AttemptStream
from inference_gateway.pipeline.tries import Means, Tries
from inference_gateway.provider_errors import ProviderRateLimited, ProviderRejected
from inference_gateway.resilience.deadline import Deadline
from inference_gateway.routing.affinity import ResponseAffinity
from inference_gateway.routing.candidate import Candidate
from inference_gateway.routing.rules import RuleBook
from inference_gateway.routing.selection import usable_in
from inference_gateway.routing.table import ModelTable, Resolution
from inference_gateway.routing.target import Target
from inference_gateway.wire.request import ModelRequest

_log = Logger()

#: Of the time for which a client waits, so that it gets to know what went wrong.
_PATIENCE = 0.95


@attrs.frozen
class Dispatch:
    """A `Service`; ``request_timeout`` in seconds bounds all tries of a call together.

    ``affinity`` knows who made a response that a call goes on from; nobody else has it, as a rule.
    """

    table: ModelTable
    rules: RuleBook
    means: Means
    request_timeout: float
    affinity: ResponseAffinity = attrs.field(factory=ResponseAffinity)

    async def __call__(self, call: Call) -> Reply:
        """Return the first usable answer; raises the first model's failure when all have failed."""
        request = call.request
        if request is None:
            raise InternalError("the gateway dispatched a call that carries no request")
        target = self._target(call, request)
        call.model = target.label
        limit = self.request_timeout
        if call.hints.patience is not None:
            limit = min(limit, _PATIENCE * call.hints.patience)
        deadline = Deadline.after(call.received, "total", limit)
        if not call.hints.retries:  # what a client repeats is no new work
            self.means.budget.deposit()
        try:
            reply = await Tries(self.means, target, call, request, deadline).run()
        except GatewayError as error:
            failure = error
        else:
            if target.rules.fallbacks.content_filter and _is_filtered(call, reply):
                return await self._unfiltered(call, request, target, deadline, reply)
            return reply
        try:
            instead = await self._instead(
                call, request, target, deadline, failure.fallback_cause, failure.code
            )
            if instead is None:
                _advise(failure, target.group, asked=bool(call.attempts))
                raise failure
            return instead
        finally:
            del failure  # or it would hold this frame, which holds it

    # --- which model

    def _target(self, call: Call, request: ModelRequest) -> Target:
        """Return what the client asks for; raises a `GatewayError` if there is no such thing."""
        resolution = self.table.resolve(request.model, call.principal)
        target = resolution.targets.get(request.operation.name)
        if target is None:
            target = self._aim(call, request, resolution)
            resolution.targets[request.operation.name] = target
        if request.follows:
            maker = self.affinity.provider(request.follows)
            return attrs.evolve(target, favourite=maker)
        return target

    def _aim(self, call: Call, request: ModelRequest, resolution: Resolution) -> Target:
        rules = self.rules.of(resolution.label)
        group = _able(resolution.group, request)
        if not group:
            raise ResourceNotFound(
                f"no provider of this model has {call.route}; other routes may serve it",
                param="model",
                code="endpoint_not_supported",
            )
        return Target(
            label=resolution.label,
            public=resolution.public_model,
            group=group,
            rules=rules,
            is_last=not rules.fallbacks.error,
        )

    def _stand_ins(
        self, call: Call, request: ModelRequest, target: Target, cause: str | None
    ) -> Iterator[Target]:
        """Yield what may answer instead; nothing that the client's key may not use."""
        for name in target.rules.instead(cause):
            try:
                resolution = self.table.resolve(name, call.principal)
            except ModelNotFound:
                continue
            group = _able(resolution.group, request)
            # the rules may be a wildcard's, which covers its own fallbacks
            if group and resolution.public_model != target.public:
                yield Target(
                    label=resolution.label,
                    public=resolution.public_model,
                    group=group,
                    rules=self.rules.of(resolution.label),
                    is_fallback=True,
                )

    async def _instead(
        self,
        call: Call,
        request: ModelRequest,
        target: Target,
        deadline: Deadline,
        cause: str | None,
        code: str,
    ) -> Reply | None:
        """Return another model's answer; None if there is none."""
        for stand_in in self._stand_ins(call, request, target, cause):
            if self.means.clock.seconds() >= deadline.at:
                break
            _log.info(
                "model {fallback} answers in place of {model}: {code}",
                fallback=stand_in.label,
                model=target.label,
                code=code,
                request_id=call.id,
            )
            call.fallback = stand_in.label
            try:
                return await Tries(self.means, stand_in, call, request, deadline).run()
            except GatewayError as error:
                code = error.code
        call.fallback = ""
        return None

    async def _unfiltered(
        self, call: Call, request: ModelRequest, target: Target, deadline: Deadline, reply: Reply
    ) -> Reply:
        """Return another model's answer in place of ``reply``, which a filter emptied."""
        said = (call.usage, call.finish_reason, call.response_model, call.first_content_at)
        stream = None if isinstance(reply.body, bytes) else reply.body
        try:
            instead = await self._instead(
                call, request, target, deadline, "content_filter", "content_filter"
            )
        except BaseException:
            if stream is not None:
                stream.abort()
            raise
        if instead is None:
            call.usage, call.finish_reason, call.response_model, call.first_content_at = said
            return reply
        if stream is not None:
            stream.abort()
        return instead


def _able(group: tuple[Candidate, ...], request: ModelRequest) -> tuple[Candidate, ...]:
    name = request.operation.name
    for candidate in group:
        if not candidate.entry.has(name):
            return tuple([one for one in group if one.entry.has(name)])
    return group


def _is_filtered(call: Call, reply: Reply) -> bool:
    if isinstance(reply.body, bytes):
        return call.finish_reason == "content_filter"
    return isinstance(reply.body, AttemptStream) and reply.body.is_filtered


def _advise(failure: GatewayError, group: Sequence[Candidate], *, asked: bool) -> None:
    """Say in ``failure`` what the client's SDK should do next.

    The gateway has asked again where that could help, so that more of the same is of no use; where
    somebody can be asked again at a certain time, that is worth waiting for.
    """
    if isinstance(failure, ProviderRejected | InternalError | QueueFull):
        return
    wait = min([usable_in(candidate) for candidate in group])
    if wait > 0.0 and failure.retry_after is None:
        failure.retry_after = wait
    if asked and not isinstance(failure, CircuitOpen | ProviderRateLimited):
        failure.should_retry = False
