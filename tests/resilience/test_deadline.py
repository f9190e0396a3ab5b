"""Deadlines: arithmetic on a clock that somebody else reads."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.resilience.deadline import Deadline


class DeadlineTests(SynchronousTestCase):
    """Points in time with a name."""

    def test_after(self) -> None:
        """A deadline is so many seconds from now and remembers which limit it is."""
        self.assertEqual(Deadline.after(10.0, "idle", 2.5), Deadline(12.5, "idle", 2.5))

    def test_sooner(self) -> None:
        """Of two deadlines the earlier counts, whichever is asked."""
        early = Deadline.after(0.0, "total", 1.0)
        late = Deadline.after(0.0, "first_token", 2.0)
        self.assertIs(early.sooner(late), early)
        self.assertIs(late.sooner(early), early)

    def test_tie(self) -> None:
        """Of two that come together the one that was asked names the limit."""
        one, other = Deadline(1.0, "total", 1.0), Deadline(1.0, "idle", 1.0)
        self.assertIs(one.sooner(other), one)
