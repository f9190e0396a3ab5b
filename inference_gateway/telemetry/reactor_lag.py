"""How late the event loop is: the first sign that the process cannot keep up."""

from twisted.internet.interfaces import IDelayedCall, IReactorTime

#: Seconds between two looks.
INTERVAL = 0.5


class ReactorLag:
    """Measures by how much a timer is late; ``seconds`` is the last measurement."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._timer: IDelayedCall | None = None
        self._due = 0.0
        self.seconds = 0.0

    def start(self) -> None:
        """Begin measuring."""
        self._due = self._clock.seconds() + INTERVAL
        self._timer = self._clock.callLater(INTERVAL, self._look)

    def stop(self) -> None:
        """Stop measuring; idempotent."""
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _look(self) -> None:
        self.seconds = max(0.0, self._clock.seconds() - self._due)
        self.start()
