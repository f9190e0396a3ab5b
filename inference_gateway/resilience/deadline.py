"""A point in time that a call must not pass, and the name of the limit that set it.

Pure arithmetic on a monotonic clock's seconds; who waits and what happens then is
``pipeline.time_limit``.
"""

from inference_gateway.record import record


@record
class Deadline:
    """``at`` is on the caller's clock; ``limit``: connect, first_byte, first_token, idle, total."""

    at: float
    limit: str
    seconds: float

    @classmethod
    def after(cls, now: float, limit: str, seconds: float) -> "Deadline":
        """The deadline ``seconds`` from ``now``."""
        return cls(now + seconds, limit, seconds)

    def sooner(self, other: "Deadline") -> "Deadline":
        """Whichever of the two comes first."""
        return self if self.at <= other.at else other
