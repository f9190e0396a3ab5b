"""Playing cases on real sockets: each client has an address of its own, by which its log is found.

It plays against an address and starts nothing. Waiting is always for something, and ends with it.
"""

import socket
import struct
import time
from collections import deque
from collections.abc import Callable, Mapping
from select import select

import attrs

from tests.corpus.answers import ReadAnswer, Unreadable, read
from tests.corpus.case import (
    Await,
    Case,
    Elapse,
    HalfClose,
    Limit,
    Pass,
    Read,
    ReadOn,
    Repeat,
    Reset,
    Send,
    Step,
    StillOpen,
    StopReading,
    Trickle,
)
from tests.corpus.judge import Evidence
from tests.corpus.owed import Afterwards
from tests.corpus.requests import CALL, CLOSE, anonymous

#: Marks what the driver itself asks on the connection of a case.
FOLLOW_UP = b"corpus-follow-up"
#: Seconds for whatever should come at once; a busy machine needs some.
_PATIENCE = 10.0
#: Seconds of silence after which it is worth looking whether the answers are complete.
_QUIET = 0.02
#: Seconds for which a client that reads nothing tries to send more.
_RELUCTANCE = 0.5
_PIECES = 64
_PACKET = 64 * 1024


class SocketClient:
    """One client's connection; it reads whenever it waits, unless it was told not to."""

    def __init__(self, address: tuple[str, int], source: str, *, narrow: bool) -> None:
        self._socket = socket.socket()
        if narrow:
            # Kernels would hide for megabytes that nobody reads.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        self._socket.bind((source, 0))
        self._socket.settimeout(_PATIENCE)
        self._socket.connect(address)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)
        self._sending: deque[bytes] = deque()
        self.reading = True
        self.received = bytearray()
        #: The gateway will send nothing more.
        self.ended = False

    def close(self, *, reset: bool = False) -> None:
        """Leave, with RST if ``reset``."""
        if reset:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send ``data``, or what the gateway takes of it."""
        self._sending.extend(
            data[start : start + _PACKET] for start in range(0, len(data), _PACKET)
        )
        patience = _PATIENCE if self.reading else _RELUCTANCE
        self.wait(patience, lambda: not self._sending)

    def half_close(self) -> None:
        """Send FIN."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.ended = True

    def read(self, size: int) -> None:
        """Read ``size`` bytes, or what comes in time."""
        wanted = len(self.received) + size
        self.reading = True
        self.wait(_PATIENCE, lambda: len(self.received) >= wanted)
        self.reading = False

    def wait(self, seconds: float, until: Callable[[], bool]) -> bool:
        """Send and read until something is true, the gateway has ended, or time is over."""
        end = time.monotonic() + seconds
        while not until() and not (self.ended and self.reading):
            left = end - time.monotonic()
            if left <= 0:
                return until()
            self._turn(left)
        return until()

    def _turn(self, seconds: float) -> bool:
        """Wait for one chance to send or to read and use it; return whether there was one."""
        readers = [self._socket] if self.reading and not self.ended else []
        writers = [self._socket] if self._sending else []
        readable, writable, _ = select(readers, writers, [], seconds)
        try:
            if readable:
                data = self._socket.recv(_PACKET)
                self.received += data
                self.ended = not data
            if writable:
                sent = self._socket.send(self._sending[0])
                self._sending[0] = self._sending[0][sent:]
                if not self._sending[0]:
                    self._sending.popleft()
        except BlockingIOError:
            pass
        except ConnectionError:
            self._sending.clear()
            self.ended = self.ended or bool(readable)
        return bool(readable or writable)

    def wait_quietly(self, seconds: float, until: Callable[[], bool]) -> None:
        """Like `wait`, but ask only when nothing has moved for a moment: asking is costly."""
        end = time.monotonic() + seconds
        while not self.ended and time.monotonic() < end:
            if not self._turn(_QUIET) and until():
                return


@attrs.frozen(kw_only=True)
class Played:
    """One case as it was played; its log comes later, from ``source``."""

    case: Case
    source: str
    received: bytes
    afterwards: Afterwards
    faults: tuple[str, ...]

    def evidence(self, lines: tuple[bytes, ...]) -> Evidence:
        """Return the evidence with the log of this client."""
        return Evidence(
            received=self.received, afterwards=self.afterwards, lines=lines, faults=self.faults
        )


