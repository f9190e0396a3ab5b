"""One line for each call."""

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import ModelNotFound, Verdict
from inference_gateway.exchange import Attempt, Call, ClientHints, Outcome, Usage
from inference_gateway.provider_errors import ProviderOverloaded
from inference_gateway.telemetry.accesslog import AccessLog
from tests.telemetry.calls import COMPLETE, plain, served
from tests.telemetry.files import MemoryLog


class AccessLogTestCase(SynchronousTestCase):
    """A log in memory; calls end at 11 seconds of their clock."""

    text = False

    def setUp(self) -> None:
        self.log = MemoryLog(Clock(), self.addCleanup)
        self.access_log = AccessLog(self.log.lines, wall=lambda: 1700000000.5, text=self.text)

    def write(self, call: Call, outcome: Outcome = COMPLETE) -> None:
        """Record ``call``."""
        self.access_log.write(call, outcome, 11.0, call.overhead(11.0))

    def record(self, call: Call, outcome: Outcome = COMPLETE) -> dict[str, Any]:
        """Return the line that ``call`` leaves."""
        self.write(call, outcome)
        (record,) = self.log.records
        return record


class JSONTests(AccessLogTestCase):
    """Lines as JSON."""

    def test_whole(self) -> None:
        """A streamed call leaves these fields and no others."""
        self.assertEqual(
            self.record(served()),
            {
                "ts": "2023-11-14T22:13:20.500Z",
                "level": "info",
                "event": "request",
                "request_id": "r-1",
                "client_ip": "192.0.2.1",
                "key_id": "alice",
                "method": "POST",
                "path": "/v1/chat/completions",
                "route": "/v1/chat/completions",
                "status": 200,
                "verdict": "complete",
                "duration_ms": 1000.0,
                "overhead_ms": 400.0,
                "bytes_in": 100,
                "bytes_out": 200,
                "gen_ai.operation.name": "chat",
                "stream": True,
                "gen_ai.request.model": "m",
                "gen_ai.response.model": "upstream-model",
                "finish_reason": "stop",
                "ttft_ms": 500.0,
                "gen_ai.usage.input_tokens": 7,
                "gen_ai.usage.output_tokens": 3,
                "usage_source": "upstream",
                "gen_ai.provider.name": "b",
                "attempts": [
                    {"provider": "a", "verdict": "provider_error", "ms": 100.0},
                    {"provider": "b", "verdict": "complete", "ms": 500.0},
                ],
            },
        )

    def test_nothing_known(self) -> None:
        """A call that came to nothing leaves what there is."""
        record = self.record(plain())
        self.assertEqual((record["route"], record["key_id"]), ("other", "anonymous"))
        self.assertEqual((record["duration_ms"], record["overhead_ms"]), (1000.0, 1000.0))
        self.assertFalse([name for name in record if name.startswith("gen_ai") or name == "stream"])

    def test_error(self) -> None:
        """An error is told by its label, its code and its message."""
        record = self.record(plain(), Outcome.of(ModelNotFound("no such model")))
        self.assertEqual(
            (record["status"], record["verdict"], record["error_type"], record["error_code"]),
            (404, "refused", "caller_model_unknown", "model_not_found"),
        )
        self.assertEqual(record["error"], "no such model")

    def test_estimated(self) -> None:
        """Estimated usage says so, and dropped events are counted."""
        record = self.record(served(usage=Usage(1, 2, "estimated"), dropped_events=3))
        self.assertEqual((record["usage_source"], record["dropped_events"]), ("estimated", 3))

    def test_attempt_that_goes_on(self) -> None:
        """An attempt that is not over has lasted until now."""
        call = plain(attempts=[Attempt(provider="p", model="m", started=10.5)])
        record = self.record(call)
        self.assertEqual(record["attempts"], [{"provider": "p", "verdict": None, "ms": 500.0}])
        self.assertEqual(record["overhead_ms"], 500.0)

    def test_detours(self) -> None:
        """Who was asked beside the one who answered, and why, is told where it was so."""
        call = served()
        call.fallback, call.queued, call.hints = "n", 0.25, ClientHints(retries=2)
        failed = Attempt(provider="a", model="m", started=10.0, ended=10.1)
        failed.complete(Outcome.of(ProviderOverloaded("busy")))
        outrun = Attempt(provider="b", model="m", started=10.1, ended=10.2, reason="hedge")
        outrun.complete(Outcome(verdict=Verdict.CLIENT_GONE, status=499))
        outrun.outrun = True
        call.attempts[:] = [failed, call.attempts[-1], outrun]
        record = self.record(call)
        self.assertEqual(
            [record[name] for name in ("fallback_model", "queue_ms", "client_retries")],
            ["n", 250.0, 2],
        )
        first, second, third = record["attempts"]
        self.assertEqual(first["error_type"], "provider_overloaded")
        self.assertEqual((third["reason"], third["outrun"]), ("hedge", True))
        self.assertEqual(record["gen_ai.provider.name"], second["provider"])

    def test_attached(self) -> None:
        """A call that was given another's answer names that, and took none of our time."""
        call = served()
        call.attempts.clear()
        call.attached_to = "r-0"
        record = self.record(call)
        self.assertEqual((record["attached_to"], record["overhead_ms"]), ("r-0", 0.0))

    def test_no_contents(self) -> None:
        """Neither prompt nor body gets into the line."""
        self.write(served())
        self.assertNotIn("hello there", self.log.text)

    def test_what_providers_say_is_bounded(self) -> None:
        """A provider cannot make the line long."""
        self.write(served(response_model="m" * 100_000, finish_reason="s" * 100_000))
        self.assertLess(len(self.log.text), 2048)


class TextTests(AccessLogTestCase):
    """Lines for people."""

    text = True

    def test_line(self) -> None:
        """Time, method, path and status come first, the rest by name."""
        self.write(served())
        line = self.log.text
        self.assertTrue(
            line.startswith("2023-11-14T22:13:20.500Z POST /v1/chat/completions 200 "), line
        )
        self.assertIn(" verdict=complete ", line)
        self.assertIn(" key_id=alice ", line)

    def test_control_characters(self) -> None:
        """A provider cannot steer the terminal of who reads the log."""
        self.write(served(response_model="a\x1b[31m\nb"))
        self.assertEqual(self.log.text.count("\n"), 1)
        self.assertIn("gen_ai.response.model=a\\u001b[31m\\u000ab ", self.log.text)
