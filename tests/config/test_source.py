"""Tests of `inference_gateway.config.source`."""

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.node import Node
from inference_gateway.config.problem import ConfigurationError, Problems
from inference_gateway.config.source import MAX_DEPTH, parse


def plain(node: Node) -> object:
    """Return the values of a tree without paths and places."""
    if isinstance(node.value, tuple):
        return [plain(child) for child in node.value]
    if isinstance(node.value, Mapping):
        return {key: plain(child) for key, child in node.value.items()}
    return node.value


def found(text: str) -> list[str]:
    """Return what is wrong with a text."""
    problems = Problems()
    try:
        parse(text, "f", problems)
    except ConfigurationError as error:
        return str(error).splitlines()
    return [str(problem) for problem in problems.found]


class ValueTests(SynchronousTestCase):
    def test_values(self) -> None:
        """Scalars get the types of YAML; dates stay text."""
        root = parse(
            "a: 1\nb: 0x10\nc: 1.5\nd: true\ne: off\nf: ~\ng: 2030-01-31\nh: '1'\n"
            "i: [x, {y: z}]\nj: =",
            "f",
            Problems(),
        )
        self.assertEqual(
            plain(root),
            {
                "a": 1,
                "b": 16,
                "c": 1.5,
                "d": True,
                "e": False,
                "f": None,
                "g": "2030-01-31",
                "h": "1",
                "i": ["x", {"y": "z"}],
                "j": "=",
            },
        )

    def test_words_as_keys(self) -> None:
        """A word that would be a truth value as a value is a word as a key."""
        self.assertEqual(plain(parse("on: [on]\nno: 1", "f", Problems())), {"on": [True], "no": 1})

    def test_places(self) -> None:
        """Every value knows its path, its own place and that of its key."""
        root = parse("server:\n  listen:\n    - tcp:1\n", "f", Problems())
        assert isinstance(root.value, Mapping)
        server = root.value["server"]
        assert isinstance(server.value, Mapping)
        listen = server.value["listen"]
        assert isinstance(listen.value, tuple)
        self.assertEqual(str(listen.key_place), "f:2:3")
        self.assertEqual(str(listen.place), "f:3:5")
        self.assertEqual(str(listen.value[0].place), "f:3:7")
        self.assertEqual(listen.value[0].path, "server.listen[0]")

    def test_empty(self) -> None:
        """A text with no value is an empty mapping."""
        for text in ["", "\n", "# only a comment\n", "---\n", "~\n", "\ufeff"]:
            self.assertEqual(plain(parse(text, "f", Problems())), {})

    def test_aliases(self) -> None:
        """An alias stands for what its anchor names."""
        root = parse("a: &x [1]\nb: *x\n", "f", Problems())
        self.assertEqual(plain(root), {"a": [1], "b": [1]})


class FaultTests(SynchronousTestCase):
    def test_faults(self) -> None:
        """Every fault is reported with its place and in words."""
        for text, expected in [
            ("[1]", "f:1:1: expected a mapping of keys to values, got a list"),
            ("text", "f:1:1: expected a mapping of keys to values, got a string"),
            ("a:\n\t- b", "f:2:1: this is not YAML: tabs cannot indent, use spaces"),
            (
                "a: [b",
                "f:1:6: this is not YAML: expected ',' or ']', but got '<stream end>'"
                " (while parsing a flow sequence)",
            ),
            (
                "a: 1\n---\nb: 2",
                "f:2:1: this is not YAML: but found another document"
                " (expected a single document in the stream)",
            ),
            ("a: b\nc: \x00", "f:2:4: the character U+0000 is not allowed in YAML"),
            ("a: *x", "f:1:4: this is not YAML: found undefined alias 'x'"),
            ('a: "\\UFFFFFFFF"', "f:1:1: this is not YAML: a number in it is out of range"),
            ("a: 1\nb: 2\na: 3", "f:3:1: a: the key is written twice; the first one is on line 1"),
            ("a: {5: b}", "f:1:5: a.5: a key is a string; put it in quotes"),
            ("a: {~: b}", 'f:1:5: a["~"]: a key is a string; put it in quotes'),
            ("a: {[b]: c}", 'f:1:5: a["a collection"]: a key is a string; put it in quotes'),
            ("a: &x {}\nb: {<<: *x}", 'f:2:5: b["<<"]: merge keys are not supported'),
            (
                "a: !!python/name:os.system x",
                "f:1:4: a: the tag !!python/name:os.system is not supported",
            ),
            ("a: !mine [b]", "f:1:4: a: the tag !mine is not supported"),
            ("a: !!set {b}", "f:1:4: a: the tag !!set is not supported"),
            ("!mine x", "f:1:1: the tag !mine is not supported"),
            ("a: !!int ''", "f:1:4: a: the number or truth value is malformed"),
            ("a: !!bool maybe", "f:1:4: a: the number or truth value is malformed"),
            ("a: 0b_", "f:1:4: a: the number or truth value is malformed"),
        ]:
            self.assertEqual(found(text)[:1], [expected], text)

    def test_several(self) -> None:
        """Faults that leave the rest readable are reported together."""
        self.assertEqual(len(found("a: !x 1\nb: 1\nb: 2\n3: c\n")), 3)


class BoundTests(SynchronousTestCase):
    def test_depth(self) -> None:
        """Nesting is bounded, as written and as aliases make it."""
        deep = "[" * (MAX_DEPTH + 1)
        self.assertIn("nested deeper than 32 levels", found(f"a: {deep}")[0])
        self.assertEqual(found(f"a: {deep[2:]}{deep[2:].replace('[', ']')}"), [])
        chain = "".join(f"k{i + 1}: &x{i + 1} [*x{i}]\n" for i in range(MAX_DEPTH))
        self.assertIn("nested deeper than 32 levels", found("k0: &x0 1\n" + chain)[0])

    def test_abyss(self) -> None:
        """Nesting that would exhaust the stack is refused as well."""
        self.assertEqual(len(found("[" * 100_000)), 1)

    def test_growth(self) -> None:
        """Aliases that multiply are cut off."""
        bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
            f"a{i + 1}: &a{i + 1} [{','.join([f'*a{i}'] * 10)}]\n" for i in range(9)
        )
        self.assertIn("more than 100000 values after aliases", found(bomb)[0])

    def test_cycle(self) -> None:
        """An alias inside its own anchor is refused."""
        self.assertEqual(found("a: &x [*x]"), ["f:1:4: an alias contains itself"])

    @settings(max_examples=200)
    @given(st.text(alphabet="ab:-[]{}&*!|>'\"%#,? \n\t0.~<\\Ux", max_size=40))
    def test_garbage(self, text: str) -> None:
        """No text raises anything but the configuration's own error."""
        for problem in found(text):
            self.assertTrue(problem.startswith("f:"), problem)
