"""Playing cases in process: the whole gateway on a clock that the cases move, without a socket."""

import time
from collections.abc import Iterator, Mapping
from math import inf
from pathlib import Path

from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogPublisher
from zope.interface import implementer

from inference_gateway.config.kinds import Secret
from inference_gateway.config.settings import (
    AuthSettings,
    KeySettings,
    MiddlewareSettings,
    ProviderSettings,
    ServerSettings,
    Settings,
)
from inference_gateway.service.graph import build
from inference_gateway.telemetry.lines import LineWriter
from tests.corpus.case import (
    Await,
    Case,
    Elapse,
    HalfClose,
    Pass,
    Read,
    ReadOn,
    Repeat,
    Reset,
    Send,
    Setting,
    Step,
    StillOpen,
    StopReading,
    Trickle,
)
from tests.corpus.judge import Evidence, judge
from tests.corpus.memory_transport import MemoryTransport
from tests.corpus.owed import Afterwards
from tests.corpus.requests import (
    ADMIN_KEY,
    BODY_LIMIT,
    CALL,
    CLOSE,
    ECHO,
    KEY,
    MODEL,
    SECRETS,
    SLASHED_MODEL,
    anonymous,
)

_SERVER: Mapping[Setting, ServerSettings] = {
    Setting.STANDARD: ServerSettings(body_limit=BODY_LIMIT),
    Setting.ROOMY: ServerSettings(),
    Setting.PATIENT: ServerSettings(body_limit=BODY_LIMIT, half_close="finish"),
    Setting.SPLIT: ServerSettings(
        body_limit=BODY_LIMIT, admin_listen=("tcp:8001:interface=127.0.0.1",)
    ),
}
_FOLLOW_UP = b"corpus-follow-up"
#: Seconds on the clock that something awaited may take.
_PATIENCE = 60.0
#: Pieces of a trickle.
_PIECES = 64


def _settings(setting: Setting) -> Settings:
    key = KeySettings(id="client", key=Secret(KEY.decode()))
    admin = KeySettings(id="admin", key=Secret(ADMIN_KEY.decode()))
    models = {name: name for name in (MODEL, f"{MODEL}/*", SLASHED_MODEL)}
    return Settings(
        server=_SERVER[setting],
        providers=(ProviderSettings(id="echo", models=models),),
        middleware=MiddlewareSettings(auth=AuthSettings(keys=(key,), admin_keys=(admin,))),
    )


