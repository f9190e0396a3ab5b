"""SIGTERM and SIGINT: the first asks for a drain, the second hurries it.

twistd would raise a signal it caught once more after the reactor stopped, so that even a clean
shutdown ends with a failure's status. So the handlers are ours, installed once the reactor runs.
"""

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Signals:
    """Calls ``first`` and then ``again`` with the signal's name, in the reactor's thread."""

    def __init__(
        self, reactor: Any, first: Callable[[str], None], again: Callable[[str], None]
    ) -> None:
        self._reactor = reactor
        self._first = first
        self._again = again
        self._seen = False

    def install(self) -> None:
        """Take the signals over from the reactor; call it when the reactor is running."""
        for number in _SIGNALS:
            signal.signal(number, self._caught)

    def ignore(self) -> None:
        """Ignore them from now on: everything is over, and the process ends with its own status.

        An interpreter that ends takes its handlers away, so that a second signal would otherwise
        kill it at the last moment.
        """
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def _caught(self, number: int, frame: FrameType | None) -> None:
        self._reactor.callFromThread(self.received, signal.Signals(number).name)

    def received(self, name: str) -> None:
        """Act on the signal called ``name``."""
        seen, self._seen = self._seen, True
        (self._again if seen else self._first)(name)
