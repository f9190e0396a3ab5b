"""A tree of nodes to settings, by the types of the settings' fields.

cattrs finds the hook for each type (optional, literal, tuple, annotated, attrs class); the hooks
are ours and take nodes. cattrs' generated functions and its exception groups are not used: after an
error they give no value, and of places they know nothing. A node carries its place with it, so a
hook can report in passing and go on. What failed is left at its default, so that the checks between
values can run too; the result is thrown away if there was any problem.
"""

import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import attrs
import cattrs

from inference_gateway.config import model_names
from inference_gateway.config.files import ReadText
from inference_gateway.config.kinds import Kind, Model, Secret
from inference_gateway.config.node import Node, child_path
from inference_gateway.config.problem import Place, Problems
from inference_gateway.config.routing_settings import LISTED_CAUSES, FallbackSettings
from inference_gateway.config.scalars import (
    READERS,
    Unfit,
    expected,
    read_boolean,
    read_choice,
    read_secret,
    read_text,
)
from inference_gateway.config.settings import Settings
from inference_gateway.config.spelling import Speller

_FAILED: Any = object()


@attrs.define
class Conversion:
    """One conversion of a tree into settings."""

    problems: Problems
    read_file: ReadText
    #: Where each value that is not a default came from, by key path.
    places: dict[str, Place] = attrs.field(factory=dict, init=False)
    _speller: Speller = attrs.field(init=False)
    _converter: cattrs.Converter = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Register the hooks; of those that fit a type, cattrs takes the one registered last."""
        self._speller = Speller(problems=self.problems, read_file=self.read_file)
        self._converter = converter = cattrs.Converter(detailed_validation=False)
        converter.register_structure_hook(str, lambda node, _: read_text(node))
        converter.register_structure_hook(bool, lambda node, _: read_boolean(node))
        converter.register_structure_hook(Secret, lambda node, _: read_secret(node))
        converter.register_structure_hook_func(_is(Literal), self._literal)
        converter.register_structure_hook_func(_is(Annotated), self._annotated)
        converter.register_structure_hook_func(_is(tuple), self._tuple)
        converter.register_structure_hook_func(_is(Mapping), self._mapping)
        converter.register_structure_hook_func(attrs.has, self._class)

    def settings(self, root: Node) -> Settings:
        """Return the settings; they are whole only if no problem was added."""
        settings: Settings = self._class(root, Settings)
        return settings

    def _attempt(self, node: Node, wanted: Any) -> Any:
        """Return what the node holds, or ``_FAILED`` once its problem is reported."""
        if node.path in self.problems.paths:
            return _FAILED
        self.places[node.path] = node.place
        try:
            return self._converter.structure(node, wanted)
        except Unfit as error:
            self.problems.add(str(error), path=node.path, place=node.place)
        except _Reported:
            pass
        return _FAILED

    def _class(self, node: Node, wanted: Any) -> Any:
        """Read a mapping into an attrs class; never fails, but required fields may be empty."""
        members = {} if node.value is None else node.value
        if not isinstance(members, Mapping):
            error = expected("a mapping of keys to values", node, secret=True)
            self.problems.add(str(error), path=node.path, place=node.place)
            required = (f.name for f in attrs.fields(wanted) if f.default is attrs.NOTHING)
            return wanted(**dict.fromkeys(required, ""))
        chosen = self._speller.chosen(node, members, wanted)
        values = {}
        for field in attrs.fields(wanted):
            child = chosen.get(field.name)
            value = _FAILED if child is None else self._attempt(child, field.type)
            if value is not _FAILED:
                values[field.name] = value
            elif field.default is attrs.NOTHING:
                if field.name not in chosen:
                    path = child_path(node.path, field.name)
                    self.problems.add("the key is required", path=path, place=node.place)
                values[field.name] = ""
        return wanted(**values)

    def _literal(self, node: Node, wanted: Any) -> str:
        return read_choice(node, typing.get_args(wanted))

    def _annotated(self, node: Node, wanted: Any) -> Any:
        match typing.get_args(wanted)[1]:
            case Kind.MODELS:
                return self._models(node)
            case Kind.FALLBACKS:
                return self._fallbacks(node)
            case kind:
                return READERS[kind](node)

    def _tuple(self, node: Node, wanted: Any) -> tuple[Any, ...]:
        if not isinstance(node.value, tuple):
            raise expected("a list", node, secret=True)
        element = typing.get_args(wanted)[0]
        return tuple(_whole([self._attempt(child, element) for child in node.value]))

    def _mapping(self, node: Node, wanted: Any) -> dict[str, Any]:
        if not isinstance(node.value, Mapping):
            raise expected("a mapping", node, secret=True)
        return self._pairs(node.value, *typing.get_args(wanted))

    def _pairs(self, members: Mapping[str, Node], key: Any, value: Any) -> dict[str, Any]:
        names = [self._attempt(_key_node(name, child), key) for name, child in members.items()]
        values = [self._attempt(child, value) for child in members.values()]
        return dict(zip(_whole(names), _whole(values), strict=True))

    def _models(self, node: Node) -> dict[str, str]:
        """Read models as a list of names, or as a mapping of public to upstream names."""
        if isinstance(node.value, tuple):
            names = _whole([self._attempt(child, Model) for child in node.value])
            for index, child in enumerate(node.value):
                if names[index] in names[:index]:
                    message = f"{names[index]!r} is listed twice"
                    self.problems.add(message, path=child.path, place=child.place)
            return dict(zip(names, names, strict=True))
        if not isinstance(node.value, Mapping):
            raise expected("a list of names or a mapping of names to names", node, secret=True)
        for public, child in node.value.items():
            if isinstance(child.value, str) and not model_names.may_map(public, child.value):
                message = f"{public!r} has no * to fill the one of {child.quoted()} with"
                self.problems.add(message, path=child.path, place=child.place)
        return self._pairs(node.value, Model, Model)

    def _fallbacks(self, node: Node) -> FallbackSettings:
        """Read models by cause, or as a list, which is for most causes alike."""
        if isinstance(node.value, Mapping):
            by_cause: FallbackSettings = self._class(node, FallbackSettings)
            return by_cause
        if not isinstance(node.value, tuple):
            what = "a list of models, or a mapping of causes to such lists"
            raise expected(what, node, secret=True)
        names = tuple(_whole([self._attempt(child, Model) for child in node.value]))
        for cause in LISTED_CAUSES:
            here = child_path(node.path, cause)
            self.places[here] = node.place
            for index, child in enumerate(node.value):
                self.places[child_path(here, index)] = child.place
        return FallbackSettings(**dict.fromkeys(LISTED_CAUSES, names))


def _is(origin: Any) -> Callable[[Any], bool]:
    return lambda wanted: typing.get_origin(wanted) is origin


def _key_node(name: str, child: Node) -> Node:
    return Node(value=name, path=child.path, place=child.key_place or child.place)


def _whole(values: list[Any]) -> list[Any]:
    """Return the values if none of them failed; a part of a list is worse than its default."""
    if any(value is _FAILED for value in values):
        raise _Reported
    return values


class _Reported(Exception):
    """Something below failed, and its problem is reported."""
