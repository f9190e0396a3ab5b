"""Places at a provider: taking them, waiting for them, and how long that takes."""

import sys

from inference_gateway.resilience.concurrency import Places, Waiter
from tests.resilience.places import PlacesTestCase


class TakingTests(PlacesTestCase):
    """Places without anybody waiting."""

    def test_limit(self) -> None:
        """There are as many places as the limit says, and one that was given back is free."""
        places = self.places(2, taken=2)
        self.assertFalse(places.has_room)
        self.assertFalse(places.take())
        places.give_back(1.0)
        self.assertTrue(places.has_room)
        self.assertEqual((places.in_use, places.take(), places.in_use), (1, True, 2))

    def test_without_limit(self) -> None:
        """Without a limit there always is room, and still it is known how many are in use."""
        places = self.places(None, taken=1000)
        self.assertTrue(places.has_room)
        self.assertEqual((places.in_use, places.expected_wait()), (1000, 0.0))
        places.give_back(1.0)
        self.assertEqual(places.in_use, 999)

    def test_newcomers(self) -> None:
        """A place that comes free is not there for those who do not wait for it."""
        places = self.places(1, taken=1)
        overtaking: list[bool] = []

        def granted(taken: Places) -> None:
            overtaking.append(taken.take())
            taken.give_back(0.0)
            overtaking.append(taken.take())

        Waiter("a", granted, self.fail).wait_for([places])
        self.waiter("a2", places)
        places.give_back(1.0)
        self.assertEqual((overtaking, self.granted), ([False, False], ["a2"]))
        self.assertEqual(places.in_use, 1)


class WaitingTests(PlacesTestCase):
    """Waiters of one key."""

    def test_in_order(self) -> None:
        """Who came first is served first."""
        places = self.places(1, taken=1)
        for name in ("a1", "a2", "a3"):
            self.waiter(name, places)
        for _ in range(4):
            places.give_back(1.0)
        self.assertEqual(self.granted, ["a1", "a2", "a3"])
        self.assertEqual((places.in_use, places.waiting), (0, 0))

    def test_left(self) -> None:
        """Who left is not served, and may leave again."""
        places = self.places(1, taken=1)
        first = self.waiter("a1", places)
        self.waiter("a2", places)
        for _ in range(2):
            first.leave()
        self.assertWaiting((places, 1))
        places.give_back(1.0)
        self.assertEqual(self.granted, ["a2"])

    def test_whichever_is_first(self) -> None:
        """One who waits at several is served once, by the first of them."""
        one, other = self.places(1, taken=1), self.places(1, taken=1)
        self.waiter("a1", one, other)
        other.give_back(1.0)
        one.give_back(1.0)
        self.assertEqual((self.granted, self.got), (["a1"], [other]))
        self.assertEqual((one.in_use, other.in_use), (0, 1))
        self.assertWaiting((one, 0), (other, 0))

    def test_leaving_after_the_grant(self) -> None:
        """Leaving after the grant takes nothing back."""
        places = self.places(1, taken=1)
        waiter = self.waiter("a1", places)
        places.give_back(1.0)
        waiter.leave()
        self.assertEqual((places.in_use, places.waiting), (1, 0))

    def test_room_at_once(self) -> None:
        """Where there is room nobody waits."""
        full, free = self.places(1, taken=1), self.places(1)
        self.waiter("a1", full, free)
        self.assertEqual((self.granted, self.got), (["a1"], [free]))
        self.assertWaiting((full, 0), (free, 0))

    def test_full_queue(self) -> None:
        """Who finds every queue full does not wait, and who finds one that is not waits there."""
        full, free = self.places(1, 1, taken=1), self.places(1, 1, taken=1)
        self.waiter("a1", full)
        self.assertTrue(full.is_queue_full)
        self.assertFalse(full.lets_in("a"))
        self.assertFalse(Waiter("a", self.fail, self.fail).wait_for([full]))
        self.waiter("a2", full, free)
        self.assertWaiting((full, 1), (free, 1))
        self.assertEqual((self.granted, self.displaced), ([], []))

    def test_no_queue(self) -> None:
        """Where nobody may wait nobody is let in."""
        places = self.places(1, 0, taken=1)
        self.assertFalse(places.lets_in("a"))
        self.assertFalse(Waiter("a", self.fail, self.fail).wait_for([places]))

    def test_giving_back_at_once(self) -> None:
        """A thousand who give back at once are served one after another, not inside each other."""
        places = self.places(1, 1000, taken=1)
        depths = set()

        def granted(taken: Places) -> None:
            depth, frame = 0, sys._getframe()
            while frame := frame.f_back:  # type: ignore[assignment]
                depth += 1
            depths.add(depth)
            taken.give_back(0.0)

        for number in range(1000):
            Waiter("ab"[number % 2], granted, self.fail).wait_for([places])
        places.give_back(1.0)
        self.assertEqual((places.in_use, places.waiting, len(depths)), (0, 0, 1))

    def test_failing_grant(self) -> None:
        """One whose grant fails has its place all the same, and the next are served later."""
        places = self.places(1, taken=1)

        def granted(taken: Places) -> None:
            raise ZeroDivisionError

        Waiter("a", granted, self.fail).wait_for([places])
        self.waiter("a2", places)
        self.assertRaises(ZeroDivisionError, places.give_back, 1.0)
        places.give_back(1.0)
        self.assertEqual((self.granted, places.in_use), (["a2"], 1))


