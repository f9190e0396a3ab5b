"""Lines to a file descriptor that the gateway owns, without ever waiting for it.

The access log and the gateway's own log share one writer. Lines are gathered for a moment and
written together. A reader that stops reading or a full disk costs lines, which are counted, never a
request.
"""

import os
import select
import stat
from collections import deque

from twisted.internet.interfaces import IDelayedCall, IReactorTime

#: Seconds that a line may wait for others, and bytes that are not waited with.
_GATHER = 0.05
_ENOUGH = 32 * 1024
#: Seconds until a reader who does not keep up is looked after again.
_RETRY = 0.01
#: Bytes of lines that may wait for a reader who does not read.
_BACKLOG = 1024 * 1024
#: A pipe takes this much without blocking once it is writable (POSIX: PIPE_BUF).
_PIPE_BUF = 4096


class LineWriter:
    """Writes whole lines to ``descriptor``; ``dropped`` counts those that could not be.

    ``close`` writes what is left and, if the descriptor was opened by `to_path`, closes it.
    """

    def __init__(self, descriptor: int, clock: IReactorTime, *, owned: bool = False) -> None:
        self._descriptor = descriptor
        self._clock = clock
        self._owned = owned
        self._may_block = not stat.S_ISREG(os.fstat(descriptor).st_mode)
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._timer: IDelayedCall | None = None
        #: The reader has not taken everything the last time.
        self._behind = False
        self.dropped = 0

    @classmethod
    def to_path(cls, path: str, clock: IReactorTime) -> "LineWriter":
        """Append to the file at ``path``, made if it is not there; raises OSError."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        return cls(os.open(path, flags, 0o640), clock, owned=True)

    def write(self, line: bytes) -> None:
        """Take ``line``, which ends with a newline; never blocks and never raises."""
        if self._size + len(line) > _BACKLOG:
            self.dropped += 1
            return
        self._waiting.append(line)
        self._size += len(line)
        if self._timer is None:
            self._timer = self._clock.callLater(_GATHER, self.flush)
        elif self._size >= _ENOUGH and not self._behind:
            self.flush()

    def flush(self) -> None:
        """Write what is waiting, as far as the descriptor takes it now."""
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()
        try:
            self._drain()
        except OSError:
            self.dropped += len(self._waiting)
            self._waiting.clear()
            self._size = 0
        self._behind = bool(self._waiting)
        if self._behind:
            self._timer = self._clock.callLater(_RETRY, self.flush)

    def close(self) -> None:
        """Write what can be written now and stop; further lines are not taken."""
        self.flush()
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        self.dropped += len(self._waiting)
        self._waiting.clear()
        self._size = _BACKLOG
        if self._owned:
            os.close(self._descriptor)

    def _drain(self) -> None:
        while self._waiting:
            if not self._may_block:
                data = b"".join(self._waiting)
            elif select.select([], [self._descriptor], [], 0)[1]:
                data = self._one_pipeful()
            else:
                return
            self._forget(os.write(self._descriptor, data))

    def _one_pipeful(self) -> bytes:
        """Whole lines that a writable pipe takes without blocking, or a part of one long line."""
        parts: list[bytes] = []
        room = _PIPE_BUF
        for line in self._waiting:
            if parts and len(line) > room:
                break
            parts.append(line[:room])
            room -= len(line)
        return b"".join(parts)

    def _forget(self, written: int) -> None:
        self._size -= written
        while written:
            line = self._waiting.popleft()
            if len(line) > written:
                self._waiting.appendleft(line[written:])
                return
            written -= len(line)
