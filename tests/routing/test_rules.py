"""How each model is served."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.routing_settings import (
    FallbackSettings,
    HedgeSettings,
    ModelRetrySettings,
    ModelRouteSettings,
    ModelTimeoutSettings,
    RetrySettings,
    RoutingSettings,
)
from inference_gateway.config.settings import TimeoutSettings
from inference_gateway.routing.rules import RuleBook
from tests.routing.rosters import entry


def book(**models: ModelRouteSettings) -> RuleBook:
    """Return the rules of ``models``."""
    settings = RoutingSettings(models=models, retry=RetrySettings(attempts=4))
    return RuleBook(settings, Clock().seconds, lambda: 0.5)


class RuleBookTests(SynchronousTestCase):
    """What holds for a model."""

    def test_default(self) -> None:
        """A model of which nothing is said is served as all others of that kind."""
        rules = book().of("any")
        self.assertEqual((rules.retry.attempts, rules.hedge, rules.replays), (4, None, False))
        self.assertEqual([rules.instead(cause) for cause in ("error", None)], [(), ()])

    def test_own(self) -> None:
        """What is said of a model holds for it alone."""
        rules = book_of_one()
        own = rules.of("m")
        self.assertEqual((own.retry.attempts, own.replays), (1, True))
        self.assertEqual(own.instead("timeout"), ("n",))
        self.assertIsNotNone(own.hedge)
        self.assertIs(rules.of("x"), rules.of("y"))

    def test_limits(self) -> None:
        """A model's limits of time go before its provider's, each for itself."""
        limits = TimeoutSettings(connect=1.0, idle=2.0)
        provider = entry("p", timeouts=limits)
        self.assertEqual(book().of("m").limits(provider), limits)
        own = book_of_one().of("m")
        expected = TimeoutSettings(connect=1.0, idle=7.0)
        self.assertEqual(own.limits(provider), expected)
        self.assertIs(own.limits(provider), own.limits(provider))

    def test_strategies(self) -> None:
        """Models with the same strategy share one balancer, so that its turns are common."""
        rules = book(
            m=ModelRouteSettings(strategy="priority"), n=ModelRouteSettings(strategy="priority")
        )
        self.assertIs(rules.of("m").balancer, rules.of("n").balancer)
        self.assertIsNot(rules.of("m").balancer, rules.of("x").balancer)


def book_of_one() -> RuleBook:
    """Return rules that say everything of ``m``."""
    return book(
        m=ModelRouteSettings(
            fallbacks=FallbackSettings(timeout=("n",)),
            retry=ModelRetrySettings(attempts=1),
            timeouts=ModelTimeoutSettings(idle=7.0),
            hedge=HedgeSettings(),
            on_stream_cut="replay",
        )
    )
