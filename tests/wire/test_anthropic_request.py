"""The fields of a chat request as those of Anthropic's Messages API."""

from typing import Any

import orjson
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import InvalidRequest
from inference_gateway.wire.anthropic_request import DEFAULT_MAX_TOKENS, encode_messages

USER = {"role": "user", "content": "u"}
TURNS = [{"role": "user", "content": [{"type": "text", "text": "u"}]}]
SCHEMA = {"type": "object", "properties": {"x": {"type": "integer"}}}


def function(name: str = "f", **members: Any) -> dict[str, Any]:
    """Return a tool that is a function."""
    return {"type": "function", "function": {"name": name, **members}}


def encoded(stream: bool = False, **fields: Any) -> dict[str, Any]:
    """Return the body for a chat request with these fields."""
    fields = {"model": "public", "messages": [USER], **fields}
    body: dict[str, Any] = orjson.loads(encode_messages(fields, "m", stream=stream))
    return body


def added(**fields: Any) -> dict[str, Any]:
    """Return what these fields add to a body."""
    plain = encoded()
    return {name: value for name, value in encoded(**fields).items() if plain.get(name) != value}


class FieldTests(SynchronousTestCase):
    """What there is in both APIs."""

    def refused(self, **fields: Any) -> list[str | None]:
        """Return the fields that a request is refused for."""
        error = self.assertRaises(InvalidRequest, encoded, **fields)
        self.assertEqual(error.status, 400)
        return [problem.field for problem in error.problems]

    def test_least(self) -> None:
        """A request without anything special has a limit, because Anthropic requires one."""
        self.assertEqual(
            encoded(), {"model": "m", "max_tokens": DEFAULT_MAX_TOKENS, "messages": TURNS}
        )

    def test_system(self) -> None:
        """The system's words have a field of their own."""
        body = encoded(messages=[{"role": "system", "content": "s"}, USER])
        self.assertEqual(body["system"], [{"type": "text", "text": "s"}])
        self.assertEqual(body["messages"], TURNS)

    def test_stream(self) -> None:
        """What is asked of the provider decides, not what the client asked for."""
        self.assertIs(encoded(stream=True)["stream"], True)
        self.assertNotIn("stream", orjson.loads(self.body(stream=True)))

    def body(self, **fields: Any) -> bytes:
        """Return a plain request's body."""
        return encode_messages({"messages": [USER], **fields}, "m", stream=False)

    def test_limit(self) -> None:
        """The limit has one name here and two there."""
        self.assertEqual(added(max_tokens=5), {"max_tokens": 5})
        self.assertEqual(added(max_completion_tokens=6), {"max_tokens": 6})
        self.assertEqual(added(max_tokens=6, max_completion_tokens=6), {"max_tokens": 6})

    def test_translated(self) -> None:
        """Fields under another name, or with other values, say the same."""
        for fields, body in (
            ({"temperature": 0}, {"temperature": 0}),
            ({"temperature": 0.7}, {"temperature": 0.7}),
            ({"temperature": 1.5}, {"temperature": 1}),
            ({"top_p": 0.5}, {"top_p": 0.5}),
            ({"stop": "\n\n"}, {"stop_sequences": ["\n\n"]}),
            ({"stop": ["a", "b"]}, {"stop_sequences": ["a", "b"]}),
            ({"service_tier": "auto"}, {"service_tier": "auto"}),
            ({"service_tier": "default"}, {"service_tier": "standard_only"}),
            ({"user": "u"}, {"metadata": {"user_id": "u"}}),
            ({"user": "u", "safety_identifier": "s"}, {"metadata": {"user_id": "s"}}),
            ({"metadata": {"user_id": "v", "x": "y"}}, {"metadata": {"user_id": "v"}}),
        ):
            self.assertEqual(added(**fields), body)

    def test_own(self) -> None:
        """Fields that only Anthropic has are passed on as they are."""
        fields = {
            "top_k": 5,
            "thinking": {"type": "enabled", "budget_tokens": 1024},
            "output_config": {"effort": "low"},
            "cache_control": {"type": "ephemeral"},
            "context_management": {"edits": []},
            "inference_geo": "us",
            "speed": "fast",
        }
        self.assertEqual(added(**fields), fields)

    def test_left_out(self) -> None:
        """Hints, and what no API is known to have, are left out."""
        fields = {
            "frequency_penalty": 1,
            "presence_penalty": 1,
            "seed": 1,
            "store": True,
            "metadata": {"x": "y"},
            "service_tier": "flex",
            "reasoning_effort": "high",
            "verbosity": "low",
            "prediction": {"type": "content", "content": "x"},
            "prompt_cache_key": "k",
            "stream_options": {"include_usage": True},
            "audio": {"voice": "v"},
            "function_call": "auto",
            "chat_template_kwargs": {},
        }
        self.assertEqual(added(**fields), {})
        self.assertEqual(added(service_tier=["auto"]), {})

    def test_refused(self) -> None:
        """What would make another answer is refused, and named."""
        for name, value in (
            ("n", 2),
            ("logprobs", True),
            ("logit_bias", {"5": 1}),
            ("response_format", {"type": "json_object"}),
            ("response_format", {"type": "json_schema", "json_schema": {"name": "f"}}),
            ("modalities", ["text", "audio"]),
            ("functions", [{"name": "f"}]),
            ("moderation", {"model": "x"}),
            ("web_search_options", {}),
        ):
            self.assertEqual(self.refused(**{name: value}), [name])

    def test_asks_for_nothing(self) -> None:
        """The same fields pass with the values that change nothing, or null."""
        fields = {
            "n": 1,
            "logprobs": False,
            "logit_bias": {},
            "response_format": {"type": "text"},
            "modalities": ["text"],
            "functions": [],
        }
        self.assertEqual(added(**fields), {})
        everything = [*fields, "moderation", "web_search_options", "tools", "tool_choice"]
        everything += ["stop", "temperature", "user", "metadata", "max_tokens", "top_k"]
        self.assertEqual(added(**dict.fromkeys(everything)), {})

    def test_all_problems(self) -> None:
        """Every problem is told at once, in the fields and in the messages."""
        self.assertEqual(
            self.refused(n=2, logprobs=True, messages=[{"role": "function", "content": "x"}]),
            ["n", "logprobs", "messages[0].role"],
        )


