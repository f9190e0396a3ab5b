"""The innermost service: resolves the model and tries its providers one after another.

Trying another provider is allowed until the first content of an answer has come; what one try does
is ``attempt``.
"""

import attrs
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from inference_gateway.errors import GatewayError, InternalError, ResourceNotFound
from inference_gateway.exchange import Call, Reply
from inference_gateway.interfaces import IBalancer
from inference_gateway.pipeline.attempt import run_attempt
from inference_gateway.resilience.deadline import Deadline
from inference_gateway.routing.affinity import ResponseAffinity
from inference_gateway.routing.table import ModelTable

_log = Logger()


@attrs.frozen
class Dispatch:
    """A `Service`; ``request_timeout`` in seconds bounds all tries of a call together.

    ``affinity`` knows who made a response that a call goes on from; nobody else has it, as a rule.
    """

    table: ModelTable
    balancer: IBalancer
    clock: IReactorTime
    request_timeout: float
    affinity: ResponseAffinity = attrs.field(factory=ResponseAffinity)

    async def __call__(self, call: Call) -> Reply:
        """Return the first usable answer; raises the last failure when every provider failed."""
        request = call.request
        if request is None:
            raise InternalError("the gateway dispatched a call that carries no request")
        resolution = self.table.resolve(request.model, call.principal)
        call.model = resolution.label
        able = [
            candidate
            for candidate in resolution.group
            if candidate.entry.has(request.operation.name)
        ]
        if not able:
            raise ResourceNotFound(
                f"no provider of this model has {call.route}; other routes may serve it",
                param="model",
                code="endpoint_not_supported",
            )
        deadline = Deadline.after(call.received, "total", self.request_timeout)
        failure: GatewayError | None = None
        order = self.balancer.order(resolution.label, able)
        if request.follows:
            maker = self.affinity.provider(request.follows)
            order = sorted(order, key=lambda candidate: candidate.entry.id != maker)
        for candidate in order:
            try:
                return await run_attempt(
                    call, request, candidate, resolution.public_model, self.clock, deadline
                )
            except GatewayError as error:
                if not error.may_fail_over or self.clock.seconds() >= deadline.at:
                    raise
                failure = error
                _log.warn(
                    "provider {provider} failed: {code} ({error_type})",
                    provider=candidate.entry.id,
                    code=error.code,
                    error_type=error.error_type,
                    request_id=call.id,
                )
        if failure is None:
            raise InternalError("a model without providers was routed")
        raise failure
