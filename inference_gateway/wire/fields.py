"""Checks of single JSON values, which collect every problem under the path of its field.

A check takes a value that is there and not null, the path of the value, and the list that problems
are added to. Nothing is converted: booleans are not integers, and strings are not numbers. Which
field gets which check is the concern of the module of each route.
"""

import re
from collections.abc import Callable, Collection, Sequence

from inference_gateway.errors import FieldProblem, InvalidRequest

Problems = list[FieldProblem]
Check = Callable[[object, str, Problems], None]

_KINDS = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "an object",
}

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

MAX_PROBLEMS = 100

_LONGEST_PATH = 200
#: Longer values are named by their kind instead of being shown.
_LONGEST_SHOWN = 40


def kind_of(value: object) -> str:
    """Name the JSON type of ``value``, with its article."""
    return _KINDS[type(value)]


def shown(value: object) -> str:
    """Show a number, a boolean or a short word; anything else is only named.

    Only for fields whose good values are numbers or words from a list: never for text.
    """
    if value is True or value is False:
        return "true" if value else "false"
    if type(value) in (int, float) and len(text := repr(value)) <= _LONGEST_SHOWN:
        return text
    if type(value) is str and len(value) <= _LONGEST_SHOWN and value.isprintable():
        return f'"{value}"'
    return kind_of(value)


def refusal(problems: Sequence[FieldProblem]) -> InvalidRequest:
    """Make one error of all ``problems``, whose messages go on where the name of a field ends."""
    first = problems[0]
    return InvalidRequest(
        f"{first.field} {first.message}" if first.field else first.message,
        param=first.field,
        problems=problems,
    )


def add(problems: Problems, path: str, message: str) -> None:
    """Add the problem that the field at ``path`` has.

    Raises the refusal at once when there are so many that more of them would help nobody: what an
    answer lists must not grow with what a hostile body can hold.
    """
    if len(path) > _LONGEST_PATH:
        path = path[:_LONGEST_PATH] + "..."
    problems.append(FieldProblem(message=message, field=path))
    if len(problems) >= MAX_PROBLEMS:
        problems.append(FieldProblem(message="further problems are not listed"))
        raise refusal(problems)


def number(low: float, high: float) -> Check:
    """Make a check for a number from ``low`` to ``high``."""

    def check(value: object, path: str, problems: Problems) -> None:
        if not (type(value) in (int, float) and low <= value <= high):  # type: ignore[operator]
            got = shown(value) if type(value) in (int, float) else kind_of(value)
            add(problems, path, f"must be a number between {low:g} and {high:g}, got {got}")

    return check


def integer(low: int, high: int) -> Check:
    """Make a check for an integer from ``low`` to ``high``; ``1.0`` is none."""

    def check(value: object, path: str, problems: Problems) -> None:
        if not (type(value) is int and low <= value <= high):
            got = shown(value) if type(value) in (int, float) else kind_of(value)
            add(problems, path, f"must be an integer between {low} and {high}, got {got}")

    return check


def boolean(value: object, path: str, problems: Problems) -> None:
    """Check for true or false."""
    if type(value) is not bool:
        add(problems, path, f"must be true or false, got {kind_of(value)}")


def text(value: object, path: str, problems: Problems) -> None:
    """Check for a string, whatever is in it."""
    if type(value) is not str:
        add(problems, path, f"must be a string, got {kind_of(value)}")


def bounded_text(most: int, least: int = 0) -> Check:
    """Make a check for a string of ``least`` to ``most`` characters without NUL."""

    def check(value: object, path: str, problems: Problems) -> None:
        if type(value) is not str:
            add(problems, path, f"must be a string, got {kind_of(value)}")
        elif not least <= len(value) <= most:
            bounds = f"{least} to {most}" if least else f"at most {most}"
            add(problems, path, f"must have {bounds} characters, got {len(value)}")
        elif "\x00" in value:
            add(problems, path, "must not contain the character U+0000")

    return check


def identifier(most: int) -> Check:
    """Make a check for a name: 1 to ``most`` characters, none a control, no blank at either end."""

    def check(value: object, path: str, problems: Problems) -> None:
        if type(value) is not str:
            add(problems, path, f"must be a string, got {kind_of(value)}")
        elif not 1 <= len(value) <= most:
            add(problems, path, f"must have 1 to {most} characters, got {len(value)}")
        elif _CONTROL.search(value):
            add(problems, path, "must not contain control characters")
        elif value != value.strip():
            add(problems, path, "must not begin or end with a blank")

    return check


def one_of(words: Collection[str]) -> Check:
    """Make a check for one of ``words``, in the order in which they should be listed."""
    listed = ", ".join(words)
    known = frozenset(words)

    def check(value: object, path: str, problems: Problems) -> None:
        if type(value) is not str or value not in known:
            add(problems, path, f"must be one of {listed}, got {shown(value)}")

    return check


def matching(pattern: re.Pattern[str], expected: str) -> Check:
    """Make a check for a string that ``pattern`` matches whole; ``expected`` is it in words."""

    def check(value: object, path: str, problems: Problems) -> None:
        if type(value) is not str:
            add(problems, path, f"must be a string, got {kind_of(value)}")
        elif not pattern.fullmatch(value):
            add(problems, path, f"must be {expected}")

    return check


def as_object(value: object, path: str, problems: Problems) -> dict[str, object] | None:
    """Return ``value`` if it is an object, else add the problem and return None."""
    if type(value) is dict:
        return value
    add(problems, path, f"must be an object, got {kind_of(value)}")
    return None


def as_array(
    value: object, path: str, problems: Problems, *, least: int, most: int, of: str
) -> list[object]:
    """Return ``value`` if it is an array of the right size, else nothing; ``of`` is a plural."""
    if type(value) is not list:
        add(problems, path, f"must be an array of {of}, got {kind_of(value)}")
        return []
    if not least <= len(value) <= most:
        bounds = f"{least} to {most}" if least else f"at most {most}"
        add(problems, path, f"must have {bounds} {of}, got {len(value)}")
        return []
    return value


def optional(
    members: dict[str, object], name: str, check: Check, path: str, problems: Problems
) -> None:
    """Check the member ``name`` of the object at ``path`` unless it is absent or null."""
    value = members.get(name)
    if value is not None:
        check(value, f"{path}.{name}", problems)


def required(
    members: dict[str, object], name: str, check: Check, path: str, problems: Problems
) -> None:
    """Check the member ``name`` of the object at ``path``, which must be there and not null."""
    value = members.get(name)
    if value is not None:
        check(value, f"{path}.{name}", problems)
    else:
        add(problems, f"{path}.{name}", "is required")