class SocketDriver:
    """Plays cases against the gateway at ``address``, whose deadlines are ``deadlines``."""

    def __init__(self, address: tuple[str, int], deadlines: Mapping[Limit, float]) -> None:
        self._address = address
        self._deadlines = deadlines

    def play(self, case: Case, source: str) -> Played:
        """Play ``case`` from the address ``source``; may run in several threads at once."""
        narrow = StopReading() in case.steps
        client = SocketClient(self._address, source, narrow=narrow)
        faults: list[str] = []
        left = False
        try:
            for step in case.steps:
                fault = self._step(client, step)
                if fault:
                    faults.append(fault)
                left = left or isinstance(step, Reset)
            if left:
                received, afterwards = bytes(client.received), Afterwards.LEFT
            else:
                client.reading = True
                received, afterwards = _end(client, case, faults)
        finally:
            client.close()
        if not self._serves():
            faults.append("the next client is not served")
        return Played(
            case=case,
            source=source,
            received=received,
            afterwards=afterwards,
            faults=tuple(faults),
        )

    def _step(self, client: SocketClient, step: Step) -> str | None:
        match step:
            case Send(data, packet):
                size = packet or max(1, len(data))
                for start in range(0, len(data), size):
                    client.send(data[start : start + size])
            case Repeat(data, times):
                for _ in range(times):
                    client.send(data)
                    if client.ended:
                        break
            case Trickle(data, limit, share):
                size = -(-len(data) // _PIECES)
                pieces = range(0, len(data), size)
                seconds = self._deadlines[limit] * share / len(pieces)
                begun = time.monotonic()
                for number, start in enumerate(pieces, start=1):
                    self._pass(client, begun + seconds * number - time.monotonic())
                    client.send(data[start : start + size])
            case Elapse(limit, share):
                self._pass(client, self._deadlines[limit] * share)
            case Pass(seconds):
                self._pass(client, seconds)
            case Await(data):
                if not client.wait(_PATIENCE, lambda: data in client.received):
                    return f"{data!r} did not come"
            case StillOpen():
                if client.ended:
                    return "the gateway hung up too early"
            case StopReading():
                client.reading = False
            case Read(size):
                client.read(size)
            case ReadOn():
                client.reading = True
            case HalfClose():
                client.half_close()
            case Reset():
                client.close(reset=True)
        return None

    def _pass(self, client: SocketClient, seconds: float) -> None:
        client.wait(max(0.0, seconds), lambda: False)

    def _serves(self) -> bool:
        """Whether an ordinary client gets an ordinary answer."""
        client = SocketClient(self._address, "127.0.0.1", narrow=False)
        try:
            client.send(CALL.replace(b"\r\n", b"\r\n" + CLOSE + b"\r\n", 1))
            client.wait(_PATIENCE, lambda: client.ended)
            return client.received.startswith(b"HTTP/1.1 200 ")
        finally:
            client.close()


def _answers(client: SocketClient, case: Case) -> tuple[ReadAnswer, ...]:
    """Return the whole answers so far; all there can be, if they are unreadable."""
    try:
        return read(bytes(client.received), closed=False, headless=case.headless).answers
    except Unreadable:
        client.ended = True
        return ()


def _end(client: SocketClient, case: Case, faults: list[str]) -> tuple[bytes, Afterwards]:
    """Wait for what is owed, and find out what became of the connection."""
    owed = len(case.owed[0].answers)
    client.wait_quietly(_PATIENCE, lambda: len(_answers(client, case)) >= owed)
    answers = _answers(client, case)
    announced = answers and answers[-1].headers.get(b"connection", b"").lower() == b"close"
    may_serve = any(
        expect.afterwards in {Afterwards.OPEN, Afterwards.EITHER} for expect in case.owed
    )
    if announced or not may_serve:
        client.wait(_PATIENCE, lambda: client.ended)
    received = bytes(client.received)
    if client.ended:
        return received, Afterwards.HUNG_UP
    client.send(anonymous(b"/healthz", b"X-Request-ID: " + FOLLOW_UP))
    if not client.wait(_PATIENCE, lambda: FOLLOW_UP in client.received[len(received) :]):
        faults.append("the connection is open and serves no other request")
    return received, Afterwards.OPEN
