"""Tests that ``docs/configuration.md`` tells the truth."""

import pathlib
import re
from typing import get_args, get_type_hints

import attrs
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.effective import entries
from inference_gateway.config.layers import Flags
from inference_gateway.config.settings import ProviderSettings, Settings
from inference_gateway.config.units import parse_duration
from inference_gateway.dialects.registry import dialect_for
from inference_gateway.upstream.echo import EchoProvider
from tests.config.certificates import certificate
from tests.config.loading import loaded

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "configuration.md"
#: A variable for every reference on the page, no two with the same value.
ENVIRON = {
    name: name.lower()
    for name in (
        *("TEAM_B_KEY", "TEAM_C_KEY", "OPERATOR_KEY"),
        *("GPU_KEY", "HOSTED_KEY", "PROXY_TOKEN", "AZURE_KEY", "CLAUDE_KEY"),
        *("HOSTED_KEY_2", "AZURE_KEY_2"),
    )
}


def normal(text: str) -> float | str:
    """Return a default in a form that does not depend on how it is written."""
    try:
        return parse_duration(text)
    except ValueError:
        return "0s" if text == "0" else text.replace('"', "")


class DocumentationTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.page = PAGE.read_text(encoding="utf-8")
        self.example = self.page.partition("## A full example\n\n```yaml\n")[2].partition("```")[0]

    def test_example(self) -> None:
        """The full example loads, and sets every key there is."""
        result = loaded(self.example, ENVIRON, files={"internal-ca.pem": certificate()})
        self.assertEqual(result.warnings, ())
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
            result = loaded(block, ENVIRON, files={"internal-ca.pem": certificate()})
            self.assertEqual(result.warnings, ())
        self.assertEqual(self.page.count("```yaml"), 7)

    def test_types(self) -> None:
        """The table of types tells what every one of them has."""
        for kind in get_args(get_type_hints(ProviderSettings)["type"]):
            (told,) = re.findall(rf"^\| `{kind}` \| .* \| (.*) \| .*\|$", self.page, re.M)
            settings = ProviderSettings(id="a", type=kind)
            own = EchoProvider if kind == "echo" else dialect_for(settings)
            self.assertEqual(set(re.findall(r"\w+", told)), own.endpoints)

    def test_keys(self) -> None:
        """Every key is explained in a table."""
        everything = Settings(providers=(ProviderSettings(id="a"),))
        missing = [
            entry.path
            for entry in entries(everything)
            if entry.text is not None
            and not re.search(
                rf"^\| `(\w+\.)*{entry.path.rpartition('.')[2]}` (or .*)?\|", self.page, re.M
            )
        ]
        self.assertEqual(missing, [])

    def test_defaults(self) -> None:
        """Every default that a table shows is the one in force."""
        everything = Settings(providers=(ProviderSettings(id="a"),))
        defaults = {
            entry.path.replace("[0]", ""): entry.text
            for entry in entries(everything)
            if entry.text is not None
        }
        shown = {}
        for section, table in re.findall(r"^### `([\w.]+)`\n(.*?)(?=^##)", self.page, re.M | re.S):
            for key, default in re.findall(r"^\| `([\w.]+)` \| `([^`]+)`", table, re.M):
                path = f"{section}.{key}"
                if path in defaults:
                    shown[path] = default
                    told, real = normal(default), normal(defaults[path])
                    # such as the total of timeouts, which depends on what is asked
                    self.assertTrue(told == real or real == "null", f"{path} {told} {real}")
        self.assertGreater(len(shown), 45)

    def test_options(self) -> None:
        """Every option with a value is explained in a table."""
        missing = [
            field.name
            for field in attrs.fields(Flags)
            if not re.search(rf"^\| `--{field.name.replace('_', '-')} [A-Z]+` \|", self.page, re.M)
        ]
        self.assertEqual(missing, [])
