"""From a reply or an error to bytes on the client's connection.

The only place that renders errors: as an honest status with one body before the first byte, as one
event after it. Every answer carries the request's id.
"""

import math
from collections.abc import Callable

import orjson

from inference_gateway.api.diagnosis import diagnosis
from inference_gateway.api.web_request import WebRequest
from inference_gateway.errors import GatewayError, Verdict
from inference_gateway.exchange import COMPLETE, Call, Outcome
from inference_gateway.http1.answer import field_line
from inference_gateway.http1.request import Request
from inference_gateway.wire.error_dialects import render_event_for, render_for

JSON = b"application/json"
_EVENT_STREAM = b"text/event-stream; charset=utf-8"
_UNKNOWN_STREAM = b"application/octet-stream"
#: The longest ``Retry-After``, in seconds: nothing that the gateway knows holds for longer.
_LONGEST_RETRY_AFTER = 3600.0


class Responder:
    """Writes answers; the header ``request_id_header`` of each carries the call's id.

    ``seconds`` tells the time, by the clock of the calls.
    """

    def __init__(self, request_id_header: str, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._id_header = request_id_header.encode("ascii")
        self._id_name = self._id_header.lower()

    def whole(
        self,
        request: WebRequest,
        call: Call,
        body: bytes,
        *,
        status: int = 200,
        content_type: bytes = JSON,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        """Answer with ``body`` and complete the call."""
        self._write_whole(request, call, status, content_type, headers, body)
        call.complete(
            COMPLETE if status == 200 else Outcome(verdict=Verdict.COMPLETE, status=status)
        )

    def json(self, request: WebRequest, call: Call, value: object, *, status: int = 200) -> None:
        """Answer with ``value`` as JSON and complete the call."""
        self.whole(request, call, orjson.dumps(value), status=status)

    def open_stream(
        self,
        request: WebRequest,
        call: Call,
        headers: tuple[tuple[bytes, bytes], ...] = (),
        *,
        has_events: bool = True,
        is_early: bool = False,
    ) -> None:
        """Set the head of a stream; it leaves with the first bytes written.

        One without events is what ``headers`` say it is. While it is early it is not known yet who
        answers.
        """
        call.answering = True
        request.setResponseCode(200)
        request.setHeader(b"content-type", _EVENT_STREAM if has_events else _UNKNOWN_STREAM)
        request.setHeader(b"cache-control", b"no-cache")
        request.setHeader(b"x-accel-buffering", b"no")
        request.setHeader(self._id_header, call.id.encode("ascii"))
        if call.hints.diagnosis and not is_early:
            headers += self._diagnosis(call)
        for name, value in headers:
            request.setHeader(name, value)

    def end_stream(self, request: WebRequest, call: Call, last: bytes) -> None:
        """Write ``last``, end the stream cleanly and complete the call."""
        if isinstance(request, Request):
            request.finish_with(last)
        else:
            request.write(last)
            request.finish()
        call.complete(COMPLETE)

    def fail(self, request: WebRequest, call: Call, error: GatewayError) -> None:
        """Answer with ``error`` and complete the call.

        After the head was sent the client gets one error event, and the connection ends without a
        clean last chunk: what broke off must not look whole.
        """
        if call.answering:
            if call.request is None or call.request.operation.has_events:
                request.write(render_event_for(call.route, error, call.sequence))
            if isinstance(request, Request):
                request.break_off()
            else:
                request.finish()
            call.complete(Outcome.of(error, status=200))
            return
        headers = error.headers
        if error.retry_after is not None:
            seconds = min(max(0.0, error.retry_after), _LONGEST_RETRY_AFTER)
            headers += (
                (b"retry-after", b"%d" % math.ceil(seconds)),
                (b"retry-after-ms", b"%d" % math.ceil(seconds * 1000)),
            )
        if error.should_retry is not None:
            headers += ((b"x-should-retry", b"true" if error.should_retry else b"false"),)
        self._write_whole(
            request, call, error.status, JSON, headers, render_for(_api(call), error, call.id)
        )
        call.complete(Outcome.of(error))

    def _write_whole(
        self,
        request: WebRequest,
        call: Call,
        status: int,
        content_type: bytes,
        headers: tuple[tuple[bytes, bytes], ...],
        body: bytes,
    ) -> None:
        call.answering = True
        if call.hints.diagnosis:
            headers += self._diagnosis(call)
        if isinstance(request, Request):
            lines = {
                b"content-type": b"content-type: %b\r\n" % content_type,
                self._id_name: b"%b: %b\r\n" % (self._id_header, call.id.encode("ascii")),
            }
            for name, value in headers:
                lines[name.lower()] = field_line(name, value)
            request.answer(status, lines, body)
            return
        request.setResponseCode(status)
        request.setHeader(b"content-type", content_type)
        request.setHeader(self._id_header, call.id.encode("ascii"))
        for name, value in headers:
            request.setHeader(name, value)
        request.setHeader(b"content-length", b"%d" % len(body))
        request.write(body)
        request.finish()

    def _diagnosis(self, call: Call) -> tuple[tuple[bytes, bytes], ...]:
        """Return how the answer came about, for a key that may know it."""
        if not call.principal.debug:
            return ()
        return diagnosis(call, self._seconds())


def _api(call: Call) -> str:
    """Return the route, or what came instead of one: its API is spoken in either case."""
    return call.path if call.route == "other" else call.route
