"""The description says what the code does, as far as it can be told without serving."""

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.resources import files
from pkgutil import walk_packages
from typing import Any

import orjson
import yaml
from klein import Klein
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway import __version__, api, errors, provider_errors
from inference_gateway.api.description import describe
from inference_gateway.errors import GatewayError
from inference_gateway.http1 import refusals
from inference_gateway.wire import chat_fields, completions, embeddings, relayed
from inference_gateway.wire.chat_fields import MAX_METADATA
from inference_gateway.wire.embeddings import MAX_DIMENSIONS, MAX_INPUTS
from inference_gateway.wire.members import RESERVED, Contract
from inference_gateway.wire.messages import MAX_MESSAGES
from inference_gateway.wire.operations import OPERATIONS
from inference_gateway.wire.sampling import MAX_LOGIT_BIASES, MAX_TOKENS
from inference_gateway.wire.tools import MAX_TOOLS

METHODS = frozenset({"get", "put", "post", "delete", "patch"})
#: The contracts of the routes whose bodies are JSON, by the schemas that describe them.
CONTRACTS: Mapping[str, Contract] = {
    "ChatRequest": chat_fields.CHAT_CONTRACT,
    "CompletionRequest": completions._CONTRACT,
    "EmbeddingsRequest": embeddings._CONTRACT,
    "RelayedRequest": relayed._CONTRACT,
}


def described(title: str = "A <Gateway>", root_path: str = "", *, has_metrics: bool = True) -> Any:
    """Return the document."""
    return orjson.loads(describe(title=title, root_path=root_path, has_metrics=has_metrics))


def applications() -> Iterator[Klein]:
    """Yield the routes of every part of the surface."""
    for found in walk_packages(api.__path__, api.__name__ + "."):
        module = import_module(found.name)
        for value in vars(module).values():
            app = getattr(value, "app", None)
            if isinstance(app, Klein) and value.__module__ == module.__name__:
                yield app


def routed() -> set[tuple[str, str]]:
    """Return method and path of every route; names of variables do not matter."""
    return {
        (method, re.sub("<[^>]*>", "{}", rule.rule))
        for app in applications()
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if method not in ("HEAD", "OPTIONS")
    }


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    """Yield the method, the path and the rest of every operation."""
    for path, item in document["paths"].items():
        for method in METHODS.intersection(item):
            yield method.upper(), path, item[method]


def references(node: object) -> Iterator[str]:
    """Yield what every reference in a part of the document points to."""
    if isinstance(node, dict):
        if isinstance(target := node.get("$ref"), str):
            yield target
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def error_classes() -> set[type[GatewayError]]:
    """Return every kind of error."""
    return {
        value
        for module in (errors, provider_errors, refusals)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, GatewayError)
    }


class FittingTests(SynchronousTestCase):
    """What is filled in."""

    def test_filled_in(self) -> None:
        """Title, version and address are those of the gateway."""
        document = described(root_path="/gw")
        self.assertEqual(document["info"]["title"], "A <Gateway>")
        self.assertEqual(document["info"]["version"], __version__)
        self.assertEqual(document["servers"], [{"url": "/gw"}])
        self.assertEqual(described()["servers"], [{"url": "/"}])

    def test_metrics(self) -> None:
        """What is private is left out where it is not served, and comes back where it is."""
        private = {"/metrics", "/health/providers", "/admin/circuit-breakers"}
        self.assertEqual(private & described(has_metrics=False)["paths"].keys(), set())
        self.assertEqual(private - described()["paths"].keys(), set())


