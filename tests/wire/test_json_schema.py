"""Tests of `inference_gateway.wire.json_schema`; the corpus has the common cases."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.wire.fields import Problems
from inference_gateway.wire.json_schema import check_schema


class SchemaTests(SynchronousTestCase):
    """Schemas that would hang a compiler are found, in time linear in their size."""

    def problems(self, schema: Any) -> list[str | None]:
        """Return the fields that are wrong."""
        found: Problems = []
        check_schema(schema, "s", found)
        return [problem.field for problem in found]

    def test_no_object(self) -> None:
        """A schema is an object."""
        self.assertEqual(self.problems(True), ["s"])

    def test_circle_from_outside(self) -> None:
        """A reference that leads into a circle is as bad as one inside it."""
        schema = {"a": {"$ref": "#/b"}, "b": {"$ref": "#/c"}, "c": {"$ref": "#/b"}}
        self.assertEqual(
            sorted(map(str, self.problems(schema))), ["s.a.$ref", "s.b.$ref", "s.c.$ref"]
        )

    def test_chain(self) -> None:
        """A long chain of references that ends is fine, and each is followed once."""
        schema: dict[str, Any] = {str(n): {"$ref": f"#/{n + 1}"} for n in range(5000)}
        schema["5000"] = {"type": "string"}
        self.assertEqual(self.problems(schema), [])

    def test_many_references(self) -> None:
        """More references than any schema has are not followed at all."""
        schema = {str(n): {"$ref": f"#/nowhere/{n}"} for n in range(5001)}
        self.assertEqual(self.problems(schema), ["s"])

    def test_references_to_nothing(self) -> None:
        """References elsewhere, to nothing, and no references at all are the provider's concern."""
        schema = {
            "a": {"$ref": "#/a/b/c"},
            "b": {"$ref": "other.json#/b"},
            "c": {"$ref": 5},
            "d": [{"$ref": "#/d/0"}],
            "properties": {"$ref": {"type": "string"}, "pattern": {"type": "string"}},
        }
        self.assertEqual(self.problems(schema), [])

    def test_path_in_lists(self) -> None:
        """The path of a problem goes through lists and objects."""
        self.assertEqual(
            self.problems({"anyOf": [{}, {"x": {"pattern": "(a*)+"}}]}), ["s.anyOf[1].x.pattern"]
        )

    def test_harmless_patterns(self) -> None:
        """Repetition inside repetition is fine as long as something else is there as well."""
        for pattern in (r"^([a-z]+-)*[a-z]+$", r"(\d+){2}", "(a+)?", "a+b*", r"\(a+\)+", "(?:ab)+"):
            self.assertEqual(self.problems({"pattern": pattern}), [])

    def test_hostile_pattern(self) -> None:
        """The search itself takes no more than linear time."""
        for pattern in ("([" * 200_000, "(a{" + "1" * 200_000, "((((" * 100_000):
            self.assertEqual(self.problems({"pattern": pattern}), [])

    def test_long_names(self) -> None:
        """Many values behind one very long name cost no more than a few."""
        inner: list[object] = [{"a": {}}, "text"]
        schema = {"n" * 1_000_000: inner * 10_000}
        self.assertEqual(self.problems(schema), [])
