"""Tests of `inference_gateway.eager`."""

import gc
import weakref
from collections.abc import Coroutine
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.eager import Running, start


class StartTests(SynchronousTestCase):
    """Coroutines that are started at once."""

    def setUp(self) -> None:
        self.first: Deferred[int] = Deferred()
        self.second: Deferred[int] = Deferred()
        self.sums: list[int] = []
        self.failures: list[Exception] = []
        self.ended = False

    async def add(self) -> None:
        """Add what the two Deferreds give; a first that fails with ValueError counts as nothing."""
        try:
            try:
                first = await self.first
            except ValueError:
                first = 0
            self.sums.append(first + await self.second)
        finally:
            self.ended = True

    def start(self, coroutine: Coroutine[Deferred[Any], Any, None]) -> Running | None:
        """Start ``coroutine``."""
        return start(coroutine, self.failures.append)

    def begin(self) -> Running:
        """Start `add`, which must wait."""
        running = self.start(self.add())
        assert running is not None
        return running

    def test_never_waits(self) -> None:
        """What does not wait is done when it was started."""
        self.first.callback(1)
        self.second.callback(2)
        self.assertIsNone(self.start(self.add()))
        self.assertEqual((self.sums, self.failures), ([3], []))

    def test_raises_at_once(self) -> None:
        """What fails before it waits is told before anything else happens."""

        async def fail() -> None:
            raise KeyError

        self.assertIsNone(self.start(fail()))
        self.assertEqual([type(error) for error in self.failures], [KeyError])

    def test_waits_again(self) -> None:
        """It may wait as often as it likes."""
        self.begin()
        self.first.callback(1)
        self.assertEqual(self.sums, [])
        self.second.callback(2)
        self.assertEqual(self.sums, [3])

    def test_handles_failures(self) -> None:
        """It sees the failure of what it waits for, and may go on."""
        self.begin()
        self.first.errback(ValueError())
        self.second.callback(2)
        self.assertEqual((self.sums, self.failures), ([2], []))

    def test_fails_later(self) -> None:
        """A failure that it does not handle is its own, and logged by nobody else."""
        self.begin()
        self.first.errback(KeyError())
        self.assertEqual([type(error) for error in self.failures], [KeyError])
        self.assertTrue(self.ended)

    def test_cancel(self) -> None:
        """Cancelling it cancels what it waits for now, and it cleans up."""
        running = self.begin()
        self.first.callback(1)
        running.cancel()
        self.assertEqual([type(error) for error in self.failures], [CancelledError])
        self.assertTrue(self.second.called)
        self.assertTrue(self.ended)

    def test_cancel_done(self) -> None:
        """Cancelling what is done does nothing."""
        running = self.begin()
        self.first.callback(1)
        self.second.callback(2)
        running.cancel()
        self.assertEqual((self.sums, self.failures), ([3], []))

    def test_cancelled_holds_nothing(self) -> None:
        """What a cancelled coroutine held is gone at once, without the garbage collector."""

        async def hold(held: Deferred[None]) -> None:
            try:
                await self.first
            finally:
                held.called = True

        held: Deferred[None] = Deferred()
        gone = weakref.ref(held)
        running = self.start(hold(held))
        assert running is not None
        del held
        gc.disable()
        self.addCleanup(gc.enable)
        running.cancel()
        del running
        self.assertEqual([type(error) for error in self.failures], [CancelledError])
        self.assertIsNone(gone())
