"""A moment that is cheap to move."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.http1.expiry import Expiry


class ExpiryTests(SynchronousTestCase):
    """It expires at the moment set last, with at most one delayed call."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.expirations: list[float] = []
        self.expiry = Expiry(self.clock, self.expirations.append)

    def test_once(self) -> None:
        """It expires once."""
        self.expiry.set(5)
        self.clock.advance(4.9)
        self.assertEqual(self.expirations, [])
        self.clock.advance(0.1)
        self.assertEqual(self.expirations, [5])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_later(self) -> None:
        """It may be moved later without touching the delayed call."""
        self.expiry.set(5)
        [call] = self.clock.getDelayedCalls()
        self.expiry.set(8)
        self.assertEqual(call.getTime(), 5)
        self.clock.advance(5)
        self.clock.advance(2.9)
        self.assertEqual(self.expirations, [])
        self.clock.advance(0.1)
        self.assertEqual(self.expirations, [8])

    def test_earlier(self) -> None:
        """It may be moved earlier."""
        self.expiry.set(5)
        self.expiry.set(2)
        self.clock.advance(2)
        self.assertEqual(self.expirations, [2])

    def test_cleared(self) -> None:
        """Cleared, it does not expire, and may be set again."""
        self.expiry.set(5)
        self.expiry.clear()
        self.clock.advance(5)
        self.assertEqual((self.expirations, self.clock.getDelayedCalls()), ([], []))
        self.expiry.set(1)
        self.clock.advance(0)
        self.assertEqual(self.expirations, [5])

    def test_cancelled(self) -> None:
        """Cancelled, it leaves no delayed call."""
        self.expiry.set(5)
        self.expiry.close()
        self.expiry.close()
        self.assertEqual(self.clock.getDelayedCalls(), [])
