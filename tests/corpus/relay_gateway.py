"""How the gateway is configured for the cases of the relay, in process and as a process alike.

The model that a call names says which providers serve it, and how.
"""

import json
from collections.abc import Mapping
from typing import Any

from inference_gateway.config.load import Flags, load
from inference_gateway.config.settings import Settings
from tests.corpus.relay_case import Mode, RelayCase, Route
from tests.corpus.relay_rows import CASES
from tests.corpus.requests import KEY

#: The gateway's credential at every provider; clients never see it, nor does a log.
PROVIDER_KEY = b"relay-provider-key-77aa10"

ENVIRONMENT = {"RELAY_KEY": KEY.decode(), "RELAY_PROVIDER_KEY": PROVIDER_KEY.decode()}

#: Long enough not to be reached by accident; a plain call's only limit is the total.
_HASTY = {"first_byte": "300ms", "first_token": "600ms", "idle": "300ms", "total": "900ms"}

_SERVES: Mapping[str, tuple[Route, ...]] = {
    "refusing": (Route.REFUSED, Route.HALF),
    "one": (Route.ONE, Route.HALF),
    "first": (Route.TWO,),
    "second": (Route.TWO,),
    "hasty": (Route.HASTY,),
}


#: Rows after which a provider is left alone, so that their cases have providers of their own.
_MARKING = ("P22", "P23")


def model_of(case: RelayCase) -> str:
    """Return the model to ask for."""
    return case.id if case.row in _MARKING else f"{case.route.value}-{case.mode.value}"


def configuration(
    upstream: int, refusing: int, *, talkative: bool, listen: str = "tcp:0:interface=127.0.0.1"
) -> dict[str, Any]:
    """Return a configuration file's content; the two ports are those of the providers.

    ``talkative``: comments come soon; else they never do.
    """
    return {
        "server": {
            "listen": [listen],
            "keepalive_interval": "50ms" if talkative else "60s",
        },
        "providers": [
            _provider(
                f"{id}-{mode.value}",
                refusing if id == "refusing" else upstream,
                mode,
                [f"{route.value}-{mode.value}" for route in routes],
                hasty=Route.HASTY in routes,
            )
            for mode in Mode
            for id, routes in _SERVES.items()
        ]
        + [
            _provider(f"own-{case.id}-{turn}", upstream, case.mode, [case.id])
            for case in CASES
            if case.row in _MARKING
            for turn in range(2 if case.route is Route.TWO else 1)
        ],
        # what is judged is what becomes of one fault, not of many
        "routing": {
            "retry": {"attempts": 1, "max_wait": "0s"},
            "circuit_breaker": {"enabled": False},
            "models": {
                f"{route.value}-{mode.value}": {"retry": {"attempts": 2}}
                for route in (Route.TWO, Route.HALF)
                for mode in Mode
            }
            | {
                case.id: {"retry": {"attempts": 2}}
                for case in CASES
                if case.row in _MARKING and case.route is Route.TWO
            },
        },
        "middleware": {"auth": {"keys": [{"id": "client", "key": "${RELAY_KEY}"}]}},
    }


def _provider(
    id: str, port: int, mode: Mode, models: list[str], *, hasty: bool = False
) -> dict[str, Any]:
    return {
        "id": id,
        "type": "openai",
        "base_url": f"http://127.0.0.1:{port}/{id}/v1",
        "api_key": "${RELAY_PROVIDER_KEY}",
        "models": models,
        "stream_upstream": "always" if mode is Mode.RIDING else "never",
        "timeouts": _HASTY if hasty else {},
    }


def settings(upstream: int, refusing: int, *, talkative: bool) -> Settings:
    """Return the same as checked settings."""
    text = json.dumps(configuration(upstream, refusing, talkative=talkative))
    return load(Flags(config="relay.yaml"), ENVIRONMENT, read=lambda path: text).settings
