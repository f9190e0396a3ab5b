"""Calls that meet: second questions to slow providers, repeats, queues, and the turns in them."""

from itertools import pairwise
from types import MappingProxyType

from inference_gateway.testing.scripted_upstream import Request
from tests.acceptance.gateway import eventually
from tests.acceptance.raw_client import RawConnection, chat_body, post
from tests.acceptance.scenario_case import ScenarioTestCase, in_thread, together
from tests.acceptance.scenario_client import SAID, Seen
from tests.acceptance.scenarios import OTHER_KEY, PLAIN, STREAM, Scenario, chosen

#: Longer than anything here takes.
_PATIENT = MappingProxyType({"timeouts": {"first_byte": "5s", "first_token": "5s", "idle": "5s"}})
#: Seconds in which one event follows another without any wait.
_AT_ONCE = 0.15


class HedgeTests(ScenarioTestCase):
    """A second provider is asked when the first is slow, and the slower one is left at once."""

    _HEDGED = MappingProxyType({"hedge": {"after": "100ms", "percent": 100}})
    scenarios = (
        Scenario(
            name="hedge-silence",
            faults=("silent", "ok"),
            route=_HEDGED,
            provider=_PATIENT,
            asked=(1, 1),
            takes=0.1,
        ),
        Scenario(
            name="hedge-slow-first-token",
            faults=("slow-first-token:4", "ok"),
            route=_HEDGED,
            provider=_PATIENT,
            streamed=STREAM,
            asked=(1, 1),
            takes=0.1,
        ),
        Scenario(
            name="hedge-first-wins",
            faults=("slow:0.25", "slow:4"),
            route=_HEDGED,
            provider=_PATIENT,
            asked=(1, 1),
            takes=0.25,
        ),
        Scenario(
            name="hedge-not-needed",
            faults=("ok", "ok"),
            route=_HEDGED,
            provider=_PATIENT,
            asked=(1, 0),
        ),
    )

    @in_thread
    def test_loser(self) -> None:
        """The slower provider is left when the other has begun to answer, and is not billed."""
        for stream in (False, True):
            seen = self.play(chosen(self.scenarios, "hedge-silence"), stream)
            loser, winner = (upstream.requests[0] for upstream in self.upstreams[:2])
            self.forget()
            assert loser.left is not None
            self.assertLess(loser.left - winner.arrived, _AT_ONCE)
            record = self.gateway.call(seen.request_id)
            self.assertEqual(record["gen_ai.usage.output_tokens"], len(SAID.split()))
            self.assertTrue(record["gen_ai.provider.name"].endswith("-b"), record)


class RepeatTests(ScenarioTestCase):
    """A request that is repeated while it is being answered gets the same answer."""

    others = (Scenario(name="repeated", faults=("slow:0.3",)),)

    @in_thread
    def test_plain(self) -> None:
        """Three plain calls with one key are one request for the upstream."""
        self.repeat(stream=False)

    @in_thread
    def test_stream(self) -> None:
        """So are three streams, each of which says everything."""
        self.repeat(stream=True)

    def repeat(self, *, stream: bool) -> None:
        """Make the same call three times while it is being answered."""
        client = self.client()
        model = self.others[0].model(stream)

        def ask(number: int) -> Seen:
            return client.ask(model, stream=stream, headers={"Idempotency-Key": model})

        calls = together(3, ask, every=0.03)
        self.note(model, "slow:0.3, asked three times", calls[-1])
        self.assertEqual({(seen.is_complete, seen.text) for seen in calls}, {(True, SAID)})
        self.assertEqual(len({seen.names for seen in calls}), 1)
        self.assertEqual(self.asked(), (1, 0, 0))


