"""Every type of provider that is reached over HTTP has a dialect."""

from typing import get_args, get_type_hints

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from inference_gateway.config.kinds import OperationName
from inference_gateway.config.settings import ProviderSettings
from inference_gateway.dialects.registry import dialect_for
from inference_gateway.interfaces import IDialect
from inference_gateway.wire.operations import CHAT, OPERATIONS
from tests.config.loading import problems

#: The types that can be configured, but for the one that speaks to nobody.
TYPES = sorted(set(get_args(get_type_hints(ProviderSettings)["type"])) - {"echo"})
NAMES = frozenset(get_args(OperationName))


class RegistryTests(SynchronousTestCase):
    """The registry against the settings."""

    def test_interface(self) -> None:
        """Each type has a dialect, and its headers are such as are sent."""
        for kind in TYPES:
            dialect = dialect_for(ProviderSettings(id="a", type=kind))
            self.assertTrue(verifyObject(IDialect, dialect), kind)
            for name, _ in dialect.headers:
                self.assertEqual(name, name.lower())

    def test_echo(self) -> None:
        """The provider that is built in has none."""
        with self.assertRaises(KeyError):
            dialect_for(ProviderSettings(id="a"))

    def test_version(self) -> None:
        """Azure's has the version that is configured, or the usual one."""
        for version, expected in ((None, b"2024-10-21"), ("preview", b"preview")):
            settings = ProviderSettings(id="a", type="azure", api_version=version)
            target = dialect_for(settings).target(b"/openai", CHAT, "m")
            self.assertTrue(target.endswith(b"?api-version=" + expected))


class EndpointTests(SynchronousTestCase):
    """What providers can be asked for."""

    def test_operations(self) -> None:
        """What there is can be configured, and what types have is among it."""
        self.assertEqual(set(OPERATIONS), NAMES)
        for kind in TYPES:
            self.assertLessEqual(dialect_for(ProviderSettings(id="a", type=kind)).endpoints, NAMES)

    def test_impossible(self) -> None:
        """What a type refuses to be configured with is what its dialect has not, or nothing."""
        for kind in TYPES:
            names = ", ".join(sorted(NAMES))
            text = (
                f"{{id: a, type: {kind}, base_url: 'http://a', models: [m], endpoints: [{names}]}}"
            )
            refused = {problem.rpartition(" ")[2] for problem in problems(f"providers: [{text}]")}
            usual = dialect_for(ProviderSettings(id="a", type=kind)).endpoints
            self.assertIn(refused, (set(), NAMES - usual), kind)
