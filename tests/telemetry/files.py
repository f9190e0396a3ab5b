"""Files and pipes that log lines are written to."""

import os
from collections.abc import Callable
from typing import Any

import orjson
from twisted.internet.task import Clock

from inference_gateway.telemetry.lines import LineWriter


class MemoryLog:
    """A log in a file without a name; ``cleanup`` is a test's ``addCleanup``."""

    def __init__(self, clock: Clock, cleanup: Callable[..., object]) -> None:
        self._descriptor = os.memfd_create("log")
        cleanup(os.close, self._descriptor)
        self.lines = LineWriter(self._descriptor, clock)

    @property
    def text(self) -> str:
        """Everything that was written."""
        self.lines.flush()
        size = os.fstat(self._descriptor).st_size
        return os.pread(self._descriptor, size, 0).decode()

    @property
    def records(self) -> list[dict[str, Any]]:
        """The lines, each of which must be a JSON object."""
        return [orjson.loads(line) for line in self.text.splitlines()]
