"""Discovery through the whole gateway: a provider's list on one side, clients on the other."""

from typing import Any

from twisted.internet.error import ConnectionRefusedError
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.service.graph import build
from tests.api.gateway import Client
from tests.config.loading import loaded
from tests.http1.fake_upstream import FakeSocket, MemoryNetwork
from tests.pipeline.chats import request
from tests.service.test_lifecycle import LifecycleTestCase
from tests.telemetry.files import MemoryLog
from tests.upstream.asking import response
from tests.upstream.test_model_list import body

CONFIGURATION = """
version: one
server: {root_path: /gw}
providers:
- {id: gpu, type: openai, base_url: "http://127.0.0.1:8001/v1", discover: true, models: [own]}
- {id: cpu, type: openai, base_url: "http://127.0.0.1:8002/v1", models: ["*"]}
"""
FILE = "/srv/models/tiny.gguf"


class DiscoveryTests(SynchronousTestCase):
    """One provider that is asked and one that is not."""

    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.log = MemoryLog(Clock(), self.addCleanup)
        self.graph = build(
            loaded(CONFIGURATION).settings,
            self.network.reactor,
            lines=self.log.lines,
            wall=lambda: 1.7e9,
        )
        self.graph.polling.start()

    def tearDown(self) -> None:
        self.graph.polling.stop()
        for agent in self.graph.agents:
            agent.close()
        self.network.turn()

    def answer(self, *names: str) -> FakeSocket:
        """Have the provider answer with a list."""
        socket = self.network.accept()
        socket.answer(response(body=body(*names)))
        return socket

    def ask(self, method: str, target: str, content: bytes | None = None) -> Client:
        """Return a client that asked."""
        protocol: Any = self.graph.factory.buildProtocol(None)
        client = Client(protocol)
        client.send(method, target, content)
        return client

    def models(self) -> list[dict[str, Any]]:
        """Return the list that clients see."""
        data: list[dict[str, Any]] = self.ask("GET", "/v1/models").answer.json["data"]
        return data

    def test_list(self) -> None:
        """What the provider lists is listed with it as the owner, behind what is configured."""
        self.assertEqual([model["id"] for model in self.models()], ["own"])
        self.assertEqual(self.network.attempts, 1)
        self.answer("org/a", "own", "b")
        models = self.models()
        self.assertEqual(
            [(model["id"], model["owned_by"]) for model in models],
            [("own", "gpu"), ("org/a", "gpu"), ("b", "gpu")],
        )
        self.assertEqual(len({model["created"] for model in models}), 1)
        self.assertFalse(any("stale" in model for model in models))

    def test_one(self) -> None:
        """One model is found by any spelling of its id, also below the root path."""
        self.answer("org/model-a", FILE)
        for spelling, id in (
            ("org/model-a", "org/model-a"),
            ("org%2Fmodel-a", "org/model-a"),
            ("org%2fmodel%2Da", "org/model-a"),
            (FILE, FILE),
            ("%2Fsrv%2Fmodels%2Ftiny.gguf", FILE),
        ):
            for root in ("", "/gw"):
                answer = self.ask("GET", f"{root}/v1/models/{spelling}").answer
                self.assertEqual((answer.status, answer.json["id"]), (200, id), spelling)

    def test_call(self) -> None:
        """A call for a discovered model goes where it was found, and is counted without name."""
        self.answer("org/a").end()
        self.ask("POST", "/v1/chat/completions", request("org/a"))
        _, port, *_ = self.network.reactor.tcpClients[-1]
        self.assertEqual(port, 8001)
        socket = self.network.accept()
        self.assertIn(b'"model":"org/a"', socket.value().replace(b" ", b""))
        socket.answer(response(400))
        self.assertEqual(self.log.records[-1]["status"], 400)
        exposed = self.graph.metrics.expose().decode()
        self.assertIn('gen_ai_request_model="discovered"', exposed)
        self.assertNotIn("org/a", exposed)

    def test_stale(self) -> None:
        """When the provider goes away its models stay, and after three intervals they are stale."""
        self.answer("a").end()
        for minutes in (1, 2, 3):
            self.network.reactor.advance(66.0)
            self.assertEqual(self.network.attempts, 1 + minutes)
            self.network.refuse(ConnectionRefusedError())
            stale = {model["id"]: model.get("stale") for model in self.models()}
            self.assertEqual(stale, {"own": None, "a": True if minutes == 3 else None})
        self.assertTrue(self.ask("GET", "/v1/models/a").answer.json["stale"])
        self.network.reactor.advance(66.0)
        self.answer("a", "b")
        self.assertEqual(
            [(model["id"], "stale" in model) for model in self.models()],
            [("own", False), ("a", False), ("b", False)],
        )

    def test_readiness(self) -> None:
        """Whether a list came has nothing to do with being ready."""
        self.network.refuse(ConnectionRefusedError())
        self.assertEqual(self.ask("GET", "/health/ready").answer.status, 200)


class LifecycleTests(LifecycleTestCase):
    """From the start of the process to its end."""

    text = CONFIGURATION

    def test_life(self) -> None:
        """Asking begins when the gateway serves, and ends before its connections are closed."""
        self.assertEqual(len(self.reactor.tcpClients), 0)
        self.start()
        self.assertEqual([port for _, port, *_ in self.reactor.tcpClients], [8001])
        said = self.stop(5.0)
        self.successResultOf(self.stopped)
        self.reactor.advance(1000.0)
        self.assertEqual(len(self.reactor.tcpClients), 1)
        self.assertFalse([line for line in said if "provider" in line])
