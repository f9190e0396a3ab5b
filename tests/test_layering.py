"""Who may import whom: the arrows of the architecture, checked against every import there is."""

import ast
import sys
from collections.abc import Iterator

import attrs
from twisted.trial.unittest import SynchronousTestCase

from tests.source_tree import Source, imports, sources

OURS = "inference_gateway"
REACTOR = "twisted.internet.reactor"


@attrs.frozen(kw_only=True)
class Rule:
    """What one layer may import besides itself, the standard library and attrs."""

    ours: frozenset[str] = frozenset()
    #: Dotted prefixes of other people's names.
    others: tuple[str, ...] = ()


#: Types and frozen values, for every layer above the wire.
BELOW = frozenset(
    {
        "eager",
        "errors",
        "provider_errors",
        "wire",
        "exchange",
        "interfaces",
        "config.settings",
        "record",
    }
)
ZOPE = "zope.interface"
#: The types of the clock and of the timers that everybody is given.
TIME = "twisted.internet.interfaces"

RULES = {
    "": Rule(),
    "record": Rule(),
    "eager": Rule(others=("twisted.internet.defer.Deferred", "twisted.python.failure.Failure")),
    "errors": Rule(),
    "provider_errors": Rule(ours=frozenset({"errors"})),
    "wire": Rule(ours=frozenset({"errors", "provider_errors", "record"}), others=("orjson",)),
    "config.settings": Rule(),
    "config": Rule(
        ours=frozenset({"errors", "config.settings"}),
        others=("yaml", "cattrs", "hyperlink", "twisted.logger"),
    ),
    "exchange": Rule(ours=frozenset({"errors", "record", "wire"}), others=("twisted.logger",)),
    "interfaces": Rule(
        ours=frozenset({"errors", "provider_errors", "exchange", "wire"}),
        others=("twisted.internet.defer.Deferred", ZOPE),
    ),
    "resilience": Rule(ours=BELOW, others=("automat", "twisted.logger")),
    "telemetry": Rule(
        ours=BELOW, others=("prometheus_client", "orjson", TIME, "twisted.logger", ZOPE)
    ),
    # A dialect is made for one provider, and what some speak depends on its settings.
    "dialects": Rule(
        ours=frozenset({"errors", "provider_errors", "wire", "interfaces", "config.settings"}),
        others=("orjson", ZOPE),
    ),
    "http1": Rule(
        ours=frozenset({"errors", "config.settings", "record"}),
        others=(
            "httptools",
            "twisted.internet",
            "twisted.logger",
            "twisted.python.failure",
            "twisted.python.urlpath",
            # How every reader of a response, treq among them, is told that a body is over.
            "twisted.web.client.PotentialDataLoss",
            "twisted.web.client.ResponseDone",
            "twisted.web.http_headers",
            "twisted.web.iweb",
            "twisted.web.resource.IResource",
            ZOPE,
        ),
    ),
    "upstream": Rule(
        ours=BELOW | {"http1"}, others=("treq", "orjson", "hyperlink", "twisted", ZOPE)
    ),
    "routing": Rule(ours=BELOW | {"resilience"}, others=("twisted.logger", ZOPE)),
    "pipeline": Rule(
        ours=BELOW | {"resilience", "routing", "telemetry"},
        others=("twisted.internet", "twisted.logger", "twisted.python.failure.Failure", ZOPE),
    ),
    "api": Rule(
        ours=BELOW | {"http1", "telemetry"},
        # Klein's routes and their errors are Werkzeug's; the description of the surface is YAML.
        others=("klein", "werkzeug", "orjson", "twisted", "yaml", ZOPE),
    ),
    "service": Rule(
        ours=BELOW
        | {
            "api",
            "config",
            "dialects",
            "http1",
            "pipeline",
            "resilience",
            "routing",
            "telemetry",
            "upstream",
        },
        others=("automat", "twisted", ZOPE),
    ),
    # Doubles of what stands below; nothing that runs imports them.
    "testing": Rule(ours=BELOW, others=("twisted", ZOPE)),
    "tap": Rule(
        ours=frozenset({"config", "config.settings", "errors", "service"}), others=("twisted",)
    ),
}


