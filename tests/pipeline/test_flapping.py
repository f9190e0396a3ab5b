"""A provider that is well and ill by turns, for a minute and more."""

from typing import Any

from twisted.internet.task import Clock

from inference_gateway.config.routing_settings import BreakerSettings, RoutingSettings, Strategy
from inference_gateway.exchange import Attempt, Call
from inference_gateway.provider_errors import ProviderUnavailable
from inference_gateway.testing.doubles import FakeProvider
from tests.pipeline.chats import answer, chat
from tests.pipeline.test_tries import TriesTestCase

#: Calls in a second, and seconds.
RATE = 10
MINUTE = 60
#: Seconds for which it is well, and then ill.
PHASE = 5.0


class Flapping(FakeProvider):
    """A provider that refuses connections every other five seconds."""

    def __init__(self, id: str, clock: Clock) -> None:
        super().__init__(id)
        self._clock = clock
        self.refused = 0

    async def send(self, call: Call, attempt: Attempt) -> Any:
        is_ill = self._clock.seconds() // PHASE % 2 == 1
        self.refused += is_ill
        self.script = [ProviderUnavailable("refused") if is_ill else answer(self.id)]
        return await super().send(call, attempt)


class FlappingTests(TriesTestCase):
    """Ten calls a second beside a provider that is well."""

    def minute(self, strategy: Strategy, *, is_alone: bool = False) -> int:
        """Make the calls of a minute, and return how many failed."""
        self.a = self.flapping = Flapping("a", self.clock)
        self.b.script = [answer("b") for _ in range(RATE * MINUTE)]
        providers = (self.a,) if is_alone else (self.a, self.b)
        routing = RoutingSettings(strategy=strategy)
        self.serve(*providers, routing=routing, breaker=BreakerSettings())
        failed = 0
        for _ in range(RATE * MINUTE):
            asked = self.ask(chat(received=self.clock.seconds()))
            self.clock.advance(1 / RATE)
            results: list[Any] = []
            asked.addBoth(results.append)
            while not results:  # it waits between its tries at the same provider
                self.clock.advance(0.1)
            failed += not hasattr(results[0], "body")
        return failed

    def test_beside_another(self) -> None:
        """No call fails, whatever the strategy, and hardly any finds out that it is ill."""
        strategies: tuple[Strategy, ...] = (
            "round_robin",
            "least_pending",
            "peak_ewma",
            "priority",
        )
        for strategy in strategies:
            self.setUp()
            self.assertEqual(self.minute(strategy), 0, strategy)
            # of 300 calls in its bad phases; each phase costs what it takes to notice
            self.assertLess(self.flapping.refused, 45, strategy)

    def test_alone(self) -> None:
        """Where there is no other, it is asked when it is well, and mostly left alone when not."""
        failed = self.minute("round_robin", is_alone=True)
        self.assertGreater(failed, 0)
        self.assertLess(self.flapping.refused, 150)
        self.clock.advance(2 * PHASE - self.clock.seconds() % (2 * PHASE) + 1.0)
        self.successResultOf(self.ask())
