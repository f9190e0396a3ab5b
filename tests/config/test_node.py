"""Tests of `inference_gateway.config.node`."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.node import Node, Value, child_path, grown, member, replaced
from inference_gateway.config.problem import Place

HERE = Place(label="here")
THERE = Place(label="there")


class PathTests(SynchronousTestCase):
    def test_child_path(self) -> None:
        """Words follow a dot, positions and other keys stand in brackets."""
        self.assertEqual(child_path("", "server"), "server")
        self.assertEqual(child_path("server", "listen"), "server.listen")
        self.assertEqual(child_path("providers", 2), "providers[2]")
        self.assertEqual(child_path("models", "a.b/c"), 'models["a.b/c"]')
        self.assertEqual(child_path("models", "a\n\ud800"), 'models["a\\n\\ud800"]')


class NodeTests(SynchronousTestCase):
    def test_kind(self) -> None:
        """Every value has a name that shows nothing of it."""
        cases: list[tuple[Value, str]] = [
            (None, "nothing"),
            (True, "true or false"),
            (5, "a number"),
            (0.5, "a number"),
            ("text", "a string"),
            ((), "a list"),
            ({}, "a mapping"),
        ]
        for value, kind in cases:
            self.assertEqual(Node(value=value, path="", place=HERE).kind(), kind)

    def test_quoted(self) -> None:
        """Values are shown in short, and as they were written where they came from elsewhere."""
        cases: list[tuple[Value, str]] = [
            (5, "the number 5"),
            (0.5, "the number 0.5"),
            (True, "true"),
            (False, "false"),
            ("a\n", "'a\\n'"),
            ("a" * 70, f"'{'a' * 60}...'"),
            ((), "a list"),
        ]
        for value, text in cases:
            self.assertEqual(Node(value=value, path="", place=HERE).quoted(), text)
        node = Node(value="secret", path="", place=HERE, written="${KEY}")
        self.assertEqual(node.quoted(), "'${KEY}'")


class TreeTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.root = grown({"a": {"b": ["x", "y"]}, "c": "z"}, "", HERE)

    def test_grown(self) -> None:
        """Every value of a grown tree knows its path and place."""
        b = member(self.root, ["a", "b"])
        assert b is not None and isinstance(b.value, tuple)
        self.assertEqual([node.path for node in b.value], ["a.b[0]", "a.b[1]"])
        self.assertEqual({node.place for node in b.value}, {HERE})

    def test_member(self) -> None:
        """What is not there is None, also below something that is no mapping."""
        self.assertIsNone(member(self.root, ["a", "x"]))
        self.assertIsNone(member(self.root, ["c", "x"]))
        self.assertIs(member(self.root, []), self.root)

    def test_replaced(self) -> None:
        """A part is replaced, the rest stays, and the old tree is not changed."""
        new = grown("new", "a.b", THERE)
        tree = replaced(self.root, ["a", "b"], new)
        self.assertIs(member(tree, ["a", "b"]), new)
        self.assertIs(member(tree, ["c"]), member(self.root, ["c"]))
        self.assertIsNot(member(self.root, ["a", "b"]), new)

    def test_made(self) -> None:
        """Mappings on the way are made, also in place of nothing."""
        new = grown("new", "d.e", THERE)
        empty = Node(value={"d": Node(value=None, path="d", place=HERE)}, path="", place=HERE)
        for tree in (self.root, empty):
            self.assertIs(member(replaced(tree, ["d", "e"], new), ["d", "e"]), new)

    def test_removed(self) -> None:
        """None takes a key away, if it is there."""
        self.assertIsNone(member(replaced(self.root, ["a", "b"], None), ["a", "b"]))
        self.assertEqual(replaced(self.root, ["d"], None), self.root)

    def test_in_the_way(self) -> None:
        """What is no mapping is left alone."""
        self.assertEqual(replaced(self.root, ["c", "d"], grown("new", "c.d", HERE)), self.root)
