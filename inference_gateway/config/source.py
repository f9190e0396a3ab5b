"""YAML text to a tree of nodes with the line and column of every key and value.

It composes but never constructs: no tag of the text can make an object. It knows nothing about the
settings; which keys exist is decided by `config.convert`.
"""

from collections.abc import Iterator

import attrs
import yaml
from yaml.constructor import SafeConstructor
from yaml.reader import ReaderError

from inference_gateway.config.node import Node, Value, child_path
from inference_gateway.config.problem import ConfigurationError, Place, Problems

MAX_DEPTH = 32
#: Counted after aliases are followed, so that a few lines cannot grow into gigabytes.
MAX_NODES = 100_000

_TAG = "tag:yaml.org,2002:"
#: Words such as ``on`` are truth values in YAML 1.1; in the place of a key they are meant as words.
_OF_KEYS = (_TAG + "str", _TAG + "bool")
_BOOLEANS = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}


def parse(text: str, file: str, problems: Problems) -> Node:
    """Return the mapping that ``text`` holds, an empty one if it holds nothing.

    Raise `ConfigurationError` if it cannot be read; smaller faults are added to ``problems``.
    """
    start = Place.in_file(file, 1, 1)
    empty = Node(value={}, path="", place=start)
    try:
        top = yaml.compose(text, Loader=_BoundedLoader)
        root = empty if top is None else _Builder(file=file, problems=problems).node(top, "")
    except ReaderError as error:
        before = text[: error.position]
        line = before.count("\n") + 1
        column = len(before) - before.rfind("\n")
        problems.add(
            f"the character U+{ord(text[error.position]):04X} is not allowed in YAML",
            place=Place.in_file(file, line, column),
        )
    except yaml.MarkedYAMLError as error:
        problems.add(_explained(error), place=_marked(file, error.problem_mark) or start)
    except (ValueError, OverflowError):
        # PyYAML trusts the numbers in escapes such as "\UFFFFFFFF" and in %YAML directives.
        problems.add("this is not YAML: a number in it is out of range", place=start)
    else:
        if isinstance(root.value, dict):
            return root
        if root.value is None and not problems.found:
            return empty
        problems.add(f"expected a mapping of keys to values, got {root.kind()}", place=root.place)
    raise ConfigurationError(problems.found)


def _explained(error: yaml.MarkedYAMLError) -> str:
    text = error.problem or "it cannot be read"
    if isinstance(error, _Refused):
        return text
    if "'\\t'" in text:
        return "this is not YAML: tabs cannot indent, use spaces"
    context = f" ({error.context})" if error.context else ""
    return f"this is not YAML: {text}{context}"


def _marked(file: str, mark: yaml.Mark | None) -> Place | None:
    return None if mark is None else Place.in_file(file, mark.line + 1, mark.column + 1)


class _Refused(yaml.MarkedYAMLError):
    """It is YAML, but more of it than a configuration needs."""


class _BoundedLoader(yaml.SafeLoader):
    """Refuses deep nesting with its position, where PyYAML would exhaust the stack."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise _Refused(None, None, _TOO_DEEP, event.start_mark)
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


_TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels"


@attrs.define
class _Builder:
    """Turns composed YAML nodes into ours."""

    file: str
    problems: Problems
    _built: int = 0
    #: Identities of the nodes being built now: an alias may lead back to one of them.
    _open: set[int] = attrs.field(factory=set)

    def node(self, source: yaml.Node, path: str, key_place: Place | None = None) -> Node:
        self._built += 1
        if self._built > MAX_NODES:
            raise _Refused(
                None, None, f"more than {MAX_NODES} values after aliases", source.start_mark
            )
        if id(source) in self._open:
            raise _Refused(None, None, "an alias contains itself", source.start_mark)
        if len(self._open) > MAX_DEPTH:
            raise _Refused(None, None, _TOO_DEEP, source.start_mark)
        self._open.add(id(source))
        place = self._place(source)
        value = self._value(source, path, place)
        self._open.discard(id(source))
        return Node(value=value, path=path, place=place, key_place=key_place)

    def _place(self, source: yaml.Node) -> Place:
        mark = source.start_mark
        return Place.in_file(self.file, mark.line + 1, mark.column + 1)

    def _value(self, source: yaml.Node, path: str, place: Place) -> Value:
        if isinstance(source, yaml.MappingNode) and source.tag == _TAG + "map":
            return dict(self._members(source, path))
        if isinstance(source, yaml.SequenceNode) and source.tag == _TAG + "seq":
            return tuple(
                self.node(item, child_path(path, index)) for index, item in enumerate(source.value)
            )
        if isinstance(source, yaml.ScalarNode):
            return self._scalar(source, path, place)
        self._bad_tag(source, path, place)
        return None

    def _members(self, source: yaml.MappingNode, path: str) -> Iterator[tuple[str, Node]]:
        first_lines: dict[str, int] = {}
        for key, value in source.value:
            place = self._place(key)
            if not isinstance(key, yaml.ScalarNode) or key.tag not in _OF_KEYS:
                shown = key.value if isinstance(key, yaml.ScalarNode) else "a collection"
                hint = (
                    "merge keys are not supported"
                    if shown == "<<"
                    else "a key is a string; put it in quotes"
                )
                self.problems.add(hint, path=child_path(path, shown), place=place)
                continue
            name = key.value
            here = child_path(path, name)
            if name in first_lines:
                self.problems.add(
                    f"the key is written twice; the first one is on line {first_lines[name]}",
                    path=here,
                    place=place,
                )
            else:
                first_lines[name] = key.start_mark.line + 1
                yield name, self.node(value, here, place)

    def _scalar(self, source: yaml.ScalarNode, path: str, place: Place) -> Value:
        text: str = source.value
        try:
            match source.tag.removeprefix(_TAG):
                case "null":
                    return None
                case "bool":
                    return _BOOLEANS[text.lower()]
                case "int":
                    return int(SafeConstructor().construct_yaml_int(source))
                case "float":
                    return float(SafeConstructor().construct_yaml_float(source))
                # A date stays text: only the key it stands at decides what it is; "=" is text.
                case "str" | "timestamp" | "value" | "merge":
                    return text
        except (ValueError, OverflowError, LookupError):
            self.problems.add("the number or truth value is malformed", path=path, place=place)
            return None
        self._bad_tag(source, path, place)
        return None

    def _bad_tag(self, source: yaml.Node, path: str, place: Place) -> None:
        shown = source.tag.replace(_TAG, "!!")
        self.problems.add(f"the tag {shown} is not supported", path=path, place=place)
