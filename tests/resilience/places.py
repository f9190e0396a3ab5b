"""Places at a provider, and waiters for them whose grants are noted."""

from functools import partial

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.resilience.concurrency import Places, Waiter


class PlacesTestCase(SynchronousTestCase):
    """Places, and waiters whose grants are noted."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.granted: list[str] = []
        self.displaced: list[str] = []
        self.got: list[Places] = []

    def places(self, limit: int | None = 1, most_waiting: int = 10, taken: int = 0) -> Places:
        """Return places, so many of which are taken."""
        places = Places(limit, most_waiting, self.clock.seconds)
        for _ in range(taken):
            self.assertTrue(places.take())
        return places

    def waiter(self, name: str, *places: Places) -> Waiter:
        """Wait for a place; the letter that ``name`` begins with is the key."""

        def granted(taken: Places) -> None:
            self.granted.append(name)
            self.got.append(taken)

        waiter = Waiter(name[0], granted, partial(self.displaced.append, name))
        waiter.wait_for(places)
        return waiter

    def assertWaiting(self, *counts: tuple[Places, int]) -> None:
        """So many wait at each."""
        self.assertEqual([places.waiting for places, _ in counts], [n for _, n in counts])
