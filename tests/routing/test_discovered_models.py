"""The table with what providers list themselves: names that come, go and turn stale."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.routing_settings import ModelRouteSettings, RoutingSettings
from inference_gateway.errors import ModelNotFound
from inference_gateway.exchange import ANONYMOUS, Principal
from inference_gateway.interfaces import ListedModel
from inference_gateway.routing.discovery import Discovery
from inference_gateway.routing.roster import Roster
from inference_gateway.routing.table import DISCOVERED, ModelTable
from tests.routing.rosters import roster

NAMES = ("a", "b", "org/a", "org/b", "alias", "routed", "pinned")


class DiscoveredTestCase(SynchronousTestCase):
    """A table whose providers list what the test says."""

    def setUp(self) -> None:
        self.clock = Clock()

    def make(
        self,
        providers: Roster,
        lists: Mapping[str, tuple[str, ...]],
        models: Mapping[str, ModelRouteSettings] | None = None,
    ) -> None:
        """Make the table; providers in ``lists`` are asked, and have answered."""
        self.lists = {id: Discovery(self.clock.seconds, lambda: 0.5) for id in lists}
        self.table = ModelTable(providers, RoutingSettings(models=models or {}), self.lists)
        for id, names in lists.items():
            self.listed(id, *names)

    def listed(self, provider: str, *names: str) -> None:
        """Have a provider list these names."""
        self.lists[provider].confirm(names)
        self.table.refresh()

    def candidates(self, name: str) -> list[tuple[str, str]]:
        """Return the provider and its own name of the model, for each candidate."""
        found = self.table.resolve(name, ANONYMOUS)
        return [(candidate.entry.id, candidate.upstream_model) for candidate in found.group]

    def label(self, name: str) -> str:
        """Return the label of calls for a name."""
        return self.table.resolve(name, ANONYMOUS).label

    def shown(self, principal: Principal = ANONYMOUS) -> list[ListedModel]:
        """Return the list that clients see."""
        return list(self.table.listed(principal))

    def refused(self, name: str, principal: Principal = ANONYMOUS) -> str:
        """Return what a client is told of a name that is not there."""
        error: ModelNotFound = self.assertRaises(ModelNotFound, self.table.resolve, name, principal)
        return error.message


class NamesTests(DiscoveredTestCase):
    """Names that nothing but a list gives."""

    def test_served(self) -> None:
        """A name is served by all that list it, under that name, in the configuration's order."""
        self.make(roster(x=(), y=(), z=()), {"z": ("m",), "x": ("n", "m"), "y": ()})
        self.assertEqual(self.candidates("m"), [("x", "m"), ("z", "m")])
        self.assertEqual(self.candidates("n"), [("x", "n")])

    def test_not_asked(self) -> None:
        """Before the first list there is nothing."""
        self.make(roster(x=()), {"x": ()})
        self.assertEqual(self.shown(), [])
        self.refused("m")

    def test_label(self) -> None:
        """No label is made from a list."""
        self.make(roster(x=("own",)), {"x": ("m", "n")})
        self.assertEqual({self.label("m"), self.label("n")}, {DISCOVERED})
        self.assertEqual(self.table.resolve("m", ANONYMOUS).public_model, "m")
        self.assertEqual(self.label("own"), "own")

    def test_gone(self) -> None:
        """A name that is listed no longer is there no longer."""
        self.make(roster(x=(), y=()), {"x": ("m", "n"), "y": ("m",)})
        self.listed("x", "n")
        self.assertEqual(self.candidates("m"), [("y", "m")])
        self.listed("y")
        self.refused("m")
        self.assertEqual([model.name for model in self.shown()], ["n"])

    def test_nearest(self) -> None:
        """A discovered name is offered where one like it was asked for."""
        self.make(roster(x=()), {"x": ("llama-3.1-8b",)})
        self.assertIn("'llama-3.1-8b'", self.refused("lama-3.1-8b"))

    def test_allowed(self) -> None:
        """A key that may use some models may use these only, wherever they come from."""
        self.make(roster(x=()), {"x": ("m", "n")})
        alice = Principal(id="alice", models=("n",))
        self.assertEqual([model.name for model in self.shown(alice)], ["n"])
        self.refused("m", alice)


