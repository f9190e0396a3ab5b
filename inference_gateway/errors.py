"""Every failure the gateway can report, as a tree ordered by who is to blame.

An error knows its HTTP status, OpenAI ``type`` and ``code``, the closed ``error_type`` label of
logs and metrics, and what a client's SDK should do next. It does not know how to render itself:
that is ``wire.error_body`` and ``api.respond``. What providers do wrong is ``provider_errors``.
"""

from collections.abc import Sequence
from enum import StrEnum

import attrs


class Verdict(StrEnum):
    """How a call ended: exactly one per call, a closed list."""

    COMPLETE = "complete"
    REFUSED = "refused"
    PROVIDER_ERROR = "provider_error"
    TRUNCATED = "truncated"
    CONNECT_TIMEOUT = "connect_timeout"
    FIRST_BYTE_TIMEOUT = "first_byte_timeout"
    FIRST_TOKEN_TIMEOUT = "first_token_timeout"
    IDLE_TIMEOUT = "idle_timeout"
    TOTAL_TIMEOUT = "total_timeout"
    CLIENT_GONE = "client_gone"
    SLOW_CLIENT = "slow_client"
    FILTERED = "filtered"
    DRAINED = "drained"
    INTERNAL = "internal"


@attrs.frozen(kw_only=True)
class FieldProblem:
    """One thing wrong with one field; ``field`` is a JSON path such as ``messages[3].content``."""

    message: str
    field: str | None = None


class GatewayError(Exception):
    """The root: something went wrong and the client is owed an honest answer.

    ``message`` is shown to clients, so it never holds a key, a prompt, a path of this machine or a
    provider's address. ``problems`` lists everything wrong at once, the first being the one that
    ``message`` and ``param`` describe. ``retry_after`` is in seconds; ``None`` means unknown.
    """

    status = 500
    type = "internal_error"
    code = "internal_error"
    error_type = "_OTHER"
    #: How a call that ends with this error is counted.
    verdict = Verdict.INTERNAL
    #: What ``detail.errors`` says instead of the message, where the interface fixes it.
    detail: str | None = None
    #: May another provider answer instead, as long as nothing was sent to the client?
    may_fail_over = False
    #: Does it tell that the provider itself is in trouble, as its circuit breaker should know?
    is_outage = False
    #: What `routing.retry.on` calls it; None where that has no say.
    retry_cause: str | None = None
    #: What `routing.models.*.fallbacks` calls it; None: another model would not help.
    fallback_cause: str | None = None
    #: Value of ``x-should-retry``; ``None`` leaves the decision to the client's SDK.
    should_retry: bool | None = None
    #: Headers that belong to this kind of answer, beyond those every error carries.
    headers: tuple[tuple[bytes, bytes], ...] = ()

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        problems: Sequence[FieldProblem] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        if code is not None:
            self.code = code
        self.problems = tuple(problems) or (
            FieldProblem(message=self.detail or message, field=param),
        )
        self.retry_after = retry_after


# --- the caller's fault -------------------------------------------------------------------------


class CallerError(GatewayError):
    """The request is at fault; sending it again unchanged cannot help."""

    status = 400
    type = "invalid_request_error"
    code = "validation_error"
    error_type = "caller_invalid_request"
    verdict = Verdict.REFUSED
    should_retry = False


class InvalidRequest(CallerError):
    """One or more fields break the contract, or the HTTP head does."""

    @classmethod
    def of(cls, problems: Sequence[FieldProblem]) -> "InvalidRequest":
        """Make one error of all problems; ``problems`` must not be empty."""
        first = problems[0]
        return cls(first.message, param=first.field, problems=problems)


class InvalidJSON(CallerError):
    """The body is not the JSON object this route expects."""

    code = "json_parse_error"


class UnreadableBody(CallerError):
    """The body could not be read: broken framing, or it ended early."""

    code = "body_read_error"


class ConflictingCredentials(CallerError):
    """Two credentials came with one request and they disagree."""

    code = "conflicting_credentials"


