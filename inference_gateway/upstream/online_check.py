"""Asks each provider how it is and for its models: is it there, and does it take the credential?

For the operator at the command line; nothing that serves calls may import this, as it brings treq.
Findings hold neither keys nor addresses nor a byte of what came, and are printed elsewhere.
"""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import attrs
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime

from inference_gateway.config.settings import ProviderSettings
from inference_gateway.http1.agent import Agent
from inference_gateway.http1.origin import split_uri
from inference_gateway.interfaces import IDialect
from inference_gateway.provider_errors import ProviderError, ProviderInvalidAnswer
from inference_gateway.upstream.client import UpstreamClient
from inference_gateway.upstream.model_list import (
    ANSWER_LIMIT,
    LONGEST_LIST,
    listed_ids,
)
from inference_gateway.upstream.question import question_headers
from inference_gateway.upstream.trust import tls_policy
from inference_gateway.wire.health import Health, HealthState

#: Asks for a request target; returns the status and the body of the answer.
_Ask = Callable[[bytes], Coroutine[Any, Any, tuple[int, bytes]]]


@attrs.frozen(kw_only=True)
class Finding:
    """What was found out about one provider; ``str`` of it is a line for the operator."""

    provider: str
    #: Whether it answered and, as far as that tells, accepts the credential.
    usable: bool
    message: str

    def __str__(self) -> str:
        return f"{self.provider}: {self.message}"


async def check_online(
    providers: Iterable[tuple[ProviderSettings, IDialect | None]], reactor: IReactorTime
) -> list[Finding]:
    """Ask all ``providers`` at the same time; return what was found, in their order.

    One without a dialect is built in. All connections are closed at the end, also when this is
    cancelled.
    """
    asking = [
        Deferred.fromCoroutine(_check(provider, dialect, reactor))
        for provider, dialect in providers
    ]
    results: list[tuple[bool, Any]] = await DeferredList(asking, consumeErrors=True)
    for is_finding, result in results:
        if not is_finding:
            result.raiseException()
    return [finding for _, finding in results]


async def _check(
    settings: ProviderSettings, dialect: IDialect | None, reactor: IReactorTime
) -> Finding:
    if dialect is None:
        return Finding(provider=settings.id, usable=True, message="built in, nothing to ask")
    url = (settings.base_url or "").encode("ascii")
    _, path = split_uri(url)
    origin = url.removesuffix(path)
    headers = question_headers(settings, dialect)
    connect = settings.timeouts.connect
    agent = Agent(reactor, connect_timeout=connect, tls_policy=tls_policy(settings.ca_path))
    client = UpstreamClient(
        agent,
        reactor,
        connect_timeout=connect,
        limit=connect + ANSWER_LIMIT,
        most=LONGEST_LIST,
    )

    async def ask(target: bytes) -> tuple[int, bytes]:
        response = await client.get((origin + target).decode("ascii"), headers=headers)
        return response.code, await response.content()

    try:
        message = await _verdict(settings, dialect, path, ask)
        return Finding(provider=settings.id, usable=True, message=message)
    except _Unusable as verdict:
        return Finding(provider=settings.id, usable=False, message=str(verdict))
    except ProviderInvalidAnswer as error:
        return Finding(provider=settings.id, usable=False, message=error.message)
    except ProviderError as error:
        message = f"unreachable: {error.message}"
        return Finding(provider=settings.id, usable=False, message=message)
    finally:
        await agent.close()


# --- what is asked


class _Unusable(Exception):
    """The provider's answer is a reason not to call it; ``str`` says which."""


async def _verdict(settings: ProviderSettings, dialect: IDialect, path: bytes, ask: _Ask) -> str:
    """Return what there is to say about a provider that can be used; raises `_Unusable`."""
    health = await _health(settings, dialect, path, ask)
    status, body = await ask(dialect.listing(path))
    listed = listed_ids(body) if status == 200 else None
    if listed is None:
        raise _Unusable(_blame(settings, status))
    ready = ["ready"] if health.state is HealthState.READY else []
    slots = [] if health.slots is None else [_counted(health.slots, "slot")]
    said = ["reachable", *ready, *slots, f"lists {_counted(len(listed), 'model')}"]
    return ", ".join(said) + _warning(settings, listed)


async def _health(settings: ProviderSettings, dialect: IDialect, path: bytes, ask: _Ask) -> Health:
    """Return what the provider says of itself; raises `_Unusable` unless calls might succeed."""
    target = dialect.health_target(path)
    if target is None:
        return Health(state=HealthState.UNKNOWN)
    status, body = await ask(target)
    health = dialect.health(status, body)
    if health.state is HealthState.LOADING:
        raise _Unusable("loading its model; try again")
    if health.state is HealthState.UNHEALTHY:
        raise _Unusable(f"unhealthy ({status})")
    target = dialect.slots_target(path)
    if target is None or health.state is not HealthState.READY:
        return health
    try:
        status, body = await ask(target)
    except ProviderError:
        # Good to know, but nothing that calls depend on.
        return health
    if status == 401:
        # There are servers that let everybody see their health and their models, but not this.
        raise _Unusable(_blame(settings, status))
    return attrs.evolve(health, slots=dialect.slots(status, body))


# --- what an answer means


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _warning(settings: ProviderSettings, listed: list[object]) -> str:
    wanted = dict.fromkeys(name for name in settings.models.values() if "*" not in name)
    missing = [name for name in wanted if name not in listed]
    # Azure's deployments have names of their own, and are not listed.
    if not missing or settings.type == "azure":
        return ""
    # no more than a warning: servers answer to names that they do not list, and the other way
    return f"; warning: not among them: {', '.join(missing)}"


def _blame(settings: ProviderSettings, status: int) -> str:
    if status == 200:
        return "answered, but not with a list of models in JSON: is base_url right?"
    if status in (401, 403):
        hint = "" if settings.credentials else ": there is no api_key"
        return f"credential refused ({status}){hint}"
    if status == 404:
        is_usual = settings.type == "azure" or (settings.base_url or "").endswith("/v1")
        hint = "" if is_usual else " OpenAI's convention ends in /v1"
        return f"answered 404: is base_url right?{hint}"
    if 300 <= status < 400:
        return f"answered {status}: it redirects, which is never followed"
    return f"answered {status}"
