"""Test cases of scenarios: real gateways, scripted upstreams, and a table of what was measured.

The upstreams serve in trial's reactor; whatever waits for a gateway does so in a thread.
"""

import atexit
import functools
import os
import socket
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import Any, TypeVar

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import AdoptedStreamServerEndpoint
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from inference_gateway.testing.scripted_upstream import ScriptedUpstream
from tests.acceptance.gateway import Gateway, eventually
from tests.acceptance.scenario_client import Client, Seen
from tests.acceptance.scenario_table import Row, put_down
from tests.acceptance.scenarios import KEYS, NOBODY, QUICKLY, STEADY, Scenario, configuration

_UPSTREAMS = 3
#: How often the model that always answers does so before each test: retries are a share of all
#: calls, and hardly any scenario comes without them.
_GOOD_CALLS = 3
#: Seconds that anything may take longer on a busy machine.
_LEEWAY = 0.6
_THREADS = 40


@functools.cache
def _listeners() -> list[socket.socket]:
    """Return the sockets of the upstreams: gateways that tests share know them by their ports."""
    found = [socket.create_server(("127.0.0.1", 0), backlog=512) for _ in range(_UPSTREAMS)]
    for listener in found:
        atexit.register(listener.close)
    return found


def _base_urls() -> list[str]:
    """Return where the upstreams are."""
    return [f"http://127.0.0.1:{listener.getsockname()[1]}/v1" for listener in _listeners()]


#: By what several classes have in common: who they are, and their gateway.
_classes: "defaultdict[str, list[type[ScenarioTestCase]]]" = defaultdict(list)
_gateways: dict[str, Gateway] = {}


