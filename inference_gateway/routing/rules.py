"""How each model is served: what ``routing`` says about it, made ready for use.

Made once from the settings. Models that the settings say nothing about share one set of rules.
"""

from collections.abc import Callable, Mapping

import attrs

from inference_gateway.config.routing_settings import (
    FallbackSettings,
    ModelRouteSettings,
    RoutingSettings,
    Strategy,
)
from inference_gateway.config.settings import TimeoutSettings
from inference_gateway.interfaces import IBalancer
from inference_gateway.resilience.hedging import HedgeGauge
from inference_gateway.resilience.retry import RetryPolicy
from inference_gateway.routing.balancer import balancer
from inference_gateway.routing.roster import RosterEntry


@attrs.define(kw_only=True, eq=False)
class ModelRules:
    """How one model is served."""

    balancer: IBalancer
    retry: RetryPolicy
    fallbacks: FallbackSettings
    #: None: nobody is asked a second time while the first may still answer.
    hedge: HedgeGauge | None
    #: Whether another provider goes on with a stream that breaks.
    replays: bool
    #: The model's own limits of time, by their names; the provider's hold for all others.
    own_limits: Mapping[str, float]
    _limits: dict[str, TimeoutSettings] = attrs.field(factory=dict, init=False)

    def limits(self, entry: RosterEntry) -> TimeoutSettings:
        """Return the limits of time of this model at a provider."""
        limits = self._limits.get(entry.id)
        if limits is None:
            limits = attrs.evolve(entry.settings.timeouts, **self.own_limits)
            self._limits[entry.id] = limits
        return limits

    def instead(self, cause: str | None) -> tuple[str, ...]:
        """Return the models to be asked in place of this one after a failure of ``cause``."""
        return () if cause is None else getattr(self.fallbacks, cause)


class RuleBook:
    """The rules of all models, by the labels of their routes.

    ``seconds`` tells monotonic time; ``draw`` gives random numbers from 0 to 1.
    """

    def __init__(
        self,
        settings: RoutingSettings,
        seconds: Callable[[], float],
        draw: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._seconds = seconds
        self._draw = draw
        self._balancers: dict[Strategy, IBalancer] = {}
        self._default = self._rules(ModelRouteSettings())
        self._own = {name: self._rules(model) for name, model in settings.models.items()}

    def of(self, label: str) -> ModelRules:
        """Return the rules of the model with that label."""
        return self._own.get(label, self._default)

    def _rules(self, model: ModelRouteSettings) -> ModelRules:
        limits = attrs.asdict(model.timeouts)
        return ModelRules(
            balancer=self._balancer(model.strategy or self._settings.strategy),
            retry=RetryPolicy.of(self._settings.retry, model.retry),
            fallbacks=model.fallbacks,
            hedge=None if model.hedge is None else HedgeGauge(model.hedge, self._seconds),
            replays=model.on_stream_cut == "replay",
            own_limits={name: limit for name, limit in limits.items() if limit is not None},
        )

    def _balancer(self, strategy: Strategy) -> IBalancer:
        made = self._balancers.get(strategy)
        if made is None:
            made = self._balancers[strategy] = balancer(strategy, self._seconds, self._draw)
        return made
