"""Key ``routing`` as frozen values: who is asked, how often again, and who instead."""

from collections.abc import Mapping
from typing import Annotated, Literal

import attrs

from inference_gateway.config.kinds import (
    Count,
    Duration,
    HeaderName,
    Identifier,
    Kind,
    Model,
    Percent,
    PositiveDuration,
)

#: In which order the providers of a model are asked.
Strategy = Literal[
    "round_robin", "weighted", "least_pending", "peak_ewma", "priority", "prefix_hash"
]
#: Kinds of failures after which somebody may be asked again.
RetryCause = Literal["connection", "timeout", "rate_limit", "server_error", "invalid_answer"]
_ALL_CAUSES: tuple[RetryCause, ...] = (
    "connection",
    "timeout",
    "rate_limit",
    "server_error",
    "invalid_answer",
)


@attrs.frozen(kw_only=True)
class RetrySettings:
    """Key ``routing.retry``."""

    #: Providers that are asked for one answer of one model, the first included.
    attempts: Count = 3
    #: How many retries there may be for each hundred calls of the last seconds.
    budget_percent: Percent = 20
    #: The longest first wait before the same provider is asked again; it doubles each time.
    backoff: PositiveDuration = 0.25
    #: How long a provider's own ``Retry-After`` is waited for; 0s: never.
    max_wait: Duration = 10.0
    on: tuple[RetryCause, ...] = _ALL_CAUSES


@attrs.frozen(kw_only=True)
class ModelRetrySettings:
    """Key ``routing.models.*.retry``; what is left out is as in ``routing.retry``."""

    attempts: Count | None = None
    backoff: PositiveDuration | None = None
    max_wait: Duration | None = None
    on: tuple[RetryCause, ...] | None = None


@attrs.frozen(kw_only=True)
class BreakerSettings:
    """Key ``routing.circuit_breaker``: when a provider's model is left alone, and how long."""

    enabled: bool = True
    #: Failures in a row that open it.
    failures: Count = 5
    #: Over which ``error_rate`` is taken.
    window: PositiveDuration = 30.0
    #: Percent of the calls in the window that open it by failing, once there were ``min_calls``.
    error_rate: Percent = 50
    min_calls: Count = 20
    #: How long it stays open the first time; it doubles with every probe that fails.
    open_for: PositiveDuration = 5.0
    longest_open: PositiveDuration = 120.0


@attrs.frozen(kw_only=True)
class HedgeSettings:
    """Key ``routing.models.*.hedge``: a second provider is asked when the first is slow."""

    #: None: as long as 95 of 100 of the model's answers took to begin.
    after: PositiveDuration | None = None
    #: How many second questions there may be for each hundred calls.
    percent: Percent = 5


@attrs.frozen(kw_only=True)
class FallbackSettings:
    """Key ``routing.models.*.fallbacks``: models that answer instead, in order, by cause."""

    error: tuple[Model, ...] = ()
    timeout: tuple[Model, ...] = ()
    context_length: tuple[Model, ...] = ()
    content_filter: tuple[Model, ...] = ()


#: What a list of fallbacks is for; a model that answers what another refused must be named as such.
LISTED_CAUSES = ("error", "timeout", "context_length")


@attrs.frozen(kw_only=True)
class ModelTimeoutSettings:
    """Key ``routing.models.*.timeouts``; what is left out is as the provider has it."""

    connect: PositiveDuration | None = None
    first_byte: PositiveDuration | None = None
    first_token: PositiveDuration | None = None
    idle: PositiveDuration | None = None
    total: PositiveDuration | None = None


@attrs.frozen(kw_only=True)
class ModelRouteSettings:
    """One entry of ``routing.models``: who serves a public name, how, and its other names."""

    #: Ids of providers, in the order of the file; empty: all that list the model.
    providers: tuple[Identifier, ...] = ()
    aliases: tuple[Model, ...] = ()
    #: None: ``routing.strategy``.
    strategy: Strategy | None = None
    #: A list in the file is for `LISTED_CAUSES` alike.
    fallbacks: Annotated[FallbackSettings, Kind.FALLBACKS] = FallbackSettings()
    retry: ModelRetrySettings = ModelRetrySettings()
    timeouts: ModelTimeoutSettings = ModelTimeoutSettings()
    #: None: nobody is asked a second time while the first still may answer.
    hedge: HedgeSettings | None = None
    #: What becomes of a stream that breaks after its first content: it ends with an error, or
    #: another provider repeats it and goes on.
    on_stream_cut: Literal["error", "replay"] = "error"


@attrs.frozen(kw_only=True)
class RoutingSettings:
    """Key ``routing``."""

    strategy: Strategy = "round_robin"
    #: A header whose value binds calls to one provider, as long as that serves; None: no header.
    session_header: HeaderName | None = None
    #: For how long a provider that was out gets less than its share of the calls.
    slow_start: Duration = 30.0
    #: Whether the gateway is ready while any model has a usable provider, or only while all have.
    ready: Literal["any", "all"] = "any"
    retry: RetrySettings = RetrySettings()
    circuit_breaker: BreakerSettings = BreakerSettings()
    models: Mapping[Model, ModelRouteSettings] = attrs.field(factory=dict)
