"""The environment variables, those of an env file below them, and ``${NAME}`` in strings.

Which variables mean something to the gateway is decided in `config.layers`.
"""

import re
from collections.abc import Mapping

import attrs

from inference_gateway.config.node import Node
from inference_gateway.config.problem import Place, Problems

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_LINE = re.compile(rf"(?:export\s+)?({_NAME})\s*=\s*(.*)", re.DOTALL)
_SINGLE_QUOTED = re.compile(r"'([^']*)'\s*(?:#.*)?")
_DOUBLE_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(?:#.*)?')
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
#: A literal ``${``, or a reference; the last group is missing if the brace is never closed.
_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)(\})?")


@attrs.frozen(kw_only=True)
class Variable:
    """A variable that is set and not empty."""

    value: str
    place: Place


@attrs.frozen(kw_only=True)
class Environment:
    """The variables of the process over those of an env file."""

    process: Mapping[str, str]
    env_file: Mapping[str, Variable] = attrs.field(factory=dict)

    def get(self, name: str) -> Variable | None:
        """Return the variable; None if it is unset or empty in both."""
        if value := self.process.get(name):
            return Variable(value=value, place=Place(label=f"environment {name}"))
        return self.env_file.get(name)


def parse_env_file(text: str, file: str, problems: Problems) -> dict[str, Variable]:
    """Read ``KEY=VALUE`` lines; of a name that comes twice the last value counts.

    Problems never quote a line: it may hold a secret.
    """
    variables = {}
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        place = Place.in_env_file(file, number)
        match = _LINE.fullmatch(stripped)
        value = None if match is None else _unquoted(match[2])
        if match is None:
            problems.add("expected NAME=VALUE", place=place)
        elif value is None:
            problems.add("the quotes of the value do not match", path=match[1], place=place)
        elif value:
            variables[match[1]] = Variable(value=value, place=place)
        else:
            variables.pop(match[1], None)
    return variables


def _unquoted(text: str) -> str | None:
    if text.startswith("'"):
        match = _SINGLE_QUOTED.fullmatch(text)
        return match and match[1]
    if text.startswith('"'):
        match = _DOUBLE_QUOTED.fullmatch(text)
        return match and _ESCAPE.sub(lambda m: _ESCAPES.get(m[1], m[1]), match[1])
    return re.sub(r"(^|\s+)#.*", "", text)


def expanded(node: Node, environment: Environment, problems: Problems) -> Node:
    """Return the tree with every ``${NAME}`` in its strings replaced; ``$${`` means ``${``."""
    if isinstance(node.value, Mapping):
        members = {key: expanded(child, environment, problems) for key, child in node.value.items()}
        return attrs.evolve(node, value=members)
    if isinstance(node.value, tuple):
        return attrs.evolve(
            node, value=tuple(expanded(child, environment, problems) for child in node.value)
        )
    if not isinstance(node.value, str) or "${" not in node.value:
        return node
    referred = False

    def text_of(match: re.Match[str]) -> str:
        nonlocal referred
        if match[0] == "$${":
            return "${"
        referred = True
        variable = None
        if match[2] is None or not re.fullmatch(_NAME, match[1]):
            message = "expected ${NAME} with the name of an environment variable; $${ is a plain ${"
        elif (variable := environment.get(match[1])) is None:
            message = f"the environment variable {match[1]} is not set"
        else:
            return variable.value
        problems.add(message, path=node.path, place=node.place)
        return ""

    value = _REFERENCE.sub(text_of, node.value)
    return attrs.evolve(node, value=value, written=node.value if referred else None)
