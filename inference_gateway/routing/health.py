"""Whether a provider is well, as the answers to the questions after its health tell.

What is asked, and when a question's answer is good, is decided elsewhere; how calls end is no
matter here, but the breakers'.
"""

from collections.abc import Callable
from typing import Literal

from inference_gateway.config.settings import HealthSettings

#: What is known of a provider; ``unknown`` until it was asked, for ever where it is not.
HealthStatus = Literal["healthy", "unhealthy", "unknown"]

#: The share of the interval by which a pause is longer or shorter at most.
_JITTER = 0.1
#: While an answer speaks against the status, the next question comes in this share of the interval.
_HASTE = 0.25
#: Seconds that even such a pause has at least, if the interval has them.
_SHORTEST = 1.0


class ProviderHealth:
    """One provider's health.

    ``seconds`` is a monotonic clock, ``draw`` gives random numbers from 0 up to 1.
    """

    __slots__ = (
        "_draw",
        "_run",
        "_seconds",
        "_settings",
        "is_unhealthy",
        "last_check",
        "latency",
        "reason",
        "status",
    )

    def __init__(
        self,
        settings: HealthSettings,
        seconds: Callable[[], float],
        draw: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._seconds = seconds
        self._draw = draw
        #: Answers in a row that speak against the status.
        self._run = 0
        self.status: HealthStatus = "unknown"
        self.is_unhealthy = False
        #: Seconds that the last good answer took; None before the first.
        self.latency: float | None = None
        #: When the last answer came, on the clock; None before the first.
        self.last_check: float | None = None
        #: What was wrong with the last answer; None when it was good, and before the first.
        self.reason: str | None = None

    def passed(self, latency: float) -> bool:
        """Take note of a good answer after ``latency`` seconds; return whether the status changed.

        The first of all makes it healthy by itself: a gateway that starts has no calls to lose.
        """
        self.last_check = self._seconds()
        self.latency = latency
        self.reason = None
        needed = self._settings.rise if self.is_unhealthy else 1
        return self._count("healthy", needed)

    def failed(self, reason: str) -> bool:
        """Take note of a bad answer or of none; return whether the status changed."""
        self.last_check = self._seconds()
        self.reason = reason
        return self._count("unhealthy", self._settings.fall)

    def pause(self) -> float:
        """Return the seconds to wait before the next question.

        Less than the interval while answers speak against the status, so that a change is known
        soon; never the same, so that the questions to many providers do not meet.
        """
        interval = self._settings.interval
        if self._run:
            interval = max(interval * _HASTE, min(interval, _SHORTEST))
        return interval * (1.0 + _JITTER * (2.0 * self._draw() - 1.0))

    def _count(self, told: HealthStatus, needed: int) -> bool:
        """Count an answer that tells ``told``, which ``needed`` of in a row make the status."""
        if told == self.status:
            self._run = 0
            return False
        self._run += 1
        if self._run < needed:
            return False
        self._run = 0
        self.status = told
        self.is_unhealthy = told == "unhealthy"
        return True
