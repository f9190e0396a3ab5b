"""Providers in trouble go last, and are tried again."""

from typing import get_args

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from inference_gateway.config.routing_settings import Strategy
from inference_gateway.interfaces import IBalancer
from inference_gateway.routing.balancer import RoundRobin
from inference_gateway.routing.candidate import Candidate
from inference_gateway.routing.caution import Caution
from tests.routing.candidates import call, candidate, fail, ids, succeed
from tests.routing.traffic import Traffic

#: Settings with which ``a`` gets all calls where priority decides.
FIRST = {"a": {"priority": 0}, "b": {"priority": 1}, "c": {"priority": 1}}
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)


def sicken(one: Candidate) -> None:
    """Let the checks of a provider's health fail until it is unhealthy."""
    while not one.entry.health.is_unhealthy:
        one.entry.health.failed("it does not answer")


class CautionTests(SynchronousTestCase):
    """Who goes last, on top of a round robin."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.drawn = 0.5
        self.balancer = Caution(RoundRobin(), lambda: self.drawn)
        self.group = [candidate(id, self.clock, slow_start=10.0) for id in "abc"]

    def orders(self, calls: int = 2) -> list[str]:
        """Return the orders of the next calls."""
        return [ids(self.balancer.order(call(), "m", self.group)) for _ in range(calls)]

    def test_interface(self) -> None:
        """It is a balancer."""
        verifyObject(IBalancer, self.balancer)

    def test_nobody(self) -> None:
        """While nobody is in trouble the strategy decides."""
        self.assertEqual(self.orders(3), ["abc", "bca", "cab"])

    def test_failing(self) -> None:
        """One that fails goes last; the strategy has the others take turns."""
        fail(self.group[0])
        self.assertEqual(self.orders(4), ["bca", "cba"] * 2)

    def test_unhealthy(self) -> None:
        """So does one that is unhealthy, until it is not."""
        sicken(self.group[1])
        self.assertEqual(self.orders(), ["acb", "cab"])
        while self.group[1].entry.health.is_unhealthy:
            self.group[1].entry.health.passed(0.1)
        self.assertEqual({order[0] for order in self.orders(3)}, set("abc"))

    def test_several(self) -> None:
        """Those who go last keep their order."""
        fail(self.group[0])
        sicken(self.group[1])
        self.assertEqual(self.orders(), ["cab", "cab"])

    def test_all(self) -> None:
        """Where all fail the strategy decides again."""
        for each in self.group:
            fail(each)
        self.assertEqual(self.orders(3), ["abc", "bca", "cab"])

    def test_single(self) -> None:
        """One that is alone is returned as it came, in trouble or not."""
        fail(self.group[0])
        alone = self.group[:1]
        self.assertIs(self.balancer.order(call(), "m", alone), alone)

    def test_slow_start(self) -> None:
        """In slow start it is ordered with the others in so many cases as its share says."""
        fail(self.group[0])
        succeed(self.group[0], 1.0)
        self.clock.advance(5)
        self.drawn = 0.56
        self.assertEqual(self.orders(), ["bca", "cba"])
        self.drawn = 0.54
        self.assertEqual({order[0] for order in self.orders(3)}, set("abc"))

    def test_all_in_slow_start(self) -> None:
        """Where none of those that start goes first by chance the strategy decides among them."""
        for each in self.group[:2]:
            fail(each)
            succeed(each, 1.0)
        fail(self.group[2])
        self.drawn = 0.99
        self.assertEqual(self.orders(), ["abc", "bac"])

    def test_order_of_trouble(self) -> None:
        """One that is starting comes before one that fails."""
        fail(self.group[0])
        fail(self.group[1])
        succeed(self.group[1], 1.0)
        self.assertEqual(self.orders(), ["cba", "cba"])


class TrafficTests(SynchronousTestCase):
    """Three providers of which one fails within 5 ms, with every strategy and without breakers."""

    def test_fast_failures(self) -> None:
        """It gets less than 5 percent of 1,000 calls, from one a second to a thousand a second."""
        for strategy in STRATEGIES:
            for rate in (1, 10, 100, 1000):
                traffic = Traffic(strategy, FIRST)
                traffic.failing = {"a"}
                traffic.run(1000, rate)
                self.assertLess(traffic.counts()["a"], 50, (strategy, rate))

    def test_session(self) -> None:
        """So it does where it is a session's own provider, which the session then comes back to."""
        traffic = Traffic("round_robin")
        traffic.run(1, 10, lambda: call(session="mine"))
        [(_, home)] = traffic.asked
        traffic.failing = {home}
        traffic.run(1000, 10, lambda: call(session="mine"))
        self.assertLess(traffic.counts()[home], 50)
        traffic.failing = set()
        traffic.run(900, 10, lambda: call(session="mine"))
        since = traffic.clock.seconds()
        traffic.run(100, 10, lambda: call(session="mine"))
        self.assertEqual(traffic.share(home, since), 1.0)

    def test_tried(self) -> None:
        """It is tried again and again."""
        for strategy in STRATEGIES:
            traffic = Traffic(strategy, FIRST)
            traffic.failing = {"a"}
            traffic.run(2400, rate=20)
            self.assertGreater(traffic.counts(since=60)["a"], 1, strategy)

    def test_healed(self) -> None:
        """Healed it has its calls back within a minute, and not at once."""
        for strategy in STRATEGIES:
            traffic = Traffic(strategy, FIRST)
            traffic.run(600, rate=20)
            fair = traffic.share("a")
            traffic.failing = {"a"}
            traffic.run(1200, rate=20)
            traffic.failing = set()
            healed = traffic.clock.seconds()
            traffic.run(2000, rate=20)
            back = next(when for when, id in traffic.asked if id == "a" and when >= healed)
            shares = [traffic.share("a", back + t, back + t + 10) / fair for t in (0, 10, 20, 30)]
            self.assertLess(shares[0], 0.5, strategy)
            self.assertTrue(shares[0] < shares[1] < shares[3], (strategy, shares))
            self.assertGreater(traffic.share("a", healed + 60) / fair, 0.8, strategy)

    def test_occasional(self) -> None:
        """One that fails now and then keeps nearly all of its calls."""
        traffic = Traffic("round_robin")
        for _ in range(50):
            traffic.failing = {"a"}
            traffic.run(1, rate=20)
            traffic.failing = set()
            traffic.run(59, rate=20)
        self.assertGreater(traffic.counts()["a"], 950)
