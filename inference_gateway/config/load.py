"""From what the operator wrote to checked settings: the way through all layers, in order.

Option over environment over env file over configuration file over default. This module reads files
(through ``read``) and knows the order; every rule about values lives in the modules it calls.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping

import attrs

from inference_gateway.config.backend import CLIENTS_VARIABLE, Backend, chosen_backend
from inference_gateway.config.checks import cross_problems, open_problem
from inference_gateway.config.convert import Conversion
from inference_gateway.config.effective import entries, rendered
from inference_gateway.config.environment import Environment, expanded, parse_env_file
from inference_gateway.config.files import ReadText, beside, read_text, unreadable
from inference_gateway.config.layers import Flags, Layers
from inference_gateway.config.problem import ConfigurationError, Problem, Problems
from inference_gateway.config.provider_url import with_usual_path
from inference_gateway.config.providers import bare_providers, loop_problems, provider_problems
from inference_gateway.config.routes import idle_routes, route_problems
from inference_gateway.config.settings import ProviderSettings, Settings
from inference_gateway.config.source import parse

__all__ = [
    "ConfigurationError",
    "Flags",
    "Loaded",
    "Problem",
    "load",
    "open_problem",
    "print_config",
]

#: By type, the models of a provider that lists none.
DEFAULT_MODELS = {"echo": {"echo": "echo", "echo/*": "echo/*"}}

_BARE = "without https, prompts, answers and the key can be read on the way"
_IDLE = "only one provider serves this model, so there is nobody else to ask"
_LOOP_HINT = f"; {CLIENTS_VARIABLE} is often set for clients: unset it here, or use BACKEND_URL"


@attrs.frozen(kw_only=True)
class Loaded:
    """Settings that are safe to build from, and how they came to be."""

    settings: Settings
    #: By key path: ``flag --port``, ``environment PORT``, ``env file .env:2``,
    #: ``gateway.yaml:3:9`` or ``default``.
    origins: Mapping[str, str]
    warnings: tuple[str, ...] = ()


def load(flags: Flags, environ: Mapping[str, str], *, read: ReadText = read_text) -> Loaded:
    """Return the settings in force; raise `ConfigurationError` with everything that is wrong.

    Files that the configuration file names are looked for from the directory it lies in.
    """
    problems, warnings = Problems(), list[str]()
    environment = _environment(flags.env_file, environ, read, problems)
    named = environment.get("INFERENCE_GATEWAY_CONFIG")
    path = flags.config or (None if named is None else named.value)
    text = "" if path is None else _text_of(path, read, problems)

    root = parse(text, path or "", problems)
    backend = chosen_backend(flags.backend, environment, root)
    if backend is not None:
        root = backend.without_providers(root, warnings)
    root = expanded(root, environment, problems)
    layers = Layers(
        flags=flags,
        environment=environment,
        backend=backend,
        problems=problems,
        warnings=warnings,
    )
    conversion = Conversion(problems=problems, read_file=lambda name: read(beside(path, name)))
    settings = _with_defaults(
        conversion.settings(layers.over(root)),
        version="built-in" if path is None else _short_digest(text),
        neighbour=path,
    )
    places = conversion.places
    for problem in _between(settings, problems.paths, backend, read):
        problems.found.append(problem.at(places.get(problem.key_path)))
    problems.raise_any()
    warnings += [f"{places[bare]}: {bare}: {_BARE}" for bare in bare_providers(settings)]
    warnings += [f"{places[idle]}: {idle}: {_IDLE}" for idle in idle_routes(settings)]
    origins = {
        entry.path: str(places.get(entry.path, "default"))
        for entry in entries(settings)
        if entry.text is not None
    }
    return Loaded(settings=settings, origins=origins, warnings=tuple(warnings))


def print_config(loaded: Loaded) -> str:
    """Return the settings in force as YAML, each with its origin, secrets redacted."""
    return rendered(loaded.settings, loaded.origins)


def _environment(
    env_file: str | None, environ: Mapping[str, str], read: ReadText, problems: Problems
) -> Environment:
    if env_file is None:
        return Environment(process=environ)
    text = _text_of(env_file, read, problems)
    return Environment(process=environ, env_file=parse_env_file(text, env_file, problems))


def _text_of(path: str, read: ReadText, problems: Problems) -> str:
    """Return a file's text; without it nothing else can be judged, so stop if it is unreadable."""
    try:
        return read(path)
    except (OSError, ValueError) as error:
        problems.found.append(Problem(message=unreadable(error), file=path))
        raise ConfigurationError(problems.found) from None


def _with_defaults(settings: Settings, *, version: str, neighbour: str | None) -> Settings:
    """Fill in what depends on the rest of the configuration, and on where its file lies."""
    providers = settings.providers or (ProviderSettings(id="echo"),)
    return attrs.evolve(
        settings,
        version=settings.version or version,
        providers=tuple(
            attrs.evolve(
                provider,
                base_url=provider.base_url and with_usual_path(provider.base_url, provider.type),
                models=provider.models or DEFAULT_MODELS.get(provider.type, {}),
                ca_path=provider.ca_path and beside(neighbour, provider.ca_path),
            )
            for provider in providers
        ),
    )


def _between(
    settings: Settings, broken: Collection[str], backend: Backend | None, read: ReadText
) -> Iterator[Problem]:
    """Yield the problems between values, but none that only follows from a broken one."""

    def whole(*sections: str) -> bool:
        return not any(path.startswith(sections) for path in broken)

    yield from cross_problems(settings)
    yield from provider_problems(settings, broken, read)
    if whole("providers"):
        yield from route_problems(settings)
    listeners = ("server.listen", "server.admin_listen", "server.bind_address")
    if whole(*listeners):
        from_clients = backend is not None and backend.source == CLIENTS_VARIABLE
        yield from loop_problems(settings, _LOOP_HINT if from_clients else "")
    if whole("middleware", *listeners):
        problem = open_problem(settings)
        if problem is not None:
            yield problem


def _short_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
