"""The chunks of a chat stream to the plain answer that they tell in pieces.

The shapes are OpenAI's ``CreateChatCompletionStreamResponse`` and ``CreateChatCompletionResponse``,
with what other servers add to them: members that nobody here knows are kept. Whether the stream was
complete is not judged here.
"""

from typing import Any

import attrs
import orjson

from inference_gateway.errors import ProviderInvalidAnswer

#: Members of a chunk that no plain answer has.
_STREAM_ONLY = frozenset({"obfuscation"})
#: Members whose first value counts, because servers repeat them, or make them anew, in each chunk.
_FIRST = frozenset({"id", "created", "model", "system_fingerprint", "type", "name"})
#: Texts of a message that do not come in pieces, as all others do.
_WHOLE = _FIRST | {"role"}
#: Texts below a message that come in pieces.
_IN_PIECES = frozenset({"arguments", "input", "data", "transcript"})
#: Members that are objects whose own members are merged.
_MERGED = frozenset({"function", "custom", "function_call", "audio", "logprobs"})


@attrs.define(eq=False)
class _Text:
    """Pieces of a text, put together only at the end, so that long ones stay cheap."""

    pieces: list[str]


@attrs.define(eq=False)
class _Numbered:
    """Objects by their ``index``, of which a list is made at the end."""

    parts: dict[int, dict[str, Any]] = attrs.field(factory=dict)


class Assembler:
    """Puts the chunks of one stream together into the plain answer."""

    def __init__(self) -> None:
        self._choices = _Numbered()
        self._answer: dict[str, Any] = {"object": "chat.completion", "choices": self._choices}

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
                _set(self._answer, name, value)

    def answer(self) -> bytes:
        """Return the ``chat.completion`` of all chunks so far, as JSON.

        Raises `ProviderInvalidAnswer` when something in it is nested too deeply to be written.
        """
        try:
            return orjson.dumps(self._answer, default=_whole)
        except orjson.JSONEncodeError:
            raise ProviderInvalidAnswer("the provider's stream is nested too deeply") from None

    def _add_choices(self, choices: list[object]) -> None:
        for position, choice in enumerate(choices):
            if type(choice) is not dict:
                continue
            index = choice.get("index")
            if type(index) is not int:
                index = position
            merged = self._choices.parts.get(index)
            if merged is None:
                message = {"role": "assistant", "content": None}
                merged = {"index": index, "message": message, "finish_reason": None}
                self._choices.parts[index] = merged
            for name, value in choice.items():
                if name == "delta":
                    if type(value) is dict:
                        _add_delta(merged["message"], value)
                elif name not in ("index", "message"):
                    _merge(merged, name, value)


def _add_delta(message: dict[str, Any], delta: dict[str, Any]) -> None:
    for name, value in delta.items():
        if name == "tool_calls":
            if type(value) is list:
                _add_calls(message, value)
        elif type(value) is str and name not in _WHOLE:
            _append(message, name, value)
        elif type(value) is list:
            _extend(message, name, value)
        elif name == "content" and value is None:
            # who names the content in a stream says "" where no text follows, and not null
            _append(message, name, "")
        else:
            _merge(message, name, value)


def _add_calls(message: dict[str, Any], calls: list[object]) -> None:
    merged = message.get("tool_calls")
    if merged is None:
        merged = message["tool_calls"] = _Numbered()
    for call in calls:
        if type(call) is dict:
            index = call.pop("index", None)
            if type(index) is not int:
                # some servers tell no index: an id then begins another call
                latest = max(merged.parts, default=0)
                index = latest + 1 if call.get("id") and merged.parts else latest
            part = merged.parts.setdefault(index, {})
            for name, value in call.items():
                _merge(part, name, value)


def _merge(into: dict[str, Any], name: str, value: Any) -> None:
    """Merge one member of an object that is no message."""
    if type(value) is not dict or name not in _MERGED:
        _put(into, name, value)
        return
    inner = into.get(name)
    if type(inner) is not dict:
        inner = into[name] = {}
    for inner_name, inner_value in value.items():
        if type(inner_value) is list:
            _extend(inner, inner_name, inner_value)
        else:
            _put(inner, inner_name, inner_value)


def _put(into: dict[str, Any], name: str, value: Any) -> None:
    if type(value) is str and name in _IN_PIECES:
        _append(into, name, value)
    else:
        _set(into, name, value)


def _set(into: dict[str, Any], name: str, value: Any) -> None:
    """Keep the first or the last value that is not null."""
    if name not in into or (value is not None and (name not in _FIRST or into[name] is None)):
        into[name] = value


def _append(into: dict[str, Any], name: str, piece: str) -> None:
    text = into.get(name)
    if type(text) is _Text:
        text.pieces.append(piece)
    else:
        into[name] = _Text([piece])


def _extend(into: dict[str, Any], name: str, items: list[Any]) -> None:
    found = into.get(name)
    if type(found) is list:
        found.extend(items)
    else:
        into[name] = items


def _whole(value: object) -> object:
    """Tell ``orjson`` what the pieces are together."""
    if type(value) is _Text:
        return "".join(value.pieces)
    assert type(value) is _Numbered
    return [value.parts[index] for index in sorted(value.parts)]
