"""Questions about a stored response, and three providers that may have it."""

from typing import Any

import orjson
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.routing_settings import RoutingSettings
from inference_gateway.config.settings import TimeoutSettings
from inference_gateway.errors import Verdict
from inference_gateway.exchange import Call, Reply
from inference_gateway.pipeline.by_id import ById
from inference_gateway.provider_errors import ProviderRejected
from inference_gateway.routing.affinity import ResponseAffinity
from inference_gateway.routing.roster import Roster
from inference_gateway.routing.table import ModelTable
from inference_gateway.testing.doubles import FakeProvider
from inference_gateway.wire.stored_response import parse_stored
from tests.garbage import collect_garbage
from tests.routing.rosters import entry

TIMEOUTS = TimeoutSettings(first_byte=10.0, first_token=20.0, idle=5.0, total=50.0)


def stored(**fields: Any) -> bytes:
    """Return a response as its provider tells of it."""
    return orjson.dumps({"id": "resp_1", "object": "response", "status": "completed", **fields})


def missing() -> ProviderRejected:
    """Return what a provider says that does not know the response."""
    return ProviderRejected("Response with id 'resp_1' not found.", status=404)


def question(
    method: str = "GET", query: bytes = b"", part: bytes = b"", *, received: float = 1.0
) -> Call:
    """Return a call about the response ``resp_1``."""
    request = parse_stored("resp_1", method.encode("ascii"), query, part=part)
    return Call(
        id="r-1",
        received=received,
        method=method,
        path="/v1/responses/resp_1",
        operation="responses",
        request=request,
        stream=request.stream,
    )


class QuestionTestCase(SynchronousTestCase):
    """Providers ``a``, ``b`` and ``c``, in that order; nobody knows who has ``resp_1``."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1.0)
        self.a, self.b, self.c = FakeProvider("a"), FakeProvider("b"), FakeProvider("c")
        self.roster = Roster(
            entry(
                provider.id,
                {f"m-{provider.id}": "m"},
                provider=provider,
                clock=self.clock,
                timeouts=TIMEOUTS,
            )
            for provider in (self.a, self.b, self.c)
        )
        self.affinity = ResponseAffinity()
        table = ModelTable(self.roster, RoutingSettings())
        self.by_id = ById(self.roster, table, self.affinity, self.clock, 30.0)

    def tearDown(self) -> None:
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual([entry.in_flight for entry in self.roster], [0, 0, 0])
        collect_garbage()

    def ask(self, call: Call) -> "Deferred[Reply]":
        """Have ``call`` answered."""
        return Deferred.fromCoroutine(self.by_id(call))

    def asked(self, call: Call) -> list[tuple[str, Verdict | None]]:
        """Return who was asked, and how that ended."""
        return [
            (attempt.provider, attempt.outcome.verdict if attempt.outcome else None)
            for attempt in call.attempts
        ]
