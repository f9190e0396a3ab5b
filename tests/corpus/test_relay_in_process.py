"""Every case of the relay against the whole gateway in this process, on real sockets."""

import gc
import json
import socket
import time
from pathlib import Path
from typing import Any, cast

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IDelayedCall, IListeningPort, IReactorTCP
from twisted.internet.protocol import ServerFactory
from twisted.internet.task import deferLater
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import TestCase

from inference_gateway.config.settings import Settings
from inference_gateway.service.graph import build
from inference_gateway.telemetry.lines import LineWriter
from tests.corpus.driver_memory import LogWatch
from tests.corpus.relay_case import MODES, PAYLOADS, Connection, Mode, Owed, RelayCase, Route
from tests.corpus.relay_gateway import settings
from tests.corpus.relay_judge import judge, read_relayed
from tests.corpus.relay_payloads import BEGUN, STREAM, WORDS, chunked_head, in_chunk
from tests.corpus.relay_player import ask, call, ordinary, play, reactor
from tests.corpus.relay_rows import CASES
from tests.corpus.rows import complaint
from tests.corpus.scripted_upstream import ScriptedUpstream

LOOPBACK = "127.0.0.1"

tcp = cast(IReactorTCP, reactor)


class InProcessGateway:
    """A gateway on a socket; ``timers`` are those that are none of its own.

    It begins without connections to providers. `close` ends it.
    """

    def __init__(
        self,
        configured: Settings,
        upstream: ScriptedUpstream,
        log: Path,
        timers: set[IDelayedCall],
    ) -> None:
        self.upstream = upstream
        self._timers = timers
        self._writer = LineWriter.to_path(str(log), reactor)
        self._path = log
        self._told = log.stat().st_size
        self.graph = build(configured, reactor, lines=self._writer, wall=time.time)
        self._port = tcp.listenTCP(0, cast(ServerFactory, self.graph.factory), interface=LOOPBACK)
        self.port = _number(self._port)

    def lines(self) -> list[dict[str, Any]]:
        """Return what was logged, request by request."""
        self._writer.flush()
        told = self._path.read_bytes()[self._told :]
        return [json.loads(line) for line in told.splitlines()]

    async def close(self) -> list[str]:
        """End everything; return what was left behind."""
        faults = []
        turns = 200
        while len(self.graph.connections) and turns:  # the client's end closes first
            turns -= 1
            await deferLater(reactor, 0.001)
        if self.graph.in_flight or len(self.graph.connections):
            faults.append(
                f"{self.graph.in_flight} calls, {len(self.graph.connections)} connections"
            )
        gauge = self.graph.metrics.registry.get_sample_value(
            "inference_gateway_http_inflight_requests"
        )
        if gauge:
            faults.append(f"the gauge says {gauge}")
        for agent in self.graph.agents:
            await agent.close()
        for connection in list(self.upstream.connections):
            connection.end()
            await connection.closed
        await cast("Deferred[None]", self._port.stopListening())
        self._writer.close()
        left = _timers() - self._timers
        return faults + [f"the timer {timer} is left" for timer in left]


def _timers() -> set[IDelayedCall]:
    return set(cast(Any, reactor).getDelayedCalls())


def _number(port: IListeningPort) -> int:
    return int(port.getHost().port)  # type: ignore[attr-defined]