@implementer(ILogObserver)
class LogWatch:
    """Notices failures and secrets in what the whole process logs."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def __call__(self, event: LogEvent) -> None:
        """Look at ``event``."""
        text = formatEvent(event)
        failure = event.get("log_failure", "")
        if failure or event.get("isError") or event["log_level"] >= LogLevel.error:
            self._found.append(f"logged: {text} {failure}")
        if any(secret.decode() in text for secret in SECRETS):
            self._found.append(f"a secret was logged: {text}")

    def take(self) -> list[str]:
        """Return what was found since the last time."""
        found, self._found = self._found, []
        return found


class MemoryDriver:
    """One gateway in memory, to which case after case is played.

    ``log`` is where its access log goes. `close` must be called at the end.
    """

    def __init__(self, setting: Setting, log: Path) -> None:
        self.clock = Clock()
        self._writer = LineWriter.to_path(str(log), self.clock)
        self._log = log.open("rb")
        self._settings = _settings(setting)
        self._server = self._settings.server
        self._watch = LogWatch()
        self._build()
        globalLogPublisher.addObserver(self._watch)

    def close(self) -> None:
        """Let go of the log."""
        globalLogPublisher.removeObserver(self._watch)
        self._writer.close()
        self._log.close()

    def _build(self) -> None:
        """Begin anew, so that what one case left behind is not held against the next."""
        self._graph = build(
            self._settings, self.clock, lines=self._writer, wall=lambda: 1_700_000_000.0
        )

    def _connect(self) -> MemoryTransport:
        protocol = self._graph.factory.buildProtocol(None)
        assert isinstance(protocol, Protocol)
        return MemoryTransport(protocol, self.clock)

    def play(self, case: Case) -> list[str]:
        """Play ``case`` and return everything that was wrong."""
        client = self._connect()
        faults: list[str] = []
        begun = time.process_time()
        left = False
        for step in case.steps:
            faults += self._step(client, step)
            self._settle(client)
            left = left or isinstance(step, Reset)
        client.open_window()
        self._settle(client)
        cpu = time.process_time() - begun
        afterwards, received = self._end(client, left=left, faults=faults)
        lines = self._take_lines()
        residue = list(self._residue())
        if residue:
            self._build()
        return judge(
            case,
            Evidence(
                received=received,
                afterwards=afterwards,
                lines=tuple(line for line in lines if _FOLLOW_UP not in line),
                faults=(*faults, *residue),
                cpu=cpu,
                taken=client.taken,
                waiting=client.waiting,
            ),
        )

    # --- steps

    def _step(self, client: MemoryTransport, step: Step) -> Iterator[str]:
        match step:
            case Send(data, packet):
                size = packet or len(data)
                for start in range(0, len(data), size):
                    client.arrive(data[start : start + size])
            case Repeat(data, times):
                client.arrive(data * times)
            case Trickle(data, limit, share):
                size = -(-len(data) // _PIECES)
                pieces = range(0, len(data), size)
                seconds = getattr(self._server, limit.value) * share / len(pieces)
                for start in pieces:
                    self._pass(client, seconds)
                    client.arrive(data[start : start + size])
            case Elapse(limit, share):
                self._pass(client, getattr(self._server, limit.value) * share)
            case Pass(seconds):
                self._pass(client, seconds)
            case Await(data):
                self._pass(client, _PATIENCE, until=data)
                if data not in client.received:
                    yield f"{data!r} did not come"
            case StillOpen():
                if client.ended:
                    yield "the gateway hung up too early"
            case StopReading():
                client.close_window()
            case Read(size):
                client.open_window(size)
            case ReadOn():
                client.open_window()
            case HalfClose():
                client.half_close()
            case Reset():
                client.reset()

    def _settle(self, client: MemoryTransport) -> None:
        """Let everything happen that needs no time."""
        self._pass(client, 0.0)

    def _pass(self, client: MemoryTransport, seconds: float, until: bytes | None = None) -> None:
        """Let time pass, from one timer to the next, or until something has come."""
        end = self.clock.seconds() + seconds
        client.pump()
        while until is None or until not in client.received:
            due = min((call.getTime() for call in self.clock.getDelayedCalls()), default=inf)
            self.clock.advance(max(0.0, min(due, end) - self.clock.seconds()))
            client.pump()
            if due > end:
                return

    # --- afterwards

    def _end(
        self, client: MemoryTransport, *, left: bool, faults: list[str]
    ) -> tuple[Afterwards, bytes]:
        """Find out what became of the connection, and end it."""
        received = bytes(client.received)
        if left:
            return Afterwards.LEFT, received
        if not client.ended:
            client.arrive(anonymous(b"/healthz", b"X-Request-ID: " + _FOLLOW_UP))
            self._settle(client)
            follow_up = bytes(client.received[len(received) :])
            afterwards = Afterwards.OPEN
            if not follow_up.startswith(b"HTTP/1.1 200 ") or _FOLLOW_UP not in follow_up:
                faults.append("the connection is open and serves no other request")
        else:
            afterwards = Afterwards.HUNG_UP
        client.half_close()
        self._settle(client)
        if client.connected:
            faults.append("the connection is not closed when both sides have ended it")
            client.reset()
        return afterwards, received

    def _residue(self) -> Iterator[str]:
        """Look for what a case has left behind, and whether the next client is served."""
        timers = self.clock.getDelayedCalls()
        for timer in timers:
            yield f"the timer {timer} is left"
            timer.cancel()
        in_flight = self._graph.metrics.registry.get_sample_value(
            "inference_gateway_http_inflight_requests"
        )
        if in_flight or self._graph.in_flight:
            yield f"{in_flight} requests are in flight"
        if len(self._graph.connections):
            yield "a connection is still counted"
        yield from self._watch.take()
        client = self._connect()
        client.arrive(CALL.replace(b"\r\n", b"\r\n" + CLOSE + b"\r\n", 1))
        self._settle(client)
        if not client.received.startswith(b"HTTP/1.1 200 ") or ECHO not in client.received:
            yield "the next client is not served"
        client.reset()
        self._take_lines()

    def _take_lines(self) -> list[bytes]:
        self._writer.flush()
        return self._log.read().splitlines()
