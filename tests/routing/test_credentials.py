"""Which credential of a provider is used: in turn, and not those that it refuses or limits."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.routing.credentials import FIRST_PAUSE, LONGEST_PAUSE, CredentialRing


class RingTestCase(SynchronousTestCase):
    """A ring on a clock that the test turns."""

    def ring(self, count: int) -> CredentialRing:
        """Return a new ring of so many credentials."""
        self.clock = Clock()
        return CredentialRing(count, self.clock.seconds)

    def taken(self, ring: CredentialRing, times: int) -> list[int]:
        """Return what is taken when so many calls come."""
        return [ring.take() for _ in range(times)]


class TurnTests(RingTestCase):
    """Where nothing is wrong."""

    def test_one(self) -> None:
        """The only credential is always used."""
        ring = self.ring(1)
        self.assertEqual(self.taken(ring, 3), [0, 0, 0])
        ring.succeed(0)
        ring.ignore(0)
        self.assertTrue(ring.is_ready())
        self.assertEqual((ring.ready_in(), ring.refused, ring.are_refused), (0.0, 0, False))

    def test_in_turn(self) -> None:
        """Several take turns."""
        self.assertEqual(self.taken(self.ring(3), 7), [0, 1, 2, 0, 1, 2, 0])


class RefusalTests(RingTestCase):
    """Where the provider answers 401, 402 or 403."""

    def test_left_out(self) -> None:
        """The others go on without the one that is refused."""
        ring = self.ring(3)
        ring.refuse(1)
        self.assertEqual(self.taken(ring, 4), [0, 2, 0, 2])
        self.assertEqual((ring.refused, ring.are_refused, ring.is_ready()), (1, False, True))

    def test_probe(self) -> None:
        """After its pause exactly one call uses it."""
        ring = self.ring(2)
        ring.refuse(1)
        self.clock.advance(FIRST_PAUSE)
        self.assertEqual(self.taken(ring, 4), [0, 1, 0, 0])

    def test_comes_back(self) -> None:
        """A probe that is answered brings it back."""
        ring = self.ring(2)
        ring.refuse(1)
        self.clock.advance(FIRST_PAUSE)
        self.assertEqual(self.taken(ring, 2), [0, 1])
        ring.succeed(1)
        self.assertEqual(self.taken(ring, 4), [0, 1, 0, 1])
        self.assertEqual(ring.refused, 0)

    def test_longer_each_time(self) -> None:
        """Each refused probe doubles the pause, up to ten minutes; a success ends that."""
        ring = self.ring(1)
        ring.refuse(0)
        pauses = []
        for _ in range(7):
            pauses.append(ring.ready_in())
            self.clock.advance(ring.ready_in())
            ring.take()
            ring.refuse(0)
        self.assertEqual(pauses, [30.0, 60.0, 120.0, 240.0, 480.0, LONGEST_PAUSE, LONGEST_PAUSE])
        self.clock.advance(LONGEST_PAUSE)
        ring.take()
        ring.succeed(0)
        ring.refuse(0)
        self.assertEqual(ring.ready_in(), FIRST_PAUSE)

    def test_under_way(self) -> None:
        """Calls that were sent before the refusal change nothing, however they end."""
        ring = self.ring(1)
        self.taken(ring, 3)
        ring.refuse(0)
        self.clock.advance(1.0)
        ring.refuse(0)
        ring.succeed(0)
        ring.ignore(0)
        self.assertEqual((ring.ready_in(), ring.refused), (FIRST_PAUSE - 1.0, 1))

    def test_lost_probe(self) -> None:
        """A probe of which nothing is heard is followed by another after as long a pause."""
        ring = self.ring(1)
        ring.refuse(0)
        self.clock.advance(FIRST_PAUSE)
        ring.take()
        self.assertFalse(ring.is_ready())
        self.clock.advance(FIRST_PAUSE)
        self.assertTrue(ring.is_ready())

    def test_ignored_probe(self) -> None:
        """A probe that tells nothing, because its client left, lets the next call be one."""
        ring = self.ring(1)
        ring.refuse(0)
        self.clock.advance(FIRST_PAUSE)
        ring.take()
        ring.ignore(0)
        self.assertTrue(ring.is_ready())
        ring.take()
        self.assertFalse(ring.is_ready())

    def test_all_refused(self) -> None:
        """With all out, a call gets the one that is usable first."""
        ring = self.ring(2)
        ring.refuse(1)
        self.clock.advance(5.0)
        ring.refuse(0)
        self.assertEqual((ring.refused, ring.are_refused, ring.is_ready()), (2, True, False))
        self.assertEqual(ring.ready_in(), FIRST_PAUSE - 5.0)
        self.assertEqual(self.taken(ring, 2), [1, 1])

    def test_used_early(self) -> None:
        """Used before its time it can come back, and a refusal then does not lengthen its pause."""
        ring = self.ring(1)
        ring.refuse(0)
        ring.take()
        self.clock.advance(1.0)
        ring.refuse(0)
        self.assertEqual(ring.ready_in(), FIRST_PAUSE - 1.0)
        ring.take()
        ring.succeed(0)
        self.assertTrue(ring.is_ready())

    def test_due(self) -> None:
        """One that is due for its probe counts as refused, but not as out of use."""
        ring = self.ring(1)
        ring.refuse(0)
        self.clock.advance(FIRST_PAUSE)
        self.assertEqual((ring.refused, ring.are_refused, ring.is_ready()), (1, False, True))


class LimitTests(RingTestCase):
    """Where the provider answers 429."""

    def test_cools(self) -> None:
        """The others go on while the one that is limited waits."""
        ring = self.ring(2)
        ring.cool(0, 10.0)
        self.assertEqual(self.taken(ring, 2), [1, 1])
        self.clock.advance(10.0)
        self.assertEqual(self.taken(ring, 3), [0, 1, 0])

    def test_ready_again(self) -> None:
        """The only one is ready when its time is over, and no call has to find that out."""
        ring = self.ring(1)
        ring.cool(0, 10.0)
        self.assertEqual((ring.is_ready(), ring.ready_in(), ring.are_refused), (False, 10.0, False))
        self.clock.advance(10.0)
        self.assertEqual((ring.is_ready(), ring.ready_in()), (True, 0.0))

    def test_longest_counts(self) -> None:
        """Of two limits the one that ends later is obeyed."""
        ring = self.ring(1)
        ring.cool(0, 10.0)
        ring.cool(0, 2.0)
        self.assertEqual(ring.ready_in(), 10.0)

    def test_success_of_before(self) -> None:
        """A call that ends well does not end the wait of another."""
        ring = self.ring(1)
        ring.cool(0, 10.0)
        ring.succeed(0)
        self.assertFalse(ring.is_ready())

    def test_all_cool(self) -> None:
        """With all out, a call gets the one that is usable first."""
        ring = self.ring(3)
        ring.cool(0, 10.0)
        ring.cool(1, 5.0)
        ring.refuse(2)
        self.assertEqual(ring.take(), 1)
        self.assertEqual((ring.ready_in(), ring.are_refused), (5.0, False))

    def test_limited_probe(self) -> None:
        """A probe that is limited is repeated when the limit ends, and no later pause is longer."""
        ring = self.ring(1)
        ring.refuse(0)
        self.clock.advance(FIRST_PAUSE)
        ring.take()
        ring.cool(0, 3.0)
        self.assertEqual((ring.ready_in(), ring.refused), (3.0, 1))
        self.clock.advance(3.0)
        ring.take()
        ring.refuse(0)
        self.assertEqual(ring.ready_in(), 2 * FIRST_PAUSE)
