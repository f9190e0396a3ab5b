"""The table of models: from any name a client may send to who serves it."""

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from inference_gateway.config.routing_settings import ModelRouteSettings, RoutingSettings
from inference_gateway.errors import ModelNotFound
from inference_gateway.exchange import ANONYMOUS, Principal
from inference_gateway.interfaces import IModelCatalogue
from inference_gateway.routing.roster import Roster
from inference_gateway.routing.table import ModelTable
from tests.routing.rosters import roster


def table(providers: Roster, **models: ModelRouteSettings) -> ModelTable:
    """Return a table; names of models that are no identifiers are written with ``_`` for ``/``."""
    routes = {name.replace("_", "/"): route for name, route in models.items()}
    return ModelTable(providers, RoutingSettings(models=routes))


class TableTestCase(SynchronousTestCase):
    """Looking names up."""

    def candidates(
        self, models: ModelTable, name: str, principal: Principal = ANONYMOUS
    ) -> list[tuple[str, str]]:
        """Return the provider and its own name of the model, for each candidate."""
        found = models.resolve(name, principal)
        return [(candidate.entry.id, candidate.upstream_model) for candidate in found.group]

    def refusal(self, models: ModelTable, name: str, principal: Principal = ANONYMOUS) -> str:
        """Return what a client is told who may not have ``name``."""
        error: ModelNotFound = self.assertRaises(ModelNotFound, models.resolve, name, principal)
        self.assertEqual(error.param, "model")
        return error.message


class ExactTests(TableTestCase):
    """Names as they stand in the configuration."""

    def test_exact(self) -> None:
        """A name that a provider lists leads to it, under the provider's own name."""
        models = table(roster(a={"small": "llama-8b"}))
        found = models.resolve("small", ANONYMOUS)
        self.assertEqual((found.public_model, found.label), ("small", "small"))
        self.assertEqual(self.candidates(models, "small"), [("a", "llama-8b")])

    def test_slashes(self) -> None:
        """Names with slashes are names like any other."""
        models = table(roster(a=("org/model/v1",)))
        self.assertEqual(self.candidates(models, "org/model/v1"), [("a", "org/model/v1")])

    def test_several_providers(self) -> None:
        """All that list the name serve it, in the order of the configuration."""
        models = table(roster(b={"m": "b-m"}, x=("other",), a={"m": "a-m"}))
        self.assertEqual(self.candidates(models, "m"), [("b", "b-m"), ("a", "a-m")])

    def test_case(self) -> None:
        """Names differ by case."""
        self.refusal(table(roster(a=("Small",))), "small")


class ConfiguredTests(TableTestCase):
    """What ``routing.models`` says."""

    def test_providers(self) -> None:
        """Providers that are named serve in that order, and no others."""
        models = table(
            roster(a=("m",), b=("m",), c=("m",)), m=ModelRouteSettings(providers=("c", "a"))
        )
        self.assertEqual(self.candidates(models, "m"), [("c", "m"), ("a", "m")])

    def test_provider_that_does_not_list_it(self) -> None:
        """A provider that is named but does not list the model is asked for the public name."""
        models = table(roster(a=()), m=ModelRouteSettings(providers=("a",)))
        self.assertEqual(self.candidates(models, "m"), [("a", "m")])

    def test_nobody(self) -> None:
        """A model that nobody serves does not exist."""
        models = table(roster(a=("other",)), m=ModelRouteSettings(aliases=("n",)))
        self.refusal(models, "m")
        self.refusal(models, "n")

    def test_alias(self) -> None:
        """An alias means the public name, which answers and is the label."""
        models = table(roster(a={"m": "own"}), m=ModelRouteSettings(aliases=("gpt-4", "x/y")))
        for alias in ("gpt-4", "x/y"):
            found = models.resolve(alias, ANONYMOUS)
            self.assertEqual((found.public_model, found.label), ("m", "m"))
            self.assertEqual(self.candidates(models, alias), [("a", "own")])

    def test_alias_goes_first(self) -> None:
        """An alias means its model even if a provider lists the same name."""
        models = table(roster(a=("m", "n")), m=ModelRouteSettings(aliases=("n",)))
        self.assertEqual(self.candidates(models, "n"), [("a", "m")])

    def test_alias_into_a_wildcard(self) -> None:
        """A model that only a wildcard covers can have an alias."""
        models = table(roster(a=("org/*",)), org_m=ModelRouteSettings(aliases=("m",)))
        self.assertEqual(self.candidates(models, "m"), [("a", "org/m")])


