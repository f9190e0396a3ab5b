"""Rules between values: names that must exist or be unique, and who may serve without keys.

Problems found here know their key path; `config.load` adds the place.
"""

from collections.abc import Iterator, Sequence

from inference_gateway.config.endpoints import parse_endpoint
from inference_gateway.config.keys import digest_of
from inference_gateway.config.model_names import matches
from inference_gateway.config.node import child_path
from inference_gateway.config.problem import Problem, did_you_mean
from inference_gateway.config.settings import AuthSettings, ProviderSettings, Settings


def cross_problems(settings: Settings) -> Iterator[Problem]:
    """Yield everything wrong between values that are right on their own."""
    auth = settings.middleware.auth
    yield from _repeated("providers", [provider.id for provider in settings.providers])
    yield from _repeated("middleware.auth.keys", [key.id for key in auth.keys])
    yield from _repeated("middleware.auth.admin_keys", [key.id for key in auth.admin_keys])
    yield from _same_secrets(auth)
    if not settings.server.listen:
        yield Problem(message="expected at least one endpoint", key_path="server.listen")
    yield from _aliases(settings)


def open_problem(settings: Settings) -> Problem | None:
    """Return the problem of serving everybody on addresses that are not loopback, if that is so."""
    auth = settings.middleware.auth
    if auth.enabled and any(not key.disabled for key in auth.keys):
        return None
    if not auth.enabled and auth.insecure_open:
        return None
    for name in ("listen", "admin_listen"):
        for index, endpoint in enumerate(getattr(settings.server, name)):
            if not parse_endpoint(endpoint).is_local:
                reason = "has no enabled key" if auth.enabled else "is switched off"
                return Problem(
                    message=f"{endpoint} can be reached from other machines, but middleware.auth"
                    f" {reason}: set INFERENCE_GATEWAY_API_KEY, or write a key into"
                    " middleware.auth.keys (--new-key makes one), or listen on 127.0.0.1 only, or,"
                    " to serve everybody, write both enabled: false and insecure_open: true"
                    " into middleware.auth",
                    key_path=child_path(f"server.{name}", index),
                )
    return None


def _repeated(path: str, ids: Sequence[str]) -> Iterator[Problem]:
    for index, name in enumerate(ids):
        if name and name in ids[:index]:
            first = child_path(path, ids.index(name))
            yield Problem(
                message=f"the id {name!r} is taken by {first}",
                key_path=child_path(child_path(path, index), "id"),
            )


def _same_secrets(auth: AuthSettings) -> Iterator[Problem]:
    """Yield keys that would be taken for another: whose a key is must be clear from the key."""
    seen: dict[str, str] = {}
    for name, keys in (("keys", auth.keys), ("admin_keys", auth.admin_keys)):
        for index, key in enumerate(keys):
            digest = digest_of(key.key.reveal()) if key.key else key.digest
            here = child_path(f"middleware.auth.{name}", index)
            if digest in seen:
                yield Problem(message=f"this is the same key as {seen[digest]}", key_path=here)
            elif digest:
                seen[digest] = here


def route_problems(settings: Settings) -> Iterator[Problem]:
    """Yield routes that lead nowhere; worth asking only if all providers are right."""
    by_id = {provider.id: provider for provider in settings.providers}
    for model, route in settings.routing.models.items():
        here = child_path("routing.models", model)
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


def _serves(provider: ProviderSettings, model: str) -> bool:
    """Tell whether a provider lists a model, or may turn out to."""
    return provider.discover or any(matches(public, model) for public in provider.models)


def _aliases(settings: Settings) -> Iterator[Problem]:
    owners = {name: "a model" for provider in settings.providers for name in provider.models}
    owners |= dict.fromkeys(settings.routing.models, "a model")
    for model, route in settings.routing.models.items():
        for index, alias in enumerate(route.aliases):
            path = child_path(child_path("routing.models", model) + ".aliases", index)
            if "*" in alias:
                yield Problem(message="an alias cannot contain a *", key_path=path)
            elif alias in owners:
                message = f"{alias!r} is already the name of {owners[alias]}"
                yield Problem(message=message, key_path=path)
            else:
                owners[alias] = f"an alias of {model!r}"
