"""What went wrong on the way to a provider, in the gateway's own errors: the one translation.

Messages name neither an address nor a byte of what came.
"""

from twisted.web.client import PotentialDataLoss, ResponseDone  # type: ignore[attr-defined]

from inference_gateway.http1.connection import ExchangeBroken
from inference_gateway.http1.dial import ConnectFailed, ConnectTimedOut
from inference_gateway.http1.response_rules import BadResponse
from inference_gateway.provider_errors import (
    ProviderError,
    ProviderInvalidAnswer,
    ProviderTimeout,
    ProviderUnavailable,
)

#: Everything by which an exchange fails that is not a bug.
EXCHANGE_FAILURES = (ConnectFailed, ExchangeBroken, BadResponse)

_REASONS = {
    "refused": "the provider refused the connection",
    "dns": "the provider's name cannot be resolved",
    "unroutable": "the provider cannot be reached",
    "tls": "no secure connection to the provider could be made",
    "closed": "the gateway is shutting down",
}


def exchange_error(failure: BaseException, connect_timeout: float) -> ProviderError:
    """Return what one of `EXCHANGE_FAILURES` means; ``connect_timeout`` is in seconds."""
    if isinstance(failure, ConnectTimedOut):
        return ProviderTimeout("connect", connect_timeout)
    if isinstance(failure, ConnectFailed):
        return ProviderUnavailable(_REASONS[failure.category])
    return _broken(failure)


def body_error(reason: BaseException) -> ProviderError | None:
    """Return what the end of a body means; None where it is a good end.

    A body that only the end of its connection ended may be whole: that is for its reader to judge
    (RFC 9112, section 8).
    """
    if isinstance(reason, ResponseDone | PotentialDataLoss):
        return None
    return _broken(reason)


def _broken(reason: BaseException) -> ProviderError:
    if isinstance(reason, BadResponse):
        return ProviderInvalidAnswer("the provider's answer is not acceptable HTTP")
    return ProviderUnavailable("the provider closed the connection before its answer was complete")
