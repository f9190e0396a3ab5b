"""What begins alike goes to the same provider, as long as that one has room."""

import math
from collections import Counter
from random import Random
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from inference_gateway.exchange import Call
from inference_gateway.interfaces import IBalancer
from inference_gateway.routing.balancer import RoundRobin
from inference_gateway.routing.prefix_hash import PrefixHash, beginning
from tests.routing.candidates import call, candidate, group, ids, question


def says(role: str, content: object) -> dict[str, object]:
    """Return a message."""
    return {"role": role, "content": content}


class BeginningTests(SynchronousTestCase):
    """Which texts decide."""

    def check(self, fields: dict[str, Any], *texts: str) -> None:
        """Check what the beginning of a request is."""
        self.assertEqual(beginning(fields), texts)

    def test_chat(self) -> None:
        """In a chat the instructions and the first question do, and nothing behind that."""
        messages = [
            says("system", "be kind"),
            says("developer", "be brief"),
            says("assistant", "hello"),
            says("user", "why?"),
            says("assistant", "because"),
            says("user", "really?"),
            says("system", "be rude"),
        ]
        self.check({"messages": messages}, "be kind", "be brief", "why?")

    def test_parts(self) -> None:
        """Of a content in parts the texts count."""
        parts = [
            {"type": "text", "text": "what is "},
            {"type": "image_url", "image_url": {"url": "https://example.com/"}},
            "no part",
            {"type": "text", "text": 5},
            {"type": "text", "text": "this?"},
        ]
        self.check({"messages": [says("user", parts)]}, "what is this?")

    def test_messages(self) -> None:
        """In the Messages API the instructions are beside the messages."""
        fields = {
            "system": [{"type": "text", "text": "be kind"}],
            "messages": [says("user", "why?")],
        }
        self.check(fields, "be kind", "why?")

    def test_responses(self) -> None:
        """In the Responses API the input is a text or a list of messages."""
        self.check({"instructions": "be kind", "input": "why?"}, "be kind", "why?")
        self.check({"input": [says("user", [{"type": "input_text", "text": "why?"}])]}, "why?")

    def test_other_operations(self) -> None:
        """Elsewhere it is the first of the inputs or of the prompts."""
        self.check({"prompt": "once"}, "once")
        self.check({"prompt": ["once", "twice"]}, "once")
        self.check({"input": ["one", "two"]}, "one")

    def test_no_text(self) -> None:
        """Other requests have no such texts."""
        self.check({"query": "why?"})
        self.check({"input": [1, 2, 3]})
        self.check({"messages": [says("user", None), says("user", "why?")]})
        self.check({"messages": []})

    def test_long(self) -> None:
        """Of a long text the first 2048 characters count, be it in parts or not."""
        parts = [{"type": "text", "text": "y" * 3000}] * 2
        fields = {"messages": [says("system", "x" * 3000), says("user", parts)]}
        self.check(fields, "x" * 2048, "y" * 2048)

    def test_many(self) -> None:
        """Sixteen messages and sixteen parts are looked at, however many there are."""
        messages = [says("system", "x")] * 1000
        self.check({"messages": messages}, *"x" * 16)
        parts = [{"type": "text", "text": "x"}] * 1000
        self.check({"messages": [says("user", parts)]}, "x" * 16)


class PrefixHashTests(SynchronousTestCase):
    """Where requests go."""

    def setUp(self) -> None:
        self.balancer = PrefixHash(otherwise=RoundRobin())

    def order(self, made: Call, names: str = "abc", model: str = "m") -> str:
        """Return the order in which idle providers are tried."""
        return ids(self.balancer.order(made, model, group(names)))

    def test_interface(self) -> None:
        """It is a balancer."""
        verifyObject(IBalancer, self.balancer)

    def test_conversation(self) -> None:
        """All turns of a conversation go to the same provider."""
        messages = [says("system", "be kind"), says("user", "why?")]
        orders = set()
        for turn in range(20):
            orders.add(self.order(call({"messages": list(messages)})))
            messages += [says("assistant", f"because {turn}"), says("user", f"and {turn}?")]
        self.assertEqual(len(orders), 1)

    def test_different(self) -> None:
        """Different conversations go to all providers, and so do those with different models."""
        by_text = Counter(self.order(question(f"question {n}"))[0] for n in range(600))
        by_model = Counter(self.order(question("why?"), model=f"model {n}")[0] for n in range(600))
        for firsts in (by_text, by_model):
            for id in "abc":
                self.assertApproximates(firsts[id] / 600, 1 / 3, 0.06)

    def test_joining(self) -> None:
        """One that joins three others takes a quarter of the conversations; no other moves."""
        moved = 0
        for number in range(1000):
            made = question(f"question {number}")
            before, after = self.order(made), self.order(made, "abcd")
            self.assertIn(after[0], (before[0], "d"))
            moved += after[0] == "d"
        self.assertApproximates(moved / 1000, 1 / 4, 0.04)

    def test_no_text(self) -> None:
        """Requests that do not say how they begin, and calls without one, are ordered otherwise."""
        orders = [self.order(made) for made in (call(), call({}), call({"input": [1]}))]
        self.assertEqual(orders, ["abc", "bca", "cab"])

    def test_alone(self) -> None:
        """A single provider is returned as it came."""
        self.assertEqual(self.order(question("why?"), "a"), "a")


class BoundedLoadTests(SynchronousTestCase):
    """Nobody gets much more than its part, whatever is asked."""

    def flood(self, calls: int, distinct: int) -> None:
        """Let so many calls begin, of which none ends, and check the bound after each."""
        balancer = PrefixHash(otherwise=RoundRobin())
        candidates = group("abcd")
        draw = Random(7)
        for under_way in range(1, calls + 1):
            made = question(f"question {draw.randrange(distinct)}")
            first = balancer.order(made, "m", candidates)[0]
            first.entry.load.begin()
            most = max(each.entry.load.pending for each in candidates)
            self.assertLessEqual(most, math.ceil(1.25 * under_way / 4))

    def test_one_prefix(self) -> None:
        """Calls that all begin alike are spread."""
        self.flood(400, distinct=1)

    def test_some_prefixes(self) -> None:
        """So are those of a few prefixes."""
        self.flood(400, distinct=5)

    def test_passed_over(self) -> None:
        """One that has its part of the load comes last, and gets its calls back later."""
        balancer = PrefixHash(otherwise=RoundRobin())
        candidates = [candidate(id) for id in "abc"]
        idle = ids(balancer.order(question("why?"), "m", candidates))
        owner = next(each for each in candidates if each.entry.id == idle[0])
        owner.entry.load.begin()
        busy = ids(balancer.order(question("why?"), "m", candidates))
        self.assertEqual(busy, idle[1:] + idle[0])
        owner.entry.load.end()
        self.assertEqual(ids(balancer.order(question("why?"), "m", candidates)), idle)
