"""The table of what the scenarios have shown, printed when the process ends.

Tests run in any order and any selection, so the end of the process is the only end there is.
"""

import atexit

import attrs

_TITLES = ("scenario", "upstreams", "the client saw", "requests", "seconds")


@attrs.frozen(kw_only=True)
class Row:
    """One line: what was played, what came of it, and how long that took."""

    name: str
    #: What each upstream played.
    faults: str
    seen: str
    #: How many requests each upstream saw.
    asked: str
    seconds: float

    def cells(self) -> tuple[str, ...]:
        """Return the line as it is printed."""
        return self.name, self.faults, self.seen, self.asked, f"{self.seconds:.2f}"


#: By their names: what was played again counts once.
_rows: dict[str, Row] = {}


def put_down(row: Row) -> None:
    """Add a line to the table."""
    if not _rows:
        atexit.register(_print)
    _rows[row.name] = row


def _table() -> str:
    """Return all lines in columns, in the order of their names."""
    lines = [_TITLES, *[_rows[name].cells() for name in sorted(_rows)]]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    printed = [map(str.ljust, line, widths) for line in lines]
    return "\n".join(["  ".join(cells).rstrip() for cells in printed])


def _print() -> None:
    print(f"\n{_table()}\n")
