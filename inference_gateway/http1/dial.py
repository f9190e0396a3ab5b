"""Opening a connection to an origin: names, addresses, TLS, and what went wrong in our own words.

It knows nothing of requests. Which addresses may be connected to is decided by whoever passes the
resolver or the reactor.
"""

from collections.abc import Callable
from ipaddress import ip_address
from typing import NoReturn, cast

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import (
    HostnameEndpoint,
    TCP4ClientEndpoint,
    TCP6ClientEndpoint,
    wrapClientTLS,
)
from twisted.internet.error import (
    ConnectError,
    ConnectingCancelledError,
    ConnectionRefusedError,
    DNSLookupError,
    TimeoutError,
)
from twisted.internet.interfaces import IHandshakeListener, IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Factory, connectionDone
from twisted.internet.tcp import Client
from twisted.python.failure import Failure
from twisted.web.iweb import IPolicyForHTTPS
from zope.interface import implementer

from inference_gateway.http1.connection import ClientConnection, Owner
from inference_gateway.http1.origin import Origin
from inference_gateway.http1.response_rules import ResponseLimits


class ConnectFailed(Exception):
    """No connection came about.

    ``category`` is refused, dns, unroutable, tls, timeout or closed (the agent itself).
    """

    def __init__(self, category: str) -> None:
        super().__init__(f"cannot connect: {category}")
        self.category = category


class ConnectTimedOut(ConnectFailed):
    """No connection came about in time, the TLS handshake included."""

    def __init__(self) -> None:
        super().__init__("timeout")


@implementer(IHandshakeListener)
class _SecureConnection(ClientConnection):
    """A connection that is of use only once its handshake is done."""

    def __init__(self, origin: Origin, owner: Owner, limits: ResponseLimits) -> None:
        super().__init__(origin, owner, limits)
        self.secured: Deferred[ClientConnection] = Deferred(self._given_up)
        self._undecided = True

    def _given_up(self, secured: Deferred[ClientConnection]) -> None:
        self._undecided = False
        self.abort()

    def handshakeCompleted(self) -> None:
        """Let the first exchange begin."""
        self._undecided = False
        self.secured.callback(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Fail the handshake if it was still going on."""
        super().connectionLost(reason)
        if self._undecided:
            self._undecided = False
            self.secured.errback(ConnectFailed("tls"))


class _Factory(Factory):
    """Builds as many connections as there are addresses to try."""

    noisy = False

    def __init__(self, build: Callable[[], ClientConnection]) -> None:
        self._build = build

    def buildProtocol(self, addr: object) -> ClientConnection:
        return self._build()


class Dialer:
    """Opens connections on behalf of ``owner``."""

    def __init__(
        self,
        reactor: IReactorTime,
        owner: Owner,
        limits: ResponseLimits,
        tls_policy: IPolicyForHTTPS | None,
    ) -> None:
        self._reactor = reactor
        self._owner = owner
        self._limits = limits
        self._tls_policy = tls_policy

    def connect(self, origin: Origin, timeout: float) -> Deferred[ClientConnection]:
        """Connect within ``timeout`` seconds, TLS handshake included.

        Fails with `ConnectFailed` or `ConnectTimedOut`; cancelling gives up at once.
        """
        connecting = Deferred.fromCoroutine(self._open(origin, timeout))
        connecting.addTimeout(timeout, self._reactor, _timed_out)
        return connecting.addErrback(_translate)

    async def _open(self, origin: Origin, timeout: float) -> ClientConnection:
        endpoint = self._endpoint(origin, timeout)
        if origin.scheme == "http":
            plain = _Factory(lambda: ClientConnection(origin, self._owner, self._limits))
            connection = cast(ClientConnection, await endpoint.connect(plain))
            transport: object = connection.transport
            if isinstance(transport, Client):
                # The endpoint's wrapper has done its work, and would only pass on each read.
                transport.protocol = connection
            return connection
        if self._tls_policy is None:
            raise ConnectFailed("tls")
        creator = self._tls_policy.creatorForNetloc(origin.host.encode("ascii"), origin.port)
        secure = _Factory(lambda: _SecureConnection(origin, self._owner, self._limits))
        wrapped = wrapClientTLS(creator, endpoint, self._reactor)
        return await cast(_SecureConnection, await wrapped.connect(secure)).secured

    def _endpoint(self, origin: Origin, timeout: float) -> IStreamClientEndpoint:
        try:
            version = ip_address(origin.host).version
        except ValueError:
            return HostnameEndpoint(self._reactor, origin.host, origin.port, timeout)
        kind = TCP4ClientEndpoint if version == 4 else TCP6ClientEndpoint
        return kind(self._reactor, origin.host, origin.port, timeout)


def _timed_out(cancelled: object, seconds: float) -> NoReturn:
    raise ConnectTimedOut()


def _translate(failure: Failure) -> Failure:
    if failure.check(ConnectFailed, CancelledError):
        return failure
    if failure.check(ConnectingCancelledError):
        raise CancelledError()
    if failure.check(TimeoutError):
        raise ConnectTimedOut()
    if failure.check(ConnectionRefusedError):
        raise ConnectFailed("refused")
    if failure.check(DNSLookupError):
        raise ConnectFailed("dns")
    if failure.check(ConnectError):
        raise ConnectFailed("unroutable")
    return failure
