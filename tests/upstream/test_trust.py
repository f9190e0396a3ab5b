"""Which certificates are believed, over real connections."""

from typing import cast

from twisted.internet.interfaces import ITransport
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import TestCase
from twisted.web.iweb import IPolicyForHTTPS
from zope.interface.verify import verifyObject

from inference_gateway.http1.agent import Agent
from inference_gateway.http1.dial import ConnectFailed
from inference_gateway.http1.origin import Origin
from inference_gateway.upstream.trust import tls_policy
from tests.http1.fake_upstream import GET, OK, reactor
from tests.http1.identity import Identity


class Answering(Protocol):
    """Answers whatever comes."""

    def dataReceived(self, data: bytes) -> None:
        cast(ITransport, self.transport).write(OK)


class TrustTests(TestCase):
    """A server with a certificate of its own."""

    timeout = 10

    def setUp(self) -> None:
        self.identity = Identity.of("localhost")
        factory = Factory.forProtocol(Answering)
        factory.noisy = False
        port = reactor.listenSSL(0, factory, self.identity, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        self.port = port.getHost().port

    async def ask(self, ca_path: str | None, host: str = "localhost") -> int:
        """Return the status of an answer, with the certificates in ``ca_path`` trusted."""
        agent = Agent(reactor, tls_policy=tls_policy(ca_path))
        self.addCleanup(agent.close)
        origin = Origin(scheme="https", host=host, port=self.port)
        return (await agent.send(origin, GET)).code

    def file(self, *pems: bytes) -> str:
        """Write ``pems`` to a file and return its path."""
        path: str = self.mktemp()
        with open(path, "wb") as target:
            target.write(b"Comments may stand between.\n".join([b"", *pems]))
        return path

    async def test_named(self) -> None:
        """A certificate in the file is believed, also behind others."""
        self.assertEqual(await self.ask(self.file(self.identity.pem)), 200)
        other = Identity.of("elsewhere").pem
        self.assertEqual(await self.ask(self.file(other, self.identity.pem)), 200)

    async def test_unknown(self) -> None:
        """Neither another certificate nor the system believes it, and no other host has it."""
        mine = self.file(self.identity.pem)
        other = self.file(Identity.of("localhost").pem)
        for ca_path, host in ((other, "localhost"), (None, "localhost"), (mine, "127.0.0.1")):
            with self.assertRaises(ConnectFailed):
                await self.ask(ca_path, host)

    def test_made_once(self) -> None:
        """The context of a host is made once."""
        policy = tls_policy(self.file(self.identity.pem))
        self.assertTrue(verifyObject(IPolicyForHTTPS, policy))
        first = policy.creatorForNetloc(b"a", 1)
        self.assertIs(policy.creatorForNetloc(b"a", 2), first)
        self.assertIsNot(policy.creatorForNetloc(b"b", 1), first)

    def test_unreadable(self) -> None:
        """A file that is not there is an error at once."""
        self.assertRaises(OSError, tls_policy, self.mktemp())
