"""The ``twistd`` plugin: it is found, it is cheap, and it leads to the command."""

import os
import subprocess
import sys
from importlib.util import find_spec

from twisted.application.service import IServiceMaker, ServiceMaker
from twisted.plugin import getPlugins
from twisted.trial.unittest import SynchronousTestCase


def our_service_makers() -> list[ServiceMaker]:
    """Return the service makers that answer to our command's name."""
    return [
        maker
        for maker in getPlugins(IServiceMaker)
        if isinstance(maker, ServiceMaker) and maker.tapname == "inference-gateway"
    ]


def loaded_by(module: str) -> list[str]:
    """Return the names of all modules that a fresh interpreter holds after importing ``module``."""
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.split()


class PluginTests(SynchronousTestCase):
    """How ``twistd`` finds the command."""

    def test_listed_once(self) -> None:
        """twistd finds exactly one command of our name, with a description for its help text."""
        (maker,) = our_service_makers()
        self.assertTrue(maker.description)

    def test_names_existing_module(self) -> None:
        """The module that the plugin names can be found."""
        (maker,) = our_service_makers()
        self.assertIsNotNone(find_spec(maker.module))

    def test_options(self) -> None:
        """The command's options parse an empty command line and its help names the port."""
        (maker,) = our_service_makers()
        options = maker.options()
        options.parseOptions([])
        self.assertIn("--port", options.getUsage())

    def test_plugin_imports_nothing_of_ours(self) -> None:
        """Loading the plugin, as every start of twistd does, loads nothing of the package."""
        loaded = loaded_by("twisted.plugins.inference_gateway_plugin")
        self.assertEqual([name for name in loaded if name.startswith("inference_gateway")], [])

    def test_command_installs_no_reactor(self) -> None:
        """Loading the command leaves the choice of the reactor to twistd's own option."""
        loaded = loaded_by("inference_gateway.tap")
        early = ("klein", "treq", "twisted.internet.reactor")
        self.assertEqual([name for name in loaded if name in early], [])
