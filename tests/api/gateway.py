"""A whole gateway in memory: real layers between clients and providers played by the test."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from twisted.internet.interfaces import IProtocol
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.server import Site

from inference_gateway.api.answering import Answering
from inference_gateway.api.connections import Connections, SiteFactory
from inference_gateway.api.forwarding import Forwarding
from inference_gateway.api.model_calls import ModelCalls
from inference_gateway.api.models import Models
from inference_gateway.api.probes import Exposition, Probes
from inference_gateway.api.respond import Responder
from inference_gateway.api.responses import Responses
from inference_gateway.api.router import Access, Router
from inference_gateway.api.site import Application, GatewayResource
from inference_gateway.config.routing_settings import ModelRouteSettings, RoutingSettings
from inference_gateway.exchange import Principal
from inference_gateway.http1.answer import DateLine
from inference_gateway.http1.limits import Limits
from inference_gateway.interfaces import Service
from inference_gateway.pipeline.admit import Gate
from inference_gateway.pipeline.authenticate import KeyAuthenticator
from inference_gateway.pipeline.by_id import ById
from inference_gateway.pipeline.observe import CallObserver
from inference_gateway.pipeline.stack import stack
from inference_gateway.routing.affinity import ResponseAffinity
from inference_gateway.routing.roster import Roster
from inference_gateway.routing.table import ModelTable
from inference_gateway.telemetry.accesslog import AccessLog
from inference_gateway.telemetry.metrics import Metrics
from inference_gateway.testing.doubles import FakeProvider, MemoryConnection, MemoryKeyStore
from tests.api.http import Answer, answers, request
from tests.pipeline.dispatching import dispatch_over
from tests.routing.rosters import entry
from tests.telemetry.files import MemoryLog

#: Seconds between two comments.
#: How the gateway signs requests.
HOP = b"hop-1"
KEEPALIVE = 15.0


class Client:
    """One client's connection, and what came back on it."""

    def __init__(self, protocol: IProtocol) -> None:
        self.connection = MemoryConnection(protocol)
        self._methods: list[str] = []

    def send(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        *headers: tuple[str, str],
        host: str = "localhost:8000",
        version: str = "1.1",
    ) -> None:
        """Send one request."""
        self._methods.append(method)
        self.connection.send(request(method, target, body, headers, host=host, version=version))

    @property
    def answers(self) -> list[Answer]:
        """What was answered so far."""
        return answers(self.connection.received, *self._methods)

    @property
    def answer(self) -> Answer:
        """The only answer so far."""
        (answer,) = self.answers
        return answer


class GatewayTestCase(SynchronousTestCase):
    """A gateway with the model ``m``, by default served by provider ``a`` and then by ``b``."""

    keys: ClassVar[Mapping[bytes, Principal]] = {}
    root_path = ""
    metrics_access = Access.OPEN
    #: Serve through Twisted's own web server instead of ours.
    stock = False
    #: What answers calls in place of the layers.
    service: Service | None = None
    most: int | None = None
    most_per_address: int | None = None

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1000.0)
        self.log = MemoryLog(Clock(), self.addCleanup)
        self.metrics = Metrics()
        self.gate = Gate()
        self.checks = {"accepting": True}
        self.a, self.b = FakeProvider("a"), FakeProvider("b")
        self.roster = Roster(
            entry(provider.id, {"m": "m", "org/n": "n"}, provider=provider, clock=self.clock)
            for provider in (self.a, self.b)
        )
        routing = RoutingSettings(models={"m": ModelRouteSettings(aliases=("alias",))})
        table = ModelTable(self.roster, routing)
        service = self.service or stack(
            self.gate, dispatch_over(self.roster, self.clock, table=table)
        )
        self.affinity = ResponseAffinity()
        by_id = self.service or stack(
            self.gate, ById(self.roster, table, self.affinity, self.clock, 600.0)
        )
        responder = Responder("X-Request-ID", self.clock.seconds)
        self.store = MemoryKeyStore(self.keys)
        probes = Probes(
            responder,
            title="A <Gateway>",
            root_path=self.root_path,
            has_metrics=True,
            ready=lambda: self.checks,
        )
        self.connections = Connections(
            self.metrics, most=self.most, most_per_address=self.most_per_address
        )
        self.app = Application(
            Router(
                [
                    (
                        ModelCalls(
                            Answering(service, responder, self.clock, KEEPALIVE),
                            self.affinity.remember,
                        ),
                        Access.KEY,
                    ),
                    (
                        Responses(Answering(by_id, responder, self.clock, KEEPALIVE)),
                        Access.KEY,
                    ),
                    (Models(table, responder), Access.KEY),
                    (probes, Access.OPEN),
                    (Exposition(self.metrics, responder), self.metrics_access),
                ],
                self.root_path,
            ),
            KeyAuthenticator(self.store),
            self.gate,
            CallObserver(self.metrics, AccessLog(self.log.lines, wall=lambda: 1.7e9), self.clock),
            responder,
            self.connections,
            Forwarding(HOP),
            self.clock,
            request_id_header="X-Request-ID",
            unguarded=self.store.is_open,
            upload_limit=200_000,
        )
        limits = Limits(body=100_000, idle_timeout=10_000.0)
        self.factory = (
            Site(GatewayResource(self.app), reactor=self.clock)
            if self.stock
            else SiteFactory(self.app, limits, self.clock, DateLine(lambda: 1.7e9))
        )

    def connect(self) -> Client:
        """Return a new client."""
        protocol = self.factory.buildProtocol(None)
        assert protocol is not None
        return Client(protocol)

    def ask(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        *headers: tuple[str, str],
        host: str = "localhost:8000",
    ) -> Answer:
        """Send one request on a new connection and return its answer, which must be there."""
        client = self.connect()
        client.send(method, target, body, *headers, host=host)
        return client.answer

    def line(self) -> dict[str, Any]:
        """Return the only line of the access log."""
        (record,) = self.log.records
        return record

    def assertSettled(self, verdict: str, status: int) -> None:
        """One call ended like that, and nothing of it is left anywhere."""
        line = self.line()
        self.assertEqual((line["verdict"], line["status"]), (verdict, status))
        self.assertEqual(self.metrics.calls_in_flight, 0)
        self.assertEqual([entry.in_flight for entry in self.roster], [0, 0])
        self.assertIn(b"http_inflight_requests 0.0", self.metrics.expose())

    def names(self, records: Iterable[dict[str, Any]], name: str) -> list[object]:
        """Return one field of each record."""
        return [record.get(name) for record in records]
