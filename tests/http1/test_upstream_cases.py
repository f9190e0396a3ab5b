"""Every upstream of section P against the agent, in memory and over real sockets."""

import sys
from typing import cast

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss

from inference_gateway.http1.agent import Agent
from inference_gateway.http1.connection import ExchangeBroken
from inference_gateway.http1.origin import Origin
from inference_gateway.http1.response import Response
from inference_gateway.http1.response_rules import BadResponse
from tests.corpus.upstream_cases import CASES, End, Step, UpstreamCase
from tests.http1.fake_upstream import OK, ORIGIN, BodyReceiver, MemoryNetwork, reactor

ENDS: dict[type[BaseException] | None, End] = {
    ResponseDone: End.COMPLETE,
    PotentialDataLoss: End.UNSURE,
    ExchangeBroken: End.BROKEN,
    BadResponse: End.BAD,
}


def request(case: UpstreamCase) -> bytes:
    return b"%b / HTTP/1.1\r\nHost: upstream\r\n\r\n" % case.method.encode()


class Caller:
    """Makes one request and keeps everything that comes of it."""

    def __init__(self, answer: Deferred[Response]) -> None:
        self.response: Response | None = None
        self.receiver = BodyReceiver()
        self.error: type[BaseException] | None = None
        self.answer = answer.addCallbacks(self._answered, self._failed)

    def _answered(self, response: Response) -> None:
        self.response = response
        response.deliverBody(self.receiver)

    def _failed(self, failure: Failure) -> None:
        self.error = failure.type

    @property
    def end(self) -> End:
        if self.error is not None:
            return ENDS[self.error]
        return ENDS[self.receiver.ends[0]] if self.receiver.ends else End.PENDING

    def problems(self, case: UpstreamCase) -> list[str]:
        """Say what differs from the case's expectation."""
        found: dict[str, object] = {
            "status": self.response.code if self.response else None,
            "body": self.receiver.body,
            "end": self.end,
            "ends": len(self.receiver.ends) <= 1,
        }
        owed: dict[str, object] = {
            "status": case.status,
            "body": case.body,
            "end": case.end,
            "ends": True,
        }
        if self.response is not None:
            found["fields"] = {name: self.response.header(name) for name in case.fields}
            owed["fields"] = case.fields
        return [f"{case.id}: {key} {found[key]!r:.80}" for key in owed if owed[key] != found[key]]


class MemoryTests(SynchronousTestCase):
    """The cases on sockets in memory."""

    def play(self, case: UpstreamCase) -> list[str]:
        network = MemoryNetwork()
        agent = Agent(network.reactor)
        caller = Caller(agent.send(ORIGIN, request(case)))
        socket = network.accept()
        for step in case.steps:
            if step is Step.FIN:
                socket.end()
            elif step is Step.RST:
                socket.reset()
            elif isinstance(step, bytes):
                socket.answer(step)
            network.turn()
        problems = caller.problems(case)
        if case.end is End.PENDING:
            if caller.response is not None:
                caller.response.abort()
            caller.answer.cancel()
            network.turn()
        problems += self.ordinary(case, network, agent)
        agent.close()
        network.turn()
        if agent.open_connections or network.reactor.getDelayedCalls():
            problems.append(f"{case.id}: something is left")
        return problems

    def ordinary(self, case: UpstreamCase, network: MemoryNetwork, agent: Agent) -> list[str]:
        """Make an ordinary request, on the same connection if that may be."""
        caller = Caller(agent.send(ORIGIN, request(case)))
        reused = network.attempts == 1
        socket = network.sockets[-1] if reused else network.accept()
        socket.answer(OK[:-2] if case.method == "HEAD" else OK)
        problems = [] if reused == case.reusable else [f"{case.id}: reused {reused}"]
        if caller.end is not End.COMPLETE:
            problems.append(f"{case.id}: the next request got {caller.end}")
        return problems

    def test_cases(self) -> None:
        """Each upstream gets its due, and none of them hurts the next request."""
        problems = [problem for case in CASES for problem in self.play(case)]
        self.assertEqual(problems, [])
        rows = {case.id.split()[0] for case in CASES}
        sys.stdout.write(f"upstream cases: {len(CASES)} passed over {len(rows)} rows\n")

    def test_ids(self) -> None:
        """Every case has a name of its own."""
        self.assertEqual(len({case.id for case in CASES}), len(CASES))


