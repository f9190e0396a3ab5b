"""Requests to origins: an `IAgent`, and a lean way for callers who wrote their bytes.

It chooses the connection and decides when a request may be sent a second time. It follows no
redirects, keeps no cookies, asks for no content coding and knows no time limit but that for
connecting.
"""

import attrs
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IClientRequest, IPolicyForHTTPS, IResponse
from zope.interface import implementer

from inference_gateway.http1.connection import ClientConnection, ExchangeBroken
from inference_gateway.http1.dial import ConnectFailed, Dialer
from inference_gateway.http1.origin import Origin, UnsendableRequest, split_uri
from inference_gateway.http1.pool import Pool
from inference_gateway.http1.request_head import request_head
from inference_gateway.http1.response import Response
from inference_gateway.http1.response_rules import ResponseLimits
from inference_gateway.http1.upload import Upload


@implementer(IClientRequest)
@attrs.frozen(kw_only=True)
class SentRequest:
    """What an `IResponse` says about the request that it answers."""

    method: bytes
    absoluteURI: bytes
    headers: Headers


@implementer(IAgent)
class Agent:
    """Sends requests over pooled connections, one exchange at a time on each.

    ``idle_limit`` (seconds) must be below what the upstreams allow; ``max_idle`` is for each
    origin. ``tls_policy`` is needed for https. ``close`` must be called at the end.
    """

    def __init__(
        self,
        reactor: IReactorTime,
        *,
        idle_limit: float = 4.0,
        max_idle: int = 256,
        connect_timeout: float = 5.0,
        tls_policy: IPolicyForHTTPS | None = None,
        limits: ResponseLimits | None = None,
    ) -> None:
        self._connect_timeout = connect_timeout
        self._pool = Pool(reactor, idle_limit=idle_limit, max_idle=max_idle)
        self._dialer = Dialer(reactor, self._pool, limits or ResponseLimits(), tls_policy)
        self._connecting: set[Deferred[ClientConnection]] = set()
        self._closed = False

    @property
    def open_connections(self) -> int:
        """How many sockets are open, idle or not."""
        return self._pool.open_connections

    def close(self) -> Deferred[None]:
        """Close every connection at once, busy or not, and take no more requests.

        Fires when the sockets are gone. What was under way fails with `ExchangeBroken` or
        `ConnectFailed`.
        """
        self._closed = True
        for connecting in list(self._connecting):
            connecting.cancel()
        return self._pool.close()

    # --- the lean way

    async def exchange(
        self,
        origin: Origin,
        request: bytes,
        *,
        connect_timeout: float | None = None,
        accepts_encoding: bool = False,
    ) -> Response:
        """Send a whole request, as it goes on the wire, and wait for the head of its answer.

        ``accepts_encoding`` says that the request has an Accept-Encoding; otherwise an answer with
        a content coding is bad. Where a connection that had served before breaks without one byte
        of an answer, the request is sent once more on a new one. Raises `ConnectFailed`,
        `ConnectTimedOut`, `ExchangeBroken` or `BadResponse`; cancelling closes the connection, or
        gives up making one.
        """
        connection = self._pool.take(origin)
        if connection is not None:
            try:
                return await connection.exchange(request, accepts_encoding=accepts_encoding)
            except ExchangeBroken as broken:
                if broken.bytes_received:
                    raise
        connection = await self._connect(origin, connect_timeout)
        return await connection.exchange(request, accepts_encoding=accepts_encoding)

    def send(
        self,
        origin: Origin,
        request: bytes,
        *,
        connect_timeout: float | None = None,
        accepts_encoding: bool = False,
    ) -> Deferred[Response]:
        """Return `exchange` as a Deferred."""
        return Deferred.fromCoroutine(
            self.exchange(
                origin,
                request,
                connect_timeout=connect_timeout,
                accepts_encoding=accepts_encoding,
            )
        )

    def _connect(self, origin: Origin, timeout: float | None) -> Deferred[ClientConnection]:
        if self._closed:
            return fail(ConnectFailed("closed"))
        seconds = self._connect_timeout if timeout is None else timeout
        connecting = self._dialer.connect(origin, seconds)
        self._connecting.add(connecting)
        return connecting.addBoth(self._connected, connecting)

    def _connected(
        self, result: ClientConnection | Failure, connecting: Deferred[ClientConnection]
    ) -> ClientConnection | Failure:
        self._connecting.discard(connecting)
        if self._closed:
            return Failure(ConnectFailed("closed"))
        return result

    # --- the way of IAgent

    def request(
        self,
        method: bytes,
        uri: bytes,
        headers: Headers | None = None,
        bodyProducer: IBodyProducer | None = None,
    ) -> Deferred[IResponse]:
        """Request ``uri``; what `send` says holds, and `UnsendableRequest` may come.

        A short body is collected and goes out with the head, in one piece. A long one goes over a
        connection that has not served before, because it could not be sent again.
        """
        try:
            origin, target = split_uri(uri)
            upload = None if bodyProducer is None else Upload(bodyProducer)
            head = request_head(
                method,
                target,
                origin.netloc,
                headers,
                has_body=upload is not None,
                length=upload.length if upload is not None else None,
            )
        except UnsendableRequest:
            return fail()
        encoded = headers is not None and headers.hasHeader(b"accept-encoding")
        if upload is None:
            answer = self.send(origin, head, accepts_encoding=encoded)
        else:
            answer = upload.gather().addCallback(
                self._send_gathered, upload, origin, head, accepts_encoding=encoded
            )
        sent = SentRequest(method=method, absoluteURI=uri, headers=headers or Headers())
        return answer.addCallback(_attach, sent)

    def _send_gathered(
        self, ignored: None, upload: Upload, origin: Origin, head: bytes, *, accepts_encoding: bool
    ) -> Deferred[Response]:
        if upload.finished:
            request = head + upload.collected()
            return self.send(origin, request, accepts_encoding=accepts_encoding)
        answer = self._connect(origin, None).addCallback(
            ClientConnection.exchange, head, accepts_encoding=accepts_encoding, upload=upload
        )
        return answer.addErrback(_stop, upload)


def _stop(failure: Failure, upload: Upload) -> Failure:
    """End a body whose connection never came about; elsewhere the connection has done so."""
    upload.stop()
    return failure


def _attach(response: Response, sent: SentRequest) -> IResponse:
    response.request = sent
    return response
