"""Tests of `inference_gateway.config.environment`."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.environment import Environment, expanded, parse_env_file
from inference_gateway.config.node import Node, grown, member
from inference_gateway.config.problem import Place, Problems

HERE = Place.in_file("f", 1, 1)


class EnvFileTests(SynchronousTestCase):
    def parsed(self, text: str) -> dict[str, str]:
        problems = Problems()
        variables = parse_env_file(text, ".env", problems)
        self.assertEqual(problems.found, [])
        return {name: variable.value for name, variable in variables.items()}

    def test_forms(self) -> None:
        """Comments, exports, quotes and spaces mean what they mean to a shell."""
        for line, value in [
            ("A=b", "b"),
            ("  export A = b c  ", "b c"),
            ("A=b # comment", "b"),
            ("A=b#c", "b#c"),
            ("A='b # \"c\\n' # comment", 'b # "c\\n'),
            ('A="b\\n\\"c\\" \\$d" # comment', 'b\n"c" $d'),
            ("A=b=c", "b=c"),
        ]:
            self.assertEqual(self.parsed(line), {"A": value}, line)

    def test_nothing(self) -> None:
        """Empty lines, comments and empty values set nothing; the last line of a name counts."""
        self.assertEqual(self.parsed("\ufeff# c\n\n  # d\nA=\nB=''\nC=# c\n"), {})
        self.assertEqual(self.parsed("A=b\nA=c\nB=d\nB=\n"), {"A": "c"})

    def test_faults(self) -> None:
        """A line that is no assignment is reported by its number, and is not quoted."""
        problems = Problems()
        parse_env_file("A=b\nsecret\n1A=c\nB='secret\nC=\"secret\nD='a'secret", ".env", problems)
        self.assertEqual(
            [str(problem) for problem in problems.found],
            [
                ".env:2: expected NAME=VALUE",
                ".env:3: expected NAME=VALUE",
                ".env:4: B: the quotes of the value do not match",
                ".env:5: C: the quotes of the value do not match",
                ".env:6: D: the quotes of the value do not match",
            ],
        )


class EnvironmentTests(SynchronousTestCase):
    def setUp(self) -> None:
        env_file = parse_env_file("A=file\nB=file\n", ".env", Problems())
        self.environment = Environment(process={"A": "process", "B": ""}, env_file=env_file)

    def test_order(self) -> None:
        """The process's variables come first, unless they are empty."""
        for name, value, origin in [
            ("A", "process", "environment A"),
            ("B", "file", "env file .env:2"),
        ]:
            variable = self.environment.get(name)
            assert variable is not None
            self.assertEqual((variable.value, str(variable.place)), (value, origin))

    def test_unset(self) -> None:
        """A variable that nobody set is None."""
        self.assertIsNone(self.environment.get("C"))


class ExpansionTests(SynchronousTestCase):
    def expanded(self, text: str) -> tuple[Node, list[str]]:
        problems = Problems()
        environment = Environment(process={"A": "b", "EMPTY": "", "RECURSIVE": "${A}"})
        node = expanded(grown(text, "x", HERE), environment, problems)
        return node, [problem.message for problem in problems.found]

    def test_references(self) -> None:
        """References are replaced once, and the node remembers what was written."""
        for text, value in [("${A}", "b"), ("x${A}y${A}", "xbyb"), ("${RECURSIVE}", "${A}")]:
            node, problems = self.expanded(text)
            self.assertEqual((node.value, node.written, problems), (value, text, []))

    def test_plain(self) -> None:
        """Without a reference nothing came from elsewhere; a doubled dollar makes it literal."""
        for text, value in [("$A", "$A"), ("a", "a"), ("$${A}", "${A}"), ("{A}", "{A}")]:
            node, problems = self.expanded(text)
            self.assertEqual((node.value, node.written, problems), (value, None, []))

    def test_faults(self) -> None:
        """A variable that is not set, and what is no reference, are problems."""
        for text, message in [
            ("${B}", "the environment variable B is not set"),
            ("${EMPTY}", "the environment variable EMPTY is not set"),
            ("${A", "expected ${NAME}"),
            ("${}", "expected ${NAME}"),
            ("${A-b}", "expected ${NAME}"),
            ("${1}", "expected ${NAME}"),
        ]:
            _, (problem,) = self.expanded(text)
            self.assertIn(message, problem)

    def test_everywhere(self) -> None:
        """Strings in lists and mappings are expanded; keys and other values are left alone."""
        tree = grown({"${A}": ["${A}"]}, "", HERE)
        root = expanded(tree, Environment(process={"A": "b"}), Problems())
        elements = member(root, ["${A}"])
        assert elements is not None and isinstance(elements.value, tuple)
        (child,) = elements.value
        self.assertEqual((child.value, child.path), ("b", '["${A}"][0]'))
        number = Node(value=5, path="", place=HERE)
        self.assertIs(expanded(number, Environment(process={}), Problems()), number)
