"""Every type of provider that is reached over HTTP has a dialect."""

from typing import get_args, get_type_hints

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from inference_gateway.config.settings import ProviderSettings
from inference_gateway.dialects.registry import DIALECTS
from inference_gateway.interfaces import IDialect


class RegistryTests(SynchronousTestCase):
    """The registry against the settings."""

    def test_complete(self) -> None:
        """The types that can be configured are those with a dialect, and echo."""
        types = get_args(get_type_hints(ProviderSettings)["type"])
        self.assertEqual({*DIALECTS, "echo"}, set(types))

    def test_interface(self) -> None:
        """Each of them is a dialect."""
        for dialect in DIALECTS.values():
            self.assertTrue(verifyObject(IDialect, dialect))
