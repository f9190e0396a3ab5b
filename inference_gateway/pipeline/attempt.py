"""One try at one provider: from asking it to the first content of its answer.

Holds what the try occupies, keeps its limits of time, and says honestly how it ended. Whether there
is another try is decided by ``dispatch``.
"""

import attrs
from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorTime

from inference_gateway.config.settings import TimeoutSettings
from inference_gateway.errors import CLIENT_GONE, GatewayError, Verdict
from inference_gateway.exchange import COMPLETE, Attempt, Call, Outcome, Reply, Usage
from inference_gateway.interfaces import IProvider
from inference_gateway.pipeline.assembly import assemble
from inference_gateway.pipeline.collect import LARGEST_ANSWER, collect
from inference_gateway.pipeline.event_stream import AttemptStream, WholeStream
from inference_gateway.pipeline.time_limit import within
from inference_gateway.provider_errors import ProviderInvalidAnswer
from inference_gateway.resilience.deadline import Deadline
from inference_gateway.routing.candidate import Candidate
from inference_gateway.wire.inspect import estimate_tokens
from inference_gateway.wire.request import ModelRequest

#: Seconds, where the provider's settings give no total.
_PLAIN_TOTAL = 600.0
_STREAM_TOTAL = 1800.0


async def run_attempt(
    call: Call,
    request: ModelRequest,
    candidate: Candidate,
    clock: IReactorTime,
    deadline: Deadline,
    *,
    public: str,
    limits: TimeoutSettings,
    reason: str = "first",
    is_fallback: bool = False,
) -> Reply:
    """Ask ``candidate``; return its whole answer, or a stream whose first content has come.

    A place there is taken already. An answer keeps the model's name that it came with, unless the
    client asked by another than the provider's: then it is given the ``public`` one. ``deadline``
    is the call's own, ``limits`` are this attempt's. Raises what went wrong. Cancelling it leaves
    the provider.
    """
    entry = candidate.entry
    attempt = Attempt(
        provider=entry.id,
        model=candidate.upstream_model,
        started=clock.seconds(),
        stream=call.stream or entry.provider.rides_on_stream(request),
        reason=reason,
        connect_timeout=limits.connect,
    )
    if is_fallback or request.model != attempt.model:
        attempt.answer_as = public
    call.attempts.append(attempt)
    entry.occupy(attempt, candidate.upstream_model)
    try:
        if not attempt.stream:
            return await _plain(call, request, attempt, entry.provider, clock, deadline, limits)
        stream = await _stream(call, request, attempt, entry.provider, clock, deadline, limits)
        if call.stream:
            return stream
        return await _put_together(request, attempt, stream)
    except CancelledError:
        _complete(attempt, clock, Outcome(verdict=Verdict.CLIENT_GONE, status=CLIENT_GONE))
        raise
    except GatewayError as error:
        _complete(attempt, clock, Outcome.of(error))
        raise
    except Exception:
        _complete(attempt, clock, Outcome(verdict=Verdict.INTERNAL, status=500))
        raise


async def _plain(
    call: Call,
    request: ModelRequest,
    attempt: Attempt,
    provider: IProvider,
    clock: IReactorTime,
    deadline: Deadline,
    limits: TimeoutSettings,
) -> Reply:
    limit = deadline.sooner(_total(attempt, limits, _PLAIN_TOTAL))
    reply = await within(clock, limit, provider.send(call, attempt))
    body = reply.body
    if not isinstance(body, bytes):
        body = await within(clock, limit, collect(body))
    body = _accept_whole(call, request, attempt, body, clock)
    _complete(attempt, clock, COMPLETE)
    return Reply(status=reply.status, body=body, headers=reply.headers)


async def _stream(
    call: Call,
    request: ModelRequest,
    attempt: Attempt,
    provider: IProvider,
    clock: IReactorTime,
    deadline: Deadline,
    limits: TimeoutSettings,
) -> Reply:
    total = _total(attempt, limits, _STREAM_TOTAL if call.stream else _PLAIN_TOTAL)
    # until the first content both the call's deadline and the provider's total bound the wait, and
    # a plain call they bound until its end
    until_content = deadline.sooner(total)
    first_byte = Deadline.after(attempt.started, "first_byte", limits.first_byte)
    reply = await within(clock, first_byte.sooner(until_content), provider.send(call, attempt))
    first_token = Deadline.after(attempt.started, "first_token", limits.first_token)
    body = reply.body
    if reply.is_document and not isinstance(body, bytes):
        body = await within(clock, first_token.sooner(until_content), collect(body))
    if isinstance(body, bytes):
        body = _accept_whole(call, request, attempt, body, clock)
        whole = _as_stream(request, body) if call.stream else body
        _complete(attempt, clock, COMPLETE)
        return Reply(status=200, body=whole, headers=reply.headers)
    stream = AttemptStream(
        call,
        request,
        attempt,
        body,
        clock,
        idle=limits.idle,
        total=total if call.stream else until_content,
    )
    await within(clock, first_token.sooner(until_content), stream.first_content())
    return Reply(status=200, body=stream, headers=reply.headers)


def _as_stream(request: ModelRequest, body: bytes) -> WholeStream:
    """Make a stream out of the plain answer of a provider that has no streams."""
    as_events = request.operation.as_events
    if as_events is None:
        raise ProviderInvalidAnswer("the provider was asked for a stream and answered without one")
    return WholeStream(as_events(body))


async def _put_together(request: ModelRequest, attempt: Attempt, reply: Reply) -> Reply:
    """Make the answer to a plain call out of the stream that it rides on."""
    assembler = request.operation.assembler
    if not isinstance(reply.body, AttemptStream) or assembler is None:
        return reply
    body = await assemble(reply.body, assembler())
    if attempt.answer_as is not None:
        body = request.operation.rename_answer(body, attempt.answer_as)
    return attrs.evolve(reply, body=body)


def _total(attempt: Attempt, limits: TimeoutSettings, otherwise: float) -> Deadline:
    return Deadline.after(attempt.started, "total", limits.total or otherwise)


def _accept_whole(
    call: Call, request: ModelRequest, attempt: Attempt, body: bytes, clock: IReactorTime
) -> bytes:
    """Check that ``body`` is an answer, put what it says on the call, and name its model."""
    if len(body) > LARGEST_ANSWER:
        raise ProviderInvalidAnswer("the provider's answer is larger than the gateway takes")
    facts = request.operation.inspect_answer(body)
    call.first_content_at = clock.seconds()
    call.finish_reason = facts.finish_reason
    call.response_model = facts.model
    if facts.usage is not None:
        call.usage = Usage(*facts.usage)
    elif request.operation.estimates_usage:
        call.usage = Usage(
            estimate_tokens(len(request.body)), estimate_tokens(facts.output_chars), "estimated"
        )
    if attempt.answer_as is None:
        return body
    return request.operation.rename_answer(body, attempt.answer_as)


def _complete(attempt: Attempt, clock: IReactorTime, outcome: Outcome) -> None:
    if attempt.ended is None:
        attempt.ended = clock.seconds()
    attempt.complete(outcome)
