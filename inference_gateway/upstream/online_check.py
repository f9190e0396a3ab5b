"""Asks each provider for its models, to learn whether it is there and takes the credential.

For the operator at the command line; nothing that serves calls may import this, as it brings treq.
Findings hold neither keys nor addresses nor a byte of what came, and are printed elsewhere.
"""

from collections.abc import Iterable
from typing import Any

import attrs
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime

from inference_gateway.config.settings import ProviderSettings
from inference_gateway.errors import ProviderError, ProviderInvalidAnswer
from inference_gateway.http1.agent import Agent
from inference_gateway.interfaces import IDialect
from inference_gateway.upstream.client import UpstreamClient
from inference_gateway.upstream.model_list import (
    ANSWER_LIMIT,
    LONGEST_LIST,
    listed_ids,
    listing_headers,
    listing_url,
)
from inference_gateway.upstream.trust import tls_policy


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
    connect = settings.timeouts.connect
    agent = Agent(reactor, connect_timeout=connect, tls_policy=tls_policy(settings.ca_path))
    client = UpstreamClient(
        agent,
        reactor,
        connect_timeout=connect,
        limit=connect + ANSWER_LIMIT,
        most=LONGEST_LIST,
    )
    try:
        response = await client.get(
            listing_url(settings, dialect), headers=listing_headers(settings, dialect)
        )
        return _judged(settings, response.code, await response.content())
    except ProviderInvalidAnswer as error:
        return Finding(provider=settings.id, usable=False, message=error.message)
    except ProviderError as error:
        message = f"unreachable: {error.message}"
        return Finding(provider=settings.id, usable=False, message=message)
    finally:
        await agent.close()


# --- what an answer means


def _judged(settings: ProviderSettings, status: int, body: bytes) -> Finding:
    listed = listed_ids(body) if status == 200 else None
    if listed is not None:
        return Finding(provider=settings.id, usable=True, message=_praise(settings, listed))
    return Finding(provider=settings.id, usable=False, message=_blame(settings, status))


def _praise(settings: ProviderSettings, listed: list[object]) -> str:
    count = len(listed)
    praise = f"reachable, lists {count} {'model' if count == 1 else 'models'}"
    wanted = dict.fromkeys(name for name in settings.models.values() if "*" not in name)
    missing = [name for name in wanted if name not in listed]
    # Azure's deployments have names of their own, and are not listed.
    if missing and settings.type != "azure":
        # no more than a warning: servers answer to names that they do not list, and the other way
        praise += f"; warning: not among them: {', '.join(missing)}"
    return praise


def _blame(settings: ProviderSettings, status: int) -> str:
    if status == 200:
        return "answered, but not with a list of models in JSON: is base_url right?"
    if status in (401, 403):
        hint = ": there is no api_key" if settings.api_key is None else ""
        return f"credential refused ({status}){hint}"
    if status == 404:
        is_usual = settings.type == "azure" or (settings.base_url or "").endswith("/v1")
        hint = "" if is_usual else " OpenAI's convention ends in /v1"
        return f"answered 404: is base_url right?{hint}"
    if 300 <= status < 400:
        return f"answered {status}: it redirects, which is never followed"
    return f"answered {status}"
