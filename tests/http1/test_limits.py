"""The numbers of a connection."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.http1.limits import Limits


class LimitsTests(SynchronousTestCase):
    """Some limits may be left out."""

    def test_used_up(self) -> None:
        """A connection is used up by requests or by age, if either is limited."""
        self.assertFalse(Limits().used_up(10**9, 10.0**9))
        self.assertFalse(Limits(requests_per_connection=2).used_up(1, 0))
        self.assertTrue(Limits(requests_per_connection=2).used_up(2, 0))
        self.assertFalse(Limits(connection_age=5).used_up(1, 4.9))
        self.assertTrue(Limits(connection_age=5).used_up(1, 5))

    def test_idle(self) -> None:
        """An idle connection is closed after its idle time, or earlier when it gets too old."""
        self.assertEqual(Limits(idle_timeout=75).idle_until(100, 0), 175)
        self.assertEqual(Limits(idle_timeout=75, connection_age=120).idle_until(100, 0), 120)
