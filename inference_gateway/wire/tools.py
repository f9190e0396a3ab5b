"""The members of a chat request about tools and output formats.

llama.cpp answers 500 to a malformed tool, which would look like an outage; so they are checked here
as far as the API fixes them.
"""

import re

from inference_gateway.wire.fields import (
    Problems,
    add,
    as_array,
    as_object,
    boolean,
    kind_of,
    matching,
    one_of,
    optional,
    required,
    shown,
    text,
)
from inference_gateway.wire.json_schema import check_schema

MAX_TOOLS = 128

_NAME = matching(
    re.compile(r"[A-Za-z0-9_-]{1,64}"), "1 to 64 letters, digits, underscores or dashes"
)
_tool_type = one_of(("function", "custom"))
_choice_type = one_of(("function", "custom", "allowed_tools"))
_mode = one_of(("auto", "required"))
_format_type = one_of(("text", "json_object", "json_schema"))

#: Choices that name no tool.
_CHOICE_WORDS = ("none", "auto", "required")


def check_tools(value: object, path: str, problems: Problems) -> None:
    """Check the array of tools."""
    tools = as_array(value, path, problems, least=0, most=MAX_TOOLS, of="tools")
    for index, item in enumerate(tools):
        at = f"{path}[{index}]"
        tool = as_object(item, at, problems)
        if tool is None:
            continue
        required(tool, "type", _tool_type, at, problems)
        kind = tool.get("type")
        if kind == "function":
            _check_function(tool.get("function"), f"{at}.function", problems)
        elif kind == "custom":
            custom = as_object(tool.get("custom"), f"{at}.custom", problems)
            if custom is not None:
                required(custom, "name", _NAME, f"{at}.custom", problems)


def _check_function(value: object, path: str, problems: Problems) -> None:
    function = as_object(value, path, problems)
    if function is not None:
        required(function, "name", _NAME, path, problems)
        optional(function, "description", text, path, problems)
        optional(function, "parameters", check_schema, path, problems)
        optional(function, "strict", boolean, path, problems)


def check_tool_choice(value: object, path: str, problems: Problems) -> None:
    """Check the form of a choice; whether it can be met is `check_choice_known`."""
    if type(value) is str:
        if value not in _CHOICE_WORDS:
            listed = ", ".join(_CHOICE_WORDS)
            add(problems, path, f"must be one of {listed} or an object, got {shown(value)}")
        return
    if type(value) is not dict:
        add(problems, path, f"must be a string or an object, got {kind_of(value)}")
        return
    required(value, "type", _choice_type, path, problems)
    kind = value.get("type")
    if kind in ("function", "custom"):
        named = as_object(value.get(kind), f"{path}.{kind}", problems)
        if named is not None:
            required(named, "name", text, f"{path}.{kind}", problems)
    elif kind == "allowed_tools":
        allowed = as_object(value.get(kind), f"{path}.{kind}", problems)
        if allowed is not None:
            required(allowed, "mode", _mode, f"{path}.{kind}", problems)


def check_choice_known(fields: dict[str, object], problems: Problems) -> None:
    """Check that a tool choice can be met by the tools of the same request."""
    choice = fields.get("tool_choice")
    if choice is None or choice in ("none", "auto"):
        return
    tools = fields.get("tools")
    if not tools:
        add(problems, "tool_choice", "needs tools, and the request has none")
    elif type(choice) is dict and type(tools) is list:
        kind = choice.get("type")
        wanted = choice.get(kind) if kind in ("function", "custom") else None
        name = wanted.get("name") if type(wanted) is dict else None
        if type(name) is str and name not in {_name_of(tool, kind) for tool in tools}:
            add(problems, f"tool_choice.{kind}.name", "names none of the tools of the request")


def _name_of(tool: object, kind: object) -> str | None:
    """Return the name of a tool of this kind, however malformed the tool may be."""
    definition = tool.get(kind) if type(tool) is dict else None
    name = definition.get("name") if type(definition) is dict else None
    return name if type(name) is str else None


def check_response_format(value: object, path: str, problems: Problems) -> None:
    """Check the output format; a JSON schema needs its name and itself."""
    output = as_object(value, path, problems)
    if output is None:
        return
    required(output, "type", _format_type, path, problems)
    if output.get("type") == "json_schema":
        path = f"{path}.json_schema"
        schema = as_object(output.get("json_schema"), path, problems)
        if schema is not None:
            required(schema, "name", _NAME, path, problems)
            required(schema, "schema", check_schema, path, problems)
            optional(schema, "strict", boolean, path, problems)
