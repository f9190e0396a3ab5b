"""Has schemathesis try a running gateway: run by ``python -m``, as a process of its own.

Its arguments are the gateway's address and the keys of a client and of an administrator. It asks
for the description, makes requests by it, good and bad ones, the same in every run, and holds every
answer against it. What it found goes to the standard output, as one line of JSON.
"""

import importlib
import json
import re
import sys
from collections import Counter
from typing import Any
from urllib.request import urlopen

from tests.openapi.relayed_answers import MODEL

#: Good and bad requests of the last phase, for each operation.
EXAMPLES = 100
#: Characters of a request and of an answer that a report shows.
_SHOWN = 2000

#: What no schema can say, so that a request may break it without breaking the description. Each is
#: said there in a sentence.
_UNSAID = re.compile(
    r"must not differ from max_completion_tokens; send one of them"
    r"|must not be less than n"
    r"|names none of the tools of the request"
    r"|leads back to itself"
    r"|must not repeat what is repeated already"
    r"|must have keys of at most 64 printable characters"
    r"|must not point to a link-local or metadata address"
)


def _tool(name: str = "") -> Any:
    """Return schemathesis, or a module in it; only the environment of these tests has it."""
    return importlib.import_module(f"schemathesis{name}")


def _configuration(base_url: str, key: str, admin_key: str) -> Any:
    return _tool(".config").SchemathesisConfig.from_dict(
        {
            "base-url": base_url,
            "auth": {"openapi": {"bearer": {"bearer": key}}},
            "operations": [
                {
                    "include-tag": "administration",
                    "auth": {"basic": {"username": "admin", "password": admin_key}},
                }
            ],
            "seed": 1,
            "workers": 1,
            "continue-on-failure": True,
            "request-timeout": 20,
            "cache": {"enabled": False},
            "generation": {
                "deterministic": True,
                "max-examples": EXAMPLES,
                "no-shrink": True,
                # a second credential beside ours would be a contradiction
                "with-security-parameters": False,
            },
        }
    )


def _fit(document: Any) -> None:
    """Have the requests ask for models that are there, within the limits of the echo provider.

    The one in front of all others is asked for most. Images are sent under one name.
    """
    schemas = document["components"]["schemas"]
    schemas["ModelName"] = {"enum": ["echo", "meta/llama-3"]}
    for name in ("RelayedRequest", "RecordingRequest", "ImagesRequest"):
        schemas[name]["properties"]["model"] = {"enum": [MODEL, "echo"]}
    schemas["EmbeddingsRequest"]["properties"]["dimensions"]["maximum"] = 4096
    # Where a part has two names, null in place of a file is taken for a mistake. In a form it is a
    # file with four letters.
    images = schemas["ImagesRequest"]
    del images["anyOf"], images["properties"]["image[]"]
    images["required"] = ["image", "model"]


def _whole(value: Any) -> Any:
    """Write integers without a fraction, as the description asks; to schemas ``1.0`` is one."""
    if isinstance(value, dict):
        return {name: _whole(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _problems(response: Any) -> list[str]:
    """Return all that an answer says is wrong with its request."""
    problems = response.json()["detail"]["errors"]
    return [problem["message"] for problem in problems]


class _Findings:
    """What happened so far."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.answered: set[str] = set()
        self.failures: list[str] = []

    def add(self, event: Any) -> None:
        """Take one event of the run into account."""
        events = _tool(".engine.events")
        if isinstance(event, events.ScenarioFinished):
            self._add_calls(event)
        elif isinstance(event, events.NonFatalError | events.FatalError):
            error = getattr(event, "value", None) or getattr(event, "exception", None)
            self.failures.append(f"{getattr(event, 'label', '')}: {error!r}")

    def _add_calls(self, event: Any) -> None:
        recorder = event.recorder
        self.calls[event.phase.value] += len(recorder.interactions)
        for case_id, interaction in recorder.interactions.items():
            if interaction.response is not None and interaction.response.status_code in (200, 204):
                self.answered.add(recorder.cases[case_id].value.operation.label)
        for case_id, checks in recorder.checks.items():
            for check in checks:
                if check.failure_info is not None:
                    interaction = recorder.interactions.get(case_id)
                    self.failures.append(_told(check.failure_info.failure, interaction))


def _told(failure: Any, interaction: Any) -> str:
    """Write one failure down, with the request and the answer."""
    lines = [f"{failure.operation}: {failure.title}", str(failure.message)[:_SHOWN]]
    if interaction is not None:
        request, response = interaction.request, interaction.response
        lines.append(f"{request.method} {request.uri} {(request.body or b'')[:_SHOWN]!r}")
        if response is not None:
            lines.append(f"{response.status_code} {response.content[:_SHOWN]!r}")
    return "\n".join(lines)


def _register() -> None:
    """Tell schemathesis of what is ours."""
    tool, rejected = _tool(), _tool(".openapi.checks").RejectedPositiveData

    @tool.check  # type: ignore[untyped-decorator]
    def carries_its_id(ctx: Any, response: Any, case: Any) -> None:
        assert response.headers.get("x-request-id"), "an answer has no X-Request-ID"

    @tool.hook  # type: ignore[untyped-decorator]
    def map_body(context: Any, body: Any) -> Any:
        return _whole(body)

    @tool.hook  # type: ignore[untyped-decorator]
    def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
        if not isinstance(failure, rejected) or response.status_code != 400:
            return True
        return not all(map(_UNSAID.fullmatch, _problems(response)))


def explore(base_url: str, key: str, admin_key: str) -> dict[str, Any]:
    """Try everything there; return the calls by phase, who answered, and what was wrong."""
    with urlopen(base_url + "/openapi.json") as answer:
        document = json.load(answer)
    _fit(document)
    _register()
    config = _configuration(base_url, key, admin_key)
    schema = _tool().openapi.from_dict(document, config=config)
    findings = _Findings()
    for event in _tool(".engine").from_schema(schema).execute():
        findings.add(event)
    return {
        "calls": dict(findings.calls),
        "answered": sorted(findings.answered),
        "failures": findings.failures,
    }


if __name__ == "__main__":
    print(json.dumps(explore(*sys.argv[1:])))
