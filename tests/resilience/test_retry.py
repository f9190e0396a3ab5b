"""After which failures somebody is asked again, and after how long."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.routing_settings import ModelRetrySettings, RetrySettings
from inference_gateway.errors import ClientGone, GatewayError, InternalError, InvalidRequest
from inference_gateway.provider_errors import (
    ProviderAuthFailed,
    ProviderError,
    ProviderInvalidAnswer,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderTruncated,
    ProviderUnavailable,
)
from inference_gateway.resilience.retry import RetryPolicy

#: Failures, whether another provider may be asked then, and whether the same one may be.
FAILURES: list[tuple[GatewayError, bool, bool]] = [
    (ProviderUnavailable("refused"), True, True),
    (ProviderError("500"), True, True),
    (ProviderOverloaded("503"), True, True),
    (ProviderRateLimited("429"), True, True),
    (ProviderInvalidAnswer("html"), True, True),
    (ProviderTruncated("cut"), True, True),
    (ProviderTimeout("connect", 1.0), True, False),
    (ProviderTimeout("first_byte", 1.0), True, False),
    (ProviderTimeout("first_token", 1.0), True, False),
    (ProviderTimeout("idle", 1.0), True, False),
    (ProviderTimeout("total", 1.0), True, False),
    (ProviderAuthFailed("401"), True, False),
    (ProviderRejected("no such model", status=404), True, False),
    (ProviderRejected("bad", status=400), False, False),
    (ProviderRejected("too large", status=413), False, False),
    (InvalidRequest("bad"), False, False),
    (ClientGone("left"), False, False),
    (InternalError("bug"), False, False),
]


def policy(**settings: object) -> RetryPolicy:
    """Return the policy of a model that says nothing of its own."""
    return RetryPolicy.of(RetrySettings(**settings), ModelRetrySettings())  # type: ignore[arg-type]


class RetryPolicyTests(SynchronousTestCase):
    """The rules of one model."""

    def test_failures(self) -> None:
        """What a provider does wrong is tried elsewhere; at the same one only what may pass."""
        by_default = policy()
        for error, elsewhere, again in FAILURES:
            found = (by_default.may_follow(error), by_default.may_repeat(error))
            self.assertEqual(found, (elsewhere, again), repr(error))

    def test_causes(self) -> None:
        """Failures that the operator leaves out are final, but for what no cause names."""
        only_timeouts = policy(on=("timeout",))
        self.assertFalse(only_timeouts.may_follow(ProviderError("500")))
        self.assertFalse(only_timeouts.may_repeat(ProviderError("500")))
        self.assertTrue(only_timeouts.may_follow(ProviderTimeout("first_byte", 1.0)))
        self.assertTrue(only_timeouts.may_follow(ProviderAuthFailed("401")))

    def test_waits(self) -> None:
        """Waits double up to a limit, and a half of each is random."""
        waits = policy(backoff=0.25)
        self.assertEqual([waits.wait(n, lambda: 0.0) for n in (1, 2, 3)], [0.125, 0.25, 0.5])
        self.assertEqual(waits.wait(1, lambda: 1.0), 0.25)
        self.assertEqual(waits.wait(1000, lambda: 1.0), 8.0)

    @given(st.integers(1, 10_000), st.floats(0, 1), st.floats(0.001, 3600))
    def test_bounds(self, repeats: int, drawn: float, backoff: float) -> None:
        """No wait is longer than eight seconds, and none is nothing."""
        seconds = policy(backoff=backoff).wait(repeats, lambda: drawn)
        self.assertTrue(0 < seconds <= 8.0)

    def test_own(self) -> None:
        """What a model says goes before what holds for all, each key for itself."""
        own = ModelRetrySettings(attempts=5, max_wait=0.0, on=("timeout",))
        made = RetryPolicy.of(RetrySettings(backoff=1.0), own)
        self.assertEqual(
            (made.attempts, made.backoff, made.max_wait, made.causes),
            (5, 1.0, 0.0, frozenset({"timeout"})),
        )