class ScenarioTestCase(TestCase):
    """Tests of ``scenarios``, with a method for each and each kind of call.

    Classes with the same settings share a gateway; the upstreams are new for each test. After it
    nothing may be in flight, the log may hold nothing bad, and the process is there.
    """

    timeout = 60
    scenarios: Sequence[Scenario] = ()
    #: More models, which the tests of the class play in their own ways.
    others: Sequence[Scenario] = ()
    #: What all models have in common, and more about the gateway.
    routing: Mapping[str, Any] = MappingProxyType({"retry": QUICKLY})
    server: Mapping[str, Any] = MappingProxyType({})

    def __init_subclass__(cls) -> None:
        _classes[cls._shared_by()].append(cls)
        for scenario in cls.scenarios:
            for stream in scenario.streamed:
                name = scenario.model(stream).replace("-", "_")
                setattr(cls, f"test_{name}", _method(scenario, stream))

    @classmethod
    def _shared_by(cls) -> str:
        """Return what is the same for all classes that have the same gateway."""
        return str((cls.routing, cls.server))

    def setUp(self) -> Any:
        return Deferred.fromCoroutine(self._set_up())

    async def _set_up(self) -> None:
        clock: Any = reactor
        self._is_accounted = False
        self.upstreams: list[ScriptedUpstream] = []
        for listener in _listeners():
            upstream = ScriptedUpstream(clock)
            endpoint = AdoptedStreamServerEndpoint(clock, os.dup(listener.fileno()), socket.AF_INET)
            await upstream.listen(endpoint)
            self.addCleanup(upstream.close)
            self.upstreams.append(upstream)
        self.gateway = await deferToThread(self._shared_gateway)

    def tearDown(self) -> Any:
        return deferToThread(self._judge)

    def _shared_gateway(self) -> Gateway:
        name = self._shared_by()
        gateway = _gateways.get(name)
        if gateway is None or not gateway.running:
            scenarios = [
                scenario for each in _classes[name] for scenario in (*each.scenarios, *each.others)
            ]
            gateway = Gateway(
                configuration(scenarios, _base_urls(), self.routing, self.server),
                environment=KEYS,
            )
            _gateways[name] = gateway
            atexit.register(gateway.stop)
        with Client(gateway.base_url) as client:
            for _ in range(_GOOD_CALLS):
                client.ask(STEADY, stream=False)
        return gateway

    def _judge(self) -> None:
        # what was accounted for is over, and with so many models it takes long to say so
        idle = self._is_accounted or eventually(self.gateway.idle)
        over = eventually(self.is_over, within=1.0)
        complaints = self.gateway.complaints()
        healthy = self.gateway.running and "alive" in self.gateway.get("/health/live")
        if not idle:
            self.gateway.stop()  # the tests that follow get another one
        self.assertTrue(idle, "calls are left in flight")
        self.assertTrue(over, "an upstream still answers")
        self.assertEqual(complaints, [])
        self.assertTrue(healthy)

    # --- in a thread

    def client(self, **options: Any) -> Client:
        """Return a client of the gateway; it is closed with the test."""
        client = Client(self.gateway.base_url, **options)
        self.addCleanup(client.__exit__, None, None, None)
        return client

    def asked(self) -> tuple[int, ...]:
        """Return how many requests each upstream has seen."""
        return tuple([len(upstream.requests) for upstream in self.upstreams])

    def forget(self) -> None:
        """Let the upstreams forget what they have seen, and count from the beginning."""
        for upstream in self.upstreams:
            upstream.requests.clear()

    def play(self, scenario: Scenario, stream: bool) -> Seen:
        """Make the one call of a scenario, and assert that all is as it is to be."""
        seen = self.client().ask(scenario.model(stream), stream=stream, **scenario.fields)
        self.note(scenario.model(stream), " | ".join((*scenario.faults, *scenario.instead)), seen)
        self.assertEqual(
            (seen.status, seen.code, seen.text),
            (scenario.status, scenario.code, scenario.text),
            seen.message,
        )
        self.assertEqual(seen.is_complete, not scenario.code)
        self.assertFalse(scenario.code and (seen.has_end or seen.finish_reason))
        names = {scenario.answers_as(stream)} if seen.text else set()
        self.assertEqual([model for _, model in seen.names], [*names])
        asked = self.asked()
        self.assertEqual(asked[: len(scenario.asked)], scenario.asked)
        self.assertEqual(sum(asked), sum(scenario.asked))
        self.assertTimely(seen.seconds, scenario.takes)
        record = self.gateway.call(seen.request_id)
        self.assertEqual(record["verdict"] == "complete", seen.is_complete)
        self.assertEqual(
            len(record["attempts"]), sum(asked) + scenario.faults.count(NOBODY), record
        )
        if scenario.limit:
            self.assertIn(f"{scenario.limit} timeout", seen.message)
            self.assertEqual(record["verdict"], f"{scenario.limit}_timeout")
        self._is_accounted = True
        return seen

    def note(self, name: str, faults: str, seen: object, seconds: float | None = None) -> None:
        """Put what was seen into the table."""
        took = seen.seconds if seconds is None and isinstance(seen, Seen) else seconds
        asked = "+".join(map(str, self.asked()))
        put_down(Row(name=name, faults=faults, seen=str(seen), asked=asked, seconds=took or 0.0))

    def assertTimely(self, seconds: float, least: float) -> None:
        """Assert that something took as long as it has to, and hardly longer."""
        self.assertGreaterEqual(seconds, least)
        self.assertLess(seconds, least + _LEEWAY)

    def is_over(self) -> bool:
        """Whether no upstream goes on with anything."""
        requests = [request for upstream in self.upstreams for request in upstream.requests]
        return all(request.ended is not None or request.left is not None for request in requests)


Case = TypeVar("Case", bound=ScenarioTestCase)


def in_thread(test: Callable[[Case], None]) -> "Callable[[Case], Deferred[None]]":
    """Let a test wait for what it likes, while the reactor serves its upstreams."""

    @functools.wraps(test)
    def run(case: Case) -> "Deferred[None]":
        return deferToThread(test, case)

    return run


def _method(scenario: Scenario, stream: bool) -> "Callable[[ScenarioTestCase], Deferred[None]]":
    def test(case: ScenarioTestCase) -> None:
        case.play(scenario, stream)

    return in_thread(test)


def together(count: int, call: Callable[[int], Seen], *, every: float = 0.0) -> list[Seen]:
    """Make so many calls side by side, one begun ``every`` so many seconds, each told its number.

    Returns what they saw, in the order of their numbers.
    """
    with ThreadPoolExecutor(max_workers=min(count, _THREADS)) as pool:
        began = time.monotonic()
        calls = []
        for number in range(count):
            time.sleep(max(0.0, began + number * every - time.monotonic()))
            calls.append(pool.submit(call, number))
        return [each.result() for each in calls]