class ScriptedServer(Protocol):
    """Plays a case's steps at the first request of its upstream, and answers the others well."""

    def __init__(self, upstream: "ScriptedUpstream") -> None:
        self._upstream = upstream
        self._read = b""

    def connectionMade(self) -> None:
        self.socket = cast(ITCPTransport, self.transport)
        self._upstream.connections.add(self)
        self._upstream.accepted += 1

    def dataReceived(self, data: bytes) -> None:
        self._read += data
        if self._read.endswith(b"\r\n\r\n"):
            head_only = self._read.startswith(b"HEAD")
            self._read = b""
            self._upstream.requests += 1
            if self._upstream.requests > 1:
                self.socket.write(OK[:-2] if head_only else OK)
            else:
                for step in self._upstream.case.steps:
                    self.play(step)

    def play(self, step: bytes | Step) -> None:
        if step is Step.FIN:
            self.socket.loseConnection()
        elif step is Step.RST:
            # What was written before must be on its way, or it is lost with the connection.
            reactor.callLater(0.02, self.socket.abortConnection)
        elif isinstance(step, bytes):
            self.socket.write(step)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._upstream.connections.discard(self)
        if not self._upstream.connections:
            self._upstream.idle.callback(None)
            self._upstream.idle = Deferred()


class ScriptedUpstream(Factory):
    """A listening upstream that behaves as its case says."""

    noisy = False

    def __init__(self, case: UpstreamCase) -> None:
        self.case = case
        self.connections: set[ScriptedServer] = set()
        self.accepted = 0
        self.requests = 0
        self.idle: Deferred[None] = Deferred()

    def buildProtocol(self, addr: object) -> ScriptedServer:
        return ScriptedServer(self)


class SocketTests(TestCase):
    """The cases on real sockets."""

    timeout = 30

    async def play(self, case: UpstreamCase) -> list[str]:
        upstream = ScriptedUpstream(case)
        port = reactor.listenTCP(0, upstream, interface="127.0.0.1")
        origin = Origin(scheme="http", host="127.0.0.1", port=port.getHost().port)
        agent = Agent(reactor)
        caller = Caller(agent.send(origin, request(case)))
        await self.settled(caller, case)
        problems = caller.problems(case)
        if case.end is End.PENDING:
            if caller.response is not None:
                caller.response.abort()
            caller.answer.cancel()
        follower = Caller(agent.send(origin, request(case)))
        while not follower.receiver.ends and follower.error is None:
            await deferLater(reactor, 0.001)
        reused = upstream.accepted == 1
        if follower.end is not End.COMPLETE:
            problems.append(f"{case.id}: the next request got {follower.end}")
        if reused != case.reusable:
            problems.append(f"{case.id}: reused {reused}")
        idle = upstream.idle
        await agent.close()
        if upstream.connections:
            await idle
        await port.stopListening()
        return problems

    async def settled(self, caller: Caller, case: UpstreamCase) -> None:
        """Wait for the end, or long enough to see that there is none."""
        looks = 20 if case.end is End.PENDING else 2_000
        while looks and not caller.receiver.ends and caller.error is None:
            await deferLater(reactor, 0.002)
            looks -= 1

    async def test_cases(self) -> None:
        """Each upstream gets its due, and none of them hurts the next request."""
        results = await gatherResults(
            [Deferred.fromCoroutine(self.play(case)) for case in CASES], consumeErrors=True
        )
        self.assertEqual([problem for problems in results for problem in problems], [])
        sys.stdout.write(f"upstream cases on real sockets: {len(CASES)} passed\n")
