"""Rules about the routes of models: the providers, other names and fallbacks that they name.

Problems found here know their key path; `config.load` adds the place.
"""

from collections.abc import Iterator, Sequence

import attrs

from inference_gateway.config.model_names import matches
from inference_gateway.config.node import child_path
from inference_gateway.config.problem import Problem, did_you_mean
from inference_gateway.config.routing_settings import FallbackSettings, ModelRouteSettings
from inference_gateway.config.settings import ProviderSettings, Settings

_ROUTES = "routing.models"


def route_problems(settings: Settings) -> Iterator[Problem]:
    """Yield routes that lead nowhere; worth asking only if all providers are right."""
    by_id = {provider.id: provider for provider in settings.providers}
    for model, route in settings.routing.models.items():
        here = child_path(_ROUTES, model)
        for index, name in enumerate(route.providers):
            path = child_path(f"{here}.providers", index)
            if name not in by_id:
                hint = did_you_mean(name, by_id)
                yield Problem(message=f"there is no provider {name!r}{hint}", key_path=path)
            elif not _serves(by_id[name], model):
                message = f"the provider {name!r} does not list the model {model!r}"
                yield Problem(message=message, key_path=path)
            elif name in route.providers[:index]:
                yield Problem(message=f"{name!r} is listed twice", key_path=path)
        if not route.providers and not any(_serves(p, model) for p in settings.providers):
            listed = [public for provider in settings.providers for public in provider.models]
            message = f"no provider lists this model{did_you_mean(model, listed)}"
            yield Problem(message=message, key_path=here)
        yield from _fallbacks(settings, model, route.fallbacks)


def alias_problems(settings: Settings) -> Iterator[Problem]:
    """Yield aliases that would not tell which model is meant."""
    owners = {name: "a model" for provider in settings.providers for name in provider.models}
    owners |= dict.fromkeys(settings.routing.models, "a model")
    for model, route in settings.routing.models.items():
        for index, alias in enumerate(route.aliases):
            path = child_path(child_path(_ROUTES, model) + ".aliases", index)
            if "*" in alias:
                yield Problem(message="an alias cannot contain a *", key_path=path)
            elif alias in owners:
                message = f"{alias!r} is already the name of {owners[alias]}"
                yield Problem(message=message, key_path=path)
            else:
                owners[alias] = f"an alias of {model!r}"


def idle_routes(settings: Settings) -> Iterator[str]:
    """Yield the key path of what needs a second provider, where a model has only one."""
    for model, route in settings.routing.models.items():
        if _count_providers(settings, model, route) > 1:
            continue
        here = child_path(_ROUTES, model)
        if route.hedge is not None:
            yield f"{here}.hedge"
        if route.on_stream_cut == "replay":
            yield f"{here}.on_stream_cut"


def _count_providers(settings: Settings, model: str, route: ModelRouteSettings) -> int:
    return len(route.providers) or sum(_serves(provider, model) for provider in settings.providers)


def _serves(provider: ProviderSettings, model: str) -> bool:
    """Tell whether a provider lists a model, or may turn out to."""
    return provider.discover or any(matches(public, model) for public in provider.models)


def _fallbacks(settings: Settings, model: str, fallbacks: FallbackSettings) -> Iterator[Problem]:
    judged: list[Sequence[str]] = []
    for field in attrs.fields(FallbackSettings):
        names: Sequence[str] = getattr(fallbacks, field.name)
        # a list in the file is the same for several causes, and wrong only once
        if names in judged:
            continue
        judged.append(names)
        for index, name in enumerate(names):
            reason = _refusal(settings, model, name)
            if reason is None and name in names[:index]:
                reason = f"{name!r} is listed twice"
            if reason is not None:
                path = child_path(child_path(_ROUTES, model), "fallbacks")
                yield Problem(message=reason, key_path=child_path(f"{path}.{field.name}", index))


def _refusal(settings: Settings, model: str, name: str) -> str | None:
    """Say why a model cannot answer in the place of ``model``, or return None if it can."""
    routes = settings.routing.models
    if "*" in name:
        return "a fallback is one model, without *"
    if name == model:
        return "a model is no fallback for itself"
    for other, route in routes.items():
        if name in route.aliases:
            return f"{name!r} is an alias: write {other!r}"
    # a model with a route of its own that nobody serves is a problem of that route
    if name in routes or any(_serves(provider, name) for provider in settings.providers):
        return None
    listed = [public for provider in settings.providers for public in provider.models]
    return f"there is no model {name!r}{did_you_mean(name, [*listed, *routes])}"