class ModelNotFound(CallerError):
    """No such model, or none that this key may use."""

    status = 404
    type = "not_found_error"
    code = "model_not_found"
    error_type = "caller_model_unknown"


class ResourceNotFound(CallerError):
    """No such route."""

    status = 404
    type = "not_found_error"
    code = "resource_not_found"


class MethodNotAllowed(CallerError):
    """The route exists but not with this method; ``allowed`` becomes the ``Allow`` header."""

    status = 405
    code = "method_not_allowed"

    def __init__(self, message: str, *, allowed: Sequence[str]) -> None:
        super().__init__(message)
        self.allowed = list(allowed)
        self.headers = ((b"allow", ", ".join(allowed).encode("ascii")),)


class UnsupportedMediaType(CallerError):
    """The body's ``Content-Type`` or ``Content-Encoding`` is not one this route takes."""

    status = 415
    code = "unsupported_media_type"


class IdempotencyKeyReused(CallerError):
    """The key names another request that still runs (draft-ietf-httpapi-idempotency-key-header)."""

    status = 422
    code = "idempotency_key_reused"


#: A status that no client ever sees: it says in logs and metrics that there was none left.
CLIENT_GONE = 499


class SlowClient(CallerError):
    """The client stopped reading its answer for longer than ``server.write_stall``."""

    status = CLIENT_GONE
    code = "client_too_slow"
    error_type = "caller_too_slow"
    verdict = Verdict.SLOW_CLIENT


class ClientGone(CallerError):
    """The client left before its answer was complete."""

    status = CLIENT_GONE
    code = "client_gone"
    error_type = "caller_cancelled"
    verdict = Verdict.CLIENT_GONE


# --- refused by policy --------------------------------------------------------------------------


class Unauthenticated(GatewayError):
    """No credential, one that cannot be read, or one that nobody has.

    ``code`` is ``missing_api_key``, ``invalid_auth_header`` or ``invalid_api_key``.
    """

    status = 401
    type = "authentication_error"
    code = "invalid_api_key"
    error_type = "policy_unauthenticated"
    verdict = Verdict.REFUSED
    detail = "unauthorized"
    should_retry = False
    headers = ((b"www-authenticate", b'Bearer realm="inference-gateway"'),)

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(
            message,
            param="Authorization",
            code=code,
            problems=(FieldProblem(message="unauthorized"),),
        )


class AccessDenied(GatewayError):
    """The key is known and may not do this."""

    status = 403
    type = "authorization_error"
    code = "insufficient_permissions"
    error_type = "policy_access_denied"
    verdict = Verdict.REFUSED
    should_retry = False


# --- ours ---------------------------------------------------------------------------------------


class GatewayFault(GatewayError):
    """The gateway cannot serve now, or has a bug."""

    error_type = "gateway_internal"


class InternalError(GatewayFault):
    """A bug of ours; the message says no more than that."""


class Unavailable(GatewayFault):
    """The gateway is fine but does not take this request now."""

    status = 503
    type = "service_unavailable_error"
    code = "overloaded"
    error_type = "gateway_overloaded"
    verdict = Verdict.REFUSED


class IdempotencyConflict(GatewayError):
    """The first request runs, and too much of its answer was sent for this one to have it all."""

    status = 409
    type = "invalid_request_error"
    code = "idempotency_conflict"
    error_type = "caller_invalid_request"
    verdict = Verdict.REFUSED
    #: The answer will be over, or nobody will want it any longer.
    should_retry = True


class CircuitOpen(Unavailable):
    """Every provider of the model has failed so often that it is left alone for a while."""

    code = "circuit_breaker_open"
    fallback_cause = "error"


class QueueFull(Unavailable):
    """No provider has room, and there is no place, or no time, to wait for it."""

    code = "queue_full"
    error_type = "gateway_queue_full"
    fallback_cause = "error"


class Draining(Unavailable):
    """The gateway is shutting down."""

    code = "draining"
    error_type = "gateway_draining"


class Drained(Unavailable):
    """A running call was ended because the time for shutting down ran out."""

    code = "draining"
    error_type = "gateway_draining"
    verdict = Verdict.DRAINED