def layer_of(name: str) -> str:
    """Return the layer that a dotted name of ours belongs to; the package itself is ``""``."""
    _, *parts = name.split(".")
    if parts[:1] == ["config"] and parts[1:2] in (["kinds"], ["routing_settings"], ["settings"]):
        return "config.settings"
    # What the package's __init__ defines, its version, is no layer.
    return parts[0] if parts and not parts[0].startswith("__") else ""


def is_below(name: str, prefix: str) -> bool:
    """Tell whether ``name`` is ``prefix`` or something in it."""
    return name == prefix or name.startswith(prefix + ".")


def violations(source: Source) -> Iterator[str]:
    """Yield every import of ``source`` that its layer's rule does not allow."""
    layer = layer_of(source.name)
    rule = RULES[layer]
    for name in imports(source.tree):
        top = name.partition(".")[0]
        if top == OURS:
            allowed = layer_of(name) in rule.ours | {layer, ""}
        elif top in sys.stdlib_module_names or top == "attrs":
            allowed = True
        else:
            allowed = any(is_below(name, prefix) for prefix in rule.others)
        if not allowed:
            yield f"{source.name} imports {name}"


def reactor_imports(source: Source) -> Iterator[str]:
    """Yield where ``source`` imports the global reactor: a function's name, or the module's."""
    inside = 0
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found = sum(name == REACTOR for name in imports(node))
            inside += found
            yield from [f"{source.name}.{node.name}"] * found
    yield from [source.name] * (sum(name == REACTOR for name in imports(source.tree)) - inside)


class LayeringTests(SynchronousTestCase):
    """The package keeps its own rules."""

    # however many arrows are wrong, show each
    maxDiff = None

    def test_every_module_has_a_rule(self) -> None:
        """No module stands outside the table."""
        self.assertEqual([s.name for s in sources() if layer_of(s.name) not in RULES], [])

    def test_imports(self) -> None:
        """No module imports what its layer may not."""
        self.assertEqual([found for source in sources() for found in violations(source)], [])

    def test_one_reactor(self) -> None:
        """The global reactor is imported in one function; everything else is given it."""
        self.assertEqual(
            [found for source in sources() for found in reactor_imports(source)],
            ["inference_gateway.tap.makeService"],
        )


class CheckTests(SynchronousTestCase):
    """The check sees what it is there to see."""

    def violations(self, module: str, text: str) -> list[str]:
        return list(violations(Source.parse(f"{OURS}.{module}", text)))

    def test_third_party(self) -> None:
        """A library outside its layer is found, wherever in the module it is imported."""
        self.assertEqual(
            self.violations("wire.sse", "def f():\n    import klein.app\n"),
            ["inference_gateway.wire.sse imports klein.app"],
        )

    def test_upward(self) -> None:
        """An import from a layer above is found, however it is spelled."""
        self.assertEqual(
            self.violations(
                "wire.sse",
                "import inference_gateway.api.model_calls\nfrom inference_gateway import api\n",
            ),
            [
                "inference_gateway.wire.sse imports inference_gateway.api.model_calls",
                "inference_gateway.wire.sse imports inference_gateway.api",
            ],
        )

    def test_settings_only(self) -> None:
        """The settings may be imported where the rest of the configuration may not."""
        self.assertEqual(
            self.violations(
                "routing.table",
                "from inference_gateway.config import settings\n"
                "from inference_gateway.config import load\n",
            ),
            ["inference_gateway.routing.table imports inference_gateway.config.load"],
        )

    def test_relative(self) -> None:
        """A relative import is refused, because its arrow cannot be read."""
        self.assertEqual(
            self.violations("wire.sse", "from ..api import model_calls\n"),
            ["inference_gateway.wire.sse imports ..api.model_calls"],
        )

    def test_allowed(self) -> None:
        """What the table allows is not reported."""
        self.assertEqual(
            self.violations(
                "wire.sse",
                "import re, attrs, orjson\nfrom inference_gateway import __version__, errors\n"
                "from inference_gateway.wire import fields\n",
            ),
            [],
        )

    def test_reactor_places(self) -> None:
        """The global reactor is found at module level and in functions."""
        source = Source.parse(
            OURS + ".x",
            "from twisted.internet import reactor\n"
            "async def f():\n    import twisted.internet.reactor\n",
        )
        self.assertEqual(list(reactor_imports(source)), [OURS + ".x.f", OURS + ".x"])
