"""The simple strategies, and all of them by their names."""

from collections import Counter
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from inference_gateway.config.routing_settings import Strategy
from inference_gateway.interfaces import IBalancer
from inference_gateway.routing.balancer import (
    LeastPending,
    Priority,
    RoundRobin,
    Weighted,
    balancer,
)
from inference_gateway.routing.candidate import Candidate
from tests.routing.candidates import call, candidate, fail, group, ids, question


class EveryStrategyTests(SynchronousTestCase):
    """What all have in common."""

    def setUp(self) -> None:
        names: tuple[Strategy, ...] = get_args(Strategy)
        self.balancers = [balancer(name, Clock().seconds, lambda: 0.5) for name in names]

    def test_interface(self) -> None:
        """Each is a balancer."""
        for each in self.balancers:
            verifyObject(IBalancer, each)

    def test_few(self) -> None:
        """There is nothing to order where there is one provider, or none."""
        for each in self.balancers:
            for few in ([], group("a")):
                self.assertIs(each.order(question("hi"), "m", few), few)

    def test_complete(self) -> None:
        """Each returns all candidates, and leaves what it was given as it was."""
        for size in (2, 3, 4):
            given = tuple(group("abcd"[:size]))
            for each in self.balancers:
                order = each.order(question("hi"), "m", given)
                self.assertEqual(Counter(map(id, order)), Counter(map(id, given)))
            self.assertEqual(ids(given), "abcd"[:size])

    def test_sessions(self) -> None:
        """With each of them a session stays where it is."""
        given = group("abc")
        for each in self.balancers:
            firsts = {each.order(call(session="mine"), "m", given)[0].entry.id for _ in range(9)}
            self.assertEqual(len(firsts), 1)

    def test_caution(self) -> None:
        """With each of them a provider that fails goes last."""
        given = group("abc")
        fail(given[0])
        for each in self.balancers:
            for _ in range(9):
                self.assertEqual(each.order(question("hi"), "m", given)[-1].entry.id, "a")


class Case(SynchronousTestCase):
    """A strategy, and the order in which it puts candidates."""

    balancer: IBalancer

    def order(self, candidates: list[Candidate], model: str = "m") -> str:
        """Return the ids in the order of the next call of ``model``."""
        return ids(self.balancer.order(call(), model, candidates))

    def firsts(self, candidates: list[Candidate], calls: int) -> str:
        """Return who goes first in the next calls."""
        return "".join(self.order(candidates)[0] for _ in range(calls))


class RoundRobinTests(Case):
    """Everybody's turn comes equally often."""

    def setUp(self) -> None:
        self.balancer = RoundRobin()

    def test_turns(self) -> None:
        """Each provider in turn goes first, and the others follow in their order."""
        three = group("abc")
        self.assertEqual([self.order(three) for _ in range(4)], ["abc", "bca", "cab", "abc"])

    def test_by_model(self) -> None:
        """Calls of one model do not take the turns of another."""
        two = group("ab")
        self.assertEqual([self.order(two, m) for m in "xyxy"], ["ab", "ab", "ba", "ba"])

    def test_alone(self) -> None:
        """A single provider is always first, and nobody's turn passes."""
        self.assertEqual(self.firsts(group("a"), 2), "aa")
        self.assertEqual(self.order(group("ab")), "ab")

    def test_nobody(self) -> None:
        """A group that is empty stays so."""
        self.assertEqual(self.order([]), "")

    def test_group_changes(self) -> None:
        """A group that shrinks between two calls is still ordered whole."""
        self.firsts(group("abc"), 2)
        self.assertEqual(self.order(group("ab")), "ab")

    @given(size=st.integers(1, 6), rounds=st.integers(1, 5))
    @settings(max_examples=25)
    def test_fair(self, size: int, rounds: int) -> None:
        """Over whole rounds everybody was first equally often."""
        self.balancer = RoundRobin()
        firsts = Counter(self.firsts(group("abcdef"[:size]), size * rounds))
        self.assertEqual(set(firsts.values()), {rounds})


class WeightedTests(Case):
    """Shares by weight."""

    def setUp(self) -> None:
        self.balancer = Weighted()

    def test_smooth(self) -> None:
        """A heavy provider's turns do not come all at once."""
        three = [candidate(id, weight=weight) for id, weight in (("a", 5), ("b", 1), ("c", 1))]
        self.assertEqual(self.firsts(three, 7), "aabacaa")

    def test_rest(self) -> None:
        """Behind the first those follow who wait for their turn most."""
        three = [candidate(id, weight=weight) for id, weight in (("a", 1), ("b", 2), ("c", 4))]
        self.assertEqual([self.order(three) for _ in range(2)], ["cba", "bac"])

    def test_by_model(self) -> None:
        """Calls of one model do not take the turns of another."""
        two = [candidate("a", weight=2), candidate("b")]
        firsts = [self.order(two, m)[0] for m in "xyxyxy"]
        self.assertEqual(firsts, list("aabbaa"))

    @given(st.lists(st.integers(1, 9), min_size=2, max_size=4))
    @settings(max_examples=40)
    def test_exact(self, weights: list[int]) -> None:
        """Everybody has had its share at every moment, but for the call that it waits for."""
        self.balancer = Weighted()
        some = [candidate(str(index), weight=weight) for index, weight in enumerate(weights)]
        firsts = self.firsts(some, 2 * sum(weights))
        for calls in range(len(firsts) + 1):
            for index, weight in enumerate(weights):
                had = firsts[:calls].count(str(index))
                self.assertLess(abs(had - calls * weight / sum(weights)), 1)


class LeastPendingTests(Case):
    """Whoever has the least to do."""

    def setUp(self) -> None:
        self.balancer = LeastPending()
        self.clock = Clock()
        self.three = group("abc", self.clock)

    def occupy(self, *counts: int) -> None:
        """Let as many attempts begin at each."""
        for each, count in zip(self.three, counts, strict=True):
            for _ in range(count):
                each.entry.load.begin()

    def test_fewest(self) -> None:
        """They are tried by the number of their attempts."""
        self.occupy(2, 0, 1)
        self.assertEqual([self.order(self.three) for _ in range(2)], ["bca", "bca"])

    def test_ties(self) -> None:
        """Those who have equally few take turns."""
        self.occupy(1, 0, 0)
        self.assertEqual([self.order(self.three) for _ in range(3)], ["bca", "cba", "bca"])

    def test_idle(self) -> None:
        """Where nobody has anything to do it is a round robin."""
        self.assertEqual(self.firsts(self.three, 6), "abcabc")

    def test_failures(self) -> None:
        """A failure counts as an attempt, until it is forgotten."""
        fail(self.three[0], 1)
        self.assertEqual(self.firsts(self.three, 4), "bcbc")
        self.clock.advance(4)
        self.assertEqual(Counter(self.firsts(self.three, 3)), Counter("abc"))


class PriorityTests(Case):
    """Whoever was named to be first."""

    def setUp(self) -> None:
        self.balancer = Priority()

    def test_lowest(self) -> None:
        """The lowest number goes first, always."""
        three = [
            candidate(id, priority=priority) for id, priority in zip("abc", (2, 0, 1), strict=True)
        ]
        self.assertEqual([self.order(three) for _ in range(2)], ["bca", "bca"])

    def test_turns(self) -> None:
        """Those with the same number take turns, first and later."""
        four = [
            candidate(id, priority=priority)
            for id, priority in zip("abcd", (1, 0, 1, 0), strict=True)
        ]
        self.assertEqual([self.order(four) for _ in range(3)], ["bdac", "dbca", "bdac"])