class DocumentTests(SynchronousTestCase):
    """The document itself."""

    maxDiff = None

    def setUp(self) -> None:
        self.document = described()

    def test_either_reader(self) -> None:
        """Both of PyYAML's readers find the same, because not every machine has the fast one."""
        slow = yaml.safe_load(files(api).joinpath("openapi.yaml").read_bytes())
        self.assertEqual(slow["components"], self.document["components"])
        self.assertEqual(slow["paths"], self.document["paths"])

    def test_references(self) -> None:
        """Every reference leads to a component, and every component is used."""
        components = self.document["components"]
        there = {
            f"#/components/{kind}/{name}"
            for kind, named in components.items()
            if kind != "securitySchemes"
            for name in named
        }
        self.assertEqual(set(references(self.document)), there)

    def test_security(self) -> None:
        """The schemes that are asked for are those that are described."""
        asked = {name for choice in self.document["security"] for name in choice}
        self.assertEqual(asked, set(self.document["components"]["securitySchemes"]))

    def test_operation_ids(self) -> None:
        """Every operation has an id of its own."""
        ids = [operation["operationId"] for _, _, operation in operations(self.document)]
        self.assertEqual(len(set(ids)), len(ids))


class TruthTests(SynchronousTestCase):
    """The document against the code."""

    maxDiff = None

    def setUp(self) -> None:
        self.document = described()
        self.schemas = self.document["components"]["schemas"]

    def test_routes(self) -> None:
        """Every route is described, and nothing else is."""
        told = {
            (method, re.sub("{[^}]*}", "{}", path)) for method, path, _ in operations(self.document)
        }
        self.assertEqual(told, routed())

    def test_model_calls(self) -> None:
        """What a model can be asked for goes by the name that the configuration has for it."""
        ids = {operation["operationId"] for _, _, operation in operations(self.document)}
        self.assertEqual(set(OPERATIONS) - ids, set())

    def test_streams(self) -> None:
        """Exactly the calls that can be answered with a stream have one described."""
        streaming = {
            operation["operationId"]
            for _, _, operation in operations(self.document)
            if "text/event-stream" in operation["responses"].get("200", {}).get("content", ())
        }
        able = {name for name, operation in OPERATIONS.items() if operation.streams}
        self.assertEqual(streaming - {"retrieveResponse"}, able)

    def test_members(self) -> None:
        """Exactly the members that are checked are described, and those required that must be."""
        for name, contract in CONTRACTS.items():
            schema = self.schemas[name]
            self.assertEqual(set(schema["properties"]), set(contract.checks), name)
            self.assertEqual(tuple(schema["required"]), contract.required)

    def test_reserved(self) -> None:
        """No member is described that never reaches a provider."""
        for schema in self.schemas.values():
            self.assertEqual(RESERVED.intersection(schema.get("properties", ())), set())

    def test_bounds(self) -> None:
        """Bounds are those of the code."""
        chat = self.schemas["ChatRequest"]["properties"]
        text = self.schemas["CompletionRequest"]["properties"]
        vectors = self.schemas["EmbeddingsRequest"]["properties"]
        self.assertEqual(chat["messages"]["maxItems"], MAX_MESSAGES)
        self.assertEqual(chat["tools"]["maxItems"], MAX_TOOLS)
        self.assertEqual(chat["metadata"]["maxProperties"], MAX_METADATA)
        self.assertEqual(self.schemas["LogitBias"]["maxProperties"], MAX_LOGIT_BIASES)
        for bounded in (chat["max_tokens"], chat["max_completion_tokens"], text["max_tokens"]):
            self.assertEqual(bounded["maximum"], MAX_TOKENS)
        self.assertEqual(vectors["input"]["anyOf"][1]["maxItems"], MAX_INPUTS)
        self.assertEqual(vectors["dimensions"]["maximum"], MAX_DIMENSIONS)

    def test_error_types(self) -> None:
        """The types of errors are those that errors have."""
        told = self.schemas["ErrorObject"]["properties"]["type"]["enum"]
        self.assertEqual(set(told), {kind.type for kind in error_classes()})

    def test_statuses(self) -> None:
        """Whatever status an error has, a call of a model can be answered with it."""
        told = set(self.document["paths"]["/v1/chat/completions"]["post"]["responses"])
        owed = {str(kind.status) for kind in error_classes()} - {"499"}
        self.assertEqual(owed - told, set())

    def test_same_statuses(self) -> None:
        """All calls of models have the same statuses, those in another dialect among them."""
        first, *others = (
            set(operation["responses"])
            for _, _, operation in operations(self.document)
            if operation["operationId"] in OPERATIONS
        )
        for other in others:
            self.assertEqual(other, first)
