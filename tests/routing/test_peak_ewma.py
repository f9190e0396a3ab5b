"""Two choices: the less loaded of two is tried first."""

from collections.abc import Callable
from itertools import cycle

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from inference_gateway.interfaces import IBalancer
from inference_gateway.routing.peak_ewma import PeakEWMA
from tests.routing.candidates import call, group, ids, succeed
from tests.routing.traffic import Traffic


def draws(*numbers: float) -> Callable[[], float]:
    """Return what draws these numbers, over and over."""
    return cycle(numbers).__next__


class OrderTests(SynchronousTestCase):
    """Who is compared with whom, and who follows."""

    def setUp(self) -> None:
        self.clock = Clock()

    def order(self, latencies: dict[str, float], *numbers: float) -> str:
        """Return the order of providers that took so many seconds, with these numbers drawn."""
        candidates = group(latencies, self.clock)
        for each in candidates:
            if latencies[each.entry.id]:
                succeed(each, latencies[each.entry.id])
        balancer = PeakEWMA(self.clock.seconds, draws(*numbers))
        verifyObject(IBalancer, balancer)
        return ids(balancer.order(call(), "m", candidates))

    def test_few(self) -> None:
        """A single provider needs no choice."""
        self.assertEqual(self.order({"a": 1.0}), "a")

    def test_two(self) -> None:
        """The faster of two is first, whatever is drawn."""
        for number in (0.0, 0.99):
            self.assertEqual(self.order({"a": 2.0, "b": 1.0}, number), "ba")
            self.assertEqual(self.order({"a": 1.0, "b": 2.0}, number), "ab")

    def test_equals(self) -> None:
        """Between equals chance decides."""
        self.assertEqual(self.order({"a": 1.0, "b": 1.0}, 0.49), "ab")
        self.assertEqual(self.order({"a": 1.0, "b": 1.0}, 0.5), "ba")

    def test_drawn(self) -> None:
        """The best of all is first only if it is one of the two; all others follow by load."""
        latencies = {"a": 4.0, "b": 3.0, "c": 2.0, "d": 1.0}
        self.assertEqual(self.order(latencies, 0.0, 0.0), "bdca")
        self.assertEqual(self.order(latencies, 0.0, 0.99), "dcba")
        self.assertEqual(self.order(latencies, 0.75, 0.0), "dcba")
        self.assertEqual(self.order(latencies, 0.5, 0.7), "cdba")

    def test_two_different(self) -> None:
        """No provider is compared with itself: the slowest of all never goes first."""
        latencies = {"a": 1.0, "b": 9.0, "c": 1.0}
        for one in range(10):
            for other in range(10):
                self.assertNotEqual(self.order(latencies, one / 10, other / 10)[0], "b")

    def test_unknown(self) -> None:
        """One that was never asked is tried before one that is known."""
        self.assertEqual(self.order({"a": 0.1, "b": 0.0}, 0.0), "ba")


class TrafficTests(SynchronousTestCase):
    """What becomes of many calls."""

    def test_alike(self) -> None:
        """Providers that are alike have equal parts."""
        traffic = Traffic("peak_ewma")
        traffic.run(900, rate=20)
        for id in "abc":
            self.assertApproximates(traffic.share(id), 1 / 3, 0.06)

    def test_faster(self) -> None:
        """The faster a provider the more calls it has, and the slowest still has some."""
        traffic = Traffic("peak_ewma")
        traffic.latency = {"a": 0.1, "b": 0.3, "c": 2.0}
        traffic.run(2000, rate=20)
        counts = traffic.counts()
        self.assertGreater(counts["a"], 1.5 * counts["b"])
        self.assertGreater(counts["b"], 2 * counts["c"])
        self.assertGreater(counts["c"], 0)

    def test_stall(self) -> None:
        """One that begins to answer slowly gets few calls before its first slow answer is there."""
        traffic = Traffic("peak_ewma")
        traffic.run(200, rate=20)
        traffic.latency["a"] = 30.0
        before = traffic.counts()["a"]
        traffic.run(400, rate=20)
        self.assertLess(traffic.counts()["a"] - before, 20)

    def test_return(self) -> None:
        """One that is fast again gets its part back, though nobody told."""
        traffic = Traffic("peak_ewma")
        traffic.latency["a"] = 5.0
        traffic.run(400, rate=20)
        del traffic.latency["a"]
        traffic.run(1200, rate=20)
        since = traffic.clock.seconds()
        traffic.run(600, rate=20)
        self.assertApproximates(traffic.share("a", since), 1 / 3, 0.08)