class RelayTests(TestCase):
    """One gateway for each case; those that wait for limits of time run at the same time."""

    timeout = 120

    def setUp(self) -> None:
        directory = Path(self.mktemp())
        directory.mkdir()
        self.log = directory / "access.log"
        self.upstream = ScriptedUpstream(reactor)
        port = tcp.listenTCP(0, self.upstream, interface=LOOPBACK)
        self.addCleanup(port.stopListening)
        # Bound and not listening: whoever connects is refused, and nobody else gets the port.
        refusing = socket.socket()
        self.addCleanup(refusing.close)
        refusing.bind((LOOPBACK, 0))
        self.settings = {
            talkative: settings(_number(port), refusing.getsockname()[1], talkative=talkative)
            for talkative in (False, True)
        }
        self.watch = LogWatch()
        globalLogPublisher.addObserver(self.watch)
        self.addCleanup(globalLogPublisher.removeObserver, self.watch)

    def gateway(self, *, talkative: bool) -> InProcessGateway:
        return InProcessGateway(self.settings[talkative], self.upstream, self.log, self.timers)

    async def alone(self, case: RelayCase) -> list[str]:
        """Play ``case`` to a gateway of its own, then an ordinary call."""
        gateway = self.gateway(talkative=case.talkative)
        faults = await self.one(gateway, case)
        if case.route is not Route.REFUSED:
            faults += await self.follow(gateway, case)
        return faults + await gateway.close() + self.watch.take()

    async def one(self, gateway: InProcessGateway, case: RelayCase) -> list[str]:
        close = 0.0 if case.owed.connection is Connection.ANY else 2.0
        if case.owed.connection is Connection.KEPT:
            close = 0.001
        evidence = await play(gateway.port, gateway.upstream, case, close=close)
        lines = [line for line in gateway.lines() if line["request_id"] == case.id]
        return judge(case, evidence, lines)

    async def follow(self, gateway: InProcessGateway, case: RelayCase) -> list[str]:
        """Make an ordinary call; it goes over the connection that was kept."""
        after = ordinary(case, "after")
        answer = read_relayed(await ask(gateway.port, gateway.upstream, after))
        if answer.status != 200 or not answer.whole:
            return [f"the next call gets {answer}"]
        if case.owed.connection is Connection.KEPT:
            used = [gateway.upstream.received(id)[-1].connection for id in (case.id, after.id)]
            if used[0] is not used[1]:
                return ["the connection was not used again"]
        return []

    async def test_every_case(self) -> None:
        """Whatever its providers do, a client gets what it is owed, and nothing is left behind."""
        await deferLater(reactor, 0)  # the test's own limit of time begins
        self.timers = _timers()
        failures: dict[str, list[str]] = {}
        slow = [case for case in CASES if case.route is Route.HASTY]
        for case in CASES:
            if case.route is not Route.HASTY and (faults := await self.alone(case)):
                failures[case.id] = faults
        for talkative in (False, True):
            failures.update(
                await self.together([case for case in slow if case.talkative is talkative])
            )
        gc.collect()
        failures["log"] = [*self.watch.take(), *map(str, self.flushLoggedErrors())]
        failures = {id: faults for id, faults in failures.items() if faults}
        print(f"\nrelay in process: {len(CASES) - len(failures)} cases passed")
        self.assertEqual(failures, {}, complaint(failures))

    async def test_a_call_that_comes_back(self) -> None:
        """What the gateway sent itself is refused, and goes to no provider a second time."""
        await deferLater(reactor, 0)
        self.timers = _timers()
        gateway = self.gateway(talkative=False)
        case = CASES[0]
        there, back = ordinary(case, "there"), ordinary(case, "back")
        await ask(gateway.port, self.upstream, there)
        (via,) = self.upstream.received(there.id)[0].headers[b"via"]
        received = await ask(gateway.port, self.upstream, back, b"Via: 1.1 front, " + via)
        answer = read_relayed(received)
        error = json.loads(answer.body)["error"]
        self.assertEqual(
            (answer.status, error["type"], error["code"]),
            (500, "internal_error", "configuration_error"),
        )
        self.assertEqual(self.upstream.received(back.id), [])
        self.assertEqual(gateway.lines()[-1]["verdict"], "internal")
        self.assertEqual(await gateway.close() + self.watch.take(), [])

    async def test_clients_that_leave(self) -> None:
        """When a client leaves, its provider is left at once, whatever had come by then."""
        await deferLater(reactor, 0)
        self.timers = _timers()
        for mode in MODES:
            good = PAYLOADS[mode]
            begun = b"".join(BEGUN) if good is STREAM else good.body[:60]
            for number, script in enumerate(
                ((), (chunked_head(good),), (chunked_head(good) + in_chunk(begun),))
            ):
                case = RelayCase(
                    id=f"left.{number}.{mode.value}", mode=mode, scripts=(script,), owed=Owed()
                )
                self.assertEqual(await self.left(case, seen=number == 2), [], case.id)

    async def test_leaving_needs_no_collector(self) -> None:
        """What a client that leaves took is freed at once: there is no circle to be searched for.

        When thousands leave at once, searching would take longer than leaving their providers.
        """
        await deferLater(reactor, 0)
        self.timers = _timers()
        gateway = self.gateway(talkative=False)
        script = (chunked_head(STREAM) + in_chunk(b"".join(BEGUN)),)
        case = RelayCase(id="circle", mode=Mode.STREAM, scripts=(script,), owed=Owed())
        await self.follow(gateway, case)
        gc.collect()
        self.addCleanup(gc.garbage.clear)
        self.addCleanup(gc.set_debug, 0)
        gc.set_debug(gc.DEBUG_SAVEALL)
        client = await call(gateway.port, self.upstream, case)
        while WORDS[0] not in client.received:
            await deferLater(reactor, 0.001)
        client.leave()
        await self.upstream.received(case.id)[0].connection.closed
        await deferLater(reactor, 0.01)
        gc.collect()
        kinds = {type(found) for found in gc.garbage}
        ours = {kind.__name__ for kind in kinds if kind.__module__.startswith("inference_gateway")}
        # Twisted's connector and its connection hold each other, and the factory they were made by.
        self.assertEqual(ours - {"_Factory"}, set())
        self.assertEqual(await gateway.close() + self.watch.take(), [])

    async def left(self, case: RelayCase, *, seen: bool) -> list[str]:
        """Leave in the middle of ``case``, of a stream when its content has been ``seen``."""
        gateway = self.gateway(talkative=False)
        client = await call(gateway.port, self.upstream, case)
        wanted = WORDS[0] if seen and case.mode is Mode.STREAM else b""
        while not self.upstream.received(case.id) or wanted not in client.received:
            await deferLater(reactor, 0.001)
        for _ in range(5):  # what was sent beside that comes in
            await deferLater(reactor, 0.001)
        begun = reactor.seconds()
        client.leave()
        await self.upstream.received(case.id)[0].connection.closed
        faults = []
        if reactor.seconds() - begun > 0.5:  # 50 ms are promised, to a machine that is not busy
            faults.append("the provider was left late")
        (line,) = gateway.lines()
        ended = (line["status"], line["verdict"], line["attempts"][0]["verdict"])
        if ended != (499, "client_gone", "client_gone"):
            faults.append(f"the log says {ended}")
        faults += await self.follow(gateway, case)
        return faults + await gateway.close() + self.watch.take()

    async def together(self, cases: list[RelayCase]) -> dict[str, list[str]]:
        """Play ``cases`` at the same time to one gateway."""
        gateway = self.gateway(talkative=cases[0].talkative)
        found = await gatherResults(
            [Deferred.fromCoroutine(self.one(gateway, case)) for case in cases], consumeErrors=True
        )
        failures = {case.id: faults for case, faults in zip(cases, found, strict=True)}
        failures["hasty"] = await self.follow(gateway, cases[0]) + await gateway.close()
        return failures