class LearningTests(PlacesTestCase):
    """Limits that a provider tells."""

    def test_told(self) -> None:
        """A limit that is told holds where none is configured."""
        places = self.places(None, taken=3)
        places.learn(2)
        self.assertEqual((places.limit, places.take(), places.in_use), (2, False, 3))
        for _ in range(2):
            places.give_back(1.0)
        self.assertTrue(places.take())

    def test_configured(self) -> None:
        """What the operator configured is not overruled."""
        places = self.places(2)
        places.learn(8)
        self.assertEqual(places.limit, 2)

    def test_growing(self) -> None:
        """When there are more, those who wait have them at once."""
        places = self.places(None, taken=1)
        places.learn(1)
        for name in ("a1", "a2", "a3"):
            self.waiter(name, places)
        places.learn(3)
        self.assertEqual((self.granted, places.in_use, places.waiting), (["a1", "a2"], 3, 1))

    def test_shrinking(self) -> None:
        """When there are fewer, those in use stay so, and nobody is served until one is free."""
        places = self.places(None)
        places.learn(3)
        for _ in range(3):
            places.take()
        self.waiter("a1", places)
        places.learn(1)
        for _ in range(2):
            places.give_back(1.0)
        self.assertEqual((self.granted, places.in_use), ([], 1))
        places.give_back(1.0)
        self.assertEqual((self.granted, places.in_use), (["a1"], 1))

    def test_forgotten(self) -> None:
        """Where no limit is told any longer there is none."""
        places = self.places(None, taken=1)
        places.learn(1)
        self.waiter("a1", places)
        places.learn(None)
        self.assertEqual((self.granted, places.limit, places.has_room), (["a1"], None, True))

    def test_nonsense(self) -> None:
        """A provider always has one place at least."""
        places = self.places(None)
        places.learn(0)
        self.assertEqual(places.limit, 1)


class ExpectationTests(PlacesTestCase):
    """How long one would wait."""

    def test_room(self) -> None:
        """Where there is room nobody waits."""
        self.assertEqual(self.places(2, taken=1).expected_wait(), 0.0)

    def test_unknown(self) -> None:
        """As long as nothing is known a place is taken to be held for a second."""
        self.assertEqual(self.places(4, taken=4).expected_wait(), 0.25)

    def test_known(self) -> None:
        """It follows from how long places are held, from their number and from who waits."""
        places = self.places(2, taken=2)
        places.give_back(3.0)
        places.take()
        self.assertEqual(places.expected_wait(), 1.5)
        for name in ("a1", "a2", "a3"):
            self.waiter(name, places)
        self.assertEqual(places.expected_wait(), 6.0)

    def test_average(self) -> None:
        """What was held last counts a fifth; a place that was not used does not count."""
        places = self.places(1, taken=1)
        for held in (1.0, 2.0, 0.0):
            places.give_back(held)
            places.take()
        self.assertAlmostEqual(places.expected_wait(), 1.2)

    def test_key(self) -> None:
        """A key does not wait for all those who wait of another."""
        places = self.places(1, taken=1)
        for number in range(9):
            self.waiter(f"a{number}", places)
        self.assertEqual([places.expected_wait(key) for key in "ab"], [10.0, 2.0])
        places.give_back(1.0)
        self.assertEqual([places.expected_wait(key) for key in "ab"], [9.0, 1.0])

    def test_slow(self) -> None:
        """Places that are held for longer than is usual are likely to be held on."""
        places = self.places(1, taken=1)
        places.give_back(1.0)
        self.clock.advance(100.0)
        places.take()
        self.assertEqual(places.expected_wait(), 1.0)
        self.clock.advance(30.0)
        self.assertEqual(places.expected_wait(), 30.0)

    def test_shrunk(self) -> None:
        """One waits also for those that are in use beyond a limit that shrank."""
        places = self.places(None, taken=3)
        self.clock.advance(50.0)
        places.learn(1)
        self.assertEqual(places.expected_wait(), 3.0)
