"""Whatever providers do wrong, the client gets an answer if anybody has one."""

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.routing_settings import (
    BreakerSettings,
    HedgeSettings,
    ModelRouteSettings,
    RetrySettings,
    RoutingSettings,
)
from inference_gateway.config.settings import TimeoutSettings
from inference_gateway.errors import GatewayError
from inference_gateway.exchange import Reply
from inference_gateway.provider_errors import (
    ProviderAuthFailed,
    ProviderError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from inference_gateway.routing.roster import Roster
from inference_gateway.testing.doubles import Answer, FakeProvider, ManualBody, RecordingSink
from tests.pipeline.chats import DONE, ROLE, STOP, answer, chat, text
from tests.pipeline.dispatching import dispatch_over
from tests.pipeline.streaming import ERROR
from tests.routing.rosters import entry

Play = Callable[[], "Answer | Deferred[Any]"]


def _broken(*events: bytes) -> ManualBody:
    body = ManualBody(*events)
    body.end(ProviderUnavailable("reset"))
    return body


#: What a provider does whenever it is asked, by its name; for plain calls and for streams.
PLAIN: dict[str, Play] = {
    "answers": lambda: answer("whole"),
    "500": lambda: ProviderError("500"),
    "429": lambda: ProviderRateLimited("429", retry_after=30.0),
    "refuses": lambda: ProviderUnavailable("refused"),
    "401": lambda: ProviderAuthFailed("401"),
    "404": lambda: ProviderRejected("no such model", status=404),
    "lies": lambda: b"<html>",
    "silent": lambda: Deferred(),
}
STREAMED: dict[str, Play] = {
    "answers": lambda: ManualBody(ROLE, text("whole"), STOP, DONE),
    "500": PLAIN["500"],
    "silent": lambda: ManualBody(),
    "only a role": lambda: ManualBody(ROLE),
    "cut": lambda: _broken(ROLE),
    "error": lambda: ManualBody(ROLE, ERROR),
}


class Always(FakeProvider):
    """A provider that always does the same."""

    def __init__(self, id: str, play: Play) -> None:
        super().__init__(id)
        self._play = play

    async def send(self, call: Any, attempt: Any) -> Any:
        self.script = [self._play()]
        return await super().send(call, attempt)


class FaultsTests(SynchronousTestCase):
    """Three providers that each do something."""

    def play(self, kinds: list[str], plays: dict[str, Play], stream: bool, hedged: bool) -> None:
        """Ask once, and judge what came of it."""
        clock = Clock()
        clock.advance(1.0)
        providers = [Always(id, plays[kind]) for id, kind in zip("abc", kinds, strict=True)]
        limits = TimeoutSettings(first_byte=5.0, first_token=5.0, idle=5.0, total=20.0)
        roster = Roster(
            entry(
                provider.id,
                {"m": "m"},
                provider=provider,
                clock=clock,
                timeouts=limits,
                breaker=BreakerSettings(enabled=False),
            )
            for provider in providers
        )
        hedge = HedgeSettings(after=1.0, percent=100) if hedged else None
        routing = RoutingSettings(
            retry=RetrySettings(attempts=3, budget_percent=100),
            models={"m": ModelRouteSettings(hedge=hedge)},
        )
        dispatch = dispatch_over(roster, clock, routing)
        call = chat(stream=stream, received=clock.seconds())
        results: list[Any] = []
        Deferred.fromCoroutine(dispatch(call)).addBoth(results.append)
        for _ in range(70):
            clock.advance(1.0)
        (result,) = results
        self.assertLessEqual(len(call.attempts), 3)
        if "answers" in kinds:
            self.assertIsInstance(result, Reply, kinds)
            if stream:
                sink = RecordingSink()
                result.body.start(sink)
                self.assertEqual((sink.raw, sink.results), (ROLE + text("whole") + STOP, [None]))
            else:
                self.assertEqual(result.body, answer("whole"))
        else:
            self.assertTrue(result.check(GatewayError), result)
            self.assertGreaterEqual(result.value.status, 400)
        clock.advance(1.0)
        self.assertEqual(clock.getDelayedCalls(), [])
        self.assertEqual([one.in_flight for one in roster], [0, 0, 0])
        self.assertEqual([one.places.in_use for one in roster], [0, 0, 0])
        self.assertTrue(all(attempt.outcome is not None for attempt in call.attempts))

    @settings(max_examples=150)
    @given(st.lists(st.sampled_from(sorted(PLAIN)), min_size=3, max_size=3), st.booleans())
    def test_plain(self, kinds: list[str], hedged: bool) -> None:
        """A plain call is answered if anybody answers, within its attempts."""
        self.play(kinds, PLAIN, stream=False, hedged=hedged)

    @settings(max_examples=150)
    @given(st.lists(st.sampled_from(sorted(STREAMED)), min_size=3, max_size=3), st.booleans())
    def test_streams(self, kinds: list[str], hedged: bool) -> None:
        """So is a stream, and nothing of the others is in it."""
        self.play(kinds, STREAMED, stream=True, hedged=hedged)
