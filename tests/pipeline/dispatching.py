"""A dispatch over the providers of a roster, without a gateway around it."""

from collections.abc import Callable

from twisted.internet.task import Clock

from inference_gateway.config.routing_settings import RetrySettings, RoutingSettings
from inference_gateway.pipeline.dispatch import Dispatch
from inference_gateway.pipeline.tries import Means
from inference_gateway.resilience.budget import RetryBudget
from inference_gateway.routing.affinity import ResponseAffinity
from inference_gateway.routing.roster import Roster
from inference_gateway.routing.rules import RuleBook
from inference_gateway.routing.table import ModelTable

#: Nobody is asked a second time.
ONCE_EACH = RetrySettings(attempts=2)


def dispatch_over(
    roster: Roster,
    clock: Clock,
    routing: RoutingSettings | None = None,
    *,
    table: ModelTable | None = None,
    affinity: ResponseAffinity | None = None,
    request_timeout: float = 600.0,
    draw: Callable[[], float] = lambda: 0.5,
) -> Dispatch:
    """Return a dispatch that works by ``routing``; by default each of two providers is tried."""
    routing = routing or RoutingSettings(retry=ONCE_EACH)
    return Dispatch(
        table or ModelTable(roster, routing),
        RuleBook(routing, clock.seconds, draw),
        Means(
            clock=clock, draw=draw, budget=RetryBudget(routing.retry.budget_percent, clock.seconds)
        ),
        request_timeout,
        affinity or ResponseAffinity(),
    )
