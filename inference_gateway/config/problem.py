"""What is wrong with a configuration, and where: the values that describe and collect it.

Nothing here decides that something is wrong; readers and checks do, and report it to `Problems`.
"""

import difflib
from collections.abc import Iterable

import attrs


@attrs.frozen(kw_only=True)
class Place:
    """Where a value came from; ``str`` of it is the origin that an operator reads."""

    #: Such as ``gateway.yaml:3:9``, ``env file .env:2``, ``environment PORT``, ``flag --port``.
    label: str
    file: str = ""
    #: Both count from 1.
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return self.label

    @classmethod
    def in_file(cls, file: str, line: int, column: int) -> "Place":
        """A position in the configuration file."""
        return cls(label=f"{file}:{line}:{column}", file=file, line=line, column=column)

    @classmethod
    def in_env_file(cls, file: str, line: int) -> "Place":
        """A line of the env file."""
        return cls(label=f"env file {file}:{line}", file=file, line=line)


@attrs.frozen(kw_only=True)
class Problem:
    """One thing to correct; ``str`` of it is the line an operator reads."""

    message: str
    #: Such as ``providers[2].models``; for a variable or an option its name.
    key_path: str = ""
    #: The file, or what else supplied the value: ``environment PORT``.
    file: str = ""
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        position = (self.file, self.line, self.column)
        where = ":".join(str(part) for part in position if part not in ("", None))
        return ": ".join(part for part in (where, self.key_path, self.message) if part)

    def at(self, place: Place | None) -> "Problem":
        """Return the same problem with its place filled in, if that is known."""
        if place is None:
            return self
        return attrs.evolve(
            self, file=place.file or place.label, line=place.line, column=place.column
        )


class ConfigurationError(Exception):
    """The configuration cannot be used; ``str`` lists every problem, one a line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@attrs.define
class Problems:
    """Collects what is wrong, so that everything can be reported at once."""

    found: list[Problem] = attrs.field(factory=list)
    #: The key paths that have a problem; nothing more is said about their values.
    paths: set[str] = attrs.field(factory=set)

    def add(self, message: str, *, path: str = "", place: Place | None = None) -> None:
        """Remember one problem."""
        self.found.append(Problem(message=message, key_path=path).at(place))
        self.paths.add(path)

    def raise_any(self) -> None:
        """Raise `ConfigurationError` if there is any problem, in the order of files and lines."""
        if self.found:
            raise ConfigurationError(
                sorted(self.found, key=lambda p: (p.file, p.line or 0, p.column or 0))
            )


def did_you_mean(wrong: str, candidates: Iterable[str]) -> str:
    """Return ``; did you mean '...'?`` for the nearest candidate, or nothing."""
    nearest = difflib.get_close_matches(wrong, list(candidates), n=1)
    return f"; did you mean {nearest[0]!r}?" if nearest else ""
