"""Asking for lists of models again and again, on a clock of the test."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.routing_settings import RoutingSettings
from inference_gateway.exchange import ANONYMOUS
from inference_gateway.provider_errors import ProviderUnavailable
from inference_gateway.routing.discovery import Discovery
from inference_gateway.routing.table import ModelTable
from inference_gateway.service.polling import ModelPolling, Polled
from inference_gateway.telemetry.metrics import Metrics
from tests.routing.rosters import roster


class PollingTests(SynchronousTestCase):
    """Two providers, ``x`` and ``y``, whose answers the test gives."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.metrics = Metrics()
        self.questions: dict[str, list[Deferred[list[object]]]] = {"x": [], "y": []}
        self.cancelled: list[str] = []
        lists = {id: Discovery(self.clock.seconds, lambda: 0.5) for id in self.questions}
        self.table = ModelTable(roster(x=(), y=()), RoutingSettings(), lists)
        self.polling = ModelPolling(
            [
                Polled(provider=id, ask=lambda id=id: self.ask(id), discovery=known)  # type: ignore[misc]
                for id, known in lists.items()
            ],
            self.table,
            self.metrics,
            self.clock,
        )
        self.events = self.enterContext(capturedLogs())
        self.told = 0

    def tearDown(self) -> None:
        self.polling.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def ask(self, id: str) -> "Deferred[list[object]]":
        """Take a question."""
        question: Deferred[list[object]] = Deferred(lambda _: self.cancelled.append(id))
        self.questions[id].append(question)
        return question

    def answer(self, id: str, *names: str) -> None:
        """Answer the last question with a list."""
        self.questions[id][-1].callback([*names])

    def refuse(self, id: str, error: Exception | None = None) -> None:
        """Have the last question fail."""
        self.questions[id][-1].errback(error or ProviderUnavailable("it is not there"))

    def asked(self, id: str) -> int:
        """Return how often a provider was asked."""
        return len(self.questions[id])

    def names(self) -> list[str]:
        """Return the names that are served now."""
        return [model.name for model in self.table.listed(ANONYMOUS)]

    def said(self) -> list[str]:
        """Return what was logged since the last question."""
        lines = [formatEvent(event) for event in self.events]
        told, self.told = self.told, len(lines)
        return lines[told:]

    def test_start(self) -> None:
        """All providers are asked at the start, and what they list is served at once."""
        self.assertEqual((self.asked("x"), self.asked("y")), (0, 0))
        self.polling.start()
        self.assertEqual((self.asked("x"), self.asked("y")), (1, 1))
        self.answer("y", "m", "n")
        self.assertEqual(self.names(), ["m", "n"])
        self.answer("x", "o")
        self.assertEqual(self.names(), ["o", "m", "n"])
        self.assertEqual(self.said(), ["provider y lists 2 models", "provider x lists 1 model"])

    def test_again(self) -> None:
        """A provider that answered is asked again after the interval, and not before its answer."""
        self.polling.start()
        self.clock.advance(30.0)
        self.answer("x", "m")
        self.clock.advance(59.9)
        self.assertEqual(self.asked("x"), 1)
        self.clock.advance(0.2)
        self.assertEqual(self.asked("x"), 2)
        self.clock.advance(100.0)
        self.assertEqual((self.asked("x"), self.asked("y")), (2, 1))
        self.answer("x", "n")
        self.assertEqual(self.names(), ["n"])

    def test_unchanged(self) -> None:
        """A list that is confirmed is not told of again."""
        self.polling.start()
        self.answer("x", "m")
        self.said()
        self.clock.advance(60.0)
        self.answer("x", "m")
        self.assertEqual((self.said(), self.names()), ([], ["m"]))

    def test_never_answered(self) -> None:
        """A provider that never answered is asked again soon, and told of once."""
        self.polling.start()
        for pause in (5.0, 10.0, 20.0):
            self.refuse("x")
            before = self.asked("x")
            self.clock.advance(pause)
            self.assertEqual(self.asked("x"), before + 1)
        self.assertEqual(self.said(), ["provider x does not list its models: it is not there"])
        self.answer("x", "m")
        self.assertEqual((self.said(), self.names()), (["provider x lists 1 model"], ["m"]))

    def test_fails_later(self) -> None:
        """While a provider fails its models stay, turn stale and are fresh with the next list."""
        self.polling.start()
        self.answer("x", "m")
        self.said()
        for _ in range(3):
            self.clock.advance(60.0)
            self.refuse("x")
        (model,) = self.table.listed(ANONYMOUS)
        self.assertEqual((model.name, model.is_stale), ("m", True))
        self.assertEqual(self.said(), ["provider x does not list its models: it is not there"])
        self.clock.advance(60.0)
        self.answer("x", "m")
        (model,) = self.table.listed(ANONYMOUS)
        self.assertFalse(model.is_stale)
        self.assertEqual(self.said(), ["provider x lists 1 model"])

    def test_bug(self) -> None:
        """A bug of ours ends no polling, and is told."""
        self.polling.start()
        self.refuse("x", ZeroDivisionError())
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.clock.advance(5.0)
        self.answer("x", "m")
        self.assertEqual(self.names(), ["m"])

    def test_metrics(self) -> None:
        """How many models a provider lists and how often it did not is counted from the start."""
        exposed = self.metrics.expose().decode()
        for series in ("discovered_models", "discovery_failures_total"):
            self.assertIn(f'inference_gateway_{series}{{provider="y"}} 0.0', exposed)
        self.polling.start()
        self.answer("x", "m", "n")
        self.clock.advance(60.0)
        self.refuse("x")
        exposed = self.metrics.expose().decode()
        self.assertIn('inference_gateway_discovered_models{provider="x"} 2.0', exposed)
        self.assertIn('inference_gateway_discovery_failures_total{provider="x"} 1.0', exposed)

    def test_stop(self) -> None:
        """At the end nobody is asked any more, and what is being asked is given up."""
        self.polling.start()
        self.answer("x", "m")
        self.polling.stop()
        self.polling.stop()
        self.assertEqual(self.cancelled, ["y"])
        self.clock.advance(1000.0)
        self.assertEqual((self.asked("x"), self.asked("y")), (1, 1))
        self.assertEqual(self.flushLoggedErrors(), [])
