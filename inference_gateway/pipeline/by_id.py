"""The innermost service of requests about a response that some provider keeps.

The provider that made the response is asked first, if it is known; where it is not, or has lost the
response, every other that may have it is. Answers pass as they came: a question about a response
costs no tokens and names no model.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress

import attrs
from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from inference_gateway.errors import (
    CLIENT_GONE,
    GatewayError,
    InternalError,
    ModelNotFound,
    ResourceNotFound,
    Verdict,
)
from inference_gateway.exchange import (
    COMPLETE,
    Attempt,
    ByteStream,
    Call,
    Outcome,
    Principal,
    Reply,
)
from inference_gateway.pipeline.collect import collect
from inference_gateway.pipeline.event_stream import AttemptStream
from inference_gateway.pipeline.time_limit import within
from inference_gateway.provider_errors import ProviderInvalidAnswer, ProviderRejected
from inference_gateway.resilience.deadline import Deadline
from inference_gateway.routing.affinity import ResponseAffinity
from inference_gateway.routing.roster import Roster, RosterEntry
from inference_gateway.routing.table import ModelTable
from inference_gateway.wire.stored_response import StoredRequest

#: Seconds, where the provider's settings give no total.
_TOTAL = 1800.0

_log = Logger()


@attrs.frozen
class ById:
    """A `Service`; ``request_timeout`` in seconds bounds all questions of a call together."""

    roster: Roster
    table: ModelTable
    affinity: ResponseAffinity
    clock: IReactorTime
    request_timeout: float

    async def __call__(self, call: Call) -> Reply:
        """Return the first answer other than that there is no such response.

        Where nobody has it, but somebody could not be asked, that is the error: the response may be
        there.
        """
        request = call.request
        if not isinstance(request, StoredRequest):
            raise InternalError("the gateway asked about a response without saying which")
        known = self.affinity.provider(request.response_id)
        deadline = Deadline.after(call.received, "total", self.request_timeout)
        failure: GatewayError | None = None
        for entry in self._in_order(call, known):
            try:
                reply = await self._ask(call, request, entry, deadline)
            except ProviderRejected as rejected:
                if rejected.status != 404:
                    raise
                if entry.id == known:
                    self.affinity.forget(request.response_id)
            except GatewayError as error:
                if entry.id == known or self.clock.seconds() >= deadline.at:
                    raise
                failure = failure or error
                _log.warn(
                    "provider {provider} could not be asked about a response: {code}"
                    " ({error_type})",
                    provider=entry.id,
                    code=error.code,
                    error_type=error.error_type,
                    request_id=call.id,
                )
            else:
                self._learn(request, entry)
                return reply
        raise failure or ProviderRejected("no provider has this response", status=404)

    def _in_order(self, call: Call, known: str | None) -> Sequence[RosterEntry]:
        """Return whom to ask, whoever is ``known`` to have the response first."""
        able = [entry for entry in self._reachable(call.principal) if entry.has("responses")]
        if not able:
            raise ResourceNotFound(
                "no provider that your key may use keeps responses",
                code="endpoint_not_supported",
            )
        return sorted(able, key=lambda entry: entry.id != known)

    def _reachable(self, principal: Principal) -> Iterable[RosterEntry]:
        """Return the providers of the models that ``principal`` may use, in their own order."""
        if not principal.models:
            return self.roster
        ids: set[str] = set()
        for model in principal.models:
            with suppress(ModelNotFound):
                group = self.table.resolve(model, principal).group
                ids.update(candidate.entry.id for candidate in group)
        return [entry for entry in self.roster if entry.id in ids]

    def _learn(self, request: StoredRequest, entry: RosterEntry) -> None:
        if request.method == b"DELETE":
            self.affinity.forget(request.response_id)
        else:
            self.affinity.remember(request.response_id, entry.id)

    # --- one question to one provider

    async def _ask(
        self, call: Call, request: StoredRequest, entry: RosterEntry, deadline: Deadline
    ) -> Reply:
        """Ask ``entry``; raises what went wrong. Cancelling it leaves the provider."""
        attempt = Attempt(
            provider=entry.id, model="", started=self.clock.seconds(), stream=request.stream
        )
        call.attempts.append(attempt)
        entry.accompany(attempt)
        try:
            return await self._answer(call, request, entry, attempt, deadline)
        except CancelledError:
            self._complete(attempt, Outcome(verdict=Verdict.CLIENT_GONE, status=CLIENT_GONE))
            raise
        except GatewayError as error:
            self._complete(attempt, Outcome.of(error))
            raise
        except Exception:
            self._complete(attempt, Outcome(verdict=Verdict.INTERNAL, status=500))
            raise

    async def _answer(
        self,
        call: Call,
        request: StoredRequest,
        entry: RosterEntry,
        attempt: Attempt,
        deadline: Deadline,
    ) -> Reply:
        clock, limits = self.clock, entry.settings.timeouts
        total = Deadline.after(attempt.started, "total", limits.total or _TOTAL)
        until_answered = deadline.sooner(total)
        # nothing has to be generated first, so that whoever stays silent that long has hung
        first_byte = Deadline.after(attempt.started, "first_byte", limits.first_byte)
        asked = entry.provider.ask(call, attempt, request.method, request.rest)
        reply = await within(clock, first_byte.sooner(until_answered), asked)
        body = reply.body
        if request.stream:
            if isinstance(body, bytes) or reply.is_document:
                raise _without_events(body)
            stream = AttemptStream(
                call, request, attempt, body, clock, idle=limits.idle, total=total
            )
            first_event = Deadline.after(attempt.started, "first_token", limits.first_token)
            await within(clock, first_event.sooner(until_answered), stream.first_content())
            return Reply(status=200, body=stream, headers=reply.headers)
        if not isinstance(body, bytes):
            body = await within(clock, until_answered, collect(body))
        if reply.status == 200:
            request.operation.inspect_answer(body)
        self._complete(attempt, COMPLETE)
        return Reply(status=reply.status, body=body, headers=reply.headers)

    def _complete(self, attempt: Attempt, outcome: Outcome) -> None:
        if attempt.ended is None:
            attempt.ended = self.clock.seconds()
        attempt.complete(outcome)


def _without_events(body: bytes | ByteStream) -> ProviderInvalidAnswer:
    """Leave a provider that answers a wish for events with a document."""
    if not isinstance(body, bytes):
        body.abort()
    return ProviderInvalidAnswer("the provider was asked for a stream and answered without one")
