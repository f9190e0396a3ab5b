"""Sliding windows of outcomes."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.resilience.error_rate import ErrorRate


class ErrorRateTests(SynchronousTestCase):
    """A window of 10 seconds, which slides by one second."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.rate = ErrorRate(10.0, self.clock.seconds)

    def test_counts(self) -> None:
        """Calls and failures are counted."""
        self.assertEqual(self.rate.counts(), (0, 0))
        self.rate.add_pass()
        self.rate.add_failure()
        self.rate.add_pass()
        self.assertEqual(self.rate.counts(), (3, 1))

    def test_slides(self) -> None:
        """An outcome counts for at least nine tenths of the window, and never beyond it."""
        self.clock.advance(0.9)
        self.rate.add_failure()
        self.clock.advance(9.0)
        self.assertEqual(self.rate.counts(), (1, 1))
        self.clock.advance(0.2)
        self.assertEqual(self.rate.counts(), (0, 0))

    def test_clear(self) -> None:
        """All can be forgotten at once, what is in earlier slices as well."""
        self.rate.add_failure()
        self.clock.advance(3.0)
        self.rate.add_pass()
        self.rate.clear()
        self.assertEqual(self.rate.counts(), (0, 0))

    def test_bounded(self) -> None:
        """However long it is used, it keeps no more than its slices."""
        for _ in range(1000):
            self.rate.add_pass()
            self.rate.add_failure()
            self.clock.advance(0.5)
        self.assertEqual(self.rate.counts(), (36, 18))
        self.assertLess(len(self.rate._past), 10)

    @given(
        steps=st.lists(
            st.tuples(st.sampled_from([0.0, 0.25, 0.75, 1.0, 3.5, 9.0, 40.0]), st.booleans()),
            max_size=40,
        )
    )
    @settings(max_examples=100)
    def test_model(self, steps: list[tuple[float, bool]]) -> None:
        """It counts what happened in this second and in the nine before."""
        clock = Clock()
        rate = ErrorRate(10.0, clock.seconds)
        happened: list[tuple[int, bool]] = []
        for pause, good in steps:
            clock.advance(pause)
            second = int(clock.seconds())
            happened.append((second, good))
            if good:
                rate.add_pass()
            else:
                rate.add_failure()
            recent = [good for at, good in happened if at > second - 10]
            self.assertEqual(rate.counts(), (len(recent), recent.count(False)))
