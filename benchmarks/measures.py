"""What is measured: one function a test, and the values that it notes for one side.

A side is either the upstream alone or the gateway before it; who starts them is ``run``'s affair.
"""

import argparse
import http.client
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import client
import processes
from lane import Numbers, Target

#: How long a gateway may take to let go of its upstream, in seconds.
LETTING_GO = 2.0


@dataclass(frozen=True, kw_only=True)
class Side:
    """Who is called, the processes that are watched meanwhile, and what came out.

    ``upstream_port`` is the same on both sides; ``problems`` counts failed calls by reason.
    """

    target: Target
    pids: Sequence[int]
    upstream_port: int
    values: dict[str, float] = field(default_factory=dict)
    problems: Counter[str] = field(default_factory=Counter)

    def load(self, load: Callable[[], Numbers]) -> tuple[Numbers, float | None]:
        """Run a load; return its numbers, and the seconds of CPU that the processes took."""
        before = processes.usage(self.pids)
        numbers = load()
        after = processes.usage(self.pids)
        self.problems.update(numbers.problems)
        return numbers, after.cpu - before.cpu if before and after else None

    def note_share(self, line: str, cpu: float | None, count: int) -> None:
        """Note the CPU that one of ``count`` took, in microseconds."""
        if cpu is not None and count:
            self.values[line] = cpu * 1_000_000 / count

    def note_spread(self, line: str, milliseconds: list[float], percents: Sequence[int]) -> None:
        """Note percentiles, each of them a value that was measured."""
        ordered = sorted(milliseconds)
        for percent in percents if ordered else ():
            rank = -(-len(ordered) * percent // 100)
            self.values[f"{line} p{percent} ms"] = ordered[rank - 1]


def warm_up(side: Side, options: argparse.Namespace) -> None:
    """Note the memory at rest, and call until nothing is done for the first time any more."""
    if idle := processes.usage(side.pids):
        side.values["RSS idle MiB"] = idle.memory / 1024
    seconds = min(1.0, options.seconds / 5)
    side.load(lambda: client.closed_loop(side.target, options.connections, seconds))


def plain(side: Side, options: argparse.Namespace) -> None:
    """Measure what a call costs when each connection calls again at once."""
    numbers, cpu = side.load(
        lambda: client.closed_loop(side.target, options.connections, options.seconds)
    )
    side.values["requests/s"] = numbers.calls / numbers.seconds
    side.note_share("CPU µs per call", cpu, numbers.calls)


def latency(side: Side, options: argparse.Namespace) -> None:
    """Measure how long a call takes while there is little to do."""
    numbers, _ = side.load(
        lambda: client.fixed_rate(side.target, options.rate, options.connections, options.seconds)
    )
    side.note_spread("latency", numbers.latencies, (50, 95, 99))


def stream(side: Side, options: argparse.Namespace) -> None:
    """Measure what the chunks of streams cost, and how late they are."""
    numbers, cpu = side.load(
        lambda: client.streams(side.target, options.streams, options.pace, options.seconds)
    )
    side.values["chunks/s"] = len(numbers.delays) / numbers.seconds
    side.note_share("CPU µs per chunk", cpu, len(numbers.delays))
    side.note_spread("chunk delay", numbers.delays, (50, 99))


def hold(side: Side, options: argparse.Namespace) -> None:
    """Measure the memory of open streams, and whether they end when their clients have left."""
    before = processes.usage(side.pids)
    during: list[processes.Usage | None] = []

    def look() -> None:
        during.append(processes.usage(side.pids))

    numbers, _ = side.load(lambda: client.hold(side.target, options.held, options.seconds, look))
    if not numbers.problems and before and during[0]:
        grown = during[0].memory - before.memory
        side.values["KiB per open stream"] = grown / options.held
    time.sleep(LETTING_GO)
    side.values["streams left open"] = _open_streams(side.upstream_port)


#: All tests, in the order in which they run.
TESTS = {test.__name__: test for test in (plain, latency, stream, hold)}


def _open_streams(port: int) -> int:
    """Ask the upstream how many streams it is sending."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/stats")
    count: int = json.load(connection.getresponse())["open_streams"]
    connection.close()
    return count
