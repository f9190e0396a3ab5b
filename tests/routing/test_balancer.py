"""Round robin: everybody's turn comes equally often."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from inference_gateway.interfaces import IBalancer
from inference_gateway.routing.balancer import RoundRobin
from inference_gateway.routing.table import Candidate
from tests.routing.rosters import entry


def group(*ids: str) -> list[Candidate]:
    """Return candidates with these ids."""
    return [Candidate(entry(id), "m") for id in ids]


class RoundRobinTests(SynchronousTestCase):
    """The order in which providers are tried."""

    def setUp(self) -> None:
        self.balancer = RoundRobin()

    def ids(self, model: str, candidates: list[Candidate]) -> str:
        """Return the ids in the order of the next call of ``model``."""
        return "".join(c.entry.id for c in self.balancer.order(model, candidates))

    def test_interface(self) -> None:
        """It is a balancer."""
        verifyObject(IBalancer, self.balancer)

    def test_turns(self) -> None:
        """Each provider in turn goes first, and the others follow in their order."""
        three = group("a", "b", "c")
        self.assertEqual([self.ids("m", three) for _ in range(4)], ["abc", "bca", "cab", "abc"])

    def test_by_model(self) -> None:
        """Calls of one model do not take the turns of another."""
        two = group("a", "b")
        self.assertEqual([self.ids(m, two) for m in "xyxy"], ["ab", "ab", "ba", "ba"])

    def test_alone(self) -> None:
        """A single provider is always first."""
        one = group("a")
        self.assertEqual([self.ids("m", one) for _ in range(2)], ["a", "a"])

    def test_nobody(self) -> None:
        """A group that is empty stays so."""
        self.assertEqual(self.balancer.order("m", []), [])

    def test_group_changes(self) -> None:
        """A group that shrinks between two calls is still ordered whole."""
        self.ids("m", group("a", "b", "c"))
        self.ids("m", group("a", "b", "c"))
        self.assertEqual(self.ids("m", group("a", "b")), "ab")

    @given(size=st.integers(1, 6), rounds=st.integers(1, 5))
    @settings(max_examples=25, deadline=None)
    def test_fair(self, size: int, rounds: int) -> None:
        """Over whole rounds everybody was first equally often."""
        balancer = RoundRobin()
        candidates = group(*"abcdef"[:size])
        firsts = Counter(balancer.order("m", candidates)[0].entry.id for _ in range(size * rounds))
        self.assertEqual(set(firsts.values()), {rounds})
