"""Every implementation, and every double in the tests, provides the interface it stands for."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages
from types import ModuleType

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import Interface, implementedBy
from zope.interface.exceptions import Invalid
from zope.interface.verify import verifyClass, verifyObject

import inference_gateway
import tests
from inference_gateway.config.routing_settings import RoutingSettings
from inference_gateway.config.settings import AuthSettings
from inference_gateway.interfaces import IBalancer, IControl, IKeyStore, IModelCatalogue, IProvider
from inference_gateway.pipeline.keys import DigestKeyStore
from inference_gateway.routing.balancer import RoundRobin
from inference_gateway.routing.roster import Roster
from inference_gateway.routing.table import ModelTable
from inference_gateway.service.control import Control
from inference_gateway.upstream.echo import EchoProvider


def modules(package: ModuleType) -> Iterator[ModuleType]:
    """Import and yield every module in ``package``, but not those that start processes."""
    for found in walk_packages(package.__path__, package.__name__ + "."):
        if not found.name.startswith("tests.acceptance"):
            yield import_module(found.name)


def implementations() -> Iterator[tuple[type, type[Interface]]]:
    """Yield each class of ours that declares an interface, with that interface."""
    for package in (inference_gateway, tests):
        for module in modules(package):
            for value in vars(module).values():
                if isinstance(value, type) and value.__module__ == module.__name__:
                    yield from ((value, declared) for declared in implementedBy(value).declared)


class InterfaceTests(SynchronousTestCase):
    """Implementations and their interfaces."""

    maxDiff = None

    def test_every_class(self) -> None:
        """Every class has all methods of the interface it declares, and takes their arguments."""
        seen = 0
        wrong = []
        for implementation, interface in implementations():
            seen += 1
            try:
                verifyClass(interface, implementation)
            except Invalid as error:
                wrong.append(str(error))
        self.assertEqual(wrong, [])
        self.assertGreater(seen, 0)

    def test_provider(self) -> None:
        """The echo provider is a provider."""
        verifyObject(IProvider, EchoProvider("echo", Clock(), lambda: 0.0))

    def test_balancer(self) -> None:
        """Round robin is a balancer."""
        verifyObject(IBalancer, RoundRobin())

    def test_control(self) -> None:
        """What the routes of administrators show is a control."""
        verifyObject(IControl, Control(Roster([]), lambda: 0.0, lambda: 0.0))

    def test_model_catalogue(self) -> None:
        """The table of models is a catalogue of models."""
        verifyObject(IModelCatalogue, ModelTable(Roster([]), RoutingSettings()))

    def test_key_store(self) -> None:
        """The store of digests is a store of keys."""
        verifyObject(IKeyStore, DigestKeyStore(AuthSettings(), lambda: 0.0))
