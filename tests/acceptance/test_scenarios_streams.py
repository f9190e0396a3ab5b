"""Streams that break after their first words, and plain calls that ride on such streams.

What the client has read is never taken back, never mixed with something else, and never looks like
all there is.
"""

from types import MappingProxyType

from tests.acceptance.scenario_case import ScenarioTestCase, in_thread
from tests.acceptance.scenario_client import SAID, TOOLS
from tests.acceptance.scenarios import (
    IDLE,
    NO_BREAKER,
    PLAIN,
    STREAM,
    STREAM_LIMITS,
    Scenario,
    chosen,
)

_REPLAYED = MappingProxyType({"on_stream_cut": "replay"})
_RIDING = MappingProxyType({"stream_upstream": "always", "timeouts": STREAM_LIMITS})


class BrokenTests(ScenarioTestCase):
    """Streams that nobody continues end with an error; whole answers are asked for elsewhere."""

    scenarios = (
        Scenario(
            name="cut",
            faults=("cut:3", "ok"),
            streamed=STREAM,
            code="provider_unavailable",
            words=3,
            asked=(1, 0),
        ),
        Scenario(name="cut-whole", faults=("cut:3", "ok"), streamed=PLAIN, asked=(1, 1)),
        Scenario(
            name="stall",
            faults=("stall:3", "ok"),
            streamed=STREAM,
            code="request_timeout",
            limit="idle",
            words=3,
            asked=(1, 0),
            takes=IDLE,
        ),
        Scenario(
            name="stall-whole",
            faults=("stall:3", "ok"),
            streamed=PLAIN,
            asked=(1, 1),
            takes=IDLE,
        ),
        Scenario(
            name="ends-early",
            faults=("ends:3", "ok"),
            streamed=STREAM,
            code="provider_error",
            words=3,
            asked=(1, 0),
        ),
        Scenario(name="ends-early-whole", faults=("ends:3", "ok"), streamed=PLAIN, asked=(1, 1)),
        Scenario(
            name="error-event",
            faults=("error-event:3", "ok"),
            streamed=STREAM,
            code="provider_error",
            words=3,
            asked=(1, 0),
        ),
        Scenario(name="malformed", faults=("malformed:3", "ok"), streamed=STREAM, asked=(1, 0)),
        Scenario(
            name="malformed-whole", faults=("malformed:3", "ok"), streamed=PLAIN, asked=(1, 1)
        ),
        Scenario(name="no-done", faults=("no-done", "ok"), asked=(1, 0)),
    )

    @in_thread
    def test_dropped_event(self) -> None:
        """An event that is left out of a stream is counted."""
        seen = self.play(chosen(self.scenarios, "malformed"), stream=True)
        self.assertEqual(self.gateway.call(seen.request_id)["dropped_events"], 1)


class ReplayTests(ScenarioTestCase):
    """Streams that another provider repeats, and goes on with."""

    routing = NO_BREAKER
    scenarios = (
        Scenario(
            name="replay-cut",
            faults=("cut:3", "ok"),
            route=_REPLAYED,
            streamed=STREAM,
            asked=(1, 1),
        ),
        Scenario(
            name="replay-stall",
            faults=("stall:3", "ok"),
            route=_REPLAYED,
            streamed=STREAM,
            asked=(1, 1),
            takes=IDLE,
        ),
        Scenario(
            name="replay-ends-early",
            faults=("ends:3", "ok"),
            route=_REPLAYED,
            streamed=STREAM,
            asked=(1, 1),
        ),
        Scenario(
            name="replay-error-event",
            faults=("error-event:3", "ok"),
            route=_REPLAYED,
            streamed=STREAM,
            asked=(1, 1),
        ),
        Scenario(
            name="replay-twice",
            faults=("cut:3", "cut:5", "ok"),
            route=_REPLAYED,
            streamed=STREAM,
            asked=(1, 1, 1),
        ),
        Scenario(
            name="replay-cut-sooner",
            faults=("cut:5", "cut:3", "ok"),
            route=_REPLAYED,
            streamed=STREAM,
            asked=(1, 1, 1),
        ),
        Scenario(
            name="replay-tool-call",
            faults=("cut:3", "cut:5", "ok"),
            route=_REPLAYED,
            fields={"tools": TOOLS},
            streamed=STREAM,
            asked=(1, 1, 1),
        ),
        Scenario(
            name="replay-same-provider",
            faults=("fails:1:cut:3",),
            route=_REPLAYED,
            streamed=STREAM,
            asked=(2,),
        ),
        Scenario(
            name="replay-disagrees",
            faults=("cut:3", "says:something_else_altogether"),
            route={**_REPLAYED, "retry": {"attempts": 2}},
            streamed=STREAM,
            code="provider_unavailable",
            words=3,
            asked=(1, 1),
        ),
        Scenario(
            name="replay-disagrees-then-agrees",
            faults=("cut:3", "says:something_else_altogether", "ok"),
            route=_REPLAYED,
            streamed=STREAM,
            asked=(1, 1, 1),
        ),
        Scenario(
            name="replay-fails",
            faults=("cut:3", "status-503", "reset"),
            route=_REPLAYED,
            streamed=STREAM,
            code="provider_unavailable",
            words=3,
            asked=(1, 1, 1),
        ),
    )
    others = (
        Scenario(
            name="replay-everywhere",
            faults=("cut-further:61",),
            route=_REPLAYED,
            streamed=STREAM,
        ),
    )

    @in_thread
    def test_cut_everywhere(self) -> None:
        """A stream that is cut further on each time is the same stream for the client each time."""
        client = self.client()
        model = self.others[0].model(stream=True)
        calls = 0
        while self.asked()[0] == 2 * calls:  # until it is so far on that it is not cut any more
            calls += 1
            seen = client.ask(model, stream=True)
            self.assertEqual((str(seen), seen.text), ("200, complete", SAID), calls)
            self.assertEqual(len(seen.names), 1)
        self.note(model, "cut-further:61", f"200, complete, {calls} times", seen.seconds)
        self.assertGreater(calls, 50)
        self.assertEqual(self.asked(), (2 * calls - 1, 0, 0))


class RidingTests(ScenarioTestCase):
    """Plain calls that are asked for as streams: another provider may answer to the very end."""

    scenarios = (
        *[
            Scenario(
                name=f"riding-{fault.partition(':')[0]}",
                faults=(fault, "ok"),
                provider=_RIDING,
                streamed=PLAIN,
                asked=(1, 1),
                takes=takes,
            )
            for fault, takes in {
                "cut:3": 0.0,
                "ends:3": 0.0,
                "error-event:3": 0.0,
                "silent": IDLE,
                "stall:3": IDLE,
                "slow-first-token:5": 0.5,
            }.items()
        ],
        *[
            Scenario(
                name=f"riding-{fault.partition(':')[0]}",
                faults=(fault, "ok"),
                provider=_RIDING,
                streamed=PLAIN,
                asked=(1, 0),
            )
            for fault in ("malformed:3", "no-done")
        ],
        Scenario(
            name="riding-tool-call",
            faults=("cut:3", "ok"),
            provider=_RIDING,
            fields={"tools": TOOLS},
            streamed=PLAIN,
            asked=(1, 1),
        ),
        Scenario(
            name="riding-cut-for-ever",
            faults=("cut:3",),
            provider=_RIDING,
            streamed=PLAIN,
            status=502,
            code="provider_unavailable",
            asked=(3,),
        ),
    )
