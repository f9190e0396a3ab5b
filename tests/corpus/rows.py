"""The whole corpus: every case of every section, and how its score is told."""

from collections import Counter
from collections.abc import Collection

from tests.corpus import (
    bodies,
    content_headers,
    credentials,
    disconnects,
    framing,
    header_cases,
    messages,
    request_lines,
    slow_clients,
    targets,
    text_bodies,
)
from tests.corpus.case import Case

CASES: tuple[Case, ...] = (
    *framing.CASES,
    *request_lines.CASES,
    *messages.CASES,
    *header_cases.CASES,
    *credentials.CASES,
    *content_headers.CASES,
    *targets.CASES,
    *bodies.CASES,
    *text_bodies.CASES,
    *slow_clients.CASES,
    *disconnects.CASES,
)

#: Sections of the requirements that this corpus answers for, and how many rows each has.
SECTIONS = {"F": 45, "H": 25, "U": 10, "B": 19, "C": 10, "D": 8}


def playable(cases: Collection[Case], *, sockets: bool) -> list[Case]:
    """Return the cases that are owed now and that this driver can play."""
    return [case for case in cases if not case.later and (case.sockets or not sockets)]


def score(where: str, played: Collection[Case], failed: Collection[str]) -> str:
    """Tell how many cases passed, and what is left for later with the reasons."""
    later = [case for case in CASES if case.later]
    kinds = Counter(case.later.partition(":")[0] for case in later)
    summary = ", ".join(f"{kind} {count}" for kind, count in kinds.items())
    rows = {case.row for case in played}
    failing = f" {len(failed)} failed," if failed else ""
    lines = [
        f"corpus {where}: {len(played) - len(failed)} cases of {len(rows)} rows passed,{failing}"
        f" {len(later)} belong to later work ({summary})",
        *(f"  later: {case.id}: {case.later}" for case in later),
    ]
    return "\n".join(lines)


def complaint(failures: dict[str, list[str]]) -> str:
    """Tell all failed cases with everything that was wrong."""
    return "\n".join(
        f"{id}: {fault}" for id, faults in sorted(failures.items()) for fault in faults
    )
