"""From settings to the graph of objects that serves them; nothing in it runs yet.

The one place that knows every part. What runs and stops is ``lifecycle``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from random import random
from secrets import token_hex

import attrs
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import Factory

from inference_gateway.api.admin import Admin
from inference_gateway.api.answering import Answering
from inference_gateway.api.connections import Connections, SiteFactory
from inference_gateway.api.forwarding import Forwarding
from inference_gateway.api.model_calls import ModelCalls
from inference_gateway.api.models import Models
from inference_gateway.api.probes import Exposition, Probes
from inference_gateway.api.respond import Responder
from inference_gateway.api.responses import Responses
from inference_gateway.api.router import Access, Area, Router
from inference_gateway.api.site import Application
from inference_gateway.config.settings import ProviderSettings, ServerSettings, Settings
from inference_gateway.dialects.registry import dialect_for
from inference_gateway.http1.agent import Agent
from inference_gateway.http1.answer import DateLine
from inference_gateway.http1.limits import Limits
from inference_gateway.interfaces import IProvider
from inference_gateway.pipeline.admit import Gate
from inference_gateway.pipeline.authenticate import KeyAuthenticator
from inference_gateway.pipeline.by_id import ById
from inference_gateway.pipeline.dispatch import Dispatch
from inference_gateway.pipeline.keys import DigestKeyStore
from inference_gateway.pipeline.observe import CallObserver
from inference_gateway.pipeline.stack import stack
from inference_gateway.pipeline.tries import Means
from inference_gateway.resilience.budget import RetryBudget
from inference_gateway.routing.affinity import ResponseAffinity
from inference_gateway.routing.discovery import Discovery
from inference_gateway.routing.roster import Roster, RosterEntry
from inference_gateway.routing.rules import RuleBook
from inference_gateway.routing.table import ModelTable
from inference_gateway.service.control import Control
from inference_gateway.service.health_checks import Checked, HealthChecks
from inference_gateway.service.polling import ModelPolling, Polled
from inference_gateway.service.readiness import Readiness
from inference_gateway.telemetry.accesslog import AccessLog
from inference_gateway.telemetry.lines import LineWriter
from inference_gateway.telemetry.metrics import Metrics
from inference_gateway.telemetry.provider_gauges import ProviderGauges
from inference_gateway.telemetry.reactor_lag import ReactorLag
from inference_gateway.upstream.echo import EchoProvider
from inference_gateway.upstream.health_check import HealthCheck
from inference_gateway.upstream.model_list import ModelList
from inference_gateway.upstream.provider import HTTPProvider
from inference_gateway.upstream.trust import tls_policy


@attrs.frozen(kw_only=True)
class Graph:
    """A gateway put together; ``admin_factory`` is None while one listener serves everything."""

    settings: Settings
    gate: Gate
    connections: Connections
    metrics: Metrics
    lag: ReactorLag
    polling: ModelPolling
    health_checks: HealthChecks
    agents: tuple[Agent, ...]
    applications: tuple[Application, ...]
    factory: Factory
    admin_factory: Factory | None

    @property
    def in_flight(self) -> int:
        """How many calls are being served, those whose body is still coming among them."""
        return self.metrics.calls_in_flight


def build(
    settings: Settings,
    reactor: IReactorTime,
    *,
    lines: LineWriter,
    wall: Callable[[], float],
    most_connections: int | None = None,
) -> Graph:
    """Put a gateway together.

    ``reactor`` gives monotonic seconds, timers and connections, ``wall`` seconds since the epoch;
    ``lines`` takes the access log. ``most_connections`` caps the connections unless the settings
    do.
    """
    clock = reactor
    hop = b"inference-gateway-" + token_hex(4).encode()
    server = settings.server
    auth = settings.middleware.auth
    metrics = Metrics()
    lag = ReactorLag(clock)
    metrics.reactor_lag.set_function(lambda: lag.seconds)
    metrics.dropped_log_lines.set_function(lambda: lines.dropped)
    gate = Gate()
    keys = DigestKeyStore(auth, wall)
    access_log = AccessLog(lines, wall=wall, text=settings.telemetry.log.format == "text")
    agents = _agents(settings.providers, reactor)
    roster = Roster(
        RosterEntry(
            provider,
            _provider(provider, agents, hop, clock, wall),
            clock.seconds,
            random,
            breaker=settings.routing.circuit_breaker,
            slow_start=settings.routing.slow_start,
        )
        for provider in settings.providers
    )
    lists = {
        provider.id: Discovery(clock.seconds, random)
        for provider in settings.providers
        if provider.discover
    }
    table = ModelTable(roster, settings.routing, lists)
    polled = _polled(settings.providers, lists, agents, clock)
    affinity = ResponseAffinity()
    means = Means(
        clock=clock,
        draw=random,
        budget=RetryBudget(settings.routing.retry.budget_percent, clock.seconds),
    )
    rules = RuleBook(settings.routing, clock.seconds, random)
    dispatch = Dispatch(table, rules, means, server.request_timeout, affinity)
    service = stack(gate, dispatch)
    stored = stack(gate, ById(roster, table, affinity, clock, server.request_timeout))
    responder = Responder(server.request_id_header, clock.seconds)
    observer = CallObserver(metrics, access_log, clock)
    connections = Connections(
        metrics,
        most=server.max_connections or most_connections,
        most_per_address=server.max_connections_per_address,
    )
    authenticator = KeyAuthenticator(keys)
    probes = Probes(
        responder,
        title=server.api_title,
        root_path=server.root_path,
        has_metrics=not server.admin_listen,
        ready=Readiness(gate, table, settings.routing.ready, lag),
    )
    answering = Answering(service, responder, clock, server.keepalive_interval)
    metrics_access = Access.ADMIN if settings.telemetry.metrics.auth == "admin" else Access.OPEN
    public: list[tuple[Area, Access]] = [
        (ModelCalls(answering, affinity.remember), Access.KEY),
        (Responses(attrs.evolve(answering, service=stored)), Access.KEY),
        (Models(table, responder), Access.KEY),
        (probes, Access.OPEN),
    ]
    control = Control(roster, clock.seconds, wall)
    ProviderGauges(control, metrics.registry)
    private: list[tuple[Area, Access]] = [
        (Exposition(metrics, responder), metrics_access),
        (Admin(control, responder), Access.ADMIN),
    ]

    def application(areas: list[tuple[Area, Access]]) -> Application:
        return Application(
            Router(areas, server.root_path),
            authenticator,
            gate,
            observer,
            responder,
            connections,
            Forwarding(hop),
            clock,
            request_id_header=server.request_id_header,
            unguarded=keys.is_open,
            upload_limit=server.upload_limit,
            session_header=settings.routing.session_header,
        )

    applications: tuple[Application, ...]
    if server.admin_listen:
        applications = (application(public), application([*private, (probes, Access.OPEN)]))
    else:
        applications = (application([*public, *private]),)
    limits = _limits(server)
    date = DateLine(wall)
    factories = [SiteFactory(served, limits, clock, date) for served in applications]
    return Graph(
        settings=settings,
        gate=gate,
        connections=connections,
        metrics=metrics,
        lag=lag,
        polling=ModelPolling(polled, table, metrics, clock),
        health_checks=HealthChecks(_checked(roster, agents, clock), clock),
        agents=tuple(agents.values()),
        applications=applications,
        factory=factories[0],
        admin_factory=factories[1] if server.admin_listen else None,
    )


def _agents(
    providers: Iterable[ProviderSettings], reactor: IReactorTime
) -> dict[str | None, Agent]:
    """Return, by the certificates that are trusted, the connections to providers."""
    return {
        ca_path: Agent(reactor, tls_policy=tls_policy(ca_path))
        for ca_path in {provider.ca_path for provider in providers if provider.type != "echo"}
    }


def _provider(
    settings: ProviderSettings,
    agents: Mapping[str | None, Agent],
    hop: bytes,
    clock: IReactorTime,
    wall: Callable[[], float],
) -> IProvider:
    if settings.type == "echo":
        always = settings.stream_upstream == "always"
        return EchoProvider(settings.id, clock, wall, always_streams=always)
    agent = agents[settings.ca_path]
    return HTTPProvider(settings, dialect_for(settings), agent, via=hop, wall=wall)


def _polled(
    providers: Iterable[ProviderSettings],
    lists: Mapping[str, Discovery],
    agents: Mapping[str | None, Agent],
    clock: IReactorTime,
) -> Iterator[Polled]:
    """Yield the providers that are asked for their models."""
    for provider in providers:
        if provider.discover:
            agent = agents[provider.ca_path]
            source = ModelList(provider, dialect_for(provider), agent, clock)
            yield Polled(provider=provider.id, ask=source.ask, discovery=lists[provider.id])


def _checked(
    roster: Roster, agents: Mapping[str | None, Agent], clock: IReactorTime
) -> Iterator[Checked]:
    """Yield the providers that are asked how they are."""
    for entry in roster:
        settings = entry.settings
        if settings.type != "echo":
            agent = agents[settings.ca_path]
            check = HealthCheck(settings, dialect_for(settings), agent, clock)
            if check.has_question:
                yield Checked(entry=entry, ask=check.ask)


def _limits(server: ServerSettings) -> Limits:
    return Limits(
        body=server.body_limit,
        head_timeout=server.head_timeout,
        body_timeout=server.body_timeout,
        idle_timeout=server.idle_timeout,
        write_stall=server.write_stall,
        half_close=server.half_close,
    )
