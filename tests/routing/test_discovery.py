"""What a provider's list is worth, and when it is asked for again."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.routing.discovery import (
    LONGEST_NAME,
    MOST_NAMES,
    Discovery,
    Pace,
    usable_names,
)


class NamesTests(SynchronousTestCase):
    """Which names of a list can be public names."""

    def test_order(self) -> None:
        """Names stay in their order, and each comes once."""
        self.assertEqual(usable_names(["b", "org/a", "b", "c"]), ("b", "org/a", "c"))

    def test_unusable(self) -> None:
        """What is no text, empty, too long, unprintable or a pattern is left out."""
        listed: list[object] = [
            None,
            7,
            [],
            {},
            "",
            "a\nb",
            "a\x00",
            "a\u2028b",
            "org/*",
            "x" * 257,
            "fine",
        ]
        self.assertEqual(usable_names(listed), ("fine",))
        self.assertEqual(usable_names(["x" * LONGEST_NAME]), ("x" * LONGEST_NAME,))

    def test_most(self) -> None:
        """So many names are taken and no more."""
        names = usable_names(f"m-{number}" for number in range(MOST_NAMES + 5))
        self.assertEqual((len(names), names[-1]), (MOST_NAMES, f"m-{MOST_NAMES - 1}"))

    @given(st.lists(st.one_of(st.text(), st.none(), st.integers(), st.floats())))
    def test_whatever(self, listed: list[object]) -> None:
        """Whatever is listed, what comes of it can be printed on one line and asked for."""
        names = usable_names(listed)
        self.assertEqual(len(set(names)), len(names))
        for name in names:
            self.assertIn(name, listed)
            self.assertTrue(name.isprintable() and 0 < len(name) <= LONGEST_NAME)


class DiscoveryTestCase(SynchronousTestCase):
    """A list, a clock, and chance as the test wants it."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1000.0)
        self.chance = 0.5
        self.known = Discovery(self.clock.seconds, lambda: self.chance)


class ListTests(DiscoveryTestCase):
    """The last good list."""

    def test_nothing_yet(self) -> None:
        """Before the first list there are no names, and none is stale."""
        self.assertEqual((self.known.names, self.known.is_stale), ((), False))
        self.clock.advance(1000.0)
        self.assertFalse(self.known.is_stale)

    def test_lists(self) -> None:
        """A list takes the place of the one before; other names and a first answer are news."""
        self.assertTrue(self.known.confirm(["a", "b"]))
        self.assertFalse(self.known.confirm(["a", "b"]))
        self.assertTrue(self.known.confirm(["b"]))
        self.assertEqual(self.known.names, ("b",))
        self.assertTrue(self.known.confirm([]))
        self.assertEqual(self.known.names, ())

    def test_empty(self) -> None:
        """A first list without a model is news, because the provider answers."""
        self.assertTrue(self.known.confirm([]))
        self.assertFalse(self.known.confirm([]))

    def test_order(self) -> None:
        """The same names in another order change nothing."""
        self.known.confirm(["a", "b"])
        self.assertFalse(self.known.confirm(["b", "a"]))
        self.assertEqual(self.known.names, ("a", "b"))

    def test_failure(self) -> None:
        """While the provider fails its last list stays; the first failure is news."""
        self.known.confirm(["a"])
        self.assertTrue(self.known.fail())
        self.assertFalse(self.known.fail())
        self.assertEqual(self.known.names, ("a",))

    def test_recovery(self) -> None:
        """The first list after a failure is news, and so is the next failure."""
        self.known.confirm(["a"])
        self.known.fail()
        self.assertTrue(self.known.confirm(["a"]))
        self.assertTrue(self.known.fail())

    def test_stale(self) -> None:
        """A list is stale after three intervals without another one, until there is one."""
        self.known.confirm(["a"])
        self.clock.advance(179.9)
        self.assertFalse(self.known.is_stale)
        self.clock.advance(0.1)
        self.assertTrue(self.known.is_stale)
        self.known.confirm(["a"])
        self.assertFalse(self.known.is_stale)


class PauseTests(DiscoveryTestCase):
    """When the provider is asked again."""

    def failing(self, times: int) -> list[float]:
        """Return the pauses after each of so many failures."""
        pauses = []
        for _ in range(times):
            self.known.fail()
            pauses.append(self.known.pause())
        return pauses

    def test_answering(self) -> None:
        """A provider that has answered is asked every interval, also when it fails."""
        self.known.confirm(["a"])
        self.assertEqual(self.known.pause(), 60.0)
        self.assertEqual(self.failing(3), [60.0] * 3)

    def test_never_answered(self) -> None:
        """One that never answered is asked soon, and then less often, but every interval."""
        self.assertEqual(self.failing(6), [5.0, 10.0, 20.0, 40.0, 60.0, 60.0])
        self.assertEqual(self.failing(2000)[-1], 60.0)

    def test_jitter(self) -> None:
        """Chance shortens and prolongs a pause by a tenth at most."""
        self.known.confirm(["a"])
        for self.chance, seconds in ((0.0, 54.0), (1.0, 66.0), (0.25, 57.0)):
            self.assertAlmostEqual(self.known.pause(), seconds)

    @given(
        st.floats(0.0, 1.0),
        st.integers(0, 200),
        st.booleans(),
        st.floats(1.0, 1e6),
        st.floats(0.1, 1.0),
    )
    def test_bounds(
        self, chance: float, failures: int, answered: bool, interval: float, first: float
    ) -> None:
        """No pause is shorter than the first one or longer than the interval, jitter apart."""
        pace = Pace(interval=interval, first=first, jitter=0.1)
        known = Discovery(self.clock.seconds, lambda: chance, pace)
        if answered:
            known.confirm([])
        for _ in range(failures):
            known.fail()
        self.assertGreaterEqual(known.pause(), first * 0.899)
        self.assertLessEqual(known.pause(), interval * 1.101)
