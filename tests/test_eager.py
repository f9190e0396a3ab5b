"""Tests of `inference_gateway.eager`."""

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.eager import Result, start


class StartTests(SynchronousTestCase):
    """Coroutines that are started at once."""

    def setUp(self) -> None:
        self.first: Deferred[int] = Deferred()
        self.second: Deferred[int] = Deferred()
        self.ended = False

    async def add(self) -> int:
        """Add what the two Deferreds give; a first that fails with ValueError counts as nothing."""
        try:
            try:
                first = await self.first
            except ValueError:
                first = 0
            return first + await self.second
        finally:
            self.ended = True

    def begin(self) -> "Deferred[int]":
        """Start `add`, which must wait."""
        rest = start(self.add())
        assert isinstance(rest, Deferred)
        return rest

    def test_never_waits(self) -> None:
        """What does not wait is done when it was started."""

        async def answer() -> int:
            return 42

        result = start(answer())
        assert isinstance(result, Result)
        self.assertEqual(result.value, 42)

    def test_raises_at_once(self) -> None:
        """What fails before it waits fails where it was started."""

        async def fail() -> None:
            raise ValueError

        self.assertRaises(ValueError, start, fail())

    def test_already_there(self) -> None:
        """Nobody has to wait for what is there already."""
        self.first.callback(1)
        self.second.callback(2)
        result = start(self.add())
        assert isinstance(result, Result)
        self.assertEqual(result.value, 3)

    def test_waits_again(self) -> None:
        """It may wait as often as it likes."""
        rest = self.begin()
        self.first.callback(1)
        self.assertNoResult(rest)
        self.second.callback(2)
        self.assertEqual(self.successResultOf(rest), 3)

    def test_handles_failures(self) -> None:
        """It sees the failure of what it waits for, and may go on."""
        rest = self.begin()
        self.first.errback(ValueError())
        self.second.callback(2)
        self.assertEqual(self.successResultOf(rest), 2)

    def test_fails_later(self) -> None:
        """A failure that it does not handle is its own."""
        rest = self.begin()
        self.first.errback(KeyError())
        self.failureResultOf(rest, KeyError)
        self.assertTrue(self.ended)

    def test_cancel(self) -> None:
        """Cancelling it cancels what it waits for, and it cleans up."""
        rest = self.begin()
        self.first.callback(1)
        rest.cancel()
        self.failureResultOf(rest, CancelledError)
        self.assertTrue(self.second.called)
        self.assertTrue(self.ended)
