"""Waiting until a deadline, and not longer."""

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.pipeline.time_limit import within
from inference_gateway.provider_errors import ProviderTimeout, ProviderUnavailable
from inference_gateway.resilience.deadline import Deadline


class WithinTests(SynchronousTestCase):
    """Work with a limit."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.cancelled: list[object] = []
        self.work: Deferred[str] = Deferred(self.cancelled.append)
        self.deadline = Deadline.after(0.0, "first_byte", 2.0)

    def tearDown(self) -> None:
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def wait(self) -> "Deferred[str]":
        """Wait for the work."""
        return Deferred.fromCoroutine(within(self.clock, self.deadline, self.work))

    def test_in_time(self) -> None:
        """What is done before the deadline is returned, and the timer is gone."""
        waiting = self.wait()
        self.clock.advance(1.9)
        self.work.callback("done")
        self.assertEqual(self.successResultOf(waiting), "done")

    def test_expired(self) -> None:
        """At the deadline the work is cancelled and the limit is named."""
        waiting = self.wait()
        self.clock.advance(2.0)
        error = self.failureResultOf(waiting, ProviderTimeout).value
        self.assertEqual((error.limit, self.cancelled), ("first_byte", [self.work]))

    def test_late_already(self) -> None:
        """A deadline that has passed leaves the work one turn of the reactor."""
        self.clock.advance(5.0)
        waiting = self.wait()
        self.assertNoResult(waiting)
        self.clock.advance(0)
        self.failureResultOf(waiting, ProviderTimeout)

    def test_cancelled_from_outside(self) -> None:
        """Cancelling the wait cancels the work, and that is no timeout."""
        waiting = self.wait()
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        self.assertEqual(self.cancelled, [self.work])

    def test_failure(self) -> None:
        """What the work fails with comes through."""
        waiting = self.wait()
        self.work.errback(ProviderUnavailable("refused"))
        self.failureResultOf(waiting, ProviderUnavailable)

    def test_done_at_once(self) -> None:
        """Work that is done needs no timer, however late it is."""
        self.clock.advance(5.0)
        done = Deferred.fromCoroutine(within(self.clock, self.deadline, succeed("done")))
        self.assertEqual(self.successResultOf(done), "done")

    def test_coroutine_done_at_once(self) -> None:
        """A coroutine that never waits needs no timer either."""

        async def work() -> str:
            return "done"

        waiting = Deferred.fromCoroutine(within(self.clock, self.deadline, work()))
        self.assertEqual(self.successResultOf(waiting), "done")

    def test_failed_at_once(self) -> None:
        """A coroutine that fails at once fails the wait."""

        async def work() -> str:
            raise ProviderUnavailable("refused")

        waiting = Deferred.fromCoroutine(within(self.clock, self.deadline, work()))
        self.failureResultOf(waiting, ProviderUnavailable)

    def test_work_that_does_not_give_in(self) -> None:
        """Work that answers although it was cancelled has answered."""
        self.work = Deferred(lambda work: work.callback("after all"))
        waiting = self.wait()
        self.clock.advance(2.0)
        self.assertEqual(self.successResultOf(waiting), "after all")
