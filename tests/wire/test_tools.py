"""Tests of `inference_gateway.wire.tools`; the corpus has its checks one by one."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.wire.fields import Check, Problems
from inference_gateway.wire.tools import (
    check_choice_known,
    check_response_format,
    check_tool_choice,
    check_tools,
)


def problems(check: Check, value: object) -> list[str | None]:
    """Return the fields that are wrong."""
    found: Problems = []
    check(value, "x", found)
    return [problem.field for problem in found]


class ToolTests(SynchronousTestCase):
    """Tools are what they say they are."""

    def test_custom(self) -> None:
        """A custom tool needs an object with a name."""
        tools = [
            {"type": "custom"},
            {"type": "custom", "custom": {}},
            {"type": "custom", "custom": {"name": "f"}},
        ]
        self.assertEqual(problems(check_tools, tools), ["x[0].custom", "x[1].custom.name"])

    def test_optional_members(self) -> None:
        """Description and strictness have their types if they are there."""
        function = {"name": "f", "description": 5, "strict": "yes", "parameters": None}
        self.assertEqual(
            problems(check_tools, [{"type": "function", "function": function}]),
            ["x[0].function.description", "x[0].function.strict"],
        )

    def test_strict_format(self) -> None:
        """The strictness of an output format is a boolean."""
        schema = {"name": "f", "schema": {}, "strict": 1}
        self.assertEqual(
            problems(check_response_format, {"type": "json_schema", "json_schema": schema}),
            ["x.json_schema.strict"],
        )


class ToolChoiceTests(SynchronousTestCase):
    """A choice has a known form, and can be met."""

    def test_form(self) -> None:
        """What a choice is about must be there."""
        for choice, wrong in (
            ({"type": "function"}, ["x.function"]),
            ({"type": "function", "function": {}}, ["x.function.name"]),
            ({"type": "custom", "custom": {"name": "f"}}, []),
            ({"type": "allowed_tools"}, ["x.allowed_tools"]),
            (
                {"type": "allowed_tools", "allowed_tools": {"mode": "none"}},
                ["x.allowed_tools.mode"],
            ),
            ([], ["x"]),
        ):
            self.assertEqual(problems(check_tool_choice, choice), wrong)

    def known(self, choice: Any, tools: Any) -> list[str | None]:
        """Return the fields that are wrong with a choice among these tools."""
        found: Problems = []
        check_choice_known({"tool_choice": choice, "tools": tools}, found)
        return [problem.field for problem in found]

    def test_kinds(self) -> None:
        """A function is not chosen by the name of a custom tool."""
        custom = {"type": "custom", "custom": {"name": "f"}}
        self.assertEqual(self.known(custom, [custom]), [])
        function = {"type": "function", "function": {"name": "f"}}
        self.assertEqual(self.known(function, [custom]), ["tool_choice.function.name"])

    def test_malformed(self) -> None:
        """What another check complains about is not complained about again."""
        tools = [5, {"function": 5}, {"function": {"name": 5}}]
        for choice in (5, {}, {"type": "function"}, {"type": "function", "function": {"name": 5}}):
            self.assertEqual(self.known(choice, tools), [])
        named = {"type": "function", "function": {"name": "f"}}
        self.assertEqual(self.known(named, "tools"), [])
        self.assertEqual(self.known(named, tools), ["tool_choice.function.name"])
