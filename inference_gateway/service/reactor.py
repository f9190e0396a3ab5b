"""Twisted's epoll reactor without the log context that it wraps around every event; Linux only.

The context names the connection for messages of the legacy ``twisted.python.log``, which the
gateway does not use; entering and leaving it costs more than parsing a chunk of a stream does. All
events but plain readiness to read take Twisted's own way, and so does everything that goes wrong.
"""

import errno
import select
from typing import Any

from twisted.internet.epollreactor import EPollReactor
from twisted.internet.main import installReactor
from twisted.logger import Logger

_READABLE = select.EPOLLIN


class GatewayReactor(EPollReactor):
    """Reads at once where nothing but reading is to be done."""

    _log = Logger()
    #: Of the superclass, which does not tell their types.
    _poller: select.epoll
    _selectables: dict[int, Any]

    def doPoll(self, timeout: float | None) -> None:
        """Wait at most ``timeout`` seconds, or for ever if None, and serve what has happened."""
        selectables = self._selectables
        try:
            happened = self._poller.poll(timeout, len(selectables))
        except OSError as error:
            if error.errno == errno.EINTR:
                return
            raise
        for descriptor, event in happened:
            selectable = selectables.get(descriptor)
            if selectable is None:  # closed by what was served just before
                continue
            if event == _READABLE:
                self._read(selectable)
            else:
                self._doReadOrWrite(selectable, descriptor, event)  # type: ignore[no-untyped-call]

    doIteration = doPoll

    def _read(self, selectable: Any) -> None:
        try:
            why = selectable.doRead()
        except Exception as error:
            self._log.failure("reading from a connection failed")
            why = error
        if why is not None:
            self._disconnectSelectable(selectable, why, True)  # type: ignore[no-untyped-call]


def install_reactor() -> None:
    """Make this the process's reactor; there must be none yet."""
    installReactor(GatewayReactor())  # type: ignore[no-untyped-call]
