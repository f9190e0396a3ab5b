"""Every case of the relay against a real ``twistd``, many at once."""

import json
import socket
from typing import Any, cast

from twisted.internet.defer import DeferredSemaphore, gatherResults
from twisted.internet.interfaces import IListeningPort, IReactorTCP
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from tests.acceptance.gateway import Gateway, eventually
from tests.corpus.relay_case import Connection, RelayCase, Route
from tests.corpus.relay_gateway import ENVIRONMENT, configuration
from tests.corpus.relay_judge import judge, read_relayed
from tests.corpus.relay_player import RelayEvidence, ask, ordinary, play, reactor
from tests.corpus.relay_rows import CASES
from tests.corpus.rows import complaint
from tests.corpus.scripted_upstream import ScriptedUpstream

LOOPBACK = "127.0.0.1"

#: Calls at once.
_CLIENTS = 8


class RelayTests(TestCase):
    """One gateway for the cases of each configuration."""

    timeout = 180

    def setUp(self) -> None:
        self.upstream = ScriptedUpstream(reactor)
        tcp = cast(IReactorTCP, reactor)
        self.port: IListeningPort = tcp.listenTCP(0, self.upstream, interface=LOOPBACK)
        self.addCleanup(self.port.stopListening)
        # Bound and not listening: whoever connects is refused, and nobody else gets the port.
        self.refusing = socket.socket()
        self.addCleanup(self.refusing.close)
        self.refusing.bind((LOOPBACK, 0))

    async def start(self, *, talkative: bool) -> Gateway:
        upstream = cast(Any, self.port.getHost()).port
        refusing = self.refusing.getsockname()[1]
        gateway = Gateway(
            configuration(upstream, refusing, talkative=talkative), environment=ENVIRONMENT
        )
        self.addCleanup(gateway.stop)
        await deferToThread(gateway.serving)
        return gateway

    async def every_case(self, *, talkative: bool) -> None:
        gateway = await self.start(talkative=talkative)
        port = gateway.address[1]
        # Whose connection a call gets is known only where it is the first to be used, so one that
        # counts on an old one is not for this.
        cases = [case for case in CASES if case.talkative is talkative and not case.warm]
        first = [case for case in cases if case.alone and case.route is Route.ONE]
        rest = [case for case in cases if not case.alone]
        # the long ones come first, so that the others run beside them
        rest.sort(key=lambda case: case.route is not Route.HASTY)
        cases = first + rest
        gate = DeferredSemaphore(_CLIENTS)

        async def one(case: RelayCase) -> RelayEvidence:
            close = 3.0 if case.owed.connection is Connection.CLOSED else 0.0
            return await play(port, self.upstream, case, close=close)

        played = [await one(case) for case in first]
        played += await gatherResults([gate.run(one, case) for case in rest], consumeErrors=True)
        after = read_relayed(await ask(port, self.upstream, ordinary(cases[0], "after")))
        idle = await deferToThread(eventually, gateway.idle)
        complaints = await deferToThread(gateway.complaints)
        self.assertEqual(await deferToThread(gateway.stop), 0)

        lines: dict[str, list[dict[str, Any]]] = {}
        for line in map(json.loads, gateway.lines):
            if line["event"] == "request":
                lines.setdefault(line["request_id"], []).append(line)
        failures = {
            case.id: faults
            for case, evidence in zip(cases, played, strict=True)
            if (faults := judge(case, evidence, lines.get(case.id, [])))
        }
        print(f"\nrelay through twistd: {len(cases) - len(failures)} cases passed")
        self.assertEqual(failures, {}, complaint(failures))
        self.assertEqual((after.status, after.whole, idle, complaints), (200, True, True, []))

    async def test_every_case(self) -> None:
        """Whatever its providers do, a client gets what it is owed, and the process is well."""
        await self.every_case(talkative=False)

    async def test_comments(self) -> None:
        """So it does where silence is broken by comments."""
        await self.every_case(talkative=True)
