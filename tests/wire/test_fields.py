"""Tests of `inference_gateway.wire.fields`."""

import re

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import FieldProblem, InvalidRequest
from inference_gateway.wire import fields
from inference_gateway.wire.fields import Check, Problems


def problem(check: Check, value: object) -> str | None:
    """Return what a check says about a value, or None."""
    problems: Problems = []
    check(value, "x", problems)
    return problems[0].message if problems else None


class CheckTests(SynchronousTestCase):
    """Checks say what was expected, and what came as far as it may be shown."""

    def test_number(self) -> None:
        """A number is shown, anything else is named."""
        check = fields.number(0, 2)
        self.assertIsNone(problem(check, 0))
        self.assertIsNone(problem(check, 2.0))
        self.assertEqual(problem(check, 2.1), "must be a number between 0 and 2, got 2.1")
        self.assertEqual(problem(check, "1"), "must be a number between 0 and 2, got a string")
        self.assertEqual(problem(check, True), "must be a number between 0 and 2, got a boolean")

    def test_integer(self) -> None:
        """A number with a fraction is no integer, not even 1.0."""
        check = fields.integer(1, 128)
        self.assertIsNone(problem(check, 128))
        self.assertEqual(problem(check, 1.0), "must be an integer between 1 and 128, got 1.0")
        self.assertEqual(problem(check, 0), "must be an integer between 1 and 128, got 0")
        self.assertEqual(
            problem(check, False), "must be an integer between 1 and 128, got a boolean"
        )

    def test_boolean(self) -> None:
        """Only true and false are booleans."""
        self.assertIsNone(problem(fields.boolean, False))
        self.assertEqual(problem(fields.boolean, 1), "must be true or false, got a number")

    def test_text(self) -> None:
        """Only a string is a string, and it is never shown."""
        self.assertIsNone(problem(fields.text, ""))
        self.assertEqual(problem(fields.text, None), "must be a string, got null")

    def test_bounded_text(self) -> None:
        """Length is counted in characters, and the bounds are told."""
        check = fields.bounded_text(3)
        self.assertIsNone(problem(check, "模模模"))
        self.assertEqual(problem(check, "abcd"), "must have at most 3 characters, got 4")
        self.assertEqual(problem(check, "\x00"), "must not contain the character U+0000")
        self.assertEqual(problem(check, []), "must be a string, got an array")

    def test_identifier(self) -> None:
        """A name is neither empty nor too long, and has no blank at its ends and no control."""
        check = fields.identifier(5)
        self.assertIsNone(problem(check, "a b/c"))
        self.assertEqual(problem(check, ""), "must have 1 to 5 characters, got 0")
        self.assertEqual(problem(check, "abcdef"), "must have 1 to 5 characters, got 6")
        self.assertEqual(problem(check, "a\x7f"), "must not contain control characters")
        self.assertEqual(problem(check, "a\u3000"), "must not begin or end with a blank")
        self.assertEqual(problem(check, {}), "must be a string, got an object")

    def test_one_of(self) -> None:
        """A short wrong word is shown, a long one or one with controls is not."""
        check = fields.one_of(("low", "high"))
        self.assertIsNone(problem(check, "low"))
        self.assertEqual(problem(check, "Low"), 'must be one of low, high, got "Low"')
        self.assertEqual(problem(check, "l" * 41), "must be one of low, high, got a string")
        self.assertEqual(problem(check, "l\n"), "must be one of low, high, got a string")
        self.assertEqual(problem(check, True), "must be one of low, high, got true")
        self.assertEqual(problem(check, False), "must be one of low, high, got false")
        self.assertEqual(problem(check, 5), "must be one of low, high, got 5")
        self.assertEqual(problem(check, []), "must be one of low, high, got an array")

    def test_long_number(self) -> None:
        """A number of many digits is named instead of being shown."""
        self.assertEqual(fields.shown(10**50), "a number")

    def test_matching(self) -> None:
        """The pattern has to match the whole string, the last line end included."""
        check = fields.matching(re.compile("[a-z]+"), "letters")
        self.assertIsNone(problem(check, "abc"))
        self.assertEqual(problem(check, "abc\n"), "must be letters")
        self.assertEqual(problem(check, 5), "must be a string, got a number")

    def test_array(self) -> None:
        """An array of the wrong size is not looked into."""
        problems: Problems = []
        self.assertEqual(
            fields.as_array([1, 2], "x", problems, least=1, most=2, of="things"), [1, 2]
        )
        self.assertEqual(fields.as_array([], "a", problems, least=1, most=2, of="things"), [])
        self.assertEqual(fields.as_array([1] * 3, "b", problems, least=0, most=2, of="things"), [])
        self.assertEqual(fields.as_array("1", "c", problems, least=0, most=2, of="things"), [])
        self.assertEqual(
            problems,
            [
                FieldProblem(message="must have 1 to 2 things, got 0", field="a"),
                FieldProblem(message="must have at most 2 things, got 3", field="b"),
                FieldProblem(message="must be an array of things, got a string", field="c"),
            ],
        )

    def test_members(self) -> None:
        """Null equals absence: fine for an optional member, a problem for a required one."""
        problems: Problems = []
        members: dict[str, object] = {"a": None, "b": 1, "c": "text"}
        for name in ("a", "b", "c", "d"):
            fields.optional(members, name, fields.text, "x", problems)
            fields.required(members, name, fields.text, "y", problems)
        self.assertEqual(
            [(found.field, found.message) for found in problems],
            [
                ("y.a", "is required"),
                ("x.b", "must be a string, got a number"),
                ("y.b", "must be a string, got a number"),
                ("y.d", "is required"),
            ],
        )


class RefusalTests(SynchronousTestCase):
    """Problems become one error, of a size that does not depend on the caller."""

    def test_first_problem(self) -> None:
        """The error is about the first problem, and holds all of them."""
        problems = [
            FieldProblem(message="is required", field="model"),
            FieldProblem(message="must be true or false, got null", field="stream"),
        ]
        error = fields.refusal(problems)
        self.assertEqual(error.message, "model is required")
        self.assertEqual(error.param, "model")
        self.assertEqual(error.problems, tuple(problems))

    def test_without_field(self) -> None:
        """A problem of no field speaks for itself."""
        error = fields.refusal([FieldProblem(message="nothing is right")])
        self.assertEqual((error.message, error.param), ("nothing is right", None))

    def test_bounded(self) -> None:
        """Nothing is looked for once there are very many problems."""
        problems: Problems = []
        with self.assertRaises(InvalidRequest) as caught:
            for index in range(1000):
                fields.add(problems, f"x[{index}]", "is bad")
        self.assertEqual(len(caught.exception.problems), fields.MAX_PROBLEMS + 1)
        self.assertIsNone(caught.exception.problems[-1].field)

    def test_long_path(self) -> None:
        """A path that a caller made long is cut."""
        problems: Problems = []
        fields.add(problems, "x" * 10_000, "is bad")
        self.assertEqual(problems[0].field, "x" * 200 + "...")
