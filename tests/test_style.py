"""Rules of the house that no linter knows."""

import ast

from twisted.trial.unittest import SynchronousTestCase

from tests.source_tree import sources

LONGEST_MODULE = 350

#: Words that say nothing about what a module does.
EMPTY_NAMES = frozenset(
    {"base", "common", "engine", "handler", "helper", "manager", "misc", "processor", "util"}
)


class StyleTests(SynchronousTestCase):
    """Every module of the package keeps the rules."""

    def test_length(self) -> None:
        """No module is longer than one can keep in mind."""
        long = [s.name for s in sources() if len(s.text.splitlines()) > LONGEST_MODULE]
        self.assertEqual(long, [])

    def test_docstring(self) -> None:
        """Every module says what it is responsible for."""
        self.assertEqual([s.name for s in sources() if not ast.get_docstring(s.tree)], [])

    def test_package_docstring_only(self) -> None:
        """A package's own file is its docstring; only the top one also holds the version."""
        packages = {s.name.rpartition(".")[0] for s in sources()}
        full = [s.name for s in sources() if s.name in packages and len(s.tree.body) > 1]
        self.assertEqual(full, ["inference_gateway"])

    def test_names(self) -> None:
        """No module hides behind an empty name, in the singular or the plural."""
        empty = [
            s.name
            for s in sources()
            for word in s.name.rpartition(".")[2].split("_")
            if word in EMPTY_NAMES or word.removesuffix("s") in EMPTY_NAMES
        ]
        self.assertEqual(empty, [])
