"""The package's own sources, parsed, for the tests that check rules of the house."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import attrs

import inference_gateway

PACKAGE = Path(inference_gateway.__file__).parent


@attrs.frozen(kw_only=True)
class Source:
    """One module: its dotted name, its text and its syntax tree."""

    name: str
    text: str
    tree: ast.Module

    @classmethod
    def parse(cls, name: str, text: str) -> "Source":
        """Make a source of ``text``."""
        return cls(name=name, text=text, tree=ast.parse(text))


@cache
def sources() -> tuple[Source, ...]:
    """Return every module of the package; what is parsed once is not changed."""
    return tuple([_source(path) for path in sorted(PACKAGE.rglob("*.py"))])


def _source(path: Path) -> Source:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return Source.parse(name, path.read_text(encoding="utf-8"))


def imports(node: ast.AST) -> Iterator[str]:
    """Yield the full dotted name of everything imported below ``node``, at any depth."""
    for child in ast.walk(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            origin = "." * child.level + (child.module or "")
            yield from (f"{origin}.{alias.name}" for alias in child.names)
