"""JSON Schemas that clients send for tools and output formats, as far as they can do harm.

A provider compiles them, often into a grammar. Two things are known to hang or crash a compiler
whatever its limits: references that lead in a circle without ever describing anything, and patterns
that are exponential by their form. A schema that contains itself through its properties is fine.
"""

import re
from collections.abc import Iterator

from inference_gateway.wire.fields import Problems, add, as_object

#: A group of one repeated atom which is itself repeated without bound, such as ``(a+)+``.
_EXPONENTIAL = re.compile(
    r"\((?:\?:)?(?:\\.|\[(?:\\.|[^\]\\])*\]|[^\\()\[\]])(?:[+*]|\{\d*,\})\)(?:[+*]|\{\d*,\})",
    re.DOTALL,
)
_LONGEST_PATTERN = 10_000


def check_schema(value: object, path: str, problems: Problems) -> None:
    """Check for an object without circular references or exponential patterns."""
    schema = as_object(value, path, problems)
    if schema is None:
        return
    for node, at in _objects(schema, path):
        pattern = node.get("pattern")
        if type(pattern) is str and (
            len(pattern) > _LONGEST_PATTERN or _EXPONENTIAL.search(pattern)
        ):
            add(problems, f"{at}.pattern", "must not repeat what is repeated already")
        if "$ref" in node and _leads_in_a_circle(schema, node):
            add(problems, f"{at}.$ref", "leads back to itself")


def _objects(schema: dict[str, object], path: str) -> Iterator[tuple[dict[str, object], str]]:
    """Go through every object inside ``schema``, itself first; depth is bounded by the body's."""
    waiting: list[tuple[object, str]] = [(schema, path)]
    while waiting:
        value, at = waiting.pop()
        if type(value) is dict:
            yield value, at
            waiting += [
                (item, f"{at}.{name}")
                for name, item in value.items()
                if type(item) is dict or type(item) is list
            ]
        elif type(value) is list:
            waiting += [(item, f"{at}[{index}]") for index, item in enumerate(value)]


def _leads_in_a_circle(schema: dict[str, object], node: dict[str, object]) -> bool:
    """Whether following ``$ref`` from ``node``, and nothing else, comes back to where it was."""
    passed: set[str] = set()
    target: object = node
    while type(target) is dict and type(reference := target.get("$ref")) is str:
        if reference in passed:
            return True
        passed.add(reference)
        target = _resolve(schema, reference)
    return False


def _resolve(schema: dict[str, object], reference: str) -> object:
    """Find what a reference inside the same document points to (RFC 6901); None if nothing."""
    if not reference.startswith("#"):
        return None
    target: object = schema
    for step in reference.removeprefix("#").split("/")[1:]:
        if type(target) is not dict:
            return None
        target = target.get(step.replace("~1", "/").replace("~0", "~"))
    return target
