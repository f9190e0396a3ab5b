"""What the gateway remembers of its providers from call to call: outages and refused keys."""

import time
from collections.abc import Callable
from types import MappingProxyType

from tests.acceptance.scenario_case import ScenarioTestCase, in_thread, together
from tests.acceptance.scenario_client import Seen
from tests.acceptance.scenarios import NO_BREAKER, PLAIN, QUICKLY, Scenario, chosen

#: Seconds in which a call is refused for which nobody has to be asked, on a busy machine.
_AT_ONCE = 0.1
#: Seconds in which a provider is well and ill in turn.
_FLAPPING = 4.0


class BreakerTests(ScenarioTestCase):
    """A provider that fails again and again is left alone, and asked once in a while."""

    routing = MappingProxyType(
        {
            "retry": {**QUICKLY, "attempts": 1},
            "circuit_breaker": {"failures": 3, "open_for": "400ms"},
        }
    )
    others = (Scenario(name="breaker", faults=("fails:4:status-500",)),)

    @in_thread
    def test_plain(self) -> None:
        """After three failures nobody asks it until one probe may; one that answers ends that."""
        self.trip(stream=False)

    @in_thread
    def test_stream(self) -> None:
        """The same holds for streams."""
        self.trip(stream=True)

    def trip(self, *, stream: bool) -> None:
        """Open the breaker, let one probe fail and the next one pass."""
        client = self.client()
        model = self.others[0].model(stream)
        faults = "fails:4:status-500"

        def ask(number: int) -> Seen:
            return client.ask(model, stream=stream)

        failed = [ask(number) for number in range(3)]
        self.assertEqual([seen.code for seen in failed], ["provider_error"] * 3)
        refused = ask(0)
        self.note(f"{model}-open", faults, refused)
        self.assertOpen(refused)
        self.assertLess(refused.seconds, _AT_ONCE)
        self.assertEqual(self.asked(), (3, 0, 0))
        for state in ("provider_error", ""):
            began = time.monotonic()
            first, others = self.probe(ask)
            end = "fails" if state else "passes"
            self.note(f"{model}-probe-{end}", faults, first, time.monotonic() - began)
            self.assertEqual(first.code, state)
            for seen in others:  # an answer closes the breaker for those who are behind it
                if state or not seen.is_complete:
                    self.assertOpen(seen)
            if state:
                self.assertEqual(self.asked(), (4, 0, 0))
        self.assertTrue(all(seen.is_complete for seen in together(5, ask)))

    def probe(self, ask: Callable[[int], Seen]) -> tuple[Seen, list[Seen]]:
        """Call five at a time until one passes; return that one, and the four others."""
        for _ in range(200):
            calls = together(5, ask)
            for seen in calls:
                if seen.code != "circuit_breaker_open":
                    calls.remove(seen)
                    return seen, calls
        raise AssertionError("nobody is asked any more")

    def assertOpen(self, seen: Seen) -> None:
        """Assert that a call was refused at once."""
        self.assertEqual((seen.status, seen.code), (503, "circuit_breaker_open"))
        self.assertGreaterEqual(int(seen.headers["retry-after"]), 1)
        self.assertGreater(int(seen.headers["retry-after-ms"]), 0)


class CredentialTests(ScenarioTestCase):
    """Providers that refuse a key of ours."""

    others = (
        Scenario(
            name="only-key",
            faults=("refuses-key:key-1",),
            provider={"api_key": "${SCENARIO_KEY_1}"},
        ),
        Scenario(
            name="second-key",
            faults=("refuses-key:key-1",),
            provider={"api_keys": ["${SCENARIO_KEY_1}", "${SCENARIO_KEY_2}"]},
        ),
        Scenario(
            name="keys-in-turn",
            faults=("ok",),
            provider={"api_keys": ["${SCENARIO_KEY_1}", "${SCENARIO_KEY_2}"]},
        ),
    )

    def ask(self, name: str, stream: bool, count: int) -> list[Seen]:
        """Make so many calls, one after the other."""
        client = self.client()
        scenario = chosen(self.others, name)
        model = scenario.model(stream)
        calls = [client.ask(model, stream=stream) for _ in range(count)]
        self.note(model, f"{scenario.faults[0]}, {count} calls", calls[0])
        return calls

    def keys(self) -> list[str]:
        """Return the keys that the first upstream was asked with."""
        return [request.credential for request in self.upstreams[0].requests]

    @in_thread
    def test_only_key(self) -> None:
        """The only key is refused once, and not tried again soon."""
        for stream in (False, True):
            calls = self.ask("only-key", stream, 3)
            self.note(
                chosen(self.others, "only-key").model(stream),
                "refuses-key:key-1, three calls",
                calls[-1],
            )
            told = {(seen.status, seen.code) for seen in calls}
            self.assertEqual(told, {(502, "provider_auth_failed")})
            self.assertEqual(self.keys(), ["key-1"])
            self.forget()

    @in_thread
    def test_second_key(self) -> None:
        """Where there is another key it answers, and the refused one is left out."""
        for stream in (False, True):
            calls = self.ask("second-key", stream, 4)
            self.note(
                chosen(self.others, "second-key").model(stream),
                "refuses-key:key-1, four calls",
                calls[0],
            )
            self.assertEqual([seen.is_complete for seen in calls], [True] * 4)
            self.assertEqual(self.keys(), ["key-1", *["key-2"] * 4])
            self.forget()

    @in_thread
    def test_in_turn(self) -> None:
        """Keys that all are good are used in turn."""
        self.ask("keys-in-turn", False, 4)
        self.assertEqual(self.keys(), ["key-1", "key-2"] * 2)


