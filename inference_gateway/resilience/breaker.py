"""The circuit breaker of one model at one provider: whether it is asked, by how it answered.

It knows nothing of what failed; its caller says which outcomes count, and asks before it admits.
"""

from collections.abc import Callable
from enum import StrEnum
from math import inf
from typing import Protocol

from automat import TypeMachineBuilder

from inference_gateway.config.routing_settings import BreakerSettings
from inference_gateway.resilience.error_rate import ErrorRate

#: A wait is longer or shorter by up to this share, so that gateways do not probe in step.
_JITTER = 0.1
#: What `Breaker.admit` returns for an attempt whose outcome proves nothing.
_UNPROVING = 0


class BreakerState(StrEnum):
    """What a breaker does with attempts: all, none, or one probe at a time."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


#: Looking a member of an enumeration up takes longer than all else that a good call costs here.
_CLOSED = BreakerState.CLOSED


class _Inputs(Protocol):
    """What happens to a circuit."""

    def trip(self) -> None:
        """There were too many failures."""

    def probe(self) -> None:
        """One attempt goes to find out."""

    def prove(self) -> None:
        """The probe succeeded."""

    def disprove(self) -> None:
        """The probe failed."""

    def withdraw(self) -> None:
        """The probe ended and told nothing."""

    def reset(self) -> None:
        """An administrator says that all is well."""


class _Circuit:
    """What the transitions change."""

    __slots__ = (
        "_draw",
        "_seconds",
        "_settings",
        "_wait",
        "generation",
        "openings",
        "ready_at",
        "state",
    )

    def __init__(
        self, settings: BreakerSettings, seconds: Callable[[], float], draw: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._seconds = seconds
        self._draw = draw
        self.openings = 0
        self.generation = _UNPROVING
        self.close()

    def close(self) -> None:
        """Admit everybody, and begin with the shortest wait the next time."""
        self.state = BreakerState.CLOSED
        self.generation += 1
        #: From when on an attempt is admitted.
        self.ready_at = -inf
        self._wait = min(self._settings.open_for, self._settings.longest_open)

    def open(self) -> None:
        """Admit nobody for a while; the while after this one is twice as long."""
        self.state = BreakerState.OPEN
        self.generation += 1
        self.openings += 1
        longest = self._settings.longest_open
        wait = self._wait * (1 - _JITTER + 2 * _JITTER * self._draw())
        self.ready_at = self._seconds() + min(wait, longest)
        self._wait = min(2 * self._wait, longest)

    def begin_probe(self) -> None:
        """Admit nobody until the probe has ended."""
        self.state = BreakerState.HALF_OPEN
        self.generation += 1
        self.ready_at = inf

    def end_probe(self) -> None:
        """Admit the next probe at once."""
        self.generation += 1
        self.ready_at = -inf


def _machine() -> Callable[[_Circuit], _Inputs]:
    builder = TypeMachineBuilder(_Inputs, _Circuit)
    closed = builder.state("closed")
    opened = builder.state("open")
    probing = builder.state("half_open, probing")
    unproved = builder.state("half_open, unproved")

    @closed.upon(_Inputs.trip).to(opened)
    @probing.upon(_Inputs.disprove).to(opened)
    def open_(_: _Inputs, circuit: _Circuit) -> None:
        circuit.open()

    @opened.upon(_Inputs.probe).to(probing)
    @unproved.upon(_Inputs.probe).to(probing)
    def begin_probe(_: _Inputs, circuit: _Circuit) -> None:
        circuit.begin_probe()

    @probing.upon(_Inputs.withdraw).to(unproved)
    def end_probe(_: _Inputs, circuit: _Circuit) -> None:
        circuit.end_probe()

    @probing.upon(_Inputs.prove).to(closed)
    @closed.upon(_Inputs.reset).to(closed)
    @opened.upon(_Inputs.reset).to(closed)
    @probing.upon(_Inputs.reset).to(closed)
    @unproved.upon(_Inputs.reset).to(closed)
    def close(_: _Inputs, circuit: _Circuit) -> None:
        circuit.close()

    return builder.build()


_Machine = _machine()


class Breaker:
    """Tells whether an attempt may go; ``draw`` gives random numbers from 0 to 1.

    What `admit` returned is handed back with the outcome; an outcome from before the last change
    changes nothing any more.
    """

    __slots__ = (
        "_circuit",
        "_failures_in_row",
        "_inputs",
        "_rate",
        "_seconds",
        "_settings",
        "failures",
        "on_change",
        "successes",
    )

    def __init__(
        self, settings: BreakerSettings, seconds: Callable[[], float], draw: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._seconds = seconds
        self._circuit = _Circuit(settings, seconds, draw)
        self._inputs = _Machine(self._circuit)
        self._rate = ErrorRate(settings.window, seconds)
        self._failures_in_row = 0
        #: All outcomes since the start, whatever they changed; a reset does not forget them.
        self.successes = 0
        self.failures = 0
        #: Called after each change with the new state.
        self.on_change: Callable[[BreakerState], None] | None = None

    @property
    def state(self) -> BreakerState:
        """What it does with attempts; open lasts until a probe is admitted."""
        return self._circuit.state

    @property
    def openings(self) -> int:
        """How often it opened since the start; each failed probe opens it once more."""
        return self._circuit.openings

    def recent(self) -> tuple[int, int]:
        """Return how many attempts of the window count, and how many of them failed."""
        return self._rate.counts()

    def is_ready(self) -> bool:
        """Whether an attempt is admitted now, be it as the probe."""
        circuit = self._circuit
        return circuit.state is _CLOSED or circuit.ready_at <= self._seconds()

    def reopens_in(self) -> float:
        """Return the seconds until an attempt is admitted, 0 if that is now.

        It is 0 as well while a probe is under way, because nobody knows when that ends.
        """
        ready_at = self._circuit.ready_at
        return 0.0 if ready_at == inf else max(0.0, ready_at - self._seconds())

    def admit(self) -> int:
        """Begin an attempt, which becomes the probe where one is due; return the generation.

        One that begins although `is_ready` denies it neither proves nor disproves anything.
        """
        circuit = self._circuit
        if circuit.state is _CLOSED:
            return circuit.generation
        if circuit.ready_at > self._seconds():
            return _UNPROVING
        self._apply(self._inputs.probe)
        return circuit.generation

    def succeed(self, generation: int) -> None:
        """End an attempt that was answered."""
        self.successes += 1
        circuit = self._circuit
        if generation != circuit.generation:
            return
        if circuit.state is _CLOSED:
            self._failures_in_row = 0
            self._rate.add_pass()
        else:
            self._forget()
            self._apply(self._inputs.prove)

    def fail(self, generation: int) -> None:
        """End an attempt that failed in a way that the provider is blamed for."""
        self.failures += 1
        if generation != self._circuit.generation:
            return
        self._rate.add_failure()
        if self._circuit.state is not _CLOSED:
            self._apply(self._inputs.disprove)
            return
        self._failures_in_row += 1
        if self._failures_in_row >= self._settings.failures or self._is_rate_high():
            self._apply(self._inputs.trip)

    def ignore(self, generation: int) -> None:
        """End an attempt whose outcome says nothing of the provider; the next may probe."""
        circuit = self._circuit
        if generation == circuit.generation and circuit.state is not _CLOSED:
            self._apply(self._inputs.withdraw)

    def reset(self) -> None:
        """Close it and forget what led to its state; attempts under way change nothing."""
        self._forget()
        self._apply(self._inputs.reset)

    def _is_rate_high(self) -> bool:
        calls, failed = self._rate.counts()
        settings = self._settings
        return calls >= settings.min_calls and 100 * failed >= settings.error_rate * calls

    def _forget(self) -> None:
        self._failures_in_row = 0
        self._rate.clear()

    def _apply(self, step: Callable[[], None]) -> None:
        before = self._circuit.state
        step()
        after = self._circuit.state
        if after is not before and self.on_change is not None:
            self.on_change(after)
