"""The access log: one line per call, written when the call is over.

Says who called what, how it ended and what it cost; never a prompt, an answer, a key or a query
string. Names of fields follow the OpenTelemetry conventions where they have one.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from inference_gateway.exchange import Attempt, Call, Outcome
from inference_gateway.telemetry.lines import LineWriter


class AccessLog:
    """Writes calls to ``lines``; ``wall`` gives seconds since the epoch."""

    def __init__(self, lines: LineWriter, *, wall: Callable[[], float], text: bool = False) -> None:
        self._lines = lines
        self._wall = wall
        self._encode = _as_text if text else _as_json

    def write(self, call: Call, outcome: Outcome, now: float, overhead: float) -> None:
        """Record that ``call`` ended with ``outcome`` at ``now``, a reading of its own clock."""
        self._lines.write(self._encode(self._record(call, outcome, now, overhead)))

    def _record(self, call: Call, outcome: Outcome, now: float, overhead: float) -> dict[str, Any]:
        record: dict[str, Any] = {
            "ts": timestamp(self._wall()),
            "level": "info",
            "event": "request",
            "request_id": call.id,
            "client_ip": call.peer,
            "key_id": call.principal.id,
            "method": call.method,
            "path": call.path,
            "route": call.route,
            "status": outcome.status,
            "verdict": outcome.verdict,
            "duration_ms": _ms(now - call.received),
            "overhead_ms": _ms(overhead),
            "bytes_in": call.bytes_in,
            "bytes_out": call.bytes_out,
        }
        error = outcome.error
        if error is not None:
            record["error_type"] = error.error_type
            record["error_code"] = error.code
            record["error"] = error.message
        if call.operation:
            record["gen_ai.operation.name"] = call.operation
            record["stream"] = call.stream
        if call.model:
            record["gen_ai.request.model"] = call.model
        if call.response_model:
            record["gen_ai.response.model"] = call.response_model[:256]
        if call.finish_reason:
            record["finish_reason"] = call.finish_reason[:64]
        if call.first_content_at is not None:
            record["ttft_ms"] = _ms(call.first_content_at - call.received)
        usage = call.usage
        if usage is not None:
            record["gen_ai.usage.input_tokens"] = usage.input_tokens
            record["gen_ai.usage.output_tokens"] = usage.output_tokens
            record["usage_source"] = usage.source
        if call.dropped_events:
            record["dropped_events"] = call.dropped_events
        if call.attached_to:
            record["attached_to"] = call.attached_to
        if call.fallback:
            record["fallback_model"] = call.fallback
        if call.queued:
            record["queue_ms"] = _ms(call.queued)
        if call.hints.retries:
            record["client_retries"] = call.hints.retries
        answering = call.answering_attempt
        if answering is not None:
            record["gen_ai.provider.name"] = answering.provider
            record["attempts"] = [_attempt(attempt, now) for attempt in call.attempts]
        return record


def _attempt(attempt: Attempt, now: float) -> dict[str, Any]:
    outcome = attempt.outcome
    record: dict[str, Any] = {
        "provider": attempt.provider,
        "verdict": outcome.verdict if outcome else None,
        "ms": _ms((attempt.ended or now) - attempt.started),
    }
    if attempt.reason != "first":
        record["reason"] = attempt.reason
    if attempt.outrun:
        record["outrun"] = True
    if outcome is not None and outcome.error is not None:
        record["error_type"] = outcome.error.error_type
    return record


def timestamp(seconds: float) -> str:
    """RFC 3339 in UTC with milliseconds."""
    whole = int(seconds)
    return f"{_second(whole)}.{int((seconds - whole) * 1000):03d}Z"


@lru_cache(maxsize=4)
def _second(seconds: int) -> str:
    """Lines come many to a second, and formatting a date costs more than writing one."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def _ms(seconds: float) -> float:
    return int(seconds * 1_000_000 + 0.5) / 1000  # rounding to digits costs three times as much


def _as_json(record: dict[str, Any]) -> bytes:
    return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)


def _as_text(record: dict[str, Any]) -> bytes:
    tail = " ".join(
        f"{key}={value}"
        for key, value in record.items()
        if key not in {"ts", "level", "event", "method", "path", "status", "attempts"}
    )
    line = f"{record['ts']} {record['method']} {record['path']} {record['status']} {tail}"
    return printable(line).encode() + b"\n"


def printable(text: str) -> str:
    """``text`` with everything that could steer a terminal or break the line escaped."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
