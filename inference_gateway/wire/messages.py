"""The ``messages`` of a chat request: roles, contents, parts and tool calls.

Checks only what the API fixes (``ChatCompletionRequestMessage``); unknown members of a message are
nobody's business here. No problem ever quotes a message.
"""

from typing import Any

from inference_gateway.wire.fields import (
    Problems,
    add,
    as_array,
    as_object,
    kind_of,
    one_of,
    optional,
    required,
    shown,
    text,
)
from inference_gateway.wire.links import check_file_data, check_link

MAX_MESSAGES = 1000

_ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_TEXT_ROLES = frozenset(("system", "developer", "user", "assistant"))

_role = one_of(_ROLES)
_detail = one_of(("auto", "low", "high"))


def check_messages(value: object, path: str, problems: Problems) -> None:
    """Check the whole array; nearly every message is a role and a string, which costs least."""
    messages = as_array(value, path, problems, least=1, most=MAX_MESSAGES, of="messages")
    for index, message in enumerate(messages):
        if (
            type(message) is dict
            and len(message) == 2
            and type(message.get("content")) is str
            and type(role := message.get("role")) is str
            and role in _TEXT_ROLES
        ):
            continue
        _check_message(message, f"{path}[{index}]", problems)


def _check_message(value: object, path: str, problems: Problems) -> None:
    message = as_object(value, path, problems)
    if message is None:
        return
    required(message, "role", _role, path, problems)
    optional(message, "name", text, path, problems)
    role = message.get("role")
    if role == "tool":
        required(message, "tool_call_id", text, path, problems)
    elif role == "function":
        if message.get("name") is None:
            add(problems, f"{path}.name", "is required")
    elif role == "assistant":
        optional(message, "tool_calls", _check_tool_calls, path, problems)
    if message.get("content") is not None:
        _check_content(message["content"], f"{path}.content", problems)
    elif not _may_lack_content(role, message):
        add(problems, f"{path}.content", "is required")


def _may_lack_content(role: object, message: dict[str, object]) -> bool:
    """Whether the API lets this message have null or nothing for content.

    An assistant's message has to have something instead, such as tool calls, a refusal or the
    reasoning that some servers add; of an unknown role nothing is known.
    """
    if role == "assistant":
        return any(
            value is not None
            for name, value in message.items()
            if name not in ("role", "name", "content")
        )
    return role == "function" or role not in _ROLES


def _check_content(value: object, path: str, problems: Problems) -> None:
    if type(value) is str:
        return
    if type(value) is not list:
        add(problems, path, f"must be a string or an array of parts, got {kind_of(value)}")
        return
    if not value:
        add(problems, path, "must have at least one part")
    for index, item in enumerate(value):
        if type(item) is dict and item.get("type") == "text" and type(item.get("text")) is str:
            continue
        at = f"{path}[{index}]"
        part = as_object(item, at, problems)
        if part is None:
            continue
        kind = part.get("type")
        check = _PARTS.get(kind) if type(kind) is str else None
        if check is not None:
            check(part, at, problems)
        elif kind is None:
            add(problems, f"{at}.type", "is required")
        else:
            add(problems, f"{at}.type", f"must be one of {', '.join(_PARTS)}, got {shown(kind)}")


def _check_text_part(part: dict[str, object], path: str, problems: Problems) -> None:
    required(part, "text", text, path, problems)


def _check_refusal_part(part: dict[str, object], path: str, problems: Problems) -> None:
    required(part, "refusal", text, path, problems)


def _check_image_part(part: dict[str, object], path: str, problems: Problems) -> None:
    image = as_object(part.get("image_url"), f"{path}.image_url", problems)
    if image is not None:
        required(image, "url", check_link, f"{path}.image_url", problems)
        optional(image, "detail", _detail, f"{path}.image_url", problems)


def _check_audio_part(part: dict[str, object], path: str, problems: Problems) -> None:
    audio = as_object(part.get("input_audio"), f"{path}.input_audio", problems)
    if audio is not None:
        required(audio, "data", check_file_data, f"{path}.input_audio", problems)
        required(audio, "format", text, f"{path}.input_audio", problems)


def _check_file_part(part: dict[str, object], path: str, problems: Problems) -> None:
    file = as_object(part.get("file"), f"{path}.file", problems)
    if file is not None:
        optional(file, "file_id", text, f"{path}.file", problems)
        optional(file, "filename", text, f"{path}.file", problems)
        optional(file, "file_data", check_file_data, f"{path}.file", problems)
        optional(file, "file_url", check_link, f"{path}.file", problems)


_PARTS = {
    "text": _check_text_part,
    "image_url": _check_image_part,
    "input_audio": _check_audio_part,
    "file": _check_file_part,
    "refusal": _check_refusal_part,
}


def _check_tool_calls(value: object, path: str, problems: Problems) -> None:
    if type(value) is not list:
        add(problems, path, f"must be an array of tool calls, got {kind_of(value)}")
        return
    for index, item in enumerate(value):
        at = f"{path}[{index}]"
        call = as_object(item, at, problems)
        if call is None:
            continue
        required(call, "id", text, at, problems)
        if call.get("type") == "function":
            function = as_object(call.get("function"), f"{at}.function", problems)
            if function is not None:
                required(function, "name", text, f"{at}.function", problems)
                required(function, "arguments", text, f"{at}.function", problems)


def last_user_text(messages: list[dict[str, Any]]) -> str:
    """Return the text of the last user message, its text parts joined by LF; empty without one.

    ``messages`` have passed `check_messages`.
    """
    for message in reversed(messages):
        if message.get("role") == "user":
            content = message["content"]
            if isinstance(content, str):
                return content
            return "\n".join(part["text"] for part in content if part["type"] == "text")
    return ""
