"""Whose turn it is when calls of several keys wait for a place."""

from functools import partial

from inference_gateway.resilience.concurrency import Places, Waiter
from tests.resilience.places import PlacesTestCase


class FairnessTests(PlacesTestCase):
    """Waiters of several keys."""

    def serve(self, places: Places, times: int) -> list[str]:
        """Return who is served when that many places are given back."""
        before = len(self.granted)
        for _ in range(times):
            places.give_back(1.0)
        return self.granted[before:]

    def test_turns(self) -> None:
        """Keys take turns, and each of them serves its own in order."""
        places = self.places(1, taken=1)
        for name in ("a1", "a2", "a3", "b1", "c1", "c2"):
            self.waiter(name, places)
        self.assertEqual(self.serve(places, 6), ["a1", "b1", "c1", "a2", "c2", "a3"])

    def test_latecomer(self) -> None:
        """A key that had no turn in this round goes before one that had, however long that one's
        queue is."""
        places = self.places(1, taken=1)
        for name in ("a1", "a2", "a3"):
            self.waiter(name, places)
        self.assertEqual(self.serve(places, 1), ["a1"])
        self.waiter("b1", places)
        self.assertEqual(self.serve(places, 1), ["b1"])

    def test_coming_again(self) -> None:
        """A key that comes again at once has no second turn in the same round."""
        places = self.places(1, taken=1)
        for name in ("a1", "b1", "c1"):
            self.waiter(name, places)
        self.serve(places, 1)
        self.waiter("a2", places)
        self.assertEqual(self.serve(places, 3), ["b1", "c1", "a2"])

    def test_second_round(self) -> None:
        """In the next round it is the same, for those who come and those who leave."""
        places = self.places(1, taken=1)
        for name in ("a1", "b1", "c1", "a2", "b2"):
            self.waiter(name, places)
        leaving = self.waiter("c2", places)
        self.assertEqual(self.serve(places, 4), ["a1", "b1", "c1", "a2"])
        leaving.leave()
        self.waiter("b3", places)
        self.waiter("a3", places)
        self.assertEqual(self.serve(places, 3), ["b2", "a3", "b3"])

    def test_leaving_costs_nothing(self) -> None:
        """A key whose waiters left is not put behind for them."""
        places = self.places(1, taken=1)
        leaving = [self.waiter(f"a{n}", places) for n in range(5)]
        self.waiter("b1", places)
        self.waiter("b2", places)
        for waiter in leaving[1:]:
            waiter.leave()
        self.assertEqual(self.serve(places, 1), ["a0"])
        self.waiter("a9", places)
        self.assertEqual(self.serve(places, 3), ["b1", "a9", "b2"])

    def kept(self, places: Places) -> int:
        """Return how many keys it knows of."""
        return sum(len(keys) for keys in (places._now, places._later, places._served))

    def test_nothing_is_kept(self) -> None:
        """Of those who left nothing is kept, and of those who were served only the last key."""
        places = self.places(1, taken=1)
        for number in range(1000):
            leaving = Waiter(f"left {number}", self.fail, self.fail)
            leaving.wait_for([places])
            leaving.leave()
            Waiter(f"served {number}", self.got.append, self.fail).wait_for([places])
            places.give_back(1.0)
        self.assertEqual((len(self.got), places.waiting, self.kept(places)), (1000, 0, 1))

    def test_full_queue(self) -> None:
        """In a full queue a key that has less gets the place of the last of the one with most."""
        places = self.places(1, 3, taken=1)
        for name in ("a1", "a2", "a3"):
            self.waiter(name, places)
        self.assertTrue(places.lets_in("b"))
        self.waiter("b1", places)
        self.assertEqual(self.displaced, ["a3"])
        self.assertFalse(places.lets_in("b"))
        self.waiter("b2", places)
        self.assertWaiting((places, 3))
        self.assertEqual(self.serve(places, 4), ["a1", "b1", "a2"])
        self.assertEqual(self.displaced, ["a3"])

    def test_displaced_at_one(self) -> None:
        """Who waits elsewhere, too, is displaced there only."""
        one, other = self.places(1, 2, taken=1), self.places(1, 2, taken=1)
        self.waiter("a1", one)
        self.waiter("a2", one, other)
        self.waiter("b1", one)
        self.assertEqual(self.displaced, [])
        self.assertWaiting((one, 2), (other, 1))
        other.give_back(1.0)
        self.assertEqual(self.granted, ["a2"])
        self.waiter("a3", other)
        one.give_back(1.0)
        self.assertEqual(self.granted, ["a2", "a1"])

    def test_grant_by_the_displaced(self) -> None:
        """What the displaced one does may serve who displaced it, and only once."""
        one, other = self.places(1, 2, taken=1), self.places(1, 2, taken=1)
        self.waiter("a1", one)

        def displaced() -> None:
            one.give_back(1.0)
            one.give_back(1.0)
            other.give_back(1.0)

        Waiter("a", self.fail, displaced).wait_for([one])
        self.waiter("b1", one, other)
        self.assertEqual((self.granted, self.got), (["a1", "b1"], [one, one]))
        self.assertWaiting((one, 0), (other, 0))

    def flood(self, limit: int, most_waiting: int) -> list[float]:
        """Return how long the calls of one key waited beside a thousand waiting of another.

        Every call takes a second. The key that is not flooding has one call at a time.
        """
        places = self.places(limit, most_waiting)
        waits: list[float] = []
        calm = range(300)

        def serve(key: str, taken: Places) -> None:
            self.clock.callLater(1.0, end, key, taken)

        def end(key: str, taken: Places) -> None:
            taken.give_back(1.0)
            come(key)

        def come(key: str) -> None:
            came = self.clock.seconds()

            def granted(taken: Places) -> None:
                if key == "calm":
                    waits.append(self.clock.seconds() - came)
                serve(key, taken)

            displaced = self.displaced.append if key == "flood" else self.fail
            Waiter(key, granted, partial(displaced, key)).wait_for([places])

        for number in range(1000 + limit):
            self.clock.callLater(number / 1000, come, "flood")
        self.clock.callLater(5.3, come, "calm")
        while len(waits) < len(calm):
            self.clock.advance(0.05)
            self.assertLess(self.clock.seconds(), 2000.0)
        self.assertGreaterEqual(places.waiting, min(1000, most_waiting) - 1)
        return sorted(waits)

    def test_flood(self) -> None:
        """One key's flood leaves another's 95th percentile within the time of one service."""
        for limit, most_waiting in ((1, 5000), (4, 5000), (4, 100)):
            waits = self.flood(limit, most_waiting)
            self.assertLessEqual(waits[len(waits) * 95 // 100], 1.0 + 0.06)
