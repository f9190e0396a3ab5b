"""The service: how it starts, what it says, and in which order it stops."""

import os
import signal
import sys
from collections.abc import Callable
from io import StringIO
from typing import Any

from twisted.application.service import Application, IServiceCollection, MultiService
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import ILogObserver, capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.load import Flags, load
from inference_gateway.service.lifecycle import GatewayService
from tests.api.gateway import Client
from tests.config.loading import loaded
from tests.pipeline.chats import request
from tests.service.processes import keep_process

CONFIGURATION = """
version: one
server:
  listen: ["tcp:8000:interface=127.0.0.1", "tcp6:8001:interface=\\\\:\\\\:1", "unix:/tmp/gw.sock"]
  admin_listen: ["tcp:9000:interface=127.0.0.1"]
  drain_grace: 1s
  shutdown_timeout: 2s
"""


class Reactor(MemoryReactorClock):
    """A reactor in memory whose time is the test's, whoever wants another."""

    occupied = False

    def __init__(self) -> None:
        super().__init__()
        self.hasStopped = False
        #: What closing a port of ours returns.
        self.closing: Deferred[None] | None = None

    def __setattr__(self, name: str, value: object) -> None:
        if name != "seconds":
            super().__setattr__(name, value)

    def stop(self) -> None:
        self.hasStopped = True

    def callFromThread(self, function: Callable[..., object], *arguments: Any) -> None:
        function(*arguments)

    def listenTCP(self, port: int, *arguments: Any, **named: Any) -> Any:
        if self.occupied:
            raise CannotListenError("127.0.0.1", port, OSError(98, "Address already in use"))
        opened = super().listenTCP(port, *arguments, **named)
        opened.stopListening = lambda: self.closing
        return opened


class LifecycleTestCase(SynchronousTestCase):
    """A service on a reactor in memory."""

    text: str | None = None

    def setUp(self) -> None:
        keep_process(self.addCleanup)
        self.reactor = Reactor()
        self.reactor.advance(1000.0)
        self.path = self.mktemp()
        log = f"telemetry: {{log: {{path: {self.path}}}}}\n"
        text = (self.text or "version: one\n") + log
        self.service = GatewayService(loaded(text), self.reactor)

    def start(self) -> list[str]:
        """Start the service and run the reactor; return what was logged."""
        with capturedLogs() as events:
            self.service.privilegedStartService()
            self.service.startService()
            self.reactor.run()
        return [formatEvent(event) for event in events]

    def stop(self, seconds: float = 0.0) -> list[str]:
        """Stop the service, let time pass, and return what was logged."""
        with capturedLogs() as events:
            self.stopped: Deferred[None] = self.service.stopService()
            self.reactor.pump([0.02] * round(seconds / 0.02))
        return [formatEvent(event) for event in events]

    def client(self) -> Client:
        """Return a client of the main listener."""
        return Client(self.service.graph.factory.buildProtocol(None))  # type: ignore[arg-type]


class StartTests(LifecycleTestCase):
    """From nothing to serving."""

    text = CONFIGURATION

    def test_listens(self) -> None:
        """It listens where it was told, with room for many clients at once."""
        self.start()
        self.assertEqual(
            [(port, interface, backlog) for port, _, backlog, interface in self.reactor.tcpServers],
            [(8000, "127.0.0.1", 4096), (8001, "::1", 50), (9000, "127.0.0.1", 4096)],
        )
        self.assertEqual([address for address, *_ in self.reactor.unixServers], ["/tmp/gw.sock"])
        main, _, admin = [factory for _, factory, _, _ in self.reactor.tcpServers]
        self.assertIs(main, self.service.graph.factory)
        self.assertIs(admin, self.service.graph.admin_factory)
        self.stop(2.0)

    def test_backlog_of_ones_own(self) -> None:
        """Who names a backlog gets it."""
        flags = Flags(listen=("tcp:8000:interface=127.0.0.1:backlog=7",))
        service = GatewayService(load(flags, {}), self.reactor)
        service.privilegedStartService()
        self.assertEqual([backlog for _, _, backlog, _ in self.reactor.tcpServers], [7])

    def test_says_where(self) -> None:
        """It says for each listener where to point a client."""
        lines = self.start()
        for url in ("http://0.0.0.0:8000", "http://[::1]:8001", "http+unix://%2Ftmp%2Fgw.sock"):
            (line,) = [line for line in lines if f" serves {url};" in line]
            self.assertTrue(line.endswith(f" base_url {url}/v1"))
        self.stop(2.0)

    def test_generation(self) -> None:
        """The first configuration is generation 1."""
        self.start()
        self.assertIn(b"config_generation 1.0", self.service.graph.metrics.expose())
        self.stop(2.0)

    def test_occupied(self) -> None:
        """A port that is taken ends the process with status 1 and one line."""
        self.reactor.occupied = True
        output = StringIO()
        self.patch(sys, "__stderr__", output)
        stop: SystemExit = self.assertRaises(SystemExit, self.service.privilegedStartService)
        self.assertEqual(stop.code, 1)
        (line,) = output.getvalue().splitlines()
        self.assertIn("cannot listen on tcp:8000", line)
        self.assertIn("Address already in use", line)

    def test_no_log(self) -> None:
        """A log that cannot be written ends the process the same way."""
        output = StringIO()
        self.patch(sys, "__stderr__", output)
        settings = loaded("telemetry: {log: {path: /nowhere/at/all.log}}\n")
        stop: SystemExit = self.assertRaises(SystemExit, GatewayService, settings, self.reactor)
        self.assertEqual(stop.code, 1)
        (line,) = output.getvalue().splitlines()
        self.assertIn("cannot write the log /nowhere/at/all.log: No such file", line)

    def test_warnings(self) -> None:
        """What the configuration warned of is logged."""
        service = GatewayService(load(Flags(), {"HOST": "no address"}), self.reactor)
        self.service = service
        self.assertTrue([line for line in self.start() if "HOST" in line])
        self.stop()