class WildcardTests(TableTestCase):
    """Names with a ``*``."""

    def test_any(self) -> None:
        """A lone ``*`` takes every name, and the provider is asked for it."""
        models = table(roster(a=("*",)))
        found = models.resolve("anything/at all", ANONYMOUS)
        self.assertEqual((found.public_model, found.label), ("anything/at all", "*"))
        self.assertEqual(self.candidates(models, "anything/at all"), [("a", "anything/at all")])

    def test_most_specific(self) -> None:
        """Of several wildcards the longest counts, before it an exact name."""
        models = table(roster(a=("*",), b=("org/*",), c=("org/large*",), d=("org/large-2",)))
        for name, label in (
            ("org/large-2", "org/large-2"),
            ("org/large-1", "org/large*"),
            ("org/small", "org/*"),
            ("small", "*"),
        ):
            self.assertEqual(models.resolve(name, ANONYMOUS).label, label)

    def test_mapped_to_one_name(self) -> None:
        """A wildcard may stand for one model of the provider."""
        models = table(roster(a={"gpt-*": "llama"}))
        self.assertEqual(self.candidates(models, "gpt-4o"), [("a", "llama")])

    def test_mapped_to_a_wildcard(self) -> None:
        """What the public ``*`` covered takes the place of the provider's ``*``."""
        models = table(roster(a={"gpt/*": "openai/*-latest"}))
        self.assertEqual(self.candidates(models, "gpt/4o"), [("a", "openai/4o-latest")])

    def test_group_through_wider_wildcards(self) -> None:
        """A provider with a wider wildcard is in the group as well."""
        models = table(roster(a=("org/*",), b={"*": "up/*"}))
        self.assertEqual(self.candidates(models, "org/m"), [("a", "org/m"), ("b", "up/org/m")])

    def test_exact_goes_before_wildcard_of_one_provider(self) -> None:
        """A provider that lists a name and a wildcard is asked for what it listed by name."""
        models = table(roster(a={"*": "*", "m": "own"}))
        self.assertEqual(self.candidates(models, "m"), [("a", "own")])

    def test_exact_group_has_wildcards(self) -> None:
        """A name that one provider lists is also served by those whose wildcard covers it."""
        models = table(roster(a=("m",), b=("*",)))
        self.assertEqual(self.candidates(models, "m"), [("a", "m"), ("b", "m")])

    def test_no_overlap(self) -> None:
        """The text before and behind the ``*`` must both be there."""
        models = table(roster(a=("ab*ba",)))
        self.refusal(models, "aba")
        self.assertEqual(self.candidates(models, "abba"), [("a", "abba")])

    def test_only_the_star_is_special(self) -> None:
        """Brackets and question marks in a name mean themselves."""
        models = table(roster(a=("llama[v2]*", "what?*")))
        self.assertEqual(self.candidates(models, "llama[v2]-7b"), [("a", "llama[v2]-7b")])
        self.refusal(models, "llamav-7b")
        self.refusal(models, "whatever")


