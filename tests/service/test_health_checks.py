"""Asking after the health of providers again and again, on a clock of the test."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import LogLevel, capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.settings import HealthSettings, ProviderSettings
from inference_gateway.routing.roster import RosterEntry
from inference_gateway.service.health_checks import Checked, HealthChecks
from inference_gateway.testing.doubles import FakeProvider
from inference_gateway.upstream.health_check import Checkup


class HealthChecksTests(SynchronousTestCase):
    """Two providers, ``x`` and ``y``, whose answers the test gives."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.questions: dict[str, list[Deferred[Checkup]]] = {"x": [], "y": []}
        self.cancelled: list[str] = []
        self.entries = {id: self.entry(id) for id in self.questions}
        self.checks = HealthChecks(
            [
                Checked(entry=entry, ask=lambda id=id: self.ask(id))  # type: ignore[misc]
                for id, entry in self.entries.items()
            ],
            self.clock,
        )
        self.events = self.enterContext(capturedLogs())

    def tearDown(self) -> None:
        self.checks.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def entry(self, id: str) -> RosterEntry:
        """Return a provider that is asked every 10 s, and starts slowly for 30 s."""
        health = HealthSettings(interval=10.0, rise=2, fall=3)
        return RosterEntry(
            ProviderSettings(id=id, health=health),
            FakeProvider(id),
            self.clock.seconds,
            lambda: 0.5,
            slow_start=30.0,
        )

    def ask(self, id: str) -> "Deferred[Checkup]":
        """Take a question."""
        question: Deferred[Checkup] = Deferred(lambda _: self.cancelled.append(id))
        self.questions[id].append(question)
        return question

    def asked(self) -> list[int]:
        """Return how often each provider was asked."""
        return [len(questions) for questions in self.questions.values()]

    def answer(self, *reasons: str | None, slots: int | None = None) -> None:
        """Have ``x`` answer, once for each of ``reasons``, each time when it is next asked."""
        for reason in reasons:
            if self.questions["x"][-1].called:
                self.clock.advance(self.entries["x"].health.pause())
            self.questions["x"][-1].callback(Checkup(latency=0.25, reason=reason, slots=slots))

    @property
    def status(self) -> str:
        """What ``x`` is like."""
        return self.entries["x"].health.status

    def said(self) -> list[tuple[LogLevel, str]]:
        """Return what was logged."""
        return [(event["log_level"], formatEvent(event)) for event in self.events]

    def test_start(self) -> None:
        """All are asked at the start, at the same time."""
        self.assertEqual(self.asked(), [0, 0])
        self.checks.start()
        self.assertEqual(self.asked(), [1, 1])
        self.answer(None)
        self.assertEqual(self.status, "healthy")
        self.assertEqual(self.entries["x"].health.latency, 0.25)
        self.assertEqual(self.entries["y"].health.status, "unknown")

    def test_again(self) -> None:
        """Each is asked again after the pause that its health wants, once it has answered."""
        self.checks.start()
        self.answer(None)
        self.clock.advance(9.9)
        self.assertEqual(self.asked(), [1, 1])
        self.clock.advance(0.1)
        self.assertEqual(self.asked(), [2, 1])
        self.answer("it is away")
        self.clock.advance(2.5)
        self.assertEqual(self.asked(), [3, 1])

    def test_told(self) -> None:
        """Each change of its status is one line, and what stays as it is none."""
        self.checks.start()
        self.answer(None, None, *["it is away"] * 5, None, None, None)
        self.assertEqual(
            self.said(),
            [
                (LogLevel.info, "provider x is healthy"),
                (LogLevel.warn, "provider x is unhealthy: it is away"),
                (LogLevel.info, "provider x is healthy"),
            ],
        )

    def test_slow_start(self) -> None:
        """One that comes back gets less than its share at first; one that is new gets it all."""
        load = self.entries["x"].load
        self.checks.start()
        self.answer(None)
        self.assertEqual(load.share(), 1.0)
        self.answer(*["it is away"] * 3, None)
        self.assertEqual(load.share(), 1.0)
        self.answer(None)
        self.assertLess(load.share(), 1.0)

    def test_slots(self) -> None:
        """What it tells of its slots bounds the attempts that it gets."""
        places = self.entries["x"].places
        self.checks.start()
        self.answer(None)
        self.assertIsNone(places.limit)
        self.answer(None, slots=4)
        self.answer(None)
        self.assertEqual(places.limit, 4)

    def test_bug(self) -> None:
        """A bug of ours changes no status and ends nothing, and is told."""
        self.checks.start()
        for _ in range(3):
            self.questions["x"][-1].errback(ZeroDivisionError())
            self.clock.advance(10.0)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 3)
        self.assertEqual((self.status, self.asked()), ("unknown", [4, 1]))

    def test_stop(self) -> None:
        """At the end nobody is asked any more, and what is being asked is given up."""
        self.checks.start()
        self.answer(None)
        self.checks.stop()
        self.checks.stop()
        self.assertEqual(self.cancelled, ["y"])
        self.clock.advance(1000.0)
        self.assertEqual(self.asked(), [1, 1])
        self.assertEqual(self.flushLoggedErrors(), [])
