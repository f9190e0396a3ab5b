"""Measures what a gateway costs: the same loads on a fake upstream, and on the gateway before it.

Prints one table, and ends with status 1 when any call failed. It starts what it measures, unless
``--target`` names a gateway that runs already, and ends what it started. README.md explains the
numbers.
"""

import argparse
import os
import platform
import resource
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import client
import processes
from lane import Target
from measures import TESTS, Side, warm_up

#: How long a gateway may take to serve its first call, in seconds.
STARTING = 20.0

#: The lines of the table, with the decimals of their numbers.
LINES = {
    "requests/s": 0,
    "CPU µs per call": 0,
    "latency p50 ms": 2,
    "latency p95 ms": 2,
    "latency p99 ms": 2,
    "chunks/s": 0,
    "CPU µs per chunk": 1,
    "chunk delay p50 ms": 2,
    "chunk delay p99 ms": 2,
    "RSS idle MiB": 1,
    "KiB per open stream": 1,
    "streams left open": 0,
    "failed calls": 0,
}


def read_options() -> argparse.Namespace:
    """Read the command line; ends the process over what makes no sense."""
    parser = argparse.ArgumentParser(description="Measures what a gateway costs.")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each load (5)")
    parser.add_argument("--tests", default=",".join(TESTS), help="some of %(default)s")
    parser.add_argument("--connections", type=int, default=32, help="for plain calls (32)")
    parser.add_argument("--rate", type=float, default=100.0, help="calls/s for latency (100)")
    parser.add_argument("--streams", type=int, default=100, help="at once for chunks (100)")
    parser.add_argument("--pace", type=int, default=20, help="ms between two chunks (20)")
    parser.add_argument("--held", type=int, default=500, help="streams held open (500)")
    parser.add_argument("--target", metavar="URL", help="base URL of a gateway that runs already")
    parser.add_argument("--pid", type=int, action="append", default=[], help="its process; repeat")
    parser.add_argument("--model", default=processes.MODEL, help="what it is asked for")
    parser.add_argument("--upstream-port", type=int, default=0, help="where it finds the upstream")
    options = parser.parse_args()
    options.tests = options.tests.split(",")
    if unknown := set(options.tests) - set(TESTS):
        parser.error(f"no such test: {', '.join(sorted(unknown))}")
    for name in ("seconds", "connections", "rate", "streams", "pace", "held"):
        if getattr(options, name) <= 0:
            parser.error(f"--{name} must be above 0")
    if options.target and not options.target.startswith("http://"):
        parser.error("--target must start with http://")
    if options.target and not options.upstream_port:
        parser.error("--target needs --upstream-port, where the gateway looks for the upstream")
    return options


def allow_files(count: int) -> None:
    """Raise the limit of open files, for this process and those it starts, as far as allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def wait_until_served(target: Target, ended: Callable[[], bool]) -> bool:
    """Call until a call succeeds; return whether one did before the time was over."""
    limit = time.monotonic() + STARTING
    while client.closed_loop(target, 1, 0.0).problems:
        if ended() or time.monotonic() > limit:
            return False
        time.sleep(0.05)
    return True


def start(options: argparse.Namespace, stack: ExitStack) -> dict[str, Side]:
    """Start the upstream, and the gateway if it is ours; ``stack`` ends them."""
    cores = processes.cores()
    alone, rest = (cores[-1:], cores[:-1]) if len(cores) > 1 else ([], [])
    processes.pin(os.getpid(), rest)
    port = stack.enter_context(processes.upstream(options.upstream_port))
    direct = Target(url=f"http://127.0.0.1:{port}/v1", model=options.model, key="none")
    if options.target:
        key = os.environ.get("BENCH_KEY", "none")
        target = Target(url=options.target, model=options.model, key=key)
        pids = options.pid
        if not wait_until_served(target, lambda: False):
            raise SystemExit("the target does not serve")
    else:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        gateway = stack.enter_context(processes.gateway(port, folder))
        processes.pin(gateway.process.pid, alone)
        target = Target(url=gateway.url, model=processes.MODEL, key=gateway.key)
        pids = [gateway.process.pid]
        if not wait_until_served(target, lambda: gateway.ended):
            raise SystemExit(f"the gateway does not serve:\n{gateway.output.read_text()}")
    return {
        "upstream alone": Side(target=direct, pids=[], upstream_port=port),
        "gateway": Side(target=target, pids=pids, upstream_port=port),
    }


def measure(sides: Mapping[str, Side], options: argparse.Namespace) -> None:
    """Run all tests, each on one side after the other."""
    for side in sides.values():
        warm_up(side, options)
    for name in options.tests:
        for side in sides.values():
            TESTS[name](side, options)
    for side in sides.values():
        side.values["failed calls"] = side.problems.total()


def table(sides: Mapping[str, Side]) -> str:
    """Return all values as a table of Markdown; times also with what the gateway added."""
    rows = [["", *sides, "added"]]
    for line, decimals in LINES.items():
        values = [side.values.get(line) for side in sides.values()]
        known = [value for value in values if value is not None]
        added = known[1] - known[0] if line.endswith(" ms") and len(known) == 2 else None
        if known:
            cells = ["" if v is None else f"{v:,.{decimals}f}" for v in (*values, added)]
            rows.append([line, *cells])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])])
    return "\n".join(
        f"| {row[0]:{widths[0]}} | {' | '.join(map(str.rjust, row[1:], widths[1:]))} |"
        for row in rows
    )


def main() -> int:
    """Measure, print, and return the status of the process."""
    options = read_options()
    # Both signals end what was started.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    allow_files(4 * options.held + 1000)
    try:
        with ExitStack() as stack:
            sides = start(options, stack)
            measure(sides, options)
    except KeyboardInterrupt:
        return 130
    print(
        f"{options.seconds:g} s each: {options.connections} connections; {options.rate:g} calls/s;"
        f" {options.streams} streams of a chunk each {options.pace} ms;"
        f" {options.held} streams held. Python {platform.python_version()}.\n"
    )
    print(table(sides))
    for name, side in sides.items():
        for problem, count in side.problems.items():
            print(f"{name}: {problem}, {count} times", file=sys.stderr)
    return 1 if any(side.problems for side in sides.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
