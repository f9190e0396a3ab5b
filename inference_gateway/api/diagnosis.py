"""How an answer came about, as headers for those who asked for that and may know it.

A pure function of the call; whether it is asked for is checked where answers are written.
"""

from inference_gateway.exchange import Attempt, Call

Header = tuple[bytes, bytes]


def diagnosis(call: Call, now: float) -> tuple[Header, ...]:
    """Return who answered ``call``, after which attempts and why those, and what took how long.

    The times are milliseconds until ``now``, in ``Server-Timing`` (W3C).
    """
    attempts = call.attempts
    headers = [(b"x-gateway-attempts", b"%d" % len(attempts))]
    answered = [attempt.provider for attempt in attempts if _has_answered(attempt)]
    if answered:
        headers.append((b"x-gateway-provider", answered[-1].encode("ascii")))
    if attempts:
        reasons = ", ".join([attempt.reason for attempt in attempts])
        headers.append((b"x-gateway-route-reason", reasons.encode("ascii")))
    timing = [
        f"queue;dur={call.queued * 1000:.3f}",
        f"gateway;dur={call.overhead(now) * 1000:.3f}",
        *[
            f'attempt;desc="{attempt.provider}";dur={_duration(attempt, now) * 1000:.3f}'
            for attempt in attempts
        ],
    ]
    headers.append((b"server-timing", ", ".join(timing).encode("ascii")))
    return tuple(headers)


def _has_answered(attempt: Attempt) -> bool:
    """Whether it is a stream that goes on, or ended as it should; of several the last is told."""
    outcome = attempt.outcome
    return not attempt.outrun and (outcome is None or outcome.error is None)


def _duration(attempt: Attempt, now: float) -> float:
    return (now if attempt.ended is None else attempt.ended) - attempt.started
