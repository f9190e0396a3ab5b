"""The gateway's own log: twisted.logger events as lines, JSON or text.

A failure's traceback goes into the line of a bug and nowhere else. Events never hold secrets in the
first place: those are a type that cannot be printed.
"""

from typing import Any

import orjson
from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent
from zope.interface import implementer

from inference_gateway.telemetry.accesslog import printable, timestamp
from inference_gateway.telemetry.lines import LineWriter

#: Fields of an event that are worth a place of their own in a JSON line.
_FIELDS = (
    "request_id",
    "provider",
    "model",
    "fallback",
    "state",
    "signal",
    "in_flight",
    "cut",
    "finished",
    "seconds",
    "address",
)


@implementer(ILogObserver)
class LineObserver:
    """Writes each event of at least ``level`` as one line."""

    def __init__(self, lines: LineWriter, *, level: str, text: bool = False) -> None:
        self._lines = lines
        self._least = LogLevel.levelWithName(level)
        self._text = text

    def __call__(self, event: LogEvent) -> None:
        """Observe ``event``; never raises."""
        level = event.get("log_level", LogLevel.info)
        if level < self._least:
            return
        message = formatEvent(event)
        failure = event.get("log_failure")
        trace = failure.getTraceback() if failure is not None else ""
        if self._text:
            moment = timestamp(event["log_time"])
            lines = [f"{moment} [{level.name}] {message}", *trace.splitlines()]
            self._lines.write("".join([f"{printable(line)}\n" for line in lines]).encode())
            return
        record: dict[str, Any] = {
            "ts": timestamp(event["log_time"]),
            "level": level.name,
            "event": "log",
            "logger": event.get("log_namespace", ""),
            "message": message,
        }
        record.update({name: event[name] for name in _FIELDS if name in event})
        if trace:
            record["traceback"] = trace
        self._lines.write(_encode(record))


def _encode(record: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(record, default=repr, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # what JSON cannot say: a lone surrogate, an integer of more than 64 bits
        record = {name: printable(str(value)) for name, value in record.items()}
        return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
