"""From a model's name to the group of providers that serve it.

Built from the settings, and again whenever a provider's own list has changed. Names are looked up
exactly, once an alias is resolved, and then by wildcard, the most specific first. What a client
sends or a provider lists never becomes a label: a wildcard match is known by its pattern, and what
nothing but a list names by one word for all.
"""

from collections.abc import Iterable, Iterator, Mapping

import attrs
from zope.interface import implementer

from inference_gateway.config.routing_settings import RoutingSettings
from inference_gateway.errors import ModelNotFound
from inference_gateway.exchange import Principal
from inference_gateway.interfaces import IModelCatalogue, ListedModel
from inference_gateway.record import record
from inference_gateway.routing.candidate import Candidate
from inference_gateway.routing.discovery import Discovery
from inference_gateway.routing.nearest import nearest
from inference_gateway.routing.roster import Roster
from inference_gateway.routing.target import Target

#: The label of models that only providers' lists name.
DISCOVERED = "discovered"


@record
class ModelRoute:
    """A public name (or wildcard pattern) and its group, in the order of the configuration."""

    name: str
    group: tuple[Candidate, ...]
    #: What the providers say that listed it; empty for a name that the configuration gives to them.
    lists: tuple[Discovery, ...] = ()

    @property
    def is_wildcard(self) -> bool:
        """Whether this route stands for many names; such a route is not listed."""
        return "*" in self.name

    def as_listed(self) -> ListedModel:
        """Return it as clients see it; it is stale when all who listed it are silent."""
        is_stale = bool(self.lists) and all(known.is_stale for known in self.lists)
        return ListedModel(name=self.name, owner=self.group[0].entry.id, is_stale=is_stale)


@record
class Resolution:
    """What a requested name means: the public name that answers, the label, the candidates."""

    public_model: str
    label: str
    group: tuple[Candidate, ...]
    #: What calls of it are aimed at, by their operations, once that was asked for.
    targets: dict[str, Target] = attrs.field(factory=dict, eq=False, repr=False)


