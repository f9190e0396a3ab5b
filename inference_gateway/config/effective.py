"""The settings in force as text: a YAML document with the origin of every value beside it.

Secrets are shown as ``***``. Apart from them the document, read as a configuration, gives the same
settings again.
"""

import typing
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import attrs
import yaml

from inference_gateway.config import units
from inference_gateway.config.kinds import Kind
from inference_gateway.config.node import child_path
from inference_gateway.config.settings import Settings

_FORMATS = {
    Kind.DURATION: units.format_duration,
    Kind.POSITIVE_DURATION: units.format_duration,
    Kind.SIZE: units.format_size,
    Kind.TIMESTAMP: units.format_timestamp,
}


@attrs.frozen(kw_only=True)
class Entry:
    """One line: the head of a section, or a value."""

    path: str
    #: Indentation, key and colon.
    head: str
    #: None for the head of a section.
    text: str | None = None


def entries(settings: Settings) -> Iterator[Entry]:
    """Yield the lines of the document in the order of the settings' fields."""
    return _members(settings, path="", indent="", first="")


def rendered(settings: Settings, origins: Mapping[str, str]) -> str:
    """Return the document; ``origins`` says by key path where a value came from."""
    lines = []
    for entry in entries(settings):
        if entry.text is None:
            lines.append(f"{entry.head}\n")
        else:
            lines.append(f"{entry.head} {entry.text}  # {origins[entry.path]}\n")
    return "".join(lines)


def _members(value: Any, *, path: str, indent: str, first: str) -> Iterator[Entry]:
    """Yield the fields of an attrs object; ``first`` is the indentation of the first of them."""
    lead = first
    for field in attrs.fields(type(value)):
        yield from _field(
            getattr(value, field.name),
            field.type,
            path=child_path(path, field.name),
            head=f"{lead}{field.name}:",
            indent=indent + "  ",
        )
        lead = indent


def _field(value: Any, wanted: Any, *, path: str, head: str, indent: str) -> Iterator[Entry]:
    if attrs.has(type(value)):
        yield Entry(path=path, head=head)
        yield from _members(value, path=path, indent=indent, first=indent)
    elif isinstance(value, tuple) and value and attrs.has(type(value[0])):
        yield Entry(path=path, head=head)
        for index, item in enumerate(value):
            here = child_path(path, index)
            yield from _members(item, path=here, indent=indent + "  ", first=f"{indent}- ")
    elif isinstance(value, Mapping) and any(attrs.has(type(item)) for item in value.values()):
        yield Entry(path=path, head=head)
        for key, item in value.items():
            here = child_path(path, key)
            yield from _field(
                item, None, path=here, head=f"{indent}{_quoted(key)}:", indent=indent + "  "
            )
    else:
        format_kind = _FORMATS.get(_kind(wanted))
        text = format_kind(value) if format_kind and value is not None else _text(value)
        yield Entry(path=path, head=head, text=text)


def _kind(wanted: Any) -> Any:
    """Return the kind of an annotated type, or of an optional one."""
    for candidate in (wanted, *typing.get_args(wanted)):
        if typing.get_origin(candidate) is Annotated:
            return typing.get_args(candidate)[1]
    return None


def _text(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case tuple():
            return f"[{', '.join(map(_text, value))}]"
        case Mapping():
            return f"{{{', '.join(f'{_quoted(k)}: {_text(v)}' for k, v in value.items())}}}"
        case _:
            # A reference that a value holds as plain text is to stay one; keys have none.
            return _quoted(str(value).replace("${", "$${"))


def _quoted(text: str) -> str:
    """Return the text in YAML's double quotes."""
    dumped: str = yaml.safe_dump(text, default_style='"', allow_unicode=True, width=float("inf"))
    return dumped.rstrip("\n")
