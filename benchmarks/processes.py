"""The processes of a measurement: starting and ending them, and what the system tells of them.

What ``/proc`` would tell is None where there is none.
"""

import json
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

MODEL = "bench-model"

#: How long a process may take to end before it is killed, in seconds.
ENDING = 10.0

_HERE = Path(__file__).resolve().parent
#: Beside the interpreter that runs this, so that both see the same packages.
_TWISTD = Path(sys.executable).parent / "twistd"


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """A gateway that was started: where it listens, the key it wants, and what it wrote."""

    process: subprocess.Popen[bytes]
    url: str
    key: str = field(repr=False)
    output: Path

    @property
    def ended(self) -> bool:
        """Whether it runs no more."""
        return self.process.poll() is not None


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What processes have used: ``cpu`` in seconds, ``memory`` in KiB."""

    cpu: float
    memory: float


def usage(pids: Sequence[int]) -> Usage | None:
    """Return what the processes have used together, by the clock ticks of the system."""
    cpu = memory = 0.0
    try:
        for pid in pids:
            # The name of the process comes before, in parentheses, and can hold blanks.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            cpu += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            memory += int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 1024
    except FileNotFoundError:
        return None
    return Usage(cpu=cpu, memory=memory) if pids else None


def cores() -> list[int]:
    """Return the cores that this process may use, or nothing where that cannot be told."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def pin(pid: int, where: Sequence[int]) -> None:
    """Keep a process on these cores, if there are any."""
    if where:
        os.sched_setaffinity(pid, where)


@contextmanager
def upstream(port: int) -> Iterator[int]:
    """Run the fake upstream, and give its port; ``port`` 0 lets the system choose."""
    command = [sys.executable, str(_HERE / "upstream.py"), f"--port={port}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process, _ended(process):
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise SystemExit("the upstream did not start")
        yield int(line)


@contextmanager
def gateway(upstream_port: int, folder: Path) -> Iterator[Gateway]:
    """Run the installed gateway before the upstream, with its files in ``folder``.

    It may not serve yet, or have ended already.
    """
    key = secrets.token_urlsafe(32)
    port = _free_port()
    # JSON is YAML too.
    settings = {
        "server": {"listen": [f"tcp:{port}:interface=127.0.0.1"]},
        "providers": [
            {
                "id": "bench",
                "type": "openai",
                "base_url": f"http://127.0.0.1:{upstream_port}/v1",
                "models": [MODEL],
            }
        ],
        "middleware": {"auth": {"keys": [{"id": "bench", "key": "${BENCH_KEY}"}]}},
        "telemetry": {"log": {"path": str(folder / "gateway.log")}},
    }
    config = folder / "gateway.yaml"
    config.write_text(json.dumps(settings, indent=2))
    command = [str(_TWISTD), "-n", "--pidfile=", "inference-gateway", "--config", str(config)]
    output = folder / "output.txt"
    with (
        output.open("wb") as file,
        subprocess.Popen(
            command,
            env={**os.environ, "BENCH_KEY": key},
            stdout=file,
            stderr=subprocess.STDOUT,
        ) as process,
        _ended(process),
    ):
        yield Gateway(process=process, url=f"http://127.0.0.1:{port}/v1", key=key, output=output)


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End the process afterwards, by force if it does not obey."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(ENDING)
        except subprocess.TimeoutExpired:
            process.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
