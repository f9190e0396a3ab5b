"""The ``messages`` of a chat request as the system's text and the turns of Anthropic's API.

That API keeps the system's words apart, knows turns of the user and of the assistant only, and has
the results of tools in the user's. It refuses blank texts, so these are left out. Nothing is
fetched, and nothing in base64 is looked into.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import orjson

from inference_gateway.wire.fields import Problems, add, shown

Block = dict[str, Any]
#: None or one block for a part of a content.
_PartReader = Callable[[dict[str, Any], str, Problems], list[Block]]

_IMAGES = frozenset(("image/jpeg", "image/png", "image/gif", "image/webp"))
#: A name in wide use that nobody ever registered.
_MISNAMED = MappingProxyType({"image/jpg": "image/jpeg"})
_NOT_THERE = "cannot be sent to this model's provider"


def translate_messages(
    messages: list[dict[str, Any]], problems: Problems
) -> tuple[list[Block], list[Block]]:
    """Return the blocks of the system and the turns, of which no two in a row are of one role.

    ``messages`` have passed `wire.messages.check_messages`. What cannot be said in Anthropic's API
    is added to ``problems``.
    """
    system: list[Block] = []
    turns: list[Block] = []
    for index, message in enumerate(messages):
        at = f"messages[{index}]"
        role = message["role"]
        if role == "system" or role == "developer":
            system += _content(message, at, problems, _SYSTEM_PARTS)
        elif role == "user":
            _speak(turns, "user", _content(message, at, problems, _USER_PARTS))
        elif role == "assistant":
            _speak(turns, "assistant", _said_by_assistant(message, at, problems))
        elif role == "tool":
            _speak(turns, "user", [_tool_result(message, at, problems)])
        else:
            add(problems, f"{at}.role", f"{_NOT_THERE}: {shown(role)}")
    if not turns and not problems:
        add(problems, "messages", "must have one with text that is not the system's")
    return system, turns


def _speak(turns: list[Block], role: str, blocks: list[Block]) -> None:
    if turns and turns[-1]["role"] == role:
        turns[-1]["content"] += blocks
    elif blocks:
        turns.append({"role": role, "content": blocks})


def _content(
    message: dict[str, Any], at: str, problems: Problems, readers: Mapping[str, _PartReader]
) -> list[Block]:
    """Return the content of a message as blocks; ``readers`` are for the types it may have."""
    content = message.get("content")
    if content is None:
        return []
    if type(content) is str:
        return _text_blocks(content)
    blocks = []
    for index, part in enumerate(content):
        path = f"{at}.content[{index}]"
        read = readers.get(part["type"])
        if read is None:
            add(problems, path, f"{_NOT_THERE}: {shown(part['type'])}")
            continue
        for block in read(part, path, problems):
            if part.get("cache_control") is not None:
                block["cache_control"] = part["cache_control"]
            blocks.append(block)
    return blocks


# --- the roles


def _said_by_assistant(message: dict[str, Any], at: str, problems: Problems) -> list[Block]:
    """Return what the assistant said, then what it called.

    Its reasoning is left out: Anthropic takes that back only with a signature, for which chat
    completions have no place.
    """
    for name in ("audio", "function_call"):
        if message.get(name) is not None:
            add(problems, f"{at}.{name}", _NOT_THERE)
    blocks = _content(message, at, problems, _ASSISTANT_PARTS)
    refusal = message.get("refusal")
    if type(refusal) is str:
        blocks += _text_blocks(refusal)
    for index, call in enumerate(message.get("tool_calls") or ()):
        blocks += _tool_use(call, f"{at}.tool_calls[{index}]", problems)
    return blocks


def _tool_use(call: dict[str, Any], at: str, problems: Problems) -> list[Block]:
    if call.get("type") != "function":
        add(problems, at, f"{_NOT_THERE}: it calls no function")
        return []
    function = call["function"]
    # models that take no arguments call with none, and are sent what they wrote
    arguments = function["arguments"].strip() or "{}"
    try:
        is_object = type(orjson.loads(arguments)) is dict
    except orjson.JSONDecodeError:
        is_object = False
    if not is_object:
        add(problems, f"{at}.function.arguments", "must be a JSON object for this provider")
        return []
    # as they were written, so that no number loses a digit
    call_with = orjson.Fragment(arguments)
    return [{"type": "tool_use", "id": call["id"], "name": function["name"], "input": call_with}]


def _tool_result(message: dict[str, Any], at: str, problems: Problems) -> Block:
    result: Block = {"type": "tool_result", "tool_use_id": message["tool_call_id"]}
    blocks = _content(message, at, problems, _USER_PARTS)
    if blocks:
        result["content"] = blocks
    return result


# --- the parts of a content


def _text_blocks(text: str) -> list[Block]:
    return [{"type": "text", "text": text}] if text and not text.isspace() else []


def _text(part: dict[str, Any], at: str, problems: Problems) -> list[Block]:
    return _text_blocks(part["text"])


def _refusal(part: dict[str, Any], at: str, problems: Problems) -> list[Block]:
    return _text_blocks(part["refusal"])


def _image(part: dict[str, Any], at: str, problems: Problems) -> list[Block]:
    url = part["image_url"]["url"]
    if not _is_data(url):
        return [{"type": "image", "source": {"type": "url", "url": url}}]
    media_type, data = _inline(url)
    media_type = _MISNAMED.get(media_type, media_type)
    if media_type not in _IMAGES:
        add(problems, f"{at}.image_url.url", "must be a JPEG, PNG, GIF or WebP image in base64")
        return []
    return [{"type": "image", "source": _base64(media_type, data)}]


def _file(part: dict[str, Any], at: str, problems: Problems) -> list[Block]:
    file = part["file"]
    url = file.get("file_data") or file.get("file_url") or ""
    if url[:4].lower() == "http":
        source = {"type": "url", "url": url}
    else:
        media_type, data = _inline(url) if _is_data(url) else ("", "")
        if media_type != "application/pdf":
            add(problems, f"{at}.file", "must be a PDF: as a data URL in base64, or its address")
            return []
        source = _base64(media_type, data)
    block: Block = {"type": "document", "source": source}
    if file.get("filename"):
        block["title"] = file["filename"]
    return [block]


def _is_data(url: str) -> bool:
    return url[:5].lower() == "data:"


def _inline(url: str) -> tuple[str, str]:
    """Return media type and base64 of a ``data:`` URL (RFC 2397), nothing for another encoding."""
    head, _, data = url.partition(",")
    media_type, *options = head[5:].lower().split(";")
    return (media_type, data) if options[-1:] == ["base64"] else ("", "")


def _base64(media_type: str, data: str) -> dict[str, str]:
    return {"type": "base64", "media_type": media_type, "data": data}


_SYSTEM_PARTS: Mapping[str, _PartReader] = MappingProxyType({"text": _text})
_ASSISTANT_PARTS: Mapping[str, _PartReader] = MappingProxyType({"text": _text, "refusal": _refusal})
_USER_PARTS: Mapping[str, _PartReader] = MappingProxyType(
    {"text": _text, "image_url": _image, "file": _file}
)
