"""The fields of a chat request as the body of a request to Anthropic's Messages API.

What that API lacks and what would make another answer is refused; hints that a model may follow or
not are left out. ``docs/anthropic.md`` lists both. Left out is also ``reasoning_effort``: a budget
for thinking has to be less than ``max_tokens``, excludes a forced choice of tools, and demands the
signed thoughts back in the next turn, so that good requests would fail. Who wants it can send
Anthropic's own ``thinking`` or ``output_config``.

The messages are the concern of `wire.anthropic_messages`.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import orjson

from inference_gateway.wire.anthropic_messages import translate_messages
from inference_gateway.wire.fields import Problems, add, refusal

#: Sent as ``max_tokens`` for a client that sets no limit, because Anthropic's API requires one.
DEFAULT_MAX_TOKENS = 4096

_HIGHEST_TEMPERATURE = 1

#: What is spelled and meant alike, and what only Anthropic has.
_PASSED = (
    "top_p",
    "cache_control",
    "context_management",
    "inference_geo",
    "output_config",
    "speed",
    "thinking",
    "top_k",
)
_TIERS = MappingProxyType({"auto": "auto", "default": "standard_only"})
_CHOICES = MappingProxyType({"auto": "auto", "none": "none", "required": "any"})

#: Whether the value of a field asks for another answer than one without the field.
_REFUSED: Mapping[str, Callable[[Any], bool]] = MappingProxyType(
    {
        "n": lambda n: n != 1,
        "logprobs": bool,
        "logit_bias": bool,
        "response_format": lambda output: output.get("type") != "text",
        "modalities": lambda kinds: kinds != ["text"],
        "functions": bool,
        "moderation": lambda _: True,
        "web_search_options": lambda _: True,
    }
)
_NOT_THERE = "asks for what this model's provider does not have"


def encode_messages(fields: dict[str, Any], model: str, *, stream: bool) -> bytes:
    """Return the body that asks ``model`` what ``fields``, a chat request's, ask for.

    A ``temperature`` above 1, which is Anthropic's highest, becomes 1. Without a limit of tokens
    `DEFAULT_MAX_TOKENS` is the limit. Raises `InvalidRequest` with every field that cannot be said
    in Anthropic's API.
    """
    problems: Problems = []
    for name, asks in _REFUSED.items():
        value = fields.get(name)
        if value is not None and asks(value):
            add(problems, name, _NOT_THERE)
    system, turns = translate_messages(fields["messages"], problems)
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": fields.get("max_completion_tokens")
        or fields.get("max_tokens")
        or DEFAULT_MAX_TOKENS,
        "messages": turns,
    }
    if system:
        body["system"] = system
    _add_tools(body, fields, problems)
    _add_options(body, fields)
    if stream:
        body["stream"] = True
    if problems:
        raise refusal(problems)
    return orjson.dumps(body)


def _add_options(body: dict[str, Any], fields: dict[str, Any]) -> None:
    for name in _PASSED:
        if fields.get(name) is not None:
            body[name] = fields[name]
    temperature = fields.get("temperature")
    if temperature is not None:
        body["temperature"] = min(temperature, _HIGHEST_TEMPERATURE)
    stop = fields.get("stop")
    if stop is not None:
        body["stop_sequences"] = [stop] if type(stop) is str else stop
    tier = fields.get("service_tier")
    if type(tier) is str and tier in _TIERS:
        body["service_tier"] = _TIERS[tier]
    user = fields.get("safety_identifier") or fields.get("user")
    user = user or (fields.get("metadata") or {}).get("user_id")
    if user:
        body["metadata"] = {"user_id": user}


# --- tools


def _add_tools(body: dict[str, Any], fields: dict[str, Any], problems: Problems) -> None:
    """Add the tools and the choice among them, which Anthropic takes only beside tools."""
    tools = fields.get("tools")
    if not tools:
        return
    body["tools"] = [
        _tool(tool["function"])
        for index, tool in enumerate(tools)
        if _is_function(tool, f"tools[{index}]", problems)
    ]
    choice = _tool_choice(fields, problems)
    if choice is not None:
        body["tool_choice"] = choice


def _is_function(tool: dict[str, Any], at: str, problems: Problems) -> bool:
    if tool["type"] == "function":
        return True
    add(problems, at, _NOT_THERE)
    return False


def _tool(function: dict[str, Any]) -> dict[str, Any]:
    tool: dict[str, Any] = {"name": function["name"]}
    if function.get("description") is not None:
        tool["description"] = function["description"]
    # required there, with its type, also of a function without parameters
    tool["input_schema"] = {"type": "object", **(function.get("parameters") or {})}
    if function.get("strict"):
        tool["strict"] = True
    return tool


def _tool_choice(fields: dict[str, Any], problems: Problems) -> dict[str, Any] | None:
    choice = fields.get("tool_choice")
    one_at_a_time = fields.get("parallel_tool_calls") is False
    chosen: dict[str, Any]
    if choice is None:
        if not one_at_a_time:
            return None
        chosen = {"type": "auto"}
    elif type(choice) is str:
        chosen = {"type": _CHOICES[choice]}
    elif choice["type"] == "function":
        chosen = {"type": "tool", "name": choice["function"]["name"]}
    else:
        add(problems, "tool_choice", _NOT_THERE)
        return None
    if one_at_a_time and choice != "none":
        chosen["disable_parallel_tool_use"] = True
    return chosen
