"""Asks each provider for its models, to learn whether it is there and takes the credential.

For the operator at the command line; nothing that serves calls may import this, as it brings treq.
Findings hold neither keys nor addresses nor a byte of what came, and are printed elsewhere.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import attrs
import orjson
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime

from inference_gateway.config.settings import ProviderSettings
from inference_gateway.errors import ProviderError, ProviderInvalidAnswer
from inference_gateway.http1.agent import Agent
from inference_gateway.interfaces import IDialect
from inference_gateway.upstream.client import UpstreamClient
from inference_gateway.upstream.trust import tls_policy

#: Seconds that a provider has for its answer, beside those for connecting.
_ANSWER_LIMIT = 10.0
#: Bytes; where hundreds of models are sold, their list with prices and descriptions is long.
_LONGEST_LIST = 8 * 1024 * 1024


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
    providers: Iterable[ProviderSettings], dialects: Mapping[str, IDialect], reactor: IReactorTime
) -> list[Finding]:
    """Ask all ``providers`` at the same time; return what was found, in their order.

    ``dialects`` is by a provider's ``type``; one whose type is not there is built in. All
    connections are closed at the end, also when this is cancelled.
    """
    asking = [
        Deferred.fromCoroutine(_check(provider, dialects.get(provider.type), reactor))
        for provider in providers
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
        limit=connect + _ANSWER_LIMIT,
        most=_LONGEST_LIST,
    )
    try:
        response = await client.get(
            f"{settings.base_url}/models", headers=_headers(settings, dialect)
        )
        return _judged(settings, response.code, await response.content())
    except ProviderInvalidAnswer as error:
        return Finding(provider=settings.id, usable=False, message=error.message)
    except ProviderError as error:
        message = f"unreachable: {error.message}"
        return Finding(provider=settings.id, usable=False, message=message)
    finally:
        await agent.close()


def _headers(settings: ProviderSettings, dialect: IDialect) -> dict[str, str]:
    """Return what a call would be sent with, as far as it is the same for all calls."""
    headers = {"accept": "application/json", "user-agent": "inference-gateway"}
    if settings.api_key is not None:
        name, value = dialect.credential(settings.api_key.reveal())
        headers[name] = value
    return headers | {name: secret.reveal() for name, secret in settings.headers.items()}


# --- what an answer means


def _judged(settings: ProviderSettings, status: int, body: bytes) -> Finding:
    listed = _listed(body) if status == 200 else None
    if listed is not None:
        return Finding(provider=settings.id, usable=True, message=_praise(settings, listed))
    return Finding(provider=settings.id, usable=False, message=_blame(settings, status))


def _listed(body: bytes) -> list[object] | None:
    """Return the ids in a list of models; None where the body is no such list.

    OpenAI's object, whose ``data`` some servers make null when they have no model, or the bare list
    of some others.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if type(value) is dict and "data" in value:
        value = value["data"] or []
    if type(value) is not list:
        return None
    return [entry.get("id") for entry in value if type(entry) is dict]


def _praise(settings: ProviderSettings, listed: list[object]) -> str:
    count = len(listed)
    praise = f"reachable, lists {count} {'model' if count == 1 else 'models'}"
    wanted = dict.fromkeys(name for name in settings.models.values() if "*" not in name)
    missing = [name for name in wanted if name not in listed]
    if missing:
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
        is_usual = (settings.base_url or "").endswith("/v1")
        hint = "" if is_usual else " OpenAI's convention ends in /v1"
        return f"answered 404: is base_url right?{hint}"
    if 300 <= status < 400:
        return f"answered {status}: it redirects, which is never followed"
    return f"answered {status}"
