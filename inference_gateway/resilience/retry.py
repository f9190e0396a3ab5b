"""After which failures somebody is asked again, and after how long.

What a call may spend on that in all is ``resilience.budget``; who is asked is ``routing``'s.
"""

from collections.abc import Callable

import attrs

from inference_gateway.config.routing_settings import ModelRetrySettings, RetrySettings
from inference_gateway.errors import GatewayError

#: Seconds; the longest wait before the same provider is asked again of our own accord.
_LONGEST_BACKOFF = 8.0
#: Failures after which the same provider may do better the next time.
_PASSING = frozenset(("connection", "server_error", "rate_limit", "invalid_answer"))


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """The rules of one model; times in seconds."""

    #: Providers that are asked, the first included.
    attempts: int
    backoff: float
    max_wait: float
    causes: frozenset[str]

    @classmethod
    def of(cls, settings: RetrySettings, own: ModelRetrySettings) -> "RetryPolicy":
        """Return the policy of ``settings`` where the model's ``own`` say nothing else."""
        causes = settings.on if own.on is None else own.on
        return cls(
            attempts=own.attempts or settings.attempts,
            backoff=own.backoff or settings.backoff,
            max_wait=settings.max_wait if own.max_wait is None else own.max_wait,
            causes=frozenset(causes),
        )

    def may_follow(self, error: GatewayError) -> bool:
        """Whether another provider may be asked after ``error``."""
        if not error.may_fail_over:
            return False
        return error.retry_cause is None or error.retry_cause in self.causes

    def may_repeat(self, error: GatewayError) -> bool:
        """Whether the provider that failed with ``error`` may be asked again.

        One that kept silent may not: a call has no time to wait that long twice.
        """
        return error.retry_cause in _PASSING and error.retry_cause in self.causes

    def wait(self, repeats: int, draw: Callable[[], float]) -> float:
        """Return the seconds before a provider is asked again that was asked ``repeats`` times.

        They double each time, and half of them are random, so that calls that failed together do
        not come back together.
        """
        longest = min(self.backoff * 2.0 ** min(repeats - 1, 16), _LONGEST_BACKOFF)
        return longest * (0.5 + 0.5 * draw())
