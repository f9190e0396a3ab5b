"""Pieces of JSON values, as streams tell them, put together into whole ones.

Which member of which object comes in pieces is the concern of the modules that assemble answers:
`wire.assemble` for chats, `wire.assemble_text` for text completions.
"""

from abc import ABC, abstractmethod
from typing import Any

import attrs
import orjson

from inference_gateway.provider_errors import ProviderInvalidAnswer

#: Members of a chunk that no plain answer has.
_STREAM_ONLY = frozenset({"obfuscation"})
#: Members whose first value counts, because servers repeat them, or make them anew, in each chunk.
FIRST = frozenset({"id", "created", "model", "system_fingerprint", "type", "name"})
#: Texts inside objects that come in pieces.
_IN_PIECES = frozenset({"arguments", "input", "data", "transcript"})
#: Members that are objects whose own members are merged.
_MERGED = frozenset({"function", "custom", "function_call", "audio", "logprobs"})


@attrs.define(eq=False)
class _Text:
    """Pieces of a text, put together only at the end, so that long ones stay cheap."""

    pieces: list[str]


@attrs.define(eq=False)
class Numbered:
    """Objects by their ``index``, of which a list is made at the end."""

    parts: dict[int, dict[str, Any]] = attrs.field(factory=dict)


class ChunkAssembler(ABC):
    """Puts the chunks of one stream together; what is in their choices, subclasses know."""

    #: What a plain answer says that it is.
    kind: str

    def __init__(self) -> None:
        self._choices = Numbered()
        self._answer: dict[str, Any] = {"object": self.kind, "choices": self._choices}

    def add(self, data: bytes) -> None:
        """Take the data of the next chunk, which is JSON; what has an odd shape in it is skipped.

        ``[DONE]``, comments and malformed events are not for this.
        """
        chunk = orjson.loads(data)
        if type(chunk) is not dict:
            return
        for name, value in chunk.items():
            if name == "choices":
                if type(value) is list:
                    self._add_choices(value)
            elif name != "object" and name not in _STREAM_ONLY:
                keep(self._answer, name, value)

    def answer(self) -> bytes:
        """Return the plain answer of all chunks so far, as JSON.

        Raises `ProviderInvalidAnswer` when something in it is nested too deeply to be written.
        """
        try:
            return orjson.dumps(self._answer, default=_whole)
        except orjson.JSONEncodeError:
            raise ProviderInvalidAnswer("the provider's stream is nested too deeply") from None

    @abstractmethod
    def _begin(self, index: int) -> dict[str, Any]:
        """Return a choice of which nothing has been told."""

    @abstractmethod
    def _add(self, choice: dict[str, Any], name: str, value: Any) -> None:
        """Take a member of a chunk's choice, but for its index, into the ``choice``."""

    def _add_choices(self, choices: list[object]) -> None:
        parts = self._choices.parts
        for position, choice in enumerate(choices):
            if type(choice) is not dict:
                continue
            index = choice.get("index")
            if type(index) is not int:
                index = position
            merged = parts.get(index)
            if merged is None:
                merged = parts[index] = self._begin(index)
            for name, value in choice.items():
                if name != "index":
                    self._add(merged, name, value)


def merge(into: dict[str, Any], name: str, value: Any) -> None:
    """Merge one member of an object: some objects member by member, and else as a whole."""
    if type(value) is not dict or name not in _MERGED:
        _put(into, name, value)
        return
    inner = into.get(name)
    if type(inner) is not dict:
        inner = into[name] = {}
    for inner_name, inner_value in value.items():
        if type(inner_value) is list:
            extend(inner, inner_name, inner_value)
        else:
            _put(inner, inner_name, inner_value)


def keep(into: dict[str, Any], name: str, value: Any) -> None:
    """Keep the first or the last value that is not null."""
    if name not in into or (value is not None and (name not in FIRST or into[name] is None)):
        into[name] = value


def append(into: dict[str, Any], name: str, piece: str) -> None:
    """Go on with a text."""
    text = into.get(name)
    if type(text) is _Text:
        text.pieces.append(piece)
    else:
        into[name] = _Text([piece])


def extend(into: dict[str, Any], name: str, items: list[Any]) -> None:
    """Go on with a list."""
    found = into.get(name)
    if type(found) is list:
        found.extend(items)
    else:
        into[name] = items


def _put(into: dict[str, Any], name: str, value: Any) -> None:
    if type(value) is str and name in _IN_PIECES:
        append(into, name, value)
    else:
        keep(into, name, value)


def _whole(value: object) -> object:
    """Tell ``orjson`` what the pieces are together."""
    if type(value) is _Text:
        return "".join(value.pieces)
    assert type(value) is Numbered
    return [value.parts[index] for index in sorted(value.parts)]