class DeadFleetTests(ScenarioTestCase):
    """Nobody answers, and no breaker keeps calls from asking."""

    routing = MappingProxyType(
        {"retry": {"backoff": "20ms"}, "circuit_breaker": {"enabled": False}}
    )
    others = (Scenario(name="dead", faults=("status-503", "status-503"), streamed=PLAIN),)

    @in_thread
    def test_budget(self) -> None:
        """Retries are a share of the calls, also where every call would like to have some."""
        client = self.client()
        model = chosen(self.others, "dead").model(False)
        calls = together(200, lambda _: client.ask(model, stream=False))
        self.note("dead", "status-503 | status-503, 200 calls", calls[-1])
        told = {(seen.status, seen.code) for seen in calls}
        self.assertEqual(told, {(502, "provider_error")})
        self.assertGreaterEqual(sum(self.asked()), 200)
        self.assertLessEqual(sum(self.asked()), 1.2 * 200 + 10)


class HalfDeadTests(ScenarioTestCase):
    """One of two providers fails for ever, and faster than the other one answers."""

    routing = NO_BREAKER
    others = tuple(
        Scenario(
            name=f"half-dead-{strategy}",
            faults=("status-503", "ok"),
            route={"strategy": strategy},
            provider={"priority": 0},
            streamed=PLAIN,
        )
        for strategy in ("round_robin", "least_pending", "peak_ewma")
    )

    @in_thread
    def test_fast_failures(self) -> None:
        """Who fails fastest attracts nobody, and no client sees it fail."""
        client = self.client()
        for scenario in self.others:
            self.forget()
            calls = [client.ask(scenario.model(False), stream=False) for _ in range(200)]
            self.note(scenario.name, "status-503 | ok, 200 calls", calls[-1])
            self.assertEqual({seen.is_complete for seen in calls}, {True})
            self.assertLess(self.asked()[0], 0.05 * len(calls))


class FlappingTests(ScenarioTestCase):
    """A provider that is well and ill in turn, and a minute's worth of calls in four seconds."""

    routing = MappingProxyType(
        {
            "strategy": "round_robin",
            "slow_start": "500ms",
            "circuit_breaker": {"open_for": "200ms", "longest_open": "1s"},
        }
    )
    others = (
        Scenario(
            name="flapping",
            faults=("flap:0.5:0.5", "ok"),
            route={"strategy": "round_robin"},
            streamed=PLAIN,
        ),
        Scenario(
            name="flapping-cut",
            faults=("flap:0.5:0.5:cut:0", "ok"),
            route={"strategy": "peak_ewma"},
        ),
    )

    @in_thread
    def test_errors(self) -> None:
        """No client sees any of it, and a provider that is ill sees few calls."""
        client = self.client()

        def ask(number: int) -> Seen:
            stream = bool(number % 2)
            name = "flapping-cut" if stream else "flapping"
            return client.ask(chosen(self.others, name).model(stream), stream=stream)

        calls = together(300, ask, every=_FLAPPING / 300)
        bad = [str(seen) for seen in calls if not seen.is_complete]
        said = f"{len(bad)} of {len(calls)} calls failed"
        self.note("flapping", "flap:0.5:0.5 | ok", said, max(seen.seconds for seen in calls))
        self.assertEqual(bad, [])
        self.assertLess(sum(self.asked()), 1.2 * len(calls))
        self.assertGreater(self.asked()[0], 10)
