"""The tree between text and settings: plain values that remember their key path and their place.

It knows neither YAML nor the settings. Trees are not changed, only rebuilt with a part replaced.
"""

import re
from collections.abc import Mapping, Sequence

import attrs

from inference_gateway.config.problem import Place

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST_QUOTE = 60

Value = str | int | float | bool | None | tuple["Node", ...] | Mapping[str, "Node"]


@attrs.frozen(kw_only=True)
class Node:
    """One value of the configuration."""

    value: Value
    path: str
    place: Place
    #: Where its key is written; None for elements of lists and what no file supplied.
    key_place: Place | None = None
    #: What the file says where ``value`` came from elsewhere, such as ``${NAME}``; None where
    #: the value itself is written. Shown instead of the value, which may be secret.
    written: str | None = None

    def kind(self) -> str:
        """Name what the value is without showing any of it: it may be a secret."""
        match self.value:
            case None:
                return "nothing"
            case bool():
                return "true or false"
            case int() | float():
                return "a number"
            case str():
                return "a string"
            case tuple():
                return "a list"
            case _:
                return "a mapping"

    def quoted(self) -> str:
        """Show the value as far as it is safe and short."""
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        if isinstance(self.value, int | float):
            return f"the number {self.value}"
        if not isinstance(self.value, str):
            return self.kind()
        text = self.value if self.written is None else self.written
        return repr(text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "...")


def child_path(path: str, step: str | int) -> str:
    """Extend a key path; keys that are no plain words are quoted: ``models["a.b"]``."""
    if isinstance(step, int):
        return f"{path}[{step}]"
    if not _PLAIN_KEY.fullmatch(step):
        return f'{path}["{step if step.isprintable() else ascii(step)[1:-1]}"]'
    return f"{path}.{step}" if path else step


def grown(value: object, path: str, place: Place, *, written: str | None = None) -> Node:
    """Turn strings, and lists and mappings of them, into a tree that came from one place."""
    tree: Value
    if isinstance(value, Mapping):
        tree = {
            key: grown(child, child_path(path, key), place, written=written)
            for key, child in value.items()
        }
    elif isinstance(value, list):
        tree = tuple(
            grown(child, child_path(path, index), place, written=written)
            for index, child in enumerate(value)
        )
    else:
        assert isinstance(value, str)
        tree = value
    return Node(value=tree, path=path, place=place, written=written)


def member(node: Node, steps: Sequence[str]) -> Node | None:
    """Return what stands below ``node`` at these keys; None where there is nothing."""
    for step in steps:
        if not isinstance(node.value, Mapping) or step not in node.value:
            return None
        node = node.value[step]
    return node


def replaced(node: Node, steps: Sequence[str], new: Node | None) -> Node:
    """Return the tree with ``new`` at these keys, or with nothing there if it is None.

    Missing mappings on the way are made. Where something that is no mapping stands in the way, the
    tree comes back unchanged: that is a problem of its own, found when the tree is read.
    """
    if node.value is not None and not isinstance(node.value, Mapping):
        return node
    children = dict(node.value or {})
    step, *rest = steps
    if rest:
        below = children.get(step) or Node(
            value=None, path=child_path(node.path, step), place=node.place
        )
        children[step] = replaced(below, rest, new)
    elif new is None:
        children.pop(step, None)
    else:
        children[step] = new
    return attrs.evolve(node, value=children)