class NotFoundTests(TableTestCase):
    """What is said about unknown names."""

    def test_nearest(self) -> None:
        """The nearest name is offered."""
        models = table(roster(a=("llama-3.1-8b", "qwen-2.5-7b")))
        self.assertIn("did you mean 'llama-3.1-8b'?", self.refusal(models, "lama-3.1-8b"))

    def test_nearest_alias(self) -> None:
        """An alias may be the nearest name."""
        models = table(roster(a=("m",)), m=ModelRouteSettings(aliases=("production-chat",)))
        self.assertIn("'production-chat'", self.refusal(models, "production-chad"))

    def test_nothing_near(self) -> None:
        """Where nothing is near, nothing is offered, and never what the client sent."""
        message = self.refusal(table(roster(a=("llama",))), "zzz")
        self.assertNotIn("did you mean", message)
        self.assertNotIn("zzz", message)
        self.assertIn("/v1/models", message)

    def test_only_what_is_allowed(self) -> None:
        """Names that the key may not use are not offered, nor aliases of them."""
        models = table(
            roster(a=("secret-model", "public-model")),
            **{"secret-model": ModelRouteSettings(aliases=("secret-alias",))},
        )
        alice = Principal(id="alice", models=("public-model",))
        for name in ("secret-mode", "secret-alia", "secret-model", "secret-alias"):
            self.assertNotIn("secret", self.refusal(models, name, alice))

    def test_long_name(self) -> None:
        """A name of any length is answered."""
        self.refusal(table(roster(a=("llama",))), "l" * 100_000)


class AllowedTests(TableTestCase):
    """Keys that may use some models only."""

    def setUp(self) -> None:
        self.models = table(roster(a=("m", "n")), m=ModelRouteSettings(aliases=("alias",)))

    def test_allowed(self) -> None:
        """What is on the list is served, also by its alias."""
        alice = Principal(id="alice", models=("m",))
        for name in ("m", "alias"):
            self.assertEqual(self.candidates(self.models, name, alice), [("a", "m")])

    def test_denied(self) -> None:
        """What is not on the list does not exist."""
        self.refusal(self.models, "n", Principal(id="alice", models=("m",)))

    def test_alias_on_the_list(self) -> None:
        """The public name is what must be on the list, not the alias."""
        self.refusal(self.models, "alias", Principal(id="alice", models=("alias",)))

    def test_wildcard(self) -> None:
        """A name that a wildcard covers must be on the list itself."""
        models = table(roster(a=("org/*",)))
        alice = Principal(id="alice", models=("org/m",))
        self.assertEqual(self.candidates(models, "org/m", alice), [("a", "org/m")])
        self.refusal(models, "org/n", alice)


class CatalogueTests(TableTestCase):
    """What clients see when they ask for the list."""

    def setUp(self) -> None:
        self.models = table(
            roster(b=("x/one", "x/*"), a=("two", "x/one")),
            three=ModelRouteSettings(providers=("a",), aliases=("drei",)),
        )

    def test_interface(self) -> None:
        """It is a catalogue of models."""
        verifyObject(IModelCatalogue, self.models)

    def listed(self, principal: Principal = ANONYMOUS) -> list[tuple[str, str]]:
        """Return what is listed: names and owners, none of them stale."""
        found = list(self.models.listed(principal))
        self.assertFalse(any(model.is_stale for model in found))
        return [(model.name, model.owner) for model in found]

    def found(self, name: str) -> tuple[str, str]:
        """Return the name and the owner of the model that a name means."""
        model = self.models.find(name, ANONYMOUS)
        self.assertFalse(model.is_stale)
        return model.name, model.owner

    def test_listed(self) -> None:
        """Names are listed in the order of the configuration, each with its first provider."""
        self.assertEqual(self.listed(), [("x/one", "b"), ("two", "a"), ("three", "a")])

    def test_listed_for_a_key(self) -> None:
        """Only what the key may use is listed."""
        self.assertEqual(self.listed(Principal(id="alice", models=("two",))), [("two", "a")])

    def test_find(self) -> None:
        """One name gives its public name and first provider, be it alias or wildcard."""
        self.assertEqual(self.found("x/one"), ("x/one", "b"))
        self.assertEqual(self.found("drei"), ("three", "a"))
        self.assertEqual(self.found("x/any"), ("x/any", "b"))

    def test_not_found(self) -> None:
        """A name that is not for this key is not found."""
        alice = Principal(id="alice", models=("two",))
        self.assertRaises(ModelNotFound, self.models.find, "three", alice)
