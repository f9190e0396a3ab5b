"""JSON Schemas that clients send for tools and output formats, as far as they can do harm.

A provider compiles them, often into a grammar. Two things are known to hang or crash a compiler
whatever its limits: references that lead in a circle without ever describing anything, and patterns
that are exponential by their form. A schema that contains itself through its properties is fine.
"""

import re
from typing import TypeAlias

from inference_gateway.wire.fields import Problems, add, as_object

MAX_REFERENCES = 5000

#: A group of one repeated atom which is itself repeated without bound, such as ``(a+)+``. No part
#: of it reaches over an opening parenthesis, so that the search is linear.
_EXPONENTIAL = re.compile(
    r"\((?:\?:)?+(?:\\.|\[(?:\\[^(\[]|[^(\[\]\\])*+\]|[^\\()\[\]])(?:[+*]|\{\d*+,\})\)"
    r"(?:[+*]|\{\d*+,\})",
    re.DOTALL,
)

#: The way to a value: the way to what holds it, and its name or index there. Written out only for
#: a problem, because names can be long and many values can be behind one.
_Trail: TypeAlias = "tuple[_Trail, str | int] | None"


def check_schema(value: object, path: str, problems: Problems) -> None:
    """Check for an object whose references lead somewhere and whose patterns are harmless."""
    schema = as_object(value, path, problems)
    if schema is None:
        return
    circular: dict[str, bool] = {}
    waiting: list[tuple[object, _Trail]] = [(schema, None)]
    while waiting:
        node, trail = waiting.pop()
        if type(node) is list:
            waiting += [(item, (trail, index)) for index, item in enumerate(node)]
        elif type(node) is dict:
            pattern = node.get("pattern")
            if type(pattern) is str and _EXPONENTIAL.search(pattern):
                where = _written(trail, path)
                add(problems, f"{where}.pattern", "must not repeat what is repeated already")
            reference = node.get("$ref")
            if type(reference) is str and _leads_in_a_circle(schema, reference, circular):
                add(problems, f"{_written(trail, path)}.$ref", "leads back to itself")
            if len(circular) > MAX_REFERENCES:
                add(problems, path, f"must have at most {MAX_REFERENCES} different references")
                return
            for name, item in node.items():
                if type(item) is dict or type(item) is list:
                    waiting.append((item, (trail, name)))


def _written(trail: _Trail, path: str) -> str:
    """Write a trail as a JSON path behind ``path``."""
    steps: list[str] = []
    while trail is not None:
        trail, step = trail
        steps.append(f"[{step}]" if type(step) is int else f".{step}")
    return path + "".join(reversed(steps))


def _leads_in_a_circle(
    schema: dict[str, object], reference: str, circular: dict[str, bool]
) -> bool:
    """Whether ``reference`` leads to nothing but references, and back to one of them.

    ``circular`` remembers the answer for every reference on the way: none is followed twice.
    """
    passed: dict[str, None] = {}
    found = False
    while reference not in circular:
        passed[reference] = None
        target = _resolve(schema, reference)
        following = target.get("$ref") if type(target) is dict else None
        if type(following) is not str:
            break
        if following in passed:
            found = True
            break
        reference = following
    else:
        found = circular[reference]
    circular.update(dict.fromkeys(passed, found))
    return found


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