class ConfiguredTests(DiscoveredTestCase):
    """Lists beside what the configuration says."""

    def test_configured_name(self) -> None:
        """Who serves a name that some provider's ``models`` has is not for lists to say."""
        self.make(roster(x={"m": "own"}, y=()), {"x": ("m",), "y": ("m",)})
        self.assertEqual((self.candidates("m"), self.label("m")), ([("x", "own")], "m"))

    def test_routed_to_providers(self) -> None:
        """Nor is it where ``routing.models`` names the providers."""
        routes = {"m": ModelRouteSettings(providers=("y",))}
        self.make(roster(x=(), y=()), {"x": ("m",)}, routes)
        self.assertEqual((self.candidates("m"), self.label("m")), ([("y", "m")], "m"))

    def test_routed(self) -> None:
        """A name that ``routing.models`` has without providers is served by those that list it."""
        routes = {"m": ModelRouteSettings(aliases=("alias",))}
        self.make(roster(x=("*",), y=()), {"y": ("m",)}, routes)
        for name in ("m", "alias"):
            self.assertEqual(self.candidates(name), [("x", "m"), ("y", "m")])
            self.assertEqual(self.label(name), "m")

    def test_alias_to_come(self) -> None:
        """An alias waits for its model."""
        self.make(roster(x=()), {"x": ()}, {"m": ModelRouteSettings(aliases=("alias",))})
        self.refused("alias")
        self.listed("x", "m")
        self.assertEqual(self.candidates("alias"), [("x", "m")])

    def test_alias_goes_first(self) -> None:
        """A list cannot take an alias over, and what it hides is not listed."""
        routes = {"m": ModelRouteSettings(aliases=("alias",))}
        self.make(roster(x=("m",), y=()), {"y": ("alias",)}, routes)
        self.assertEqual(self.candidates("alias"), [("x", "m")])
        self.assertEqual([model.name for model in self.shown()], ["m"])

    def test_wildcard(self) -> None:
        """A provider whose wildcard fits serves the name as well; its mapping counts."""
        self.make(roster(x={"org/*": "up/*"}, y=(), z=()), {"x": ("org/m",), "y": ("org/m",)})
        self.assertEqual(self.candidates("org/m"), [("x", "up/m"), ("y", "org/m")])
        self.assertEqual(self.label("org/m"), DISCOVERED)
        self.assertEqual(
            (self.candidates("org/n"), self.label("org/n")), ([("x", "up/n")], "org/*")
        )

    @given(
        st.dictionaries(st.sampled_from("xyz"), st.lists(st.sampled_from(NAMES)).map(tuple)),
    )
    def test_whatever_is_listed(self, lists: dict[str, tuple[str, ...]]) -> None:
        """No list changes what the configuration says, and none becomes a label."""
        providers = roster(x={"a": "own"}, y=("org/*",), z=("b", "org/b"))
        routes = {
            "routed": ModelRouteSettings(aliases=("alias",)),
            "pinned": ModelRouteSettings(providers=("z",)),
        }
        self.make(providers, lists, routes)
        plain = ModelTable(providers, RoutingSettings(models=routes))
        for name in ("a", "b", "org/b", "org/other", "pinned"):
            self.assertEqual(
                self.table.resolve(name, ANONYMOUS), plain.resolve(name, ANONYMOUS), name
            )
        for model in self.shown():
            self.assertIn(self.label(model.name), {*routes, "a", "b", "org/b", DISCOVERED})
            self.assertEqual(self.table.find(model.name, ANONYMOUS), model)


class CatalogueTests(DiscoveredTestCase):
    """What clients see of them."""

    def test_listed(self) -> None:
        """What the configuration names comes first; owner is the first that serves it."""
        self.make(roster(x=(), y=("own",)), {"y": ("m", "own"), "x": ("n", "m")})
        self.assertEqual(
            [(model.name, model.owner) for model in self.shown()],
            [("own", "y"), ("n", "x"), ("m", "x")],
        )

    def test_stale(self) -> None:
        """A model is stale when none of those that listed it has confirmed it."""
        self.make(roster(x=("own",), y=()), {"x": ("m", "n"), "y": ("m",)})
        self.clock.advance(200.0)
        self.listed("y", "m")
        stale = {model.name: model.is_stale for model in self.shown()}
        self.assertEqual(stale, {"own": False, "m": False, "n": True})
        self.assertTrue(self.table.find("n", ANONYMOUS).is_stale)
        self.assertEqual(self.candidates("n"), [("x", "n")])
