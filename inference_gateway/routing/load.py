"""How busy a provider is and how well it does, as its attempts tell.

It only measures: what follows for the order of providers is decided by the strategies and by
`routing.caution`. Three things are measured, all in seconds of a passed clock.

- **Latency** until the first content, as a peak EWMA: a slower answer counts at once, faster ones
  bring it down in the course of some seconds. Finagle and linkerd balance by it.
- **Failures** as a load that halves every few seconds: the faster a provider fails the fewer
  attempts it has under way, and would look idle otherwise. Failures in a row weigh more and more;
  when they outweigh what an occasional failure can do, the provider is *out* until it succeeds.
- **Slow start**: a provider that was out gets a small share of its calls, which grows to the whole.
"""

import math
from collections.abc import Callable

#: Seconds in which the weight of an earlier latency falls to 1/e.
_MEMORY = 10.0
#: Seconds after which a failure weighs half as much.
_HALF_LIFE = 3.0
#: The failure load from which a provider is out: three failures in a row within seconds.
_TOO_MUCH = 4.0
#: The failure load that counts for nothing: an outage is over then, as far as time goes.
_NEGLIGIBLE = 0.5
#: The highest failure load; it becomes negligible in 18 s.
_MOST = 32.0
#: The share of calls for a trial, and at the beginning of slow start.
_LEAST_SHARE = 0.1
#: Seconds from one trial to the next, if none tells anything: it may hang.
_BETWEEN_TRIALS = 5.0
#: Seconds that are assumed of a provider that has not answered yet but was asked.
_UNKNOWN_LATENCY = 1000.0


class Load:
    """The load of one provider; ``slow_start`` is in seconds, 0 for none.

    For every `begin` there is to be one `succeed`, `fail` or `end`.
    """

    __slots__ = (
        "_back_since",
        "_failed_at",
        "_failures",
        "_is_out",
        "_latency",
        "_measured_at",
        "_next_failure",
        "_next_trial",
        "_seconds",
        "_slow_start",
        "is_sound",
        "last_success",
        "pending",
    )

    def __init__(self, seconds: Callable[[], float], *, slow_start: float) -> None:
        self._seconds = seconds
        self._slow_start = slow_start
        #: Attempts under way.
        self.pending = 0
        #: When an attempt succeeded last, on the clock; None: never.
        self.last_success: float | None = None
        #: Whether it gets its full share; as it was when `share` was asked last, or is less.
        self.is_sound = True
        #: 0 while nothing is known.
        self._latency = 0.0
        self._measured_at = 0.0
        self._failures = 0.0
        self._failed_at = 0.0
        #: What the next failure adds; it doubles with each in a row.
        self._next_failure = 1.0
        self._is_out = False
        self._next_trial = 0.0
        self._back_since = 0.0

    def begin(self) -> None:
        """Take note that an attempt begins."""
        self.pending += 1
        if self._is_out:
            self._next_trial = self._seconds() + _BETWEEN_TRIALS

    def succeed(self, latency: float) -> None:
        """Take note that an attempt succeeded, its first content ``latency`` seconds on."""
        now = self._seconds()
        self.pending -= 1
        self.last_success = now
        old = self._latency
        if latency < old:
            kept = math.exp((self._measured_at - now) / _MEMORY)
            latency += (old - latency) * kept
        self._latency = latency
        self._measured_at = now
        if self._failures:
            failures = self._failures_at(now) / 2
            self._failures = failures if failures >= _NEGLIGIBLE else 0.0
            self._failed_at = now
            self._next_failure = 1.0
            if self._is_out:
                self._start_slowly(now)

    def fail(self, latency: float) -> None:
        """Take note that an attempt failed after ``latency`` seconds.

        Failing fast is no merit, but failing late is slow.
        """
        now = self._seconds()
        self.pending -= 1
        if latency > self._latency:
            self._latency = latency
            self._measured_at = now
        self._failures = min(self._failures_at(now) + self._next_failure, _MOST)
        self._failed_at = now
        self._next_failure = min(self._next_failure * 2, _MOST)
        if self._failures >= _TOO_MUCH:
            self._is_out = True
            self.is_sound = False

    def end(self) -> None:
        """Take note that an attempt ended in a way that tells nothing about the provider."""
        self.pending -= 1

    def recover(self) -> None:
        """Forget the failures and begin slow start: the provider was out and is back.

        It is not for providers that never were out.
        """
        self._failures = 0.0
        self._next_failure = 1.0
        self._start_slowly(self._seconds())

    def failure_load(self) -> float:
        """Return what its latest failures weigh, in attempts under way."""
        return self._failures_at(self._seconds()) if self._failures else 0.0

    def attempts(self) -> int:
        """Return how many attempts are under way, failures that still weigh among them.

        It is a whole number: the last trace of a failure is none.
        """
        if not self._failures:
            return self.pending
        return self.pending + round(self.failure_load())

    def score(self, now: float | None = None) -> float:
        """Return its latency times what it has to do: the lower the better.

        ``now`` is what the clock says, if the caller knows. An idle provider's latency is
        forgotten with time, so that it is tried again; with that one attempt under way it is
        remembered, so that no others follow before its answer is known. One that has not been
        asked yet comes before all others, one that was asked and has not answered comes last.
        """
        if now is None:
            now = self._seconds()
        pending = self.pending
        load = pending + self._failures_at(now) if self._failures else float(pending)
        latency = self._latency
        if not latency:
            return _UNKNOWN_LATENCY * load
        if not pending:
            latency *= math.exp((self._measured_at - now) / _MEMORY)
        return latency * (load + 1)

    def share(self) -> float:
        """Return the share of its calls that it should get: 1, or less while it is not sound.

        0 while it fails; then little, for trials, until it succeeds; then more and more.
        """
        if self.is_sound:
            return 1.0
        now = self._seconds()
        if self._is_out:
            if now < self._next_trial or self._failures_at(now) >= _NEGLIGIBLE:
                return 0.0
            return _LEAST_SHARE
        grown = (now - self._back_since) / self._slow_start
        if grown >= 1:
            self.is_sound = True
            return 1.0
        return _LEAST_SHARE + (1 - _LEAST_SHARE) * grown

    def succeeded_within(self, seconds: float) -> bool:
        """Whether an attempt succeeded in the last ``seconds``."""
        last = self.last_success
        return last is not None and self._seconds() - last <= seconds

    def _failures_at(self, now: float) -> float:
        return self._failures * math.exp2((self._failed_at - now) / _HALF_LIFE)

    def _start_slowly(self, now: float) -> None:
        self._is_out = False
        self._back_since = now
        self.is_sound = not self._slow_start
