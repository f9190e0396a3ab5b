"""Two tries at one answer."""

from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.exchange import Reply
from inference_gateway.pipeline.hedge import race
from inference_gateway.provider_errors import ProviderError, ProviderTimeout
from tests.garbage import collect_garbage
from tests.pipeline.event_source import EventSource

DELAY = 2.0


class Try:
    """One try, whose provider is played by the test.

    ``stubborn`` says what it returns or raises when it is cancelled, instead of being so.
    """

    def __init__(self, stubborn: Reply | Exception | None = None) -> None:
        self.answer: Deferred[Reply] = Deferred()
        self.begun = 0
        self.cancelled = 0
        self._stubborn = stubborn

    async def __call__(self) -> Reply:
        self.begun += 1
        try:
            return await self.answer
        except CancelledError:
            self.cancelled += 1
            if isinstance(self._stubborn, Reply):
                return self._stubborn
            raise self._stubborn or CancelledError() from None


def whole(body: bytes = b"{}") -> Reply:
    """Return a whole answer."""
    return Reply(status=200, body=body)


def nobody() -> None:
    """Ask nobody else."""


class RaceTestCase(SynchronousTestCase):
    """A first try, and a second one after a delay."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.first = Try()
        self.second = Try()

    def tearDown(self) -> None:
        self.assertEqual(self.clock.getDelayedCalls(), [])
        collect_garbage()

    def race(
        self,
        second: "Callable[[], Coroutine[Deferred[Any], Any, Reply] | None] | None" = None,
    ) -> "Deferred[Reply]":
        """Begin."""
        return Deferred.fromCoroutine(
            race(self.clock, DELAY, self.first, self.second if second is None else second)
        )

    def both(self) -> "Deferred[Reply]":
        """Begin, and let the delay pass."""
        raced = self.race()
        self.clock.advance(DELAY)
        self.assertEqual(self.second.begun, 1)
        return raced


class RaceTests(RaceTestCase):
    """Which answer counts."""

    def test_at_once(self) -> None:
        """A first try that needs no waiting sets no timer."""
        self.first.answer.callback(whole())
        self.assertEqual(self.successResultOf(self.race()), whole())

    def test_quick(self) -> None:
        """A first try that answers within the delay is the only one."""
        raced = self.race()
        self.clock.advance(DELAY - 0.1)
        self.first.answer.callback(whole())
        self.assertEqual(self.successResultOf(raced), whole())
        self.assertEqual(self.second.begun, 0)

    def test_fails_within_the_delay(self) -> None:
        """What fails early is reported at once: others are asked by other rules."""
        raced = self.race()
        error = ProviderError("no")
        self.first.answer.errback(error)
        self.assertIs(self.failureResultOf(raced, ProviderError).value, error)
        self.assertEqual(self.second.begun, 0)

    def test_fails_at_once(self) -> None:
        """A failure that needs no waiting sets no timer."""
        self.first.answer.errback(ProviderError("no"))
        self.failureResultOf(self.race(), ProviderError)

    def test_first_wins(self) -> None:
        """When the first one answers after all, the second is cancelled at once."""
        raced = self.both()
        self.first.answer.callback(whole(b"1"))
        self.assertEqual(self.successResultOf(raced), whole(b"1"))
        self.assertEqual((self.first.cancelled, self.second.cancelled), (0, 1))

    def test_second_wins(self) -> None:
        """When the second one answers, the first is cancelled before the answer goes on."""
        raced = self.both()
        cancelled: list[int] = []
        raced.addCallback(lambda reply: cancelled.append(self.first.cancelled))
        self.second.answer.callback(whole(b"2"))
        self.assertEqual(cancelled, [1])
        self.assertEqual(self.second.cancelled, 0)

    def test_second_at_once(self) -> None:
        """A second one that needs no waiting wins at once."""
        self.second.answer.callback(whole(b"2"))
        self.assertEqual(self.successResultOf(self.both()), whole(b"2"))
        self.assertEqual(self.first.cancelled, 1)

    def test_no_second(self) -> None:
        """Where nobody else may be asked, the first one is waited for."""
        raced = self.race(nobody)
        self.clock.advance(100.0)
        self.assertNoResult(raced)
        self.first.answer.callback(whole())
        self.assertEqual(self.successResultOf(raced), whole())

    def test_no_second_and_failure(self) -> None:
        """Where nobody else is asked, the first one's failure is reported."""
        raced = self.race(nobody)
        self.clock.advance(100.0)
        self.first.answer.errback(ProviderError("no"))
        self.failureResultOf(raced, ProviderError)

    def test_second_fails(self) -> None:
        """When the second one fails, the first is waited for."""
        raced = self.both()
        self.second.answer.errback(ProviderError("no"))
        self.assertNoResult(raced)
        self.first.answer.callback(whole(b"1"))
        self.assertEqual(self.successResultOf(raced), whole(b"1"))

    def test_first_fails(self) -> None:
        """When the first one fails, the second is waited for."""
        raced = self.both()
        self.first.answer.errback(ProviderError("no"))
        self.assertNoResult(raced)
        self.second.answer.callback(whole(b"2"))
        self.assertEqual(self.successResultOf(raced), whole(b"2"))

    def test_both_fail(self) -> None:
        """When both fail, the first one's error counts, whichever came first."""
        for order in ((0, 1), (1, 0)):
            self.first, self.second = Try(), Try()
            raced = self.both()
            errors = (ProviderTimeout("first_byte", 1.0), ProviderError("no"))
            tries = (self.first, self.second)
            for place in order:
                tries[place].answer.errback(errors[place])
            self.assertIs(self.failureResultOf(raced).value, errors[0])

    def test_cancelled_early(self) -> None:
        """Cancelling it within the delay cancels the first, and there will be no second."""
        raced = self.race()
        raced.cancel()
        self.failureResultOf(raced, CancelledError)
        self.assertEqual((self.first.cancelled, self.second.begun), (1, 0))

    def test_cancelled(self) -> None:
        """Cancelling it cancels both."""
        raced = self.both()
        raced.cancel()
        self.failureResultOf(raced, CancelledError)
        self.assertEqual((self.first.cancelled, self.second.cancelled), (1, 1))

    def test_cancelled_after_failure(self) -> None:
        """Cancelling it when the first one has failed cancels the second."""
        raced = self.both()
        self.first.answer.errback(ProviderError("no"))
        raced.cancel()
        self.failureResultOf(raced, CancelledError)
        self.assertEqual((self.first.cancelled, self.second.cancelled), (0, 1))


class DroppedTests(RaceTestCase):
    """What becomes of an answer that nobody takes."""

    def lose(self, stubborn: Reply | Exception) -> None:
        """Let the second one win, the first one being ``stubborn``."""
        self.first = Try(stubborn)
        raced = self.both()
        self.second.answer.callback(whole(b"2"))
        self.assertEqual(self.successResultOf(raced), whole(b"2"))
        self.assertEqual(self.first.cancelled, 1)

    def test_stream(self) -> None:
        """A stream that came in the same turn is left."""
        source = EventSource()
        self.lose(Reply(status=200, body=source))
        self.assertEqual(source.asked, ["abort"])

    def test_whole(self) -> None:
        """A whole answer that came in the same turn is forgotten."""
        self.lose(whole(b"1"))

    def test_error(self) -> None:
        """An error of a try that was given up is nobody's concern."""
        self.lose(ProviderError("no"))

    def test_bug(self) -> None:
        """A bug in it is told to the log."""
        self.lose(RuntimeError("a bug"))
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