class ObserverTests(LifecycleTestCase):
    """Where the process's own log goes."""

    def test_application(self) -> None:
        """An application gets our observer."""
        application: Any = Application("gateway")
        self.service.setServiceParent(application)
        observer = ILogObserver(application)
        observer({"log_format": "hello", "log_time": 0.0})
        self.stop()
        with open(self.path, encoding="utf-8") as file:
            self.assertIn('"message":"hello"', file.read())
        self.assertEqual(list(IServiceCollection(application)), [self.service])

    def test_other_parent(self) -> None:
        """Any other parent is joined and left as it is."""
        parent = MultiService()
        self.service.setServiceParent(parent)
        self.assertEqual(parent.services, [self.service])


class StopTests(LifecycleTestCase):
    """From serving to nothing."""

    text = CONFIGURATION

    def setUp(self) -> None:
        super().setUp()
        self.start()

    def status(self, client: Client, target: str) -> int:
        """Return the status that a request gets on a connection that is open."""
        client.send("GET", target)
        return client.answers[-1].status

    def test_order(self) -> None:
        """It tells that it leaves, serves for the grace, then stops listening and drains."""
        client = self.client()
        lines = self.stop(0.5)
        self.assertEqual(lines, ["draining: 0 in flight"])
        self.assertEqual(self.status(client, "/health/ready"), 503)
        self.assertEqual(self.status(client, "/v1/models"), 200)
        self.assertNoResult(self.stopped)
        with capturedLogs() as events:
            self.reactor.pump([0.02] * 30)
        self.assertTrue(client.connection.closed)
        client.connection.hang_up()
        with capturedLogs() as more:
            self.reactor.pump([0.02] * 5)
        self.successResultOf(self.stopped)
        stopped, last = [formatEvent(event) for event in [*events, *more]]
        self.assertEqual(stopped, "stopped listening: 0 in flight")
        self.assertRegex(last, r"^stopped after 1\.[01][0-9]* s: 0 finished, 0 cut$")

    def test_running_call(self) -> None:
        """A running call holds it up until the deadline, and no new one may start meanwhile."""
        busy, idle = self.client(), self.client()
        busy.send("POST", "/v1/chat/completions", request("echo/silent"))
        lines = self.stop(1.1)
        self.assertEqual(lines[0], "draining: 1 in flight")
        self.assertTrue(idle.connection.closed)
        idle.connection.hang_up()
        late = self.client()
        self.assertEqual(self.status(late, "/v1/models"), 503)
        late.connection.hang_up()
        with capturedLogs() as events:
            self.reactor.pump([0.02] * 120)
        self.assertEqual(busy.answer.status, 503)
        self.successResultOf(self.stopped)
        self.assertIn("0 finished, 1 cut", formatEvent(events[-1]))

    def test_ports(self) -> None:
        """It waits for ports that take their time to close."""
        closing: Deferred[None] = Deferred()
        self.reactor.closing = closing
        self.assertEqual(self.stop(1.1), ["draining: 0 in flight"])
        self.assertNoResult(self.stopped)
        closing.callback(None)
        self.reactor.pump([0.02] * 5)
        self.successResultOf(self.stopped)

    def test_nothing_left(self) -> None:
        """Afterwards no timer runs."""
        self.stop(1.1)
        self.successResultOf(self.stopped)
        self.assertEqual(self.reactor.getDelayedCalls(), [])


class SignalTests(LifecycleTestCase):
    """What the process's signals do."""

    text = CONFIGURATION

    def deliver(self, number: int) -> list[str]:
        """Send this process a signal and return what was logged."""
        with capturedLogs() as events:
            os.kill(os.getpid(), number)
        return [formatEvent(event) for event in events]

    def test_first(self) -> None:
        """The first stops the reactor, which has the service stopped."""
        self.start()
        self.assertEqual(self.deliver(signal.SIGTERM), ["received SIGTERM"])
        self.assertTrue(self.reactor.hasStopped)

    def test_again(self) -> None:
        """The next cuts the drain short."""
        self.start()
        client = self.client()
        client.send("POST", "/v1/chat/completions", request("echo/silent"))
        self.deliver(signal.SIGTERM)
        self.stop(0.1)
        self.assertNoResult(self.stopped)
        (line,) = self.deliver(signal.SIGINT)
        self.assertIn("received SIGINT again", line)
        self.reactor.pump([0.02] * 20)
        self.successResultOf(self.stopped)
        self.assertEqual(client.answer.status, 503)

    def test_again_before_the_drain(self) -> None:
        """A second one that comes too early to cut anything short does no harm."""
        self.start()
        self.deliver(signal.SIGTERM)
        self.deliver(signal.SIGTERM)
        self.stop(1.1)
        self.successResultOf(self.stopped)
