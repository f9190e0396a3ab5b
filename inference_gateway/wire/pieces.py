"""What the chunks of a stream say, as pieces of text that can be compared and cut.

The shapes are those of chats and text completions. A piece knows where it stands in its parsed
chunk, so that whoever compares can take away what was said before. What was said is `transcript`'s
to keep, and what follows from a difference is `comparison`'s.
"""

from collections.abc import Iterator
from enum import Enum
from typing import Any

import attrs
import orjson

from inference_gateway.record import record

#: Texts of a delta that say nothing of the answer: servers repeat them, or make them anew.
_FACTS = frozenset({"role", "id", "created", "model", "system_fingerprint", "type", "name"})
#: Names of one and the same text, which some servers tell under both.
_REASONING = frozenset({"reasoning", "reasoning_content"})


class Incomparable(Exception):
    """A chunk holds what is neither text nor a call, such as audio, or is none at all."""


class Form(Enum):
    """How a piece belongs to its text."""

    #: The next part of it.
    PART = "part"
    #: All of it, perhaps not for the first time: a function's name, a finish_reason.
    WHOLE = "whole"
    #: Something that each server chooses for itself, and is told once: the id of a call.
    MARK = "mark"


@record
class Piece:
    """A piece of text in UTF-8, never empty; ``owner`` has it as its member ``field``.

    Texts of one ``stage`` come side by side, stages one after the other. The stages that are calls
    have a number.
    """

    stage: str | tuple[str, int]
    field: str
    text: bytes = attrs.field(repr=False)
    form: Form
    #: An object in the parsed chunk.
    owner: dict[str, Any] = attrs.field(repr=False)


def load_chunk(data: bytes) -> dict[str, Any]:
    """Parse a chunk; raises `Incomparable` when it is no JSON object."""
    try:
        chunk = orjson.loads(data)
    except orjson.JSONDecodeError:
        chunk = None
    if type(chunk) is not dict:
        raise Incomparable("it is no JSON object")
    return chunk


def choices_of(chunk: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each choice of a chunk with its index, which some servers leave out."""
    choices = chunk.get("choices")
    for position, choice in enumerate(choices if type(choices) is list else ()):
        if type(choice) is dict:
            index = choice.get("index")
            yield index if type(index) is int else position, choice


def is_usage(chunk: dict[str, Any]) -> bool:
    """Whether a chunk is the extra one of ``stream_options.include_usage``."""
    return not chunk.get("choices") and chunk.get("usage") is not None


class ChoiceReader:
    """Reads one choice of one stream, chunk by chunk."""

    __slots__ = ("_latest",)

    def __init__(self) -> None:
        #: The highest number of a call so far.
        self._latest = -1

    def read(self, choice: dict[str, Any]) -> list[Piece]:
        """Return what a chunk says in its ``choice``, in order.

        Raises `Incomparable` when there is more to it than text and calls.
        """
        pieces: list[Piece] = []
        delta = choice.get("delta")
        if type(delta) is dict:
            for name, value in delta.items():
                if not value or name in _FACTS:
                    continue
                if type(value) is str:
                    stage = "reasoning" if name in _REASONING else name
                    pieces.append(Piece(stage, name, value.encode(), Form.PART, delta))
                elif name == "tool_calls" and type(value) is list:
                    pieces += self.read_calls(delta)
                elif name == "function_call" and type(value) is dict:
                    pieces += _read_function(("function_call", 0), value)
                elif type(value) is list or type(value) is dict:
                    raise Incomparable("it is neither text nor a call")
        text = choice.get("text")
        if text and type(text) is str:
            pieces.append(Piece("text", "text", text.encode(), Form.PART, choice))
        reason = choice.get("finish_reason")
        if reason and type(reason) is str:
            whole = Piece("finish_reason", "finish_reason", reason.encode(), Form.WHOLE, choice)
            pieces.append(whole)
        return pieces

    def read_calls(self, delta: dict[str, Any]) -> list[Piece]:
        """Return what ``delta`` says of calls of tools; what has an odd shape is skipped."""
        pieces: list[Piece] = []
        calls = delta.get("tool_calls")
        for call in calls if type(calls) is list else ():
            if type(call) is not dict:
                continue
            stage = ("tool_calls", self._number(call))
            for name, value in call.items():
                if value and type(value) is str:  # its id, or its type
                    pieces.append(Piece(stage, name, value.encode(), Form.MARK, call))
                elif type(value) is dict:  # the function, or a custom tool
                    pieces += _read_function(stage, value)
        return pieces

    def _number(self, call: dict[str, Any]) -> int:
        index = call.get("index")
        if type(index) is not int:  # some servers tell none: an id then begins another call
            index = max(self._latest, 0)
            if call.get("id") and self._latest >= 0:
                index += 1
        self._latest = max(self._latest, index)
        return index


def _read_function(stage: tuple[str, int], function: dict[str, Any]) -> Iterator[Piece]:
    for name, value in function.items():
        if value and type(value) is str:
            form = Form.WHOLE if name == "name" else Form.PART
            yield Piece(stage, name, value.encode(), form, function)
