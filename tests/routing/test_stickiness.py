"""Calls of one session go to one provider."""

from collections import Counter

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from inference_gateway.interfaces import IBalancer
from inference_gateway.routing.balancer import RoundRobin
from inference_gateway.routing.stickiness import Stickiness
from tests.routing.candidates import call, group, ids

SESSIONS = [f"session {number}" for number in range(600)]


class StickinessTests(SynchronousTestCase):
    """Sessions on top of a round robin."""

    def setUp(self) -> None:
        self.balancer = Stickiness(RoundRobin())

    def order(self, session: str, names: str = "abc", model: str = "m") -> str:
        """Return the order of the next call of a session."""
        return ids(self.balancer.order(call(session=session), model, group(names)))

    def test_interface(self) -> None:
        """It is a balancer."""
        verifyObject(IBalancer, self.balancer)

    def test_no_session(self) -> None:
        """Calls without a session are ordered by the strategy."""
        self.assertEqual([self.order("") for _ in range(3)], ["abc", "bca", "cab"])

    def test_sticky(self) -> None:
        """The first is always the same; the others follow as the strategy says."""
        orders = [self.order("mine") for _ in range(4)]
        first = orders[0][0]
        self.assertEqual({order[0] for order in orders}, {first})
        rest = "abc".replace(first, "")
        self.assertEqual([order[1:] for order in orders], [rest, rest[::-1]] * 2)

    def test_spread(self) -> None:
        """Sessions are spread evenly, and one may be elsewhere with another model."""
        by_session = Counter(self.order(session)[0] for session in SESSIONS)
        by_model = Counter(self.order("mine", model=name)[0] for name in SESSIONS)
        for firsts in (by_session, by_model):
            for id in "abc":
                self.assertApproximates(firsts[id] / len(SESSIONS), 1 / 3, 0.06)

    def test_out(self) -> None:
        """Those of a provider that is out are spread; all others stay where they are."""
        homes = {session: self.order(session)[0] for session in SESSIONS}
        guests: Counter[str] = Counter()
        for session, home in homes.items():
            first = self.order(session, "ab")[0]
            if home == "c":
                guests[first] += 1
            else:
                self.assertEqual(first, home)
        self.assertApproximates(guests["a"] / guests.total(), 1 / 2, 0.1)

    def test_back(self) -> None:
        """When it is back so are they."""
        homes = [self.order(session)[0] for session in SESSIONS[:50]]
        for session in SESSIONS[:50]:
            self.order(session, "ab")
        self.assertEqual([self.order(session)[0] for session in SESSIONS[:50]], homes)

    def test_alone(self) -> None:
        """Where there is one provider there is nothing to decide."""
        self.assertEqual(self.order("mine", "a"), "a")
