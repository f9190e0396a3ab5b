"""When a second provider is asked although the first may still answer, and how often.

One gauge for each model that is hedged. It only decides; ``pipeline.hedge`` asks.
"""

from collections.abc import Callable
from math import ceil

from inference_gateway.config.routing_settings import HedgeSettings
from inference_gateway.resilience.budget import RetryBudget

#: Answers that are remembered: the last ones, however long ago they were.
_REMEMBERED = 200
#: Answers after which the delay is taken anew: as many as one of them says something about the
#: slowest twentieth.
_FRESH = 20
#: Percent of the answers that begin within the delay.
_PROMPT = 95
#: Seconds of calls that the share is taken of.
_WINDOW = 300.0


class HedgeGauge:
    """Knows how long a model's answers take to begin, and counts its calls and second questions."""

    __slots__ = ("_after", "_delay", "_latest", "_next", "_share", "_unseen")

    def __init__(self, settings: HedgeSettings, seconds: Callable[[], float]) -> None:
        self._after = settings.after
        #: A second question is to the calls what a retry is, but none is owed to a few calls.
        self._share = RetryBudget(settings.percent, seconds, least=0, window=_WINDOW)
        self._latest: list[float] = []
        #: The place of the oldest answer, once there is no more room.
        self._next = 0
        #: Answers since the delay was taken.
        self._unseen = 0
        self._delay: float | None = None

    def observe(self, seconds_to_first_content: float) -> None:
        """Remember how long an answer took to begin.

        It counts from the first question, also if the second was faster: else the delay would
        shrink with every hedge.
        """
        if self._after is not None:
            return
        self._unseen += 1
        if len(self._latest) < _REMEMBERED:
            self._latest.append(seconds_to_first_content)
            return
        self._latest[self._next] = seconds_to_first_content
        self._next = (self._next + 1) % _REMEMBERED

    def begin_call(self) -> None:
        """Count a call."""
        self._share.deposit()

    def delay(self) -> float | None:
        """Return the seconds after which a second provider is asked.

        Where none are configured, 95 of 100 of the last answers began within them; None while too
        few are known.
        """
        if self._after is not None:
            return self._after
        if self._unseen >= _FRESH:
            self._unseen = 0
            self._delay = sorted(self._latest)[ceil(len(self._latest) * _PROMPT / 100) - 1]
        return self._delay

    def allow(self) -> bool:
        """Say whether a second question may be asked now, and count it if so."""
        return self._share.withdraw()
