"""Second questions to other providers while the first one still may answer."""

from typing import Any

from twisted.internet.defer import Deferred

from inference_gateway.config.routing_settings import (
    HedgeSettings,
    ModelRouteSettings,
    RetrySettings,
    RoutingSettings,
)
from inference_gateway.provider_errors import ProviderError, ProviderOverloaded
from tests.pipeline.chats import answer
from tests.pipeline.test_tries import TriesTestCase


def hedged(**settings: Any) -> RoutingSettings:
    """Return routing by which a second provider is asked after a second."""
    hedge = HedgeSettings(**{"after": 1.0, "percent": 100, **settings})
    return RoutingSettings(
        models={"m": ModelRouteSettings(hedge=hedge)}, retry=RetrySettings(attempts=2)
    )


class HedgedTests(TriesTestCase):
    """A hedged model with two providers."""

    def setUp(self) -> None:
        super().setUp()
        self.serve(self.a, self.b, routing=hedged())

    def test_fast(self) -> None:
        """A provider that answers in time is the only one."""
        self.a.script = [answer("a")]
        self.successResultOf(self.ask())
        self.assertEqual(self.reasons(), [("a", "first")])

    def test_slow(self) -> None:
        """One that does not is outrun by the second, and left at once."""
        self.a.script, self.b.script = [Deferred()], [answer("b")]
        asked = self.ask()
        self.clock.advance(1.0)
        self.assertEqual(self.successResultOf(asked).body, answer("b"))
        self.assertEqual(self.a.cancelled, 1)
        self.assertEqual(self.reasons(), [("a", "first"), ("b", "hedge")])
        self.assertEqual([attempt.outrun for attempt in self.call.attempts], [True, False])
        answering = self.call.answering_attempt
        assert answering is not None
        self.assertEqual(answering.provider, "b")

    def test_first_wins(self) -> None:
        """The first may win all the same."""
        first: Deferred[Any] = Deferred()
        self.a.script, self.b.script = [first], [Deferred()]
        asked = self.ask()
        self.clock.advance(1.5)
        first.callback(answer("a"))
        self.assertEqual(self.successResultOf(asked).body, answer("a"))
        answering = self.call.answering_attempt
        assert answering is not None
        self.assertEqual((answering.provider, self.b.cancelled), ("a", 1))

    def test_second_fails(self) -> None:
        """A second that fails leaves the first to answer."""
        first: Deferred[Any] = Deferred()
        self.a.script, self.b.script = [first], [ProviderOverloaded("busy")]
        asked = self.ask()
        self.clock.advance(1.5)
        self.assertNoResult(asked)
        first.callback(answer("a"))
        self.assertEqual(self.successResultOf(asked).body, answer("a"))

    def test_both_fail(self) -> None:
        """When both fail, that was all of the attempts."""
        first: Deferred[Any] = Deferred()
        self.a.script, self.b.script = [first], [ProviderOverloaded("busy")]
        asked = self.ask()
        self.clock.advance(1.5)
        first.callback(ProviderError("500"))
        self.failureResultOf(asked, ProviderError)

    def test_left(self) -> None:
        """A client that leaves leaves both."""
        self.a.script, self.b.script = [Deferred()], [Deferred()]
        asked = self.ask()
        self.clock.advance(1.0)
        asked.cancel()
        self.failureResultOf(asked)
        self.assertEqual((self.a.cancelled, self.b.cancelled), (1, 1))

    def test_share(self) -> None:
        """No more than their share of the calls is asked twice."""
        self.serve(self.a, self.b, routing=hedged(percent=0))
        first: Deferred[Any] = Deferred()
        self.a.script = [first]
        asked = self.ask()
        self.clock.advance(5.0)
        self.assertEqual(self.b.attempts, [])
        first.callback(answer("a"))
        self.successResultOf(asked)

    def test_no_other(self) -> None:
        """Where there is nobody else the first one is waited for."""
        self.serve(self.a, routing=hedged())
        first: Deferred[Any] = Deferred()
        self.a.script = [first]
        asked = self.ask()
        self.clock.advance(5.0)
        first.callback(answer("a"))
        self.successResultOf(asked)

    def test_unknown(self) -> None:
        """Without a time of its own nobody is asked twice until it is known what is slow."""
        self.serve(self.a, self.b, routing=hedged(after=None))
        first: Deferred[Any] = Deferred()
        self.a.script = [first]
        asked = self.ask()
        self.clock.advance(60.0)
        first.callback(answer("a"))
        self.successResultOf(asked)
        self.assertEqual(self.b.attempts, [])
