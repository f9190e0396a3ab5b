"""Our server with clients of other make: Twisted's own agent gets what ours gets, on sockets."""

from io import BytesIO
from typing import Any

import orjson
from treq import content
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase
from twisted.web.client import Agent as StockAgent
from twisted.web.client import FileBodyProducer, HTTPConnectionPool
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent

from inference_gateway.config.settings import ProviderSettings, Settings
from inference_gateway.http1.agent import Agent
from inference_gateway.service.graph import build
from tests.telemetry.files import MemoryLog

JSON = Headers({b"Content-Type": [b"application/json"], b"X-Request-ID": [b"r-1"]})
SAY = {"model": "echo", "messages": [{"role": "user", "content": "hello"}]}


class ClientTests(TestCase):
    """Whoever speaks HTTP/1.1 gets the same answers, one after another on one connection."""

    def setUp(self) -> None:
        clock: Any = reactor
        self.graph = build(
            Settings(providers=(ProviderSettings(id="echo", models={"echo": "echo"}),)),
            clock,
            lines=MemoryLog(Clock(), self.addCleanup).lines,
            wall=lambda: 1.0,
        )
        port = clock.listenTCP(0, self.graph.factory, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        self.url = b"http://127.0.0.1:%d/v1/chat/completions" % port.getHost().port

    async def ask(self, agent: IAgent, value: object) -> tuple[int, bytes, bytes]:
        """Return status, content type and body of the answer to ``value``."""
        producer = FileBodyProducer(BytesIO(orjson.dumps(value)))
        response = await agent.request(b"POST", self.url, JSON, producer)
        body = await content(response)
        return response.code, response.headers.getRawHeaders(b"content-type")[0], body

    async def same(self) -> None:
        """Ask the same things through both agents."""
        pool = HTTPConnectionPool(reactor)
        ours = Agent(reactor)
        agents = [StockAgent(reactor, pool=pool), ours]
        for value, status in ((SAY, 200), ({**SAY, "stream": True}, 200), ({**SAY, "n": 0}, 400)):
            answers = [await self.ask(agent, value) for agent in agents]
            self.assertEqual(answers[0], answers[1])
            self.assertEqual(answers[0][0], status)
        self.assertEqual(len(self.graph.connections), 2)
        await pool.closeCachedConnections()
        await ours.close()

    def test_same(self) -> "Deferred[None]":
        """Plain, streamed and refused, the two agents read the same bytes."""
        return Deferred.fromCoroutine(self.same())