class ToolTests(SynchronousTestCase):
    """Tools, and the choice among them."""

    def test_tools(self) -> None:
        """A function is a tool with a schema of its input, also when it takes none."""
        body = encoded(
            tools=[
                function("f", description="d", parameters=SCHEMA, strict=True),
                function("g", description=None, parameters=None, strict=False),
                function("h", parameters={"properties": {}}),
            ]
        )
        self.assertEqual(
            body["tools"],
            [
                {"name": "f", "description": "d", "input_schema": SCHEMA, "strict": True},
                {"name": "g", "input_schema": {"type": "object"}},
                {"name": "h", "input_schema": {"type": "object", "properties": {}}},
            ],
        )
        self.assertNotIn("tool_choice", body)

    def test_choice(self) -> None:
        """Each choice that names no kinds of tools has its like."""
        named = {"type": "function", "function": {"name": "f"}}
        for choice, chosen in (
            ("auto", {"type": "auto"}),
            ("none", {"type": "none"}),
            ("required", {"type": "any"}),
            (named, {"type": "tool", "name": "f"}),
        ):
            body = encoded(tools=[function()], tool_choice=choice, parallel_tool_calls=True)
            self.assertEqual(body["tool_choice"], chosen)

    def test_one_at_a_time(self) -> None:
        """Calls one at a time are a part of the choice, where there is one."""
        for choice, chosen in ((None, "auto"), ("auto", "auto"), ("required", "any")):
            body = encoded(tools=[function()], tool_choice=choice, parallel_tool_calls=False)
            self.assertEqual(
                body["tool_choice"], {"type": chosen, "disable_parallel_tool_use": True}
            )
        body = encoded(tools=[function()], tool_choice="none", parallel_tool_calls=False)
        self.assertEqual(body["tool_choice"], {"type": "none"})

    def test_without_tools(self) -> None:
        """Without tools there is no choice, because Anthropic refuses one."""
        self.assertEqual(added(tool_choice="none", tools=[], parallel_tool_calls=False), {})

    def test_refused(self) -> None:
        """Custom tools, and choices among some of the tools, cannot be said."""
        for tools, choice, field in (
            ([function(), {"type": "custom", "custom": {"name": "c"}}], None, "tools[1]"),
            ([function()], {"type": "allowed_tools", "allowed_tools": {}}, "tool_choice"),
        ):
            error = self.assertRaises(InvalidRequest, encoded, tools=tools, tool_choice=choice)
            self.assertEqual((error.param, len(error.problems)), (field, 1))
