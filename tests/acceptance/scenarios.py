"""Scenarios of failing providers: what they play, and what the client is to see.

A scenario is data: a model with its providers, each of which plays a fault of a scripted upstream.
Playing it is `scenario_case`'s.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import attrs

from tests.acceptance.gateway import KEY, Configuration
from tests.acceptance.scenario_client import CALLED, SAID, first_words

#: A fault that no upstream plays: nobody listens where the provider should be.
NOBODY = "nobody"
#: The key of another client than the usual one.
OTHER_KEY = "acceptance-other-key-7be1f0"
#: The provider's keys, by the names that the configuration has for them.
KEYS = {"SCENARIO_KEY_1": "key-1", "SCENARIO_KEY_2": "key-2"}
#: Limits of time of every provider: those of streams, and the only one of plain calls.
STREAM_LIMITS = {"first_byte": "400ms", "first_token": "500ms", "idle": "400ms"}
PLAIN_LIMITS = {"total": "400ms"}
#: Seconds for which a provider may be silent, by most of these limits.
IDLE = 0.4
#: Retries that do not wait, and as many as a model's ``attempts`` allow.
QUICKLY = MappingProxyType({"budget_percent": 100, "backoff": "20ms"})
#: Routing where no breaker keeps calls from providers that fail in each of a hundred.
NO_BREAKER = MappingProxyType({"retry": QUICKLY, "circuit_breaker": {"enabled": False}})
PLAIN, STREAM = (False,), (True,)
#: A model that always answers.
STEADY = "steady"
#: Where nobody listens.
_NOWHERE = "http://127.0.0.1:1/v1"


@attrs.frozen(kw_only=True)
class Scenario:
    """One failure, and what is to become of it; times are seconds."""

    name: str
    #: What the providers of the model play, in the order in which they are asked.
    faults: tuple[str, ...]
    #: What the models play that may answer instead, one provider each.
    instead: tuple[str, ...] = ()
    #: For which cause they do; empty: as a list, which is for most causes.
    cause: str = ""
    #: More about the model, and about each of its providers.
    route: Mapping[str, Any] = attrs.field(factory=dict)
    provider: Mapping[str, Any] = attrs.field(factory=dict)
    #: More fields of the request.
    fields: Mapping[str, Any] = attrs.field(factory=dict)
    #: Whether it is played to streamed calls, to plain ones, or to both.
    streamed: tuple[bool, ...] = (False, True)
    #: What the client is to see: words of the answer and then an error, or with no ``code`` all.
    status: int = 200
    code: str = ""
    words: int = 0
    #: The limit of time that its error and the log are to name, if it is one.
    limit: str = ""
    #: How many requests each upstream is to see.
    asked: tuple[int, ...] = ()
    #: How long it takes at the least, and without any delay of the machine's.
    takes: float = 0.0

    def model(self, stream: bool) -> str:
        """Return the name under which it is played."""
        return f"{self.name}-{'stream' if stream else 'plain'}"

    @property
    def text(self) -> str:
        """What the client is to read."""
        if self.code:
            return first_words(self.words)
        return CALLED if "tools" in self.fields else SAID

    def answers_as(self, stream: bool) -> str:
        """Return the model by which its answer is called."""
        last = max(index for index, count in enumerate(self.asked) if count)
        return self._names(stream)[last]

    def _names(self, stream: bool) -> list[str]:
        """Return the public model of each provider."""
        public = self.model(stream)
        return [public] * len(self.faults) + [f"{public}-{n}" for n in range(len(self.instead))]

    def settings(
        self, stream: bool, base_urls: Sequence[str]
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Return the providers that play it, and the routes to them by model."""
        public = self.model(stream)
        limits = STREAM_LIMITS if stream else PLAIN_LIMITS
        providers = []
        models: dict[str, Any] = {public: {"providers": [], **self.route}}
        for index, fault in enumerate((*self.faults, *self.instead)):
            model = self._names(stream)[index]
            id = f"{public}-{'abc'[index]}"
            base_url = _NOWHERE if fault == NOBODY else base_urls[index]
            providers.append(
                {
                    "id": id,
                    "type": "openai",
                    "base_url": base_url,
                    "models": {model: fault},
                    "priority": index,
                    "timeouts": limits,
                    **self.provider,
                }
            )
            models.setdefault(model, {"providers": []})["providers"].append(id)
        instead = [model for model in models if model != public]
        if instead:
            models[public]["fallbacks"] = {self.cause: instead} if self.cause else instead
        return providers, models


def configuration(
    scenarios: Iterable[Scenario],
    base_urls: Sequence[str],
    routing: Mapping[str, Any],
    server: Mapping[str, Any],
) -> Configuration:
    """Return what the gateway is told that serves ``scenarios``.

    ``routing`` and ``server`` are what they have in common; their upstreams are at ``base_urls``.
    """
    providers: list[dict[str, Any]] = [{"id": "steady", "models": {STEADY: "echo"}}]
    models: dict[str, Any] = {}
    for scenario in scenarios:
        for stream in scenario.streamed:
            more, routes = scenario.settings(stream, base_urls)
            providers += more
            models.update(routes)
    keys = [_key("tester", KEY), _key("other", OTHER_KEY)]
    told: Configuration = _plain(
        {
            "server": server,
            "providers": providers,
            "routing": {"strategy": "priority", **routing, "models": models},
            "middleware": {"auth": {"keys": keys}},
        }
    )
    return told


def _key(id: str, key: str) -> dict[str, str]:
    return {"id": id, "digest": "sha256:" + hashlib.sha256(key.encode()).hexdigest()}


def _plain(value: Any) -> Any:
    """Return ``value`` with dicts in place of all mappings, which JSON does not know."""
    if isinstance(value, Mapping):
        return {name: _plain(member) for name, member in value.items()}
    return [_plain(member) for member in value] if isinstance(value, list | tuple) else value


def chosen(scenarios: Iterable[Scenario], name: str) -> Scenario:
    """Return the scenario with that name."""
    return next(scenario for scenario in scenarios if scenario.name == name)
