"""The tree of failures: what each says to clients, to metrics and to the next provider."""

import inspect
from collections.abc import Iterator

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway import errors, provider_errors
from inference_gateway.errors import (
    CallerError,
    ClientGone,
    Drained,
    Draining,
    FieldProblem,
    GatewayError,
    InternalError,
    InvalidRequest,
    MethodNotAllowed,
    SlowClient,
    Unauthenticated,
    Verdict,
)
from inference_gateway.provider_errors import (
    ProviderError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)

#: The closed list of labels for logs and metrics.
ERROR_TYPES = {
    *("caller_invalid_request", "caller_model_unknown", "caller_cancelled", "caller_too_slow"),
    *("policy_unauthenticated", "policy_access_denied", "policy_rate_limited"),
    *("policy_budget_exceeded", "policy_content_blocked"),
    *("provider_auth_failed", "provider_quota", "provider_rate_limited", "provider_overloaded"),
    *("provider_server_error", "provider_timeout", "provider_connection_failed"),
    *("provider_invalid_answer", "provider_truncated"),
    *("gateway_queue_full", "gateway_draining", "gateway_overloaded", "gateway_internal", "_OTHER"),
}

#: By status, the type of the error object; a provider's rejection keeps the provider's status.
TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "authorization_error",
    404: "not_found_error",
    405: "invalid_request_error",
    408: "timeout_error",
    409: "invalid_request_error",
    411: "invalid_request_error",
    413: "invalid_request_error",
    414: "invalid_request_error",
    415: "invalid_request_error",
    417: "invalid_request_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
    431: "invalid_request_error",
    499: "invalid_request_error",
    500: "internal_error",
    501: "invalid_request_error",
    502: "provider_error",
    503: "service_unavailable_error",
    504: "timeout_error",
    505: "invalid_request_error",
}


def kinds() -> Iterator[type[GatewayError]]:
    """Yield every class of the tree."""
    for module in (errors, provider_errors):
        for value in vars(module).values():
            if inspect.isclass(value) and issubclass(value, GatewayError):
                yield value


class TreeTests(SynchronousTestCase):
    """What holds for every error."""

    maxDiff = None

    def test_error_types(self) -> None:
        """Every label is from the closed list."""
        self.assertEqual({kind.error_type for kind in kinds()} - ERROR_TYPES, set())

    def test_types(self) -> None:
        """The status decides the type."""
        wrong = [kind.__name__ for kind in kinds() if TYPES[kind.status] != kind.type]
        self.assertEqual(wrong, [])

    def test_documented(self) -> None:
        """Every error says what it stands for."""
        self.assertEqual([kind.__name__ for kind in kinds() if not kind.__doc__], [])

    def test_caller_errors_are_final(self) -> None:
        """What the caller did wrong is neither tried elsewhere nor worth repeating."""
        for kind in kinds():
            if issubclass(kind, CallerError):
                self.assertFalse(kind.may_fail_over, kind)
                self.assertIs(kind.should_retry, False, kind)

    def test_provider_errors_fail_over(self) -> None:
        """What a provider did wrong another may do right, except blaming the request."""
        stay = {kind for kind in kinds() if issubclass(kind, ProviderError)} - {
            kind for kind in kinds() if kind.may_fail_over
        }
        self.assertEqual(stay, {ProviderRejected})

    def test_only_providers_fail_over(self) -> None:
        """Nobody but a provider is replaced."""
        for kind in kinds():
            if kind.may_fail_over:
                self.assertTrue(issubclass(kind, ProviderError), kind)


class ProblemTests(SynchronousTestCase):
    """What ``problems`` holds."""

    def test_message(self) -> None:
        """Without problems of its own an error is one problem, that of its message and param."""
        error = GatewayError("no good", param="n")
        self.assertEqual(error.problems, (FieldProblem(message="no good", field="n"),))
        self.assertEqual(str(error), "no good")

    def test_fixed_detail(self) -> None:
        """Where the interface fixes the detail, it stands in the problem's place."""
        for error, detail in (
            (ProviderError("x"), "backend_error"),
            (ProviderUnavailable("x"), "backend_unavailable"),
            (ProviderTimeout("idle", 60), "gateway_timeout"),
        ):
            self.assertEqual(error.problems, (FieldProblem(message=detail),))

    def test_rejection_passes_through(self) -> None:
        """A provider's rejection keeps its status, words and parameter."""
        error = ProviderRejected("too long", status=422, param="messages")
        self.assertEqual((error.status, error.param, error.code), (422, "messages", error.code))
        self.assertEqual(error.code, "provider_invalid_request")
        self.assertEqual(error.problems, (FieldProblem(message="too long", field="messages"),))

    def test_of(self) -> None:
        """A refusal of several fields describes the first and lists all."""
        problems = [FieldProblem(message="a", field="n"), FieldProblem(message="b", field="top_p")]
        error = InvalidRequest.of(problems)
        self.assertEqual((error.message, error.param), ("a", "n"))
        self.assertEqual(error.problems, tuple(problems))

    def test_code(self) -> None:
        """An error may carry a code of its own; the class keeps its."""
        self.assertEqual(GatewayError("x", code="configuration_error").code, "configuration_error")
        self.assertEqual(GatewayError.code, "internal_error")


class KindTests(SynchronousTestCase):
    """What single kinds add."""

    def test_unauthenticated(self) -> None:
        """A missing credential asks for one and says no more than that."""
        error = Unauthenticated("no key", code="missing_api_key")
        self.assertEqual((error.param, error.code), ("Authorization", "missing_api_key"))
        self.assertEqual(error.problems, (FieldProblem(message="unauthorized"),))
        self.assertEqual([name for name, _ in error.headers], [b"www-authenticate"])

    def test_method_not_allowed(self) -> None:
        """A wrong method is told which ones there are (RFC 9110 section 15.5.6)."""
        error = MethodNotAllowed("no", allowed=["GET", "HEAD"])
        self.assertEqual(error.allowed, ["GET", "HEAD"])
        self.assertEqual(error.headers, ((b"allow", b"GET, HEAD"),))

    def test_timeout(self) -> None:
        """A timeout names its limit, in words and as its verdict."""
        for limit in ("connect", "first_byte", "first_token", "idle", "total"):
            error = ProviderTimeout(limit, 2.5)
            self.assertIn(f"{limit} limit of 2.5 s", error.message)
            self.assertEqual(error.verdict, Verdict(f"{limit}_timeout"))
            self.assertEqual(error.limit, limit)

    def test_rate_limited(self) -> None:
        """A provider's 429 stays one, with its own code and the time to wait."""
        error = ProviderRateLimited("slow down", retry_after=3.0)
        self.assertEqual((error.status, error.code), (429, "provider_quota_exceeded"))
        self.assertEqual(error.retry_after, 3.0)

    def test_verdicts(self) -> None:
        """Endings that are nobody's failure have verdicts of their own."""
        for error, verdict in (
            (SlowClient("x"), Verdict.SLOW_CLIENT),
            (ClientGone("x"), Verdict.CLIENT_GONE),
            (Draining("x"), Verdict.REFUSED),
            (Drained("x"), Verdict.DRAINED),
            (InternalError("x"), Verdict.INTERNAL),
        ):
            self.assertIs(error.verdict, verdict)
