"""Every way in which an exchange fails has a name that a client may see."""

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import PotentialDataLoss, ResponseDone  # type: ignore[attr-defined]

from inference_gateway.http1.connection import ExchangeBroken
from inference_gateway.http1.dial import ConnectFailed, ConnectTimedOut
from inference_gateway.http1.response_rules import BadResponse
from inference_gateway.provider_errors import (
    ProviderInvalidAnswer,
    ProviderTimeout,
    ProviderUnavailable,
)
from inference_gateway.upstream.failures import body_error, exchange_error


class FailureTests(SynchronousTestCase):
    """The translation."""

    def test_exchanges(self) -> None:
        """What ends an exchange before its answer is told apart."""
        for category in ("refused", "dns", "unroutable", "tls", "closed"):
            error = exchange_error(ConnectFailed(category), 5.0)
            self.assertIsInstance(error, ProviderUnavailable)
            self.assertEqual(error.code, "provider_unavailable")
        self.assertIsInstance(exchange_error(ConnectTimedOut(), 5.0), ProviderTimeout)
        broken = exchange_error(ExchangeBroken(bytes_received=False), 5.0)
        self.assertIsInstance(broken, ProviderUnavailable)
        self.assertIsInstance(exchange_error(BadResponse("x"), 5.0), ProviderInvalidAnswer)

    def test_bodies(self) -> None:
        """An orderly end of a body is no error, also where it may have been cut."""
        for good in (ResponseDone(), PotentialDataLoss()):
            self.assertIsNone(body_error(good))
        self.assertIsInstance(body_error(BadResponse("x")), ProviderInvalidAnswer)
        broken = body_error(ExchangeBroken(bytes_received=True))
        self.assertIsInstance(broken, ProviderUnavailable)
