"""When a provider counts as well, and how soon it is asked again."""

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.settings import HealthSettings
from inference_gateway.routing.health import ProviderHealth


class HealthTestCase(SynchronousTestCase):
    """Two good answers make it healthy again, three bad ones unhealthy; no jitter."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.drawn = 0.5
        self.health = self.make()

    def make(self, **settings: float) -> ProviderHealth:
        """Return the health of a provider that was never asked."""
        usual = {"interval": 10.0, "rise": 2, "fall": 3}
        return ProviderHealth(
            HealthSettings(**{**usual, **settings}),  # type: ignore[arg-type]
            self.clock.seconds,
            lambda: self.drawn,
        )

    def bad(self, times: int) -> list[bool]:
        """Give so many bad answers; return whether each changed the status."""
        return [self.health.failed("it is away") for _ in range(times)]

    def good(self, times: int) -> list[bool]:
        """Give so many good answers; return whether each changed the status."""
        return [self.health.passed(0.25) for _ in range(times)]


class StatusTests(HealthTestCase):
    """What answers make of the status."""

    def test_unknown(self) -> None:
        """Of a provider that was never asked nothing is known, and it may be used."""
        known = self.health
        self.assertEqual((known.status, known.is_unhealthy), ("unknown", False))
        self.assertEqual((known.latency, known.last_check, known.reason), (None, None, None))

    def test_first(self) -> None:
        """The first good answer is enough for one of which nothing is known."""
        self.assertEqual(self.good(2), [True, False])
        self.assertEqual((self.health.status, self.health.is_unhealthy), ("healthy", False))

    def test_fall(self) -> None:
        """It falls with the last of so many bad answers in a row, healthy or not known."""
        self.assertEqual(self.bad(4), [False, False, True, False])
        self.assertEqual((self.health.status, self.health.is_unhealthy), ("unhealthy", True))
        self.health = self.make()
        self.good(1)
        self.assertEqual(self.bad(4), [False, False, True, False])

    def test_rise(self) -> None:
        """It rises with the last of so many good answers in a row."""
        self.bad(3)
        self.assertEqual(self.good(3), [False, True, False])
        self.assertEqual(self.health.status, "healthy")

    def test_mixed(self) -> None:
        """Answers that are not in a row change nothing."""
        self.good(1)
        for _ in range(5):
            self.assertEqual(self.bad(2) + self.good(1), [False] * 3)
        self.bad(3)
        for _ in range(5):
            self.assertEqual(self.good(1) + self.bad(1), [False] * 2)
        self.assertTrue(self.health.is_unhealthy)

    def test_at_once(self) -> None:
        """With a threshold of one each answer is the status."""
        self.health = self.make(rise=1, fall=1)
        changes = self.bad(1) + self.good(1) + self.bad(2) + self.good(1)
        self.assertEqual(changes, [True, True, True, False, True])

    def test_told(self) -> None:
        """When it was asked last, what was wrong then, and the last good latency can be told."""
        self.clock.advance(5.0)
        self.health.passed(0.5)
        self.assertEqual((self.health.last_check, self.health.latency), (5.0, 0.5))
        self.clock.advance(5.0)
        self.health.failed("it is away")
        self.assertEqual((self.health.last_check, self.health.latency), (10.0, 0.5))
        self.assertEqual(self.health.reason, "it is away")
        self.health.passed(0.1)
        self.assertIsNone(self.health.reason)


class PauseTests(HealthTestCase):
    """How long it is left alone."""

    def test_settled(self) -> None:
        """It is asked once in an interval while answers are as they were."""
        self.assertEqual(self.health.pause(), 10.0)
        self.good(1)
        self.assertEqual(self.health.pause(), 10.0)
        self.bad(3)
        self.assertEqual(self.health.pause(), 10.0)
        self.bad(1)
        self.assertEqual(self.health.pause(), 10.0)

    def test_unsettled(self) -> None:
        """It is asked four times as often while it seems to fall or to rise."""
        self.bad(1)
        self.assertEqual(self.health.pause(), 2.5)
        self.good(1)
        self.assertEqual(self.health.pause(), 10.0)
        self.bad(3)
        self.good(1)
        self.assertEqual(self.health.pause(), 2.5)
        self.bad(1)
        self.assertEqual(self.health.pause(), 10.0)

    def test_shortest(self) -> None:
        """Haste has a bound, below which only the interval itself may be."""
        for interval, hasty in ((3.0, 1.0), (1.0, 1.0), (0.2, 0.2)):
            self.health = self.make(interval=interval)
            self.bad(1)
            self.assertEqual(self.health.pause(), hasty)

    def test_jitter(self) -> None:
        """Pauses differ by up to a tenth to both sides."""
        self.drawn = 0.0
        self.assertAlmostEqual(self.health.pause(), 9.0)
        self.drawn = 0.9999
        self.assertAlmostEqual(self.health.pause(), 11.0, places=2)
        self.bad(1)
        self.assertAlmostEqual(self.health.pause(), 2.75, places=2)

    @given(st.floats(0, 1, exclude_max=True), st.floats(0.001, 1e6), st.integers(0, 4))
    def test_bounds(self, drawn: float, interval: float, failures: int) -> None:
        """Whatever happened, a pause is neither nothing nor longer than the interval allows."""
        self.drawn = drawn
        self.health = self.make(interval=interval)
        self.bad(failures)
        self.assertGreaterEqual(self.health.pause(), min(interval, 1.0) * 0.9)
        self.assertLessEqual(self.health.pause(), interval * 1.1)


class HealthMachine(RuleBasedStateMachine):
    """A provider beside a model that remembers every answer."""

    rise, fall = 2, 3

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.answers: list[bool] = []
        self.status = "unknown"
        self.health = ProviderHealth(
            HealthSettings(interval=10.0, rise=self.rise, fall=self.fall),
            self.clock.seconds,
            lambda: 0.5,
        )

    @rule(is_good=st.booleans())
    def answer(self, is_good: bool) -> None:
        """Have the provider answer after the pause that it was given."""
        self.clock.advance(self.health.pause())
        before = self.status
        self.answers.append(is_good)
        if is_good and (before == "unknown" or self.last(self.rise) == [True] * self.rise):
            self.status = "healthy"
        elif self.last(self.fall) == [False] * self.fall:
            self.status = "unhealthy"
        changed = self.health.passed(1.0) if is_good else self.health.failed("it is away")
        assert changed is (self.status != before)

    @invariant()
    def agrees(self) -> None:
        """The status is the model's, and haste is shown where the last answer is against it."""
        assert self.health.status == self.status
        assert self.health.is_unhealthy is (self.status == "unhealthy")
        last = self.last(1)
        against = last == [False] if self.status != "unhealthy" else last == [True]
        assert self.health.pause() == (2.5 if against else 10.0)
        assert self.health.last_check == (self.clock.seconds() if self.answers else None)

    def last(self, count: int) -> list[bool]:
        """Return the last answers."""
        return self.answers[-count:]


class HastyMachine(HealthMachine):
    """One that every answer changes, but for those that say the same."""

    rise, fall = 1, 1


class MachineTests(SynchronousTestCase):
    """Whatever answers come, the health is that of the model."""

    def test_machines(self) -> None:
        """Both machines run without a difference."""
        for machine in (HealthMachine, HastyMachine):
            run_state_machine_as_test(
                machine,
                settings=settings(max_examples=60, stateful_step_count=30),
            )
