"""The gateway as a Twisted service: in which order it starts, serves, drains and stops.

A shutdown is one coroutine, because its steps depend on each other; twistd waits for it.
"""

import os
import sys
import time
from typing import Any
from urllib.parse import quote

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import Factory
from twisted.logger import ILogObserver, Logger
from twisted.python.failure import Failure

from inference_gateway import __version__
from inference_gateway.config.load import Loaded
from inference_gateway.service.drain import Drain
from inference_gateway.service.graph import Graph, build
from inference_gateway.service.process import (
    most_connections,
    raise_open_file_limit,
    settle_memory,
    use_monotonic_time,
)
from inference_gateway.service.signals import Signals
from inference_gateway.telemetry.lines import LineWriter
from inference_gateway.telemetry.logs import LineObserver

_STANDARD_OUTPUT = 1
#: Connections the kernel holds for us until we accept them; Twisted's default of 50 is too few for
#: clients that all come at once.
_BACKLOG = 4096


class GatewayService(Service):
    """One gateway process. ``reactor`` is a running or soon running reactor."""

    name = "inference-gateway"
    _log = Logger()

    def __init__(self, loaded: Loaded, reactor: Any) -> None:
        self._reactor = reactor
        self._loaded = loaded
        self._settings = loaded.settings
        self._ports: list[IListeningPort] = []
        self._admin_ports: list[IListeningPort] = []
        self._drain: Drain | None = None
        use_monotonic_time(reactor)
        log = self._settings.telemetry.log
        if log.path is None:
            self._lines = LineWriter(_STANDARD_OUTPUT, reactor)
        else:
            self._lines = _log_file(log.path, reactor)
        self._observer = LineObserver(self._lines, level=log.level, text=log.format == "text")
        self.graph: Graph = build(
            self._settings,
            reactor,
            lines=self._lines,
            wall=time.time,
            most_connections=most_connections(raise_open_file_limit()),
        )
        self._signals = Signals(reactor, self._stop, self._hurry)

    def setServiceParent(self, parent: Any) -> None:
        """Join ``parent``; a whole application gets our observer in place of twistd's."""
        super().setServiceParent(parent)  # type: ignore[no-untyped-call]
        set_component = getattr(parent, "setComponent", None)
        if set_component is not None:
            set_component(ILogObserver, self._observer)

    def privilegedStartService(self) -> None:
        """Bind the listeners; ends the process with status 1 and one line if that fails."""
        super().privilegedStartService()  # type: ignore[no-untyped-call]
        server = self._settings.server
        for description in server.listen:
            self._listen(description, self.graph.factory, self._ports)
        if self.graph.admin_factory is not None:
            for description in server.admin_listen:
                self._listen(description, self.graph.admin_factory, self._admin_ports)

    def startService(self) -> None:
        """Begin to serve."""
        super().startService()  # type: ignore[no-untyped-call]
        self._reactor.callWhenRunning(self._started)

    async def _stop_in_order(self) -> None:
        started = self._reactor.seconds()
        server = self._settings.server
        graph = self.graph
        self._drain = drain = Drain(graph, self._reactor)
        graph.gate.leaving = True
        self._log.info("draining: {in_flight} in flight", in_flight=graph.in_flight)
        await drain.grace(server.drain_grace)
        graph.gate.draining = True
        graph.polling.stop()
        graph.health_checks.stop()
        for port in [*self._ports, *self._admin_ports]:
            await _maybe(port.stopListening())
        self._log.info("stopped listening: {in_flight} in flight", in_flight=graph.in_flight)
        result = await drain.finish(server.shutdown_timeout)
        graph.lag.stop()
        for agent in graph.agents:
            await agent.close()
        self._log.info(
            "stopped after {seconds} s: {finished} finished, {cut} cut",
            seconds=round(self._reactor.seconds() - started, 3),
            finished=result.finished,
            cut=result.cut,
        )
        self._lines.flush()
        self._signals.ignore()

    def stopService(self) -> "Deferred[None]":
        """Drain and stop; fires when nothing is left."""
        super().stopService()  # type: ignore[no-untyped-call]
        return Deferred.fromCoroutine(self._stop_in_order())

    # --- start

    def _listen(self, description: str, factory: Factory, ports: list[IListeningPort]) -> None:
        endpoint = serverFromString(self._reactor, _with_backlog(description))
        failures: list[Failure] = []
        endpoint.listen(factory).addCallbacks(ports.append, failures.append)
        for failure in failures:  # an exit from within the callback would go no further than that
            reason = getattr(failure.value, "socketError", failure.value)
            print(
                f"inference-gateway: cannot listen on {description}: {reason}", file=sys.__stderr__
            )
            raise SystemExit(1)

    def _started(self) -> None:
        self._signals.install()
        self.graph.lag.start()
        self.graph.polling.start()
        self.graph.health_checks.start()
        self.graph.metrics.generation.set(1)
        settle_memory()
        for warning in self._loaded.warnings:
            self._log.warn("{problem}", problem=warning)
        for port in self._ports:
            self._log.info(
                "inference-gateway {version} serves {address}; point OpenAI clients at"
                " base_url {address}/v1",
                version=__version__,
                address=_url(port.getHost()),
            )

        for port in self._admin_ports:
            self._log.info("administration listens on {address}", address=_url(port.getHost()))

    # --- signals

    def _stop(self, name: str) -> None:
        self._log.info("received {signal}", signal=name)
        self._reactor.stop()

    def _hurry(self, name: str) -> None:
        self._log.info("received {signal} again: not waiting any longer", signal=name)
        if self._drain is not None:
            self._drain.hurry()


def _log_file(path: str, reactor: Any) -> LineWriter:
    try:
        return LineWriter.to_path(path, reactor)
    except OSError as error:
        reason = error.strerror
        print(f"inference-gateway: cannot write the log {path}: {reason}", file=sys.__stderr__)
        raise SystemExit(1) from None


def _with_backlog(description: str) -> str:
    if description.startswith("tcp:") and ":backlog=" not in description:
        return f"{description}:backlog={_BACKLOG}"
    return description


def _url(address: Any) -> str:
    host = getattr(address, "host", None)
    if host is None:  # a UNIX socket, whose path is percent-encoded where a host would be
        return f"http+unix://{quote(os.fsdecode(address.name), safe='')}"
    return f"http://[{host}]:{address.port}" if ":" in host else f"http://{host}:{address.port}"


async def _maybe(result: "Deferred[Any] | None") -> None:
    if result is not None:
        await result
