"""What providers do wrong, as the part of the tree of `errors` that blames them."""

from inference_gateway.errors import GatewayError, Verdict


class ProviderError(GatewayError):
    """A provider failed; the message names no address and shows none of its bytes."""

    status = 502
    type = "provider_error"
    code = "provider_error"
    error_type = "provider_server_error"
    verdict = Verdict.PROVIDER_ERROR
    detail: str | None = "backend_error"
    may_fail_over = True
    is_outage = True
    retry_cause: str | None = "server_error"
    fallback_cause: str | None = "error"


class ProviderUnavailable(ProviderError):
    """The provider could not be reached, or its connection broke before an answer."""

    code = "provider_unavailable"
    retry_cause = "connection"
    error_type = "provider_connection_failed"
    detail = "backend_unavailable"


class ProviderInvalidAnswer(ProviderError):
    """The provider answered 200 with something that is no answer."""

    error_type = "provider_invalid_answer"
    retry_cause = "invalid_answer"


class ProviderTruncated(ProviderError):
    """The provider's stream ended before every choice had a ``finish_reason``."""

    error_type = "provider_truncated"
    retry_cause = "invalid_answer"
    verdict = Verdict.TRUNCATED


class ProviderOverloaded(ProviderError):
    """The provider answered 503 or 529: alive, but too busy."""

    error_type = "provider_overloaded"


class ProviderAuthFailed(ProviderError):
    """The provider refused our credential (401, 402, 403): never a 401 to the client."""

    code = "provider_auth_failed"
    error_type = "provider_auth_failed"
    is_outage = False
    retry_cause = None


class ProviderRateLimited(ProviderError):
    """The provider answered 429."""

    status = 429
    type = "rate_limit_error"
    code = "provider_quota_exceeded"
    error_type = "provider_rate_limited"
    is_outage = False
    retry_cause = "rate_limit"


class ProviderRejected(ProviderError):
    """The provider blames the request: its status passes through, but a 404 may be its own."""

    status = 400
    type = "invalid_request_error"
    code = "provider_invalid_request"
    error_type = "caller_invalid_request"
    detail = None
    may_fail_over = False
    is_outage = False
    retry_cause = None
    fallback_cause = None
    should_retry = False

    def __init__(
        self,
        message: str,
        *,
        status: int,
        param: str | None = None,
        fallback_cause: str | None = None,
    ) -> None:
        super().__init__(message, param=param)
        self.status = status
        self.may_fail_over = status == 404
        self.fallback_cause = "error" if status == 404 else fallback_cause


class ProviderTimeout(ProviderError):
    """A limit of time ran out; ``limit`` is connect, first_byte, first_token, idle or total."""

    status = 504
    type = "timeout_error"
    code = "request_timeout"
    error_type = "provider_timeout"
    retry_cause = "timeout"
    fallback_cause = "timeout"
    detail = "gateway_timeout"

    def __init__(self, limit: str, seconds: float) -> None:
        super().__init__(
            f"the provider did not keep the {limit} limit of {seconds:g} s ({limit} timeout)"
        )
        self.limit = limit
        self.verdict = Verdict(f"{limit}_timeout")
