"""Opening connections: literals and names, failures in our own words, TLS."""

from typing import cast

from cryptography.hazmat.primitives.serialization import Encoding
from twisted.internet.defer import Deferred
from twisted.internet.error import (
    ConnectError,
    ConnectionRefusedError,
    DNSLookupError,
    NoRouteError,
    TimeoutError,
)
from twisted.internet.interfaces import (
    IHostnameResolver,
    IHostResolution,
    IOpenSSLClientConnectionCreator,
    IResolutionReceiver,
    ITransport,
)
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.ssl import Certificate, optionsForClientTLS
from twisted.trial.unittest import SynchronousTestCase, TestCase
from twisted.web.iweb import IPolicyForHTTPS
from zope.interface import implementer

from inference_gateway.http1.agent import Agent
from inference_gateway.http1.connection import ClientConnection
from inference_gateway.http1.dial import ConnectFailed, ConnectTimedOut, Dialer
from inference_gateway.http1.origin import Origin
from inference_gateway.http1.pool import Pool
from inference_gateway.http1.response_rules import ResponseLimits
from tests.http1.fake_upstream import GET, OK, BodyReceiver, MemoryNetwork, reactor
from tests.http1.identity import Identity


@implementer(IHostnameResolver, IHostResolution)
class KnowsNobody:
    """Resolves every name to nothing."""

    def __init__(self) -> None:
        self.name = ""

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: object = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        self.name = hostName
        resolutionReceiver.resolutionBegan(self)
        resolutionReceiver.resolutionComplete()
        return self

    def cancel(self) -> None:
        """Do nothing: it is over before anybody could."""


class DialTests(SynchronousTestCase):
    """Plain connections, in memory."""

    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.pool = Pool(self.network.reactor, idle_limit=4.0, max_idle=1)
        self.dialer = Dialer(self.network.reactor, self.pool, ResponseLimits(), None)

    def dial(self, host: str = "127.0.0.1", scheme: str = "http") -> Deferred[ClientConnection]:
        origin = Origin(scheme=scheme, host=host, port=8001)
        return self.dialer.connect(origin, 5.0)

    def test_address(self) -> None:
        """Addresses of both kinds are connected to as they are."""
        for host in ("127.0.0.1", "::1"):
            connecting = self.dial(host)
            self.network.accept()
            self.assertEqual(self.network.reactor.tcpClients[-1][:2], (host, 8001))
            self.assertEqual(self.successResultOf(connecting).origin.host, host)

    def test_name(self) -> None:
        """A name goes to the resolver; the address is that of the answer."""
        connecting = self.dial("upstream.example")
        self.network.turn()
        self.network.accept()
        self.assertEqual(self.network.reactor.tcpClients[-1][:2], ("127.0.0.1", 8001))
        self.assertEqual(self.successResultOf(connecting).origin.host, "upstream.example")

    def test_unknown_name(self) -> None:
        """A name without addresses is a failure of its own category."""
        self.network.reactor.installNameResolver(KnowsNobody())
        error = self.failureResultOf(self.dial("upstream.example"), ConnectFailed).value
        self.assertEqual((error.category, self.network.attempts), ("dns", 0))

    def test_failures(self) -> None:
        """Every reason has a category."""
        for reason, category in (
            (ConnectionRefusedError(), "refused"),
            (DNSLookupError(), "dns"),
            (NoRouteError(), "unroutable"),
            (ConnectError(), "unroutable"),
        ):
            connecting = self.dial()
            self.network.refuse(reason)
            error = self.failureResultOf(connecting, ConnectFailed).value
            self.assertEqual(error.category, category)
            self.assertIn(category, str(error))

    def test_own_timeout(self) -> None:
        """The limit holds, and leaves no timer behind."""
        connecting = self.dial()
        self.network.reactor.advance(5)
        error = self.failureResultOf(connecting, ConnectTimedOut).value
        self.assertEqual((error.category, self.network.reactor.getDelayedCalls()), ("timeout", []))

    def test_kernel_timeout(self) -> None:
        """A timeout that the kernel or the transport reports is one, too."""
        connecting = self.dial()
        self.network.refuse(TimeoutError())
        self.failureResultOf(connecting, ConnectTimedOut)

    def test_bug(self) -> None:
        """What nobody foresaw is not disguised."""
        connecting = self.dial()
        self.network.refuse(ZeroDivisionError())
        self.failureResultOf(connecting, ZeroDivisionError)

    def test_no_policy(self) -> None:
        """Without a policy there is no TLS, and nothing else instead."""
        error = self.failureResultOf(self.dial(scheme="https"), ConnectFailed).value
        self.assertEqual((error.category, self.network.attempts), ("tls", 0))


@implementer(IPolicyForHTTPS)
class TrustOne:
    """Trusts one certificate."""

    def __init__(self, identity: Identity) -> None:
        pem = identity.certificate.public_bytes(Encoding.PEM)
        self.certificate = Certificate.loadPEM(pem)

    def creatorForNetloc(self, hostname: bytes, port: int) -> IOpenSSLClientConnectionCreator:
        return optionsForClientTLS(hostname.decode("ascii"), trustRoot=self.certificate)


class Silent(Protocol):
    """Accepts and says nothing."""


class Answering(Protocol):
    """Answers whatever comes."""

    def dataReceived(self, data: bytes) -> None:
        cast(ITransport, self.transport).write(OK)


class TLSTests(TestCase):
    """Connections with TLS, over real sockets."""

    timeout = 10

    def setUp(self) -> None:
        self.identity = Identity.of("localhost")

    def listen(self, protocol: type[Protocol], *, tls: bool = True) -> Origin:
        factory = Factory.forProtocol(protocol)
        factory.noisy = False
        if tls:
            port = reactor.listenSSL(0, factory, self.identity, interface="127.0.0.1")
        else:
            port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        return Origin(scheme="https", host="localhost", port=port.getHost().port)

    def make_agent(self, trusted: Identity, connect_timeout: float = 5.0) -> Agent:
        policy = TrustOne(trusted)
        agent = Agent(reactor, tls_policy=policy, connect_timeout=connect_timeout)
        self.addCleanup(agent.close)
        return agent

    async def test_exchange(self) -> None:
        """Exchanges follow each other over one secure connection."""
        agent = self.make_agent(self.identity)
        origin = self.listen(Answering)
        for _ in range(2):
            response = await agent.send(origin, GET)
            receiver = BodyReceiver()
            response.deliverBody(receiver)
            self.assertEqual(receiver.body, b"hi")
        self.assertEqual(agent.open_connections, 1)

    async def test_untrusted(self) -> None:
        """A certificate that the policy does not trust is a failure to connect."""
        agent = self.make_agent(Identity.of("localhost"))
        with self.assertRaises(ConnectFailed) as caught:
            await agent.send(self.listen(Answering), GET)
        self.assertEqual(caught.exception.category, "tls")

    async def test_handshake_timeout(self) -> None:
        """A handshake that never ends is cut off by the limit for connecting."""
        agent = self.make_agent(self.identity, connect_timeout=0.2)
        with self.assertRaises(ConnectTimedOut):
            await agent.send(self.listen(Silent, tls=False), GET)
