"""The list of models that a provider keeps: how it is asked for, and what an answer says.

One question is one request on the gateway's own connections. When to ask, and what the names are
good for, is decided elsewhere. Errors hold neither keys nor addresses nor a byte of what came.
"""

from typing import NoReturn

import orjson
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.web.http_headers import Headers

from inference_gateway.config.settings import ProviderSettings
from inference_gateway.errors import ProviderInvalidAnswer, ProviderTimeout
from inference_gateway.http1.agent import Agent
from inference_gateway.http1.origin import split_uri
from inference_gateway.http1.request_head import request_head
from inference_gateway.interfaces import IDialect
from inference_gateway.upstream.body import read_start
from inference_gateway.upstream.failures import EXCHANGE_FAILURES, exchange_error

#: Seconds that a provider has for its list, beside those for connecting.
ANSWER_LIMIT = 10.0
#: Bytes; where hundreds of models are sold, their list with prices and descriptions is long.
LONGEST_LIST = 8 * 1024 * 1024


def listing_url(settings: ProviderSettings, dialect: IDialect) -> str:
    """Return where the provider's models are listed."""
    url = (settings.base_url or "").encode("ascii")
    _, path = split_uri(url)
    return (url.removesuffix(path) + dialect.listing(path)).decode("ascii")


def listing_headers(settings: ProviderSettings, dialect: IDialect) -> dict[str, str]:
    """Return what a call would be sent with, as far as it is the same for all calls."""
    headers = {"accept": "application/json", "user-agent": "inference-gateway"}
    own = {name.lower() for name in settings.headers}
    headers |= {name: value for name, value in dialect.headers if name not in own}
    if settings.api_key is not None:
        name, value = dialect.credential(settings.api_key.reveal())
        headers[name] = value
    return headers | {name: secret.reveal() for name, secret in settings.headers.items()}


def listed_ids(body: bytes) -> list[object] | None:
    """Return the ids in a list of models; None where the body is no such list.

    OpenAI's object, whose ``data`` some servers make null when they have no model, or the bare list
    of some others.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if type(value) is dict and "data" in value:
        value = [] if value["data"] is None else value["data"]
    if type(value) is not list:
        return None
    return [entry.get("id") for entry in value if type(entry) is dict]


class ModelList:
    """The list of one provider, asked for through ``agent``, which stays its owner's to close.

    ``clock`` has the timer that limits a question.
    """

    def __init__(
        self, settings: ProviderSettings, dialect: IDialect, agent: Agent, clock: IReactorTime
    ) -> None:
        self._agent = agent
        self._clock = clock
        self._dialect = dialect
        self._connect_timeout = settings.timeouts.connect
        self._origin, target = split_uri(listing_url(settings, dialect).encode("ascii"))
        headers = Headers()
        for name, value in listing_headers(settings, dialect).items():
            headers.setRawHeaders(name.encode("ascii"), [value.encode("latin-1")])
        headers.setRawHeaders(b"accept-encoding", [b"identity"])
        self._request = request_head(
            b"GET", target, self._origin.netloc, headers, has_body=False, length=None
        )

    def ask(self) -> "Deferred[list[object]]":
        """Ask for the ids that are listed now; fails with a `ProviderError` where there is no list.

        Cancelling closes the connection, and so does the limit of time.
        """
        asked = Deferred.fromCoroutine(self._ask())
        return asked.addTimeout(self._connect_timeout + ANSWER_LIMIT, self._clock, _timed_out)

    async def _ask(self) -> list[object]:
        try:
            response = await self._agent.exchange(
                self._origin, self._request, connect_timeout=self._connect_timeout
            )
        except EXCHANGE_FAILURES as failure:
            raise exchange_error(failure, self._connect_timeout) from None
        if response.code != 200:
            response.abort()
            raise self._dialect.error(response.code, b"", None)
        # A list that breaks off is no JSON, so how its body ends need not be known.
        body = await read_start(response, LONGEST_LIST + 1)
        if len(body) > LONGEST_LIST:
            raise ProviderInvalidAnswer(
                f"the provider's list of models has more than {LONGEST_LIST} bytes"
            )
        listed = listed_ids(body)
        if listed is None:
            raise ProviderInvalidAnswer("the provider answered with something else than a list")
        return listed


def _timed_out(cancelled: object, seconds: float) -> NoReturn:
    raise ProviderTimeout("total", seconds)
