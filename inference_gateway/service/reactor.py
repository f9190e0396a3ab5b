"""Twisted's epoll reactor, quicker at what a relay does most: reading from sockets; Linux only.

It reads from many sockets before any of their protocols runs, because the first steps after a
system call are slow ones: by then the processor has forgotten the code to run. And it leaves out
the log context that Twisted enters for every event, which names the connection for messages of the
legacy ``twisted.python.log``; the gateway does not use that, and it costs more than parsing a chunk
of a stream does. All events but plain readiness to read take Twisted's own way, and so does
everything that goes wrong.
"""

import errno
import select
from typing import Any

from twisted.internet import tcp
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.main import installReactor
from twisted.logger import Logger

_READABLE = select.EPOLLIN
#: How many sockets are read before what they said is handed over; at most that many times what one
#: read takes, 64 KiB, is held.
_TOGETHER = 64
#: Transports whose ``doRead`` is known to do nothing but to read from their socket.
_SOCKETS = frozenset((tcp.Server, tcp.Client))


class GatewayReactor(EPollReactor):
    """Reads at once where nothing but reading is to be done.

    Bytes that were read before their transport was paused are still delivered, once it has been.
    """

    _log = Logger()
    #: Of the superclass, which does not tell their types.
    _poller: select.epoll
    _selectables: dict[int, Any]

    def doPoll(self, timeout: float | None) -> None:
        """Wait at most ``timeout`` seconds, or for ever if None, and serve what has happened."""
        try:
            happened = self._poller.poll(timeout, len(self._selectables))
        except OSError as error:
            if error.errno == errno.EINTR:
                return
            raise
        for begin in range(0, len(happened), _TOGETHER):
            self._serve(happened[begin : begin + _TOGETHER])

    doIteration = doPoll

    def _serve(self, happened: list[tuple[int, int]]) -> None:
        selectables = self._selectables
        received: list[tuple[Any, bytes]] = []
        others: list[tuple[int, int, Any]] = []
        for descriptor, event in happened:
            selectable = selectables.get(descriptor)
            if selectable is None:  # closed by what was served just before
                continue
            if event == _READABLE and type(selectable) in _SOCKETS and selectable.connected:
                try:
                    data = selectable.socket.recv(selectable.bufferSize)
                except OSError:
                    data = b""  # its own way of reading meets the same error
                if data:
                    received.append((selectable, data))
                    continue
            others.append((descriptor, event, selectable))
        for selectable, data in received:
            if selectable.connected and not selectable._aborting:
                try:
                    selectable.protocol.dataReceived(data)
                except Exception as error:
                    self._fail(selectable, error)
        for descriptor, event, selectable in others:
            if selectables.get(descriptor) is not selectable:
                continue
            if event == _READABLE:
                self._read(selectable)
            else:
                self._doReadOrWrite(selectable, descriptor, event)  # type: ignore[no-untyped-call]

    def _read(self, selectable: Any) -> None:
        try:
            why = selectable.doRead()
        except Exception as error:
            self._fail(selectable, error)
            return
        if why is not None:
            self._disconnectSelectable(selectable, why, True)  # type: ignore[no-untyped-call]

    def _fail(self, selectable: Any, error: Exception) -> None:
        """End the connection of a protocol that has a bug; called in its ``except``."""
        self._log.failure("reading from a connection failed")
        self._disconnectSelectable(selectable, error, True)  # type: ignore[no-untyped-call]


def install_reactor() -> None:
    """Make this the process's reactor; there must be none yet."""
    installReactor(GatewayReactor())  # type: ignore[no-untyped-call]
