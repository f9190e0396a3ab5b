"""Which keys a mapping of the file may have, and which field of the settings each one writes.

Most keys are a field's name. Besides them a secret may stand in a file of its own (``key_file``),
several in one file (``api_keys_file``), and some fields have a short form (``bind_address``).
"""

import typing
from collections.abc import Callable, Mapping

import attrs

from inference_gateway.config import endpoints
from inference_gateway.config.files import ReadText, unreadable
from inference_gateway.config.kinds import Secret
from inference_gateway.config.node import Node, grown
from inference_gateway.config.problem import Problems, did_you_mean
from inference_gateway.config.scalars import Unfit, expected, read_text
from inference_gateway.config.settings import KeySettings, ProviderSettings, ServerSettings

#: Fields of which exactly one is to be written.
_EXACTLY_ONE: Mapping[type, tuple[str, ...]] = {KeySettings: ("digest", "key")}
#: Fields of which one at most is to be written.
_NOT_BOTH: Mapping[type, tuple[str, ...]] = {ProviderSettings: ("api_key", "api_keys")}


@attrs.frozen(kw_only=True)
class Spelling:
    """One way to write a field; ``translated`` makes the field's node of the key's, or raises."""

    field: str
    translated: Callable[[Node], Node] = lambda node: node


@attrs.frozen(kw_only=True)
class Speller:
    """Finds the written value of each field of a class."""

    problems: Problems
    read_file: ReadText

    def chosen(
        self, node: Node, members: Mapping[str, Node], wanted: type[attrs.AttrsInstance]
    ) -> dict[str, Node | None]:
        """Return the nodes by field; None stands for one whose problem is reported already.

        A key without a value counts as not written.
        """
        spellings = self._spellings(wanted)
        keys: dict[str, str] = {}
        chosen: dict[str, Node | None] = {}
        for key, child in members.items():
            spelling = spellings.get(key)
            if spelling is None:
                hint = did_you_mean(key, spellings) or f"; expected {', '.join(spellings)}"
                self.problems.add(f"unknown key{hint}", path=child.path, place=child.key_place)
            elif child.path in self.problems.paths:
                chosen[spelling.field] = None
                keys[spelling.field] = key
            elif child.value is not None:
                if spelling.field in chosen:
                    self.problems.add(
                        f"write either {keys[spelling.field]} or {key}, not both",
                        path=child.path,
                        place=child.key_place,
                    )
                    continue
                keys[spelling.field] = key
                chosen[spelling.field] = self._translated(child, spelling)
        self._require_one(node, keys, _EXACTLY_ONE.get(wanted, ()))
        self._refuse_both(members, keys, _NOT_BOTH.get(wanted, ()))
        return chosen

    def _translated(self, child: Node, spelling: Spelling) -> Node | None:
        try:
            return spelling.translated(child)
        except Unfit as error:
            self.problems.add(str(error), path=child.path, place=child.place)
            return None

    def _require_one(self, node: Node, keys: Mapping[str, str], names: tuple[str, ...]) -> None:
        given = [keys[name] for name in names if name in keys]
        if names and len(given) != 1:
            got = f", got {' and '.join(given)}" if given else ""
            self.problems.add(
                f"exactly one of {', '.join(names)} is required{got}",
                path=node.path,
                place=node.place,
            )

    def _refuse_both(
        self, members: Mapping[str, Node], keys: Mapping[str, str], names: tuple[str, ...]
    ) -> None:
        given = [keys[name] for name in names if name in keys]
        for key in given[1:]:
            self.problems.add(
                f"write either {given[0]} or {key}, not both",
                path=members[key].path,
                place=members[key].key_place,
            )

    def _spellings(self, wanted: type[attrs.AttrsInstance]) -> dict[str, Spelling]:
        spellings = {}
        for field in attrs.fields(wanted):
            spellings[field.name] = Spelling(field=field.name)
            if Secret in (field.type, *typing.get_args(field.type)):
                several = typing.get_origin(field.type) is tuple
                spellings[f"{field.name}_file"] = Spelling(
                    field=field.name,
                    translated=self._secrets_from_file if several else self._secret_from_file,
                )
        if wanted is ServerSettings:
            spellings["bind_address"] = Spelling(field="listen", translated=_listen)
        return spellings

    def _secret_from_file(self, node: Node) -> Node:
        return attrs.evolve(
            node,
            value=self._text_of(node).removesuffix("\n").removesuffix("\r"),
            path=node.path.removesuffix("_file"),
            written=f"the file {node.value}",
        )

    def _secrets_from_file(self, node: Node) -> Node:
        """Return the lines of a file as a list; empty ones and blanks around them are left out."""
        lines = [line.strip() for line in self._text_of(node).split("\n")]
        secrets = [line for line in lines if line]
        if not secrets:
            raise Unfit(f"there is nothing in the file {node.value}")
        path = node.path.removesuffix("_file")
        return grown(secrets, path, node.place, written=f"the file {node.value}")

    def _text_of(self, node: Node) -> str:
        name = read_text(node)
        try:
            return self.read_file(name)
        except (OSError, ValueError) as error:
            raise Unfit(f"{unreadable(error)}: {name}") from None


def _listen(node: Node) -> Node:
    try:
        endpoint = endpoints.bind_address_endpoint(read_text(node))
    except ValueError as error:
        raise expected(str(error), node) from None
    return grown([endpoint], node.path.replace("bind_address", "listen"), node.place)
