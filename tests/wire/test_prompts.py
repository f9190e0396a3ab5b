"""Tests of `inference_gateway.wire.prompts`."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import InvalidRequest
from inference_gateway.wire.fields import MAX_PROBLEMS, Problems
from inference_gateway.wire.prompts import check_prompts, prompts_in

_IDS = st.lists(st.integers(0, 2**40), min_size=1, max_size=5)
_GOOD = st.one_of(
    st.text(), st.lists(st.text(), min_size=1), _IDS, st.lists(_IDS, min_size=1, max_size=5)
)
_ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.just(0.5) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=1), inner),
    max_leaves=6,
)


def problems_of(value: object, *, most: int | None = None, empty_text: bool = True) -> Problems:
    """Return what is wrong with ``value``."""
    problems: Problems = []
    check_prompts(value, "input", problems, most=most, empty_text=empty_text)
    return problems


class CheckTests(SynchronousTestCase):
    """What is a prompt, and what is none."""

    def fields(self, value: object, **options: Any) -> list[str | None]:
        """Return the paths of what is wrong with ``value``."""
        return [problem.field for problem in problems_of(value, **options)]

    @given(_GOOD)
    def test_good(self, value: object) -> None:
        """Strings, token ids and arrays of either have no problem."""
        self.assertEqual(problems_of(value), [])

    @given(_ANY)
    def test_any(self, value: object) -> None:
        """Whatever has no problem consists of texts, or of arrays of token ids."""
        if not problems_of(value):
            for prompt in prompts_in(value):
                ids = type(prompt) is list and prompt and all(type(i) is int for i in prompt)
                self.assertTrue(type(prompt) is str or ids)

    def test_other_types(self) -> None:
        """What is neither a string nor an array is named as what it is."""
        for value, kind in ((5, "a number"), (True, "a boolean"), ({}, "an object")):
            (problem,) = problems_of(value)
            self.assertEqual(problem.field, "input")
            self.assertTrue(problem.message.endswith(f"got {kind}"))

    def test_empty(self) -> None:
        """Nothing is no prompt, at either level."""
        self.assertEqual(self.fields([]), ["input"])
        self.assertEqual(self.fields([[1], [], [2], []]), ["input[1]", "input[3]"])

    def test_empty_text(self) -> None:
        """Empty texts are good where they are allowed."""
        for value, where in (("", ["input"]), ([""], ["input[0]"]), (["a", ""], ["input[1]"])):
            self.assertEqual(self.fields(value), [])
            self.assertEqual(self.fields(value, empty_text=False), where)

    def test_most(self) -> None:
        """There may be as many items as that, of whatever kind, and no more."""
        items: list[Any] = ["a", 1, [1, 2, 3, 4]]
        for item in items:
            self.assertEqual(self.fields([item] * 3, most=3), [])
            self.assertEqual(self.fields([item] * 4, most=3), ["input"])

    def test_first_item(self) -> None:
        """An array that begins with what is in no prompt is refused for that."""
        items: list[Any] = [None, True, {}]
        for item in items:
            self.assertEqual(self.fields([item, "a", 5]), ["input[0]"])

    def test_mixed_texts(self) -> None:
        """Behind a text all others are texts; every other is reported."""
        self.assertEqual(
            self.fields(["a", 5, "", [1], None], empty_text=False),
            ["input[1]", "input[2]", "input[3]", "input[4]"],
        )

    def test_mixed_ids(self) -> None:
        """Behind a token id all others are; every other is reported, and negative ones too."""
        self.assertEqual(
            self.fields([1, "a", -1, [1], True, 1.0]),
            ["input[1]", "input[2]", "input[3]", "input[4]", "input[5]"],
        )

    def test_mixed_lists(self) -> None:
        """Behind an array of token ids all others are, and so are their items."""
        self.assertEqual(
            self.fields([[1], 1, [2, -3, "x"], "a"]),
            ["input[1]", "input[2][1]", "input[2][2]", "input[3]"],
        )

    def test_fraction(self) -> None:
        """An array of fractions is taken for bad token ids."""
        self.assertEqual(self.fields([0.5, 1]), ["input[0]"])

    def test_far_behind(self) -> None:
        """A bad token id is found wherever it is."""
        self.assertEqual(self.fields([*range(5000), -1, 7]), ["input[5000]"])

    def test_many_problems(self) -> None:
        """So many problems that no answer should list them end the check."""
        error = self.assertRaises(InvalidRequest, problems_of, [-1] * 100_000)
        self.assertEqual(len(error.problems), MAX_PROBLEMS + 1)

    def test_nothing_shown(self) -> None:
        """No message shows a text or a token."""
        for value in (["secret", 77], [77, "secret"], [[77], "secret"], [-77], [77.5]):
            for problem in problems_of(value):
                self.assertNotIn("secret", problem.message)
                self.assertNotIn("77", problem.message)


class PromptsTests(SynchronousTestCase):
    """How many prompts there are."""

    def test_one(self) -> None:
        """A text is one prompt, and so are token ids."""
        self.assertEqual(prompts_in("a"), ["a"])
        self.assertEqual(prompts_in([1, 2]), [[1, 2]])

    def test_several(self) -> None:
        """An array of texts or of arrays is several."""
        self.assertEqual(prompts_in(["a", "b"]), ["a", "b"])
        self.assertEqual(prompts_in([[1], [2]]), [[1], [2]])
