"""The chunks of a chat stream to the plain answer that they tell in pieces.

The shapes are OpenAI's ``CreateChatCompletionStreamResponse`` and ``CreateChatCompletionResponse``,
with what other servers add to them: members that nobody here knows are kept. Whether the stream was
complete is not judged here.
"""

from typing import Any

from inference_gateway.wire.merging import FIRST, ChunkAssembler, Numbered, append, extend, merge

#: Texts of a message that do not come in pieces, as all others do.
_WHOLE = FIRST | {"role"}


class Assembler(ChunkAssembler):
    """Puts the chunks of one stream together into the plain answer."""

    kind = "chat.completion"

    def _begin(self, index: int) -> dict[str, Any]:
        message = {"role": "assistant", "content": None}
        return {"index": index, "message": message, "finish_reason": None}

    def _add(self, choice: dict[str, Any], name: str, value: Any) -> None:
        if name == "delta":
            if type(value) is dict:
                _add_delta(choice["message"], value)
        elif name != "message":
            merge(choice, name, value)


def _add_delta(message: dict[str, Any], delta: dict[str, Any]) -> None:
    for name, value in delta.items():
        if name == "tool_calls":
            if type(value) is list:
                _add_calls(message, value)
        elif type(value) is str and name not in _WHOLE:
            append(message, name, value)
        elif type(value) is list:
            extend(message, name, value)
        elif name == "content" and value is None:
            # who names the content in a stream says "" where no text follows, and not null
            append(message, name, "")
        else:
            merge(message, name, value)


def _add_calls(message: dict[str, Any], calls: list[object]) -> None:
    merged = message.get("tool_calls")
    if merged is None:
        merged = message["tool_calls"] = Numbered()
    for call in calls:
        if type(call) is dict:
            index = call.pop("index", None)
            if type(index) is not int:
                # some servers tell no index: an id then begins another call
                latest = max(merged.parts, default=0)
                index = latest + 1 if call.get("id") and merged.parts else latest
            part = merged.parts.setdefault(index, {})
            for name, value in call.items():
                merge(part, name, value)
