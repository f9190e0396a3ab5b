"""treq's way to ask, on the gateway's own connections: for questions beside the calls of clients.

Calls themselves do not pass here, and nothing that serves them may import this module, because treq
costs memory and time to load. What treq puts around an agent is left out: its cookie jar would
carry cookies from one provider or tenant to another, a redirect would carry the key elsewhere, and
a coding that nobody asks for needs no decoder.
"""

from collections.abc import Mapping
from typing import Any, NoReturn, cast

import orjson
from treq.content import collect
from treq.cookies import IndexableCookieJar
from treq.response import _Response as TreqResponse
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.interfaces import IConsumer, IProtocol, IReactorTime
from twisted.python.components import proxyForInterface
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http_headers import Headers
from twisted.web.iweb import IBodyProducer, IResponse
from zope.interface import implementer

from inference_gateway.http1.agent import Agent
from inference_gateway.http1.response import Response
from inference_gateway.provider_errors import ProviderInvalidAnswer, ProviderTimeout
from inference_gateway.upstream.failures import EXCHANGE_FAILURES, exchange_error

#: Bytes of a body, unless somebody expects more.
_LONGEST_ANSWER = 1024 * 1024

_Headers = Mapping[str, str]


class UpstreamClient:
    """Asks through ``agent``, which stays its owner's to close.

    Each question has ``limit`` seconds on ``clock`` for everything; ``connect_timeout`` is what the
    agent has for connecting, to be named in errors. A body may have ``most`` bytes. Besides
    `ProviderError`, `UnsendableRequest` may come, for a URL or a header that cannot be sent.
    """

    def __init__(
        self,
        agent: Agent,
        clock: IReactorTime,
        *,
        connect_timeout: float,
        limit: float,
        most: int = _LONGEST_ANSWER,
    ) -> None:
        self._agent = agent
        self._clock = clock
        self._connect_timeout = connect_timeout
        self._limit = limit
        self._most = most

    def get(self, url: str, *, headers: _Headers | None = None) -> Deferred[TreqResponse]:
        """See `request`."""
        return self.request("GET", url, headers=headers)

    def post(
        self,
        url: str,
        data: bytes | None = None,
        *,
        json: Mapping[str, Any] | None = None,
        headers: _Headers | None = None,
    ) -> Deferred[TreqResponse]:
        """See `request`."""
        return self.request("POST", url, headers=headers, data=data, json=json)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: _Headers | None = None,
        data: bytes | None = None,
        json: Mapping[str, Any] | None = None,
    ) -> Deferred[TreqResponse]:
        """Wait for a whole answer, whatever its status.

        It comes as treq's response, which can be read more than once. Fails with a `ProviderError`
        when there is no whole answer; cancelling closes the connection.
        """
        if data is not None and json is not None:
            raise TypeError("a request has either data or json")
        sent = Headers()
        for name, value in (headers or {}).items():
            sent.addRawHeader(name.encode("ascii"), value.encode("latin-1"))
        if json is not None:
            data = orjson.dumps(json)
            sent.setRawHeaders(b"content-type", [b"application/json"])
        asked = Deferred.fromCoroutine(self._ask(method.encode("ascii"), url.encode(), sent, data))
        return asked.addTimeout(self._limit, self._clock, _timed_out)

    async def _ask(
        self, method: bytes, url: bytes, headers: Headers, data: bytes | None
    ) -> TreqResponse:
        producer = None if data is None else _Bytes(data)
        try:
            response = cast(Response, await self._agent.request(method, url, headers, producer))
            body = await self._read(response)
        except EXCHANGE_FAILURES as failure:
            raise exchange_error(failure, self._connect_timeout) from None
        # The jar is what treq's response shows as its cookies; nothing ever fills it.
        return TreqResponse(_WholeResponse(response, body), IndexableCookieJar())

    async def _read(self, response: Response) -> bytes:
        body = bytearray()

        def receive(data: bytes) -> None:
            if len(body) + len(data) > self._most:
                raise ProviderInvalidAnswer(
                    f"the provider's answer has more than {self._most} bytes"
                )
            body.extend(data)

        try:
            # closes the connection when ``receive`` raises, but not when it is cancelled
            await collect(response, receive)
        except CancelledError:
            response.abort()
            raise
        return bytes(body)


def _timed_out(cancelled: object, seconds: float) -> NoReturn:
    raise ProviderTimeout("total", seconds)


@implementer(IBodyProducer)
class _Bytes:
    """A body that is written at once, whereas treq's own wants turns of the global reactor."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.length = len(body)

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        consumer.write(self._body)
        return succeed(None)

    def pauseProducing(self) -> None:
        """Nothing is held back."""

    def resumeProducing(self) -> None:
        """Nothing is held back."""

    def stopProducing(self) -> None:
        """Nothing is under way."""


class _WholeResponse(proxyForInterface(IResponse)):  # type: ignore[misc]
    """A response whose body has been read; everyone who asks for it gets it at once."""

    def __init__(self, original: IResponse, body: bytes) -> None:
        super().__init__(original)
        self._body = body

    def deliverBody(self, protocol: IProtocol) -> None:
        protocol.dataReceived(self._body)
        protocol.connectionLost(Failure(ResponseDone()))
