"""Tests of `inference_gateway.config.problem`."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.problem import (
    ConfigurationError,
    Place,
    Problem,
    Problems,
    did_you_mean,
)


class ProblemTests(SynchronousTestCase):
    def test_text(self) -> None:
        """A problem reads as file, line, column, key path and message, as far as they are known."""
        place = Place.in_file("gateway.yaml", 12, 5)
        problem = Problem(message="expected true or false", key_path="providers[2].models")
        self.assertEqual(str(problem), "providers[2].models: expected true or false")
        self.assertEqual(
            str(problem.at(place)),
            "gateway.yaml:12:5: providers[2].models: expected true or false",
        )
        self.assertEqual(str(Problem(message="gone", file="a.yaml")), "a.yaml: gone")

    def test_origin(self) -> None:
        """A place reads as the origin of a value."""
        self.assertEqual(str(Place.in_file("gateway.yaml", 3, 9)), "gateway.yaml:3:9")
        self.assertEqual(str(Place.in_env_file(".env", 2)), "env file .env:2")

    def test_elsewhere(self) -> None:
        """What no file supplied is located by the name of what did."""
        problem = Problem(message="bad").at(Place(label="environment PORT"))
        self.assertEqual((problem.file, problem.line), ("environment PORT", None))
        self.assertEqual(problem.at(None), problem)

    def test_all_at_once(self) -> None:
        """The error lists every problem, one a line, in the order of the lines."""
        problems = Problems()
        problems.raise_any()
        problems.add("second", path="b", place=Place.in_file("f", 2, 1))
        problems.add("first", path="a", place=Place.in_file("f", 1, 7))
        error = self.assertRaises(ConfigurationError, problems.raise_any)
        self.assertEqual(str(error), "f:1:7: a: first\nf:2:1: b: second")
        self.assertEqual([problem.key_path for problem in error.problems], ["a", "b"])

    def test_did_you_mean(self) -> None:
        """The nearest candidate is offered, and nothing where none is near."""
        self.assertEqual(did_you_mean("sever", ["server", "routing"]), "; did you mean 'server'?")
        self.assertEqual(did_you_mean("zzz", ["server", "routing"]), "")
