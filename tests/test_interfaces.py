"""Every implementation and every double provides the interface it stands for."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from inference_gateway.interfaces import IProvider
from inference_gateway.upstream.echo import EchoProvider


class InterfaceTests(SynchronousTestCase):
    """Implementations and their interfaces."""

    def test_echo_provider(self) -> None:
        """The echo provider is a provider."""
        provider = EchoProvider(id="echo", clock=Clock(), wall=lambda: 0.0)
        self.assertTrue(verifyObject(IProvider, provider))
