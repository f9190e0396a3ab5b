"""From a model's name to the group of providers that serve it.

Built once from the settings and then only read. Names are looked up exactly; then by alias; then by
wildcard, the most specific first. What a client sends never becomes a label: a wildcard match is
known by its pattern.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

import attrs
from zope.interface import implementer

from inference_gateway.config.settings import RoutingSettings
from inference_gateway.errors import ModelNotFound
from inference_gateway.exchange import Principal
from inference_gateway.interfaces import IModelCatalogue
from inference_gateway.routing.roster import Roster, RosterEntry


@attrs.frozen
class Candidate:
    """One provider that serves a model, and the model's name there."""

    entry: RosterEntry
    upstream_model: str


@attrs.frozen
class ModelRoute:
    """A public name (or wildcard pattern) and its group, in the order of the configuration."""

    name: str
    group: tuple[Candidate, ...]

    @property
    def is_wildcard(self) -> bool:
        """Whether this route stands for many names; such a route is not listed."""
        return "*" in self.name


@attrs.frozen
class Resolution:
    """What a requested name means: the public name that answers, the label, the candidates."""

    public_model: str
    label: str
    group: tuple[Candidate, ...]


@implementer(IModelCatalogue)
class ModelTable:
    """The public names, their aliases and wildcards."""

    def __init__(self, roster: Roster, routing: RoutingSettings) -> None:
        self._routes: dict[str, ModelRoute] = {}
        #: By public name; what a wildcard covers is resolved when it is asked for.
        self._exact: dict[str, Resolution] = {}
        self._aliases: dict[str, str] = {}
        names = [name for entry in roster for name in entry.settings.models]
        for name in dict.fromkeys([*names, *routing.models]):
            wanted = routing.models[name].providers if name in routing.models else ()
            group = _group(roster, name, wanted)
            if group:
                route = self._routes[name] = ModelRoute(name, group)
                if not route.is_wildcard:
                    self._exact[name] = Resolution(name, name, group)
        for name, model in routing.models.items():
            self._aliases.update(dict.fromkeys(model.aliases, name))
        self._wildcards = sorted(
            (route for route in self._routes.values() if route.is_wildcard),
            key=lambda route: len(route.name),
            reverse=True,
        )

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

    def listed_owners(self, principal: Principal) -> Iterable[tuple[str, str]]:
        """Yield the names that ``principal`` may use and their first providers; no wildcards."""
        for route in self._routes.values():
            if not route.is_wildcard and principal.may_use(route.name):
                yield route.name, route.group[0].entry.id

    def owner(self, model: str, principal: Principal) -> tuple[str, str]:
        """Return the public name that ``model`` means and its first provider."""
        resolution = self.resolve(model, principal)
        return resolution.public_model, resolution.group[0].entry.id

    def _not_found(self, requested: str, principal: Principal) -> str:
        names = [name for name, _ in self.listed_owners(principal)]
        names += [alias for alias, name in self._aliases.items() if principal.may_use(name)]
        near = get_close_matches(requested[:256], names, n=1, cutoff=0.4)
        hint = f"did you mean '{near[0]}'? " if near else ""
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
