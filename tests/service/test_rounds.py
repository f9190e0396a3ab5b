"""Doing things again and again, on a clock of the test."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.service.rounds import Round, Rounds


class RoundsTests(SynchronousTestCase):
    """One round that ends at once, with pauses of 3 s, and one that the test ends, of 5 s."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.done: list[str] = []
        self.slow: Deferred[None] = Deferred()
        self.cancelled = 0
        self.rounds = Rounds(
            [Round(act=self.quickly, pause=lambda: 3.0), Round(act=self.slowly, pause=lambda: 5.0)],
            self.clock,
        )

    def tearDown(self) -> None:
        self.rounds.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    async def quickly(self) -> None:
        """Be done at once."""
        self.done.append("quick")

    async def slowly(self) -> None:
        """Wait for the test."""
        self.slow = Deferred(self.cancel)
        await self.slow
        self.done.append("slow")

    def cancel(self, _: object) -> None:
        """Count what is given up."""
        self.cancelled += 1

    def test_start(self) -> None:
        """Nothing is done before the start, and everything at it."""
        self.clock.advance(100.0)
        self.assertEqual(self.done, [])
        self.rounds.start()
        self.slow.callback(None)
        self.assertEqual(self.done, ["quick", "slow"])

    def test_again(self) -> None:
        """A pause begins at the end of what was done, and each round has its own."""
        self.rounds.start()
        self.clock.pump([3.0, 3.0])
        self.assertEqual(self.done, ["quick"] * 3)
        self.slow.callback(None)
        self.clock.advance(2.9)
        self.assertEqual(self.done, ["quick"] * 3 + ["slow"])
        self.clock.advance(0.1)
        self.assertEqual(self.done[-1], "quick")
        self.clock.advance(2.0)
        self.slow.callback(None)
        self.assertEqual(self.done[-1], "slow")

    def test_stop(self) -> None:
        """What is being done is given up, pauses end, and that once."""
        self.rounds.start()
        self.rounds.stop()
        self.rounds.stop()
        self.assertEqual(self.cancelled, 1)
        self.clock.advance(100.0)
        self.assertEqual(self.done, ["quick"])
        self.assertEqual(self.flushLoggedErrors(), [])
