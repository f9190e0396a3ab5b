"""Calls that wait for a provider to have room."""

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import QueueFull
from inference_gateway.exchange import Call, Principal
from inference_gateway.pipeline.waiting import wait_for_place
from inference_gateway.resilience.concurrency import Places
from inference_gateway.resilience.deadline import Deadline
from inference_gateway.routing.candidate import Candidate
from tests.routing.rosters import entry


class WaitingTestCase(SynchronousTestCase):
    """Two providers with one place each, which are taken."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1000.0)
        self.candidates = [
            Candidate(entry(id, clock=self.clock, max_in_flight=1, max_queued=3), "m")
            for id in "ab"
        ]
        self.places = [candidate.entry.places for candidate in self.candidates]
        for places in self.places:
            self.assertTrue(places.take())

    def tearDown(self) -> None:
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def call(self, key: str = "alice") -> Call:
        """Return a call of that key."""
        return Call(
            id="1",
            received=self.clock.seconds(),
            method="POST",
            path="/",
            principal=Principal(id=key),
        )

    def wait(self, call: Call, limit: float = 60.0) -> "Deferred[Candidate]":
        """Let ``call`` wait for so many seconds at most."""
        deadline = Deadline.after(self.clock.seconds(), "total", limit)
        return Deferred.fromCoroutine(wait_for_place(call, self.candidates, self.clock, deadline))

    def end(self, places: Places, held: float = 1.0) -> None:
        """Let an attempt end that had one of ``places``."""
        places.give_back(held)

    def assertRefused(self, waiting: "Deferred[Candidate]", said: str, after: float) -> None:
        """The call was refused for the reason that is said, and when to come again."""
        error = self.failureResultOf(waiting, QueueFull).value
        self.assertIn(said, error.message)
        self.assertEqual((error.code, error.status, error.retry_after), ("queue_full", 503, after))

    def assertEmpty(self) -> None:
        """Nobody waits anywhere."""
        self.assertEqual([places.waiting for places in self.places], [0, 0])


class GrantTests(WaitingTestCase):
    """Waiting that has an end."""

    def test_granted(self) -> None:
        """Whoever has room first is returned, with a place taken there."""
        call = self.call()
        waiting = self.wait(call)
        self.clock.advance(2.5)
        self.assertNoResult(waiting)
        self.end(self.places[1])
        self.assertIs(self.successResultOf(waiting), self.candidates[1])
        self.assertEqual([places.in_use for places in self.places], [1, 1])
        self.assertEqual(call.queued, 2.5)
        self.assertEmpty()

    def test_twice(self) -> None:
        """What a call waited before is not forgotten."""
        call = self.call()
        for seconds in (1.0, 2.0):
            waiting = self.wait(call)
            self.clock.advance(seconds)
            self.end(self.places[0])
            self.successResultOf(waiting)
        self.assertEqual(call.queued, 3.0)

    def test_room_at_once(self) -> None:
        """Where there is room after all nobody waits."""
        self.end(self.places[0])
        call = self.call()
        self.assertIs(self.successResultOf(self.wait(call)), self.candidates[0])
        self.assertEqual((call.queued, self.places[0].in_use), (0.0, 1))

    def test_keys(self) -> None:
        """Calls of several keys take turns."""
        waiting = [self.wait(self.call(key)) for key in ("alice", "alice", "bob")]
        for served in ([True, False, False], [True, False, True], [True, True, True]):
            self.end(self.places[0])
            self.assertEqual([each.called for each in waiting], served)


class RefusalTests(WaitingTestCase):
    """Waiting that makes no sense, and waiting in vain."""

    def test_full(self) -> None:
        """When all queues are full the call is refused at once, and told when to come again."""
        for places in self.places:
            self.end(places, held=4.0)
            places.take()
        full = [self.wait(self.call()) for _ in range(3)]
        refused = self.call()
        self.assertRefused(self.wait(refused), "too many calls wait already", 16.0)
        self.assertEqual(refused.queued, 0.0)
        for each in full:
            each.cancel()
            self.failureResultOf(each, CancelledError)

    def test_soonest(self) -> None:
        """Nobody is told to come again within less than a second."""
        for places in self.places:
            self.end(places, held=0.01)
            places.take()
        full = [self.wait(self.call()) for _ in range(3)]
        self.assertRefused(self.wait(self.call()), "too many calls wait already", 1.0)
        for each in full:
            each.cancel()
            self.failureResultOf(each, CancelledError)

    def test_too_late(self) -> None:
        """A call whose turn is likely to come too late is refused at once."""
        for places in self.places:
            self.end(places, held=30.0)
            places.take()
        self.assertRefused(self.wait(self.call(), 29.9), "none is likely to have room", 30.0)
        self.assertEmpty()
        waiting = self.wait(self.call(), 30.0)
        self.end(self.places[0])
        self.successResultOf(waiting)

    def test_quicker_provider(self) -> None:
        """What counts is the provider whose turn is likely to come first."""
        self.end(self.places[0], held=30.0)
        self.places[0].take()
        waiting = self.wait(self.call(), 2.0)
        self.end(self.places[1])
        self.assertIs(self.successResultOf(waiting), self.candidates[1])

    def test_deadline(self) -> None:
        """Who waits until its deadline is told for how long it has waited."""
        call = self.call()
        waiting = self.wait(call, 20.0)
        self.clock.advance(19.9)
        self.assertNoResult(waiting)
        self.clock.advance(0.1)
        # nothing came back for so long that nothing is likely to come back soon
        self.assertRefused(waiting, "had room within 20 s", 20.0)
        self.assertEqual(call.queued, 20.0)
        self.assertEmpty()

    def test_displaced(self) -> None:
        """Who loses its turn to another key's call is told so, and when to come again."""
        first, second, last = [self.wait(self.call()) for _ in range(3)]
        other = self.wait(self.call("bob"))
        self.assertRefused(last, "lost its turn", 4.0)
        for waiting in (first, other, second):
            self.end(self.places[0])
            self.assertIs(self.successResultOf(waiting), self.candidates[0])


class LeavingTests(WaitingTestCase):
    """Clients who leave."""

    def test_left(self) -> None:
        """A client who leaves waits no longer, and what comes free is for the others."""
        call = self.call()
        leaving, staying = self.wait(call), self.wait(self.call())
        self.clock.advance(1.0)
        leaving.cancel()
        self.failureResultOf(leaving, CancelledError)
        self.assertEqual((call.queued, self.places[0].waiting), (1.0, 1))
        self.end(self.places[0])
        self.assertIs(self.successResultOf(staying), self.candidates[0])

    def test_left_before_the_grant(self) -> None:
        """A place that comes free in the turn in which a client left stays free."""
        leaving = self.wait(self.call())
        leaving.cancel()
        self.end(self.places[0])
        self.failureResultOf(leaving, CancelledError)
        self.assertEqual([places.in_use for places in self.places], [0, 1])

    def test_left_because_of_the_grant(self) -> None:
        """A client may leave while another is served, and is not served then."""
        second = self.wait(self.call("bob"))
        self.end(self.places[1])
        self.successResultOf(second)
        first, third = self.wait(self.call()), self.wait(self.call("carol"))
        first.addCallback(lambda _: third.cancel())
        self.end(self.places[0])
        self.failureResultOf(third, CancelledError)
        self.assertEqual([places.in_use for places in self.places], [1, 1])
        self.assertEmpty()