class QueueTests(ScenarioTestCase):
    """Providers that take one call at a time."""

    others = (
        Scenario(
            name="queue-full",
            faults=("slow:0.3",),
            provider={"max_in_flight": 1, "max_queued": 0},
        ),
        Scenario(
            name="queue",
            faults=("slow:0.05",),
            provider={"max_in_flight": 1},
            streamed=PLAIN,
        ),
        Scenario(
            name="queue-of-two",
            faults=("slow:0.2", "slow:0.2"),
            provider={"max_in_flight": 1, "max_queued": 0},
            streamed=PLAIN,
        ),
        Scenario(
            name="queue-fair",
            faults=("slow:0.1",),
            provider={"max_in_flight": 1},
            streamed=PLAIN,
        ),
    )

    def ask(self, name: str, stream: bool, count: int, *, every: float = 0.0) -> list[Seen]:
        """Make so many calls to one of the models."""
        model = chosen(self.others, name).model(stream)
        client = self.client()
        return together(count, lambda _: client.ask(model, stream=stream), every=every)

    @in_thread
    def test_full_plain(self) -> None:
        """Who finds neither a place nor a queue is refused at once, and told when to come back."""
        self.fill(stream=False)

    @in_thread
    def test_full_stream(self) -> None:
        """So is a stream."""
        self.fill(stream=True)

    def fill(self, *, stream: bool) -> None:
        """Make two calls where there is a place for one."""
        client = self.client()
        model = chosen(self.others, "queue-full").model(stream)

        def ask(number: int) -> Seen:
            if number:
                self.assertTrue(eventually(lambda: self.asked() == (1, 0, 0)))
            return client.ask(model, stream=stream)

        first, second = together(2, ask)
        self.note(model, "slow:0.3, one at a time, no queue", second)
        self.assertTrue(first.is_complete, first)
        self.assertEqual((second.status, second.code), (503, "queue_full"))
        self.assertGreaterEqual(int(second.headers["retry-after"]), 1)
        self.assertLess(second.seconds, _AT_ONCE)
        self.assertEqual(self.asked(), (1, 0, 0))

    @in_thread
    def test_one_at_a_time(self) -> None:
        """Calls that wait are all answered, one after the other."""
        calls = self.ask("queue", False, 8)
        self.note("queue", "slow:0.05, one at a time, 8 calls", calls[-1])
        self.assertEqual([seen.is_complete for seen in calls], [True] * 8)
        requests = self.upstreams[0].requests
        self.assertEqual(len(requests), 8)
        for before, after in pairwise(requests):
            self.assertLess(ended(before), after.arrived)

    @in_thread
    def test_room_elsewhere(self) -> None:
        """Who finds no place at the first provider gets one at the second."""
        calls = self.ask("queue-of-two", False, 2, every=0.05)
        self.note("queue-of-two", "slow:0.2 | slow:0.2, one at a time each", calls[-1])
        self.assertEqual([seen.is_complete for seen in calls], [True, True])
        self.assertEqual(self.asked(), (1, 1, 0))

    @in_thread
    def test_left(self) -> None:
        """Whoever leaves while waiting never takes a place."""
        model = chosen(self.others, "queue").model(False)
        with RawConnection(self.gateway.address) as first:
            first.send(post(chat_body(model)))
            self.assertTrue(eventually(lambda: self.asked() == (1, 0, 0)))
            with RawConnection(self.gateway.address) as second:
                second.send(post(chat_body(model), "X-Request-ID: leaves-queue"))
            record = self.gateway.call("leaves-queue")
            self.assertEqual(first.answer().status, 200)
        self.assertEqual((record["verdict"], record.get("attempts", [])), ("client_gone", []))
        self.assertEqual(self.asked(), (1, 0, 0))

    @in_thread
    def test_fair(self) -> None:
        """A call of one key waits for a turn, not for the flood of another key."""
        model = chosen(self.others, "queue-fair").model(False)
        clients = [*[self.client()] * 10, self.client(key=OTHER_KEY)]
        calls = together(11, lambda number: clients[number].ask(model, stream=False), every=0.01)
        last = calls[-1]
        self.note("queue-fair", "slow:0.1, one at a time, behind 10 calls of another", last)
        self.assertEqual([seen.is_complete for seen in calls], [True] * 11)
        # what is being answered, one call of the other key, and its own
        self.assertLess(last.seconds, 0.45)


def ended(request: Request) -> float:
    """Return when a request's answer was over."""
    assert request.ended is not None
    return request.ended


class PatienceTests(ScenarioTestCase):
    """Clients that say for how long they wait."""

    others = (Scenario(name="impatient", faults=("silent", "silent", "silent"), provider=_PATIENT),)

    @in_thread
    def test_deadline(self) -> None:
        """A call is over when its client's own limit is, however many could still be asked."""
        for stream in (False, True):
            self.forget()
            model = self.others[0].model(stream)
            seen = self.client().ask(
                model, stream=stream, headers={"X-Stainless-Read-Timeout": "0.5"}
            )
            self.note(model, "silent, and the client waits for 0.5 s", seen)
            self.assertEqual((seen.status, seen.code), (504, "request_timeout"))
            self.assertTimely(seen.seconds, 0.4)


class LeavingTests(ScenarioTestCase):
    """Clients that leave while the gateway is busy with the failures of providers."""

    others = (
        Scenario(
            name="left-hedge",
            faults=("silent", "slow-first-token:5"),
            route={"hedge": {"after": "50ms", "percent": 100}},
            provider=_PATIENT,
        ),
        Scenario(name="left-wait", faults=("429-ms:300",)),
        Scenario(
            name="left-replay",
            faults=("cut:3", "stall:1"),
            route={"on_stream_cut": "replay"},
            provider=_PATIENT,
            streamed=STREAM,
        ),
    )

    def leave(self, name: str, *, stream: bool, asked: tuple[int, ...]) -> None:
        """Make a call, and leave when the upstreams have seen so many requests."""
        self.forget()
        model = chosen(self.others, name).model(stream)
        with RawConnection(self.gateway.address) as client:
            client.send(post(chat_body(model, stream=stream), f"X-Request-ID: {model}"))
            self.assertTrue(eventually(lambda: self.asked() == asked), self.asked())
        record = self.gateway.call(model)
        self.assertEqual(record["verdict"], "client_gone")
        self.assertEqual(len(record["attempts"]), sum(asked))

    @in_thread
    def test_hedge(self) -> None:
        """Both providers that are asked are left."""
        for stream in (False, True):
            self.leave("left-hedge", stream=stream, asked=(1, 1, 0))
            self.assertTrue(eventually(self.is_over))

    @in_thread
    def test_wait(self) -> None:
        """Nobody is asked again for a client that is not there any more."""
        for stream in (False, True):
            self.leave("left-wait", stream=stream, asked=(1, 0, 0))
            self.assertFalse(eventually(lambda: self.asked() != (1, 0, 0), within=0.4))

    @in_thread
    def test_replay(self) -> None:
        """A provider is left that repeats what others have begun."""
        self.leave("left-replay", stream=True, asked=(1, 1, 0))
