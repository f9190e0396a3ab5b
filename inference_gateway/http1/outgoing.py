"""Getting bytes out: writing to a socket without a turn of the reactor, counting what is left.

It knows Twisted's transports and nothing of HTTP. What it cannot write at once stays with the
transport, which owns the queue, the producer and every error.
"""

import fcntl
import sys
import termios
from collections.abc import Callable

from twisted.internet.abstract import FileDescriptor
from twisted.internet.interfaces import ITransport
from twisted.internet.tcp import Connection


class _DirectWriter:
    """Sends on the socket while the transport's queue is empty, and queues only the rest.

    Twisted's own ``write`` always queues and asks the poller for a turn, which costs two system
    calls more than the sending itself.
    """

    __slots__ = ("_transport",)

    def __init__(self, transport: Connection) -> None:
        self._transport = transport

    def write(self, data: bytes) -> None:
        transport = self._transport
        if (
            transport.dataBuffer
            or transport._tempDataBuffer
            or not transport.connected
            or transport._aborting
            or transport._writeDisconnecting
        ):
            transport.write(data)
            return
        try:
            sent = transport.socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            # The transport meets the same error in its own turn and reports the loss in order.
            sent = 0
        if sent < len(data):
            transport.write(data[sent:] if sent else data)


def direct_writer(transport: ITransport) -> Callable[[bytes], None]:
    """Return the cheapest ordered ``write`` for ``transport``, for as long as that lives.

    A plain TCP or UNIX socket gets one that tries ``send`` at once. Anything else, TLS included,
    gets the transport's own.
    """
    if isinstance(transport, Connection) and not transport.TLS:
        return _DirectWriter(transport).write
    return transport.write


def backlog(transport: object) -> int:
    """Count the bytes that wait in this process for the socket to take them."""
    if isinstance(transport, FileDescriptor):
        return descriptor_backlog(transport)
    waiting = sum(map(len, getattr(transport, "_appSendBuffer", ())))  # a TLS layer's own queue
    below = getattr(transport, "transport", None)
    return waiting + backlog(below) if below is not None else waiting


def descriptor_backlog(transport: FileDescriptor) -> int:
    """Count the same for a transport that is known to be a descriptor."""
    return len(transport.dataBuffer) - transport.offset + transport._tempDataLen


def unacknowledged(transport: object) -> int:
    """Count the bytes that the peer has not acknowledged: the backlog and the kernel's queue.

    The kernel's part is SIOCOUTQ (tcp(7), the same request as TIOCOUTQ) and 0 where there is no
    socket.
    """
    descriptor = transport
    while not isinstance(descriptor, FileDescriptor) and descriptor is not None:
        descriptor = getattr(descriptor, "transport", None)
    if descriptor is None or not descriptor.connected:
        return backlog(transport)
    answer = fcntl.ioctl(descriptor.fileno(), termios.TIOCOUTQ, bytes(4))
    return backlog(transport) + int.from_bytes(answer, sys.byteorder)
