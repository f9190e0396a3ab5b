"""Tests of `inference_gateway.config.model_names`."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.model_names import is_model_name, matches, may_map


class ModelNameTests(SynchronousTestCase):
    def test_names(self) -> None:
        """A name has 1 to 256 printable characters and at most one star."""
        for name in ["a", "a" * 256, "org/model:tag", "*", "gpt-*", "日本"]:
            self.assertTrue(is_model_name(name), name)
        for name in ["", "a" * 257, "a\n", "a\x00", "*a*", "\ud800"]:
            self.assertFalse(is_model_name(name), ascii(name))

    def test_mapping(self) -> None:
        """Everything maps to a plain name, and only a pattern to a pattern."""
        self.assertTrue(may_map("a", "b"))
        self.assertTrue(may_map("a*", "b"))
        self.assertTrue(may_map("a*", "b/*"))
        self.assertFalse(may_map("a", "a*"))

    def test_matches(self) -> None:
        """A star stands for any text, also for none; without one the names are equal."""
        for pattern, name in [
            ("a", "a"),
            ("*", "anything"),
            ("a*", "a"),
            ("a*c", "abc"),
            ("a?*", "a?b"),
            ("a[b]*", "a[b]c"),
        ]:
            self.assertTrue(matches(pattern, name), pattern)
        for pattern, name in [
            ("a", "ab"),
            ("ab*ba", "aba"),
            ("a*", "ba"),
            ("*a", "ab"),
            ("a?", "ab"),
            ("[a]", "a"),
        ]:
            self.assertFalse(matches(pattern, name), pattern)