@implementer(IModelCatalogue)
class ModelTable:
    """The public names, their aliases and wildcards.

    ``lists`` has, by their ids, the providers that are asked for their models.
    """

    def __init__(
        self,
        roster: Roster,
        routing: RoutingSettings,
        lists: Mapping[str, Discovery] | None = None,
    ) -> None:
        self._roster = roster
        self._routed = frozenset(routing.models)
        self._lists = lists or {}
        self._aliases = {
            alias: name for name, model in routing.models.items() for alias in model.aliases
        }
        self._configured: dict[str, ModelRoute] = {}
        names = [name for entry in roster for name in entry.settings.models]
        for name in dict.fromkeys([*names, *routing.models]):
            wanted = routing.models[name].providers if name in routing.models else ()
            group = _group(roster, name, wanted)
            if group:
                self._configured[name] = ModelRoute(name, group)
        #: Names that no list has a say in: the configuration tells who serves them.
        self._settled = {
            *names,
            *self._aliases,
            *(name for name, model in routing.models.items() if model.providers),
        }
        self._wildcards = sorted(
            (route for route in self._configured.values() if route.is_wildcard),
            key=lambda route: len(route.name),
            reverse=True,
        )
        self.refresh()

    def refresh(self) -> None:
        """Take over what the providers' lists say now."""
        routes = dict(self._configured)
        routes.update(self._discovered())
        self._routes = routes
        #: By public name; what a wildcard covers is resolved when it is asked for.
        self._exact = {
            name: Resolution(name, self._label(route), route.group)
            for name, route in routes.items()
            if not route.is_wildcard
        }

    def groups(self) -> Iterator[tuple[Candidate, ...]]:
        """Yield who serves each model, wildcards among them."""
        for route in self._routes.values():
            yield route.group

    def resolve(self, requested: str, principal: Principal) -> Resolution:
        """Find who serves ``requested`` for ``principal``.

        Raises `ModelNotFound`, which names the nearest model this key may use.
        """
        public = self._aliases.get(requested, requested)
        if principal.may_use(public):
            exact = self._exact.get(public)
            if exact is not None:
                return exact
            for wildcard in self._wildcards:
                text = _covered(wildcard.name, public)
                if text is not None:
                    return Resolution(public, wildcard.name, _filled(wildcard.group, text))
        raise ModelNotFound(self._not_found(requested, principal), param="model")

    def listed(self, principal: Principal) -> Iterable[ListedModel]:
        """Yield the models that ``principal`` may use, no wildcards; those of lists come last."""
        for route in self._routes.values():
            if not route.is_wildcard and principal.may_use(route.name):
                yield route.as_listed()

    def find(self, model: str, principal: Principal) -> ListedModel:
        """Return the model that ``model`` means."""
        found = self.resolve(model, principal)
        route = self._routes.get(found.public_model) or ModelRoute(found.public_model, found.group)
        return route.as_listed()

    def _label(self, route: ModelRoute) -> str:
        return DISCOVERED if route.lists and route.name not in self._routed else route.name

    def _discovered(self) -> Iterator[tuple[str, ModelRoute]]:
        """Yield by name the routes of what only lists give to providers.

        A provider that has a fitting wildcard serves it, too, and by that goes its own name of it.
        """
        listers: dict[str, list[str]] = {}
        for entry in self._roster:
            known = self._lists.get(entry.id)
            for name in known.names if known is not None else ():
                if name not in self._settled:
                    listers.setdefault(name, []).append(entry.id)
        patterns = {
            entry.id: {
                public: own for public, own in entry.settings.models.items() if "*" in public
            }
            for entry in self._roster
        }
        for name, ids in listers.items():
            group = []
            for entry in self._roster:
                upstream = _upstream_name(patterns[entry.id], name)
                if upstream is not None or entry.id in ids:
                    group.append(Candidate(entry, name if upstream is None else upstream))
            yield name, ModelRoute(name, tuple(group), tuple([self._lists[id] for id in ids]))

    def _not_found(self, requested: str, principal: Principal) -> str:
        names = [name for name in self._exact if principal.may_use(name)]
        names += [alias for alias, name in self._aliases.items() if principal.may_use(name)]
        near = nearest(requested, names)
        hint = "" if near is None else f"did you mean '{near}'? "
        return (
            f"this model does not exist or your key may not use it; {hint}GET /v1/models lists"
            " what you may use"
        )


def _group(roster: Roster, name: str, wanted: tuple[str, ...]) -> tuple[Candidate, ...]:
    entries = [roster[provider_id] for provider_id in wanted] if wanted else list(roster)
    candidates = []
    for entry in entries:
        upstream = _upstream_name(entry.settings.models, name)
        if upstream is not None:
            candidates.append(Candidate(entry, upstream))
        elif wanted:
            candidates.append(Candidate(entry, name))
    return tuple(candidates)


def _upstream_name(models: Mapping[str, str], name: str) -> str | None:
    """The provider's own name for ``name``; an exact entry goes before its wildcards."""
    if name in models:
        return models[name]
    for pattern, upstream in models.items():
        text = _covered(pattern, name) if "*" in pattern else None
        if text is not None:
            return upstream.replace("*", text, 1)
    return None


def _covered(pattern: str, name: str) -> str | None:
    """The text that the ``*`` of ``pattern`` stands for in ``name``; None without a match."""
    head, _, tail = pattern.partition("*")
    end = len(name) - len(tail)
    if end < len(head) or not (name.startswith(head) and name.endswith(tail)):
        return None
    return name[len(head) : end]


def _filled(group: tuple[Candidate, ...], text: str) -> tuple[Candidate, ...]:
    """``group`` with ``text`` in place of the ``*`` in the providers' own names."""
    return tuple(
        Candidate(candidate.entry, candidate.upstream_model.replace("*", text, 1))
        for candidate in group
    )
