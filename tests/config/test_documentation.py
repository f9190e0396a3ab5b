"""Tests that ``docs/configuration.md`` tells the truth."""

import pathlib
import re

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.effective import entries
from inference_gateway.config.settings import Settings
from tests.config.loading import loaded

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "configuration.md"
ENVIRON = {"TEAM_B_KEY": "b", "TEAM_C_KEY": "c", "OPERATOR_KEY": "o"}


class DocumentationTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.page = PAGE.read_text(encoding="utf-8")
        self.example = self.page.partition("## A full example\n\n```yaml\n")[2].partition("```")[0]

    def test_example(self) -> None:
        """The full example loads, and sets every key there is."""
        result = loaded(self.example, ENVIRON)
        written = {
            re.sub(r"\[\d+\]", "[]", path)
            for path, origin in result.origins.items()
            if origin != "default"
        }
        every = {re.sub(r"\[\d+\]", "[]", path) for path in result.origins}
        self.assertEqual(
            every - written,
            {
                f"middleware.auth.admin_keys[].{name}"
                for name in ("digest", "models", "expires", "disabled", "debug")
            },
        )

    def test_other_examples(self) -> None:
        """Every other YAML on the page loads as well."""
        for block in re.findall(r"```yaml\n(.*?)```", self.page, re.DOTALL):
            loaded(block, ENVIRON)
        self.assertEqual(self.page.count("```yaml"), 2)

    def test_keys(self) -> None:
        """Every key is explained in a table."""
        missing = [
            entry.path
            for entry in entries(Settings())
            if entry.text is not None
            and not re.search(rf"^\| `(\w+\.)*{entry.path.rpartition('.')[2]}` \|", self.page, re.M)
        ]
        self.assertEqual(missing, [])
