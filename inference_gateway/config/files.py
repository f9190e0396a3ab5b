"""Reading the files that the operator names, whole and as text."""

import pathlib
from collections.abc import Callable

#: Reads a whole file as text; raises `OSError`, or `ValueError` if it is not UTF-8.
ReadText = Callable[[str], str]


def read_text(path: str) -> str:
    """Read a file as UTF-8, with or without a byte order mark."""
    return pathlib.Path(path).read_text(encoding="utf-8-sig")


def beside(neighbour: str | None, path: str) -> str:
    """Return the path seen from the directory of another file, if there is one."""
    return path if neighbour is None else str(pathlib.PurePath(neighbour).parent / path)


def unreadable(error: OSError | ValueError) -> str:
    """Say why a file cannot be read, without quoting any of it."""
    reason = error.strerror if isinstance(error, OSError) else None
    return f"the file cannot be read: {reason or 'it is not UTF-8 text'}"
