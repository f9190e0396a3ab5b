"""Which share of the latest outcomes were failures: a sliding window in bounded memory."""

from collections.abc import Callable

#: The window slides by whole slices; so many of them, the running one included, make it up.
_SLICES = 10


class ErrorRate:
    """Counts outcomes over ``window`` seconds; ``seconds`` tells monotonic time."""

    __slots__ = (
        "_failed",
        "_failed_before",
        "_passed",
        "_passed_before",
        "_past",
        "_seconds",
        "_slice",
        "_slice_ends",
        "_width",
    )

    def __init__(self, window: float, seconds: Callable[[], float]) -> None:
        self._width = window / _SLICES
        self._seconds = seconds
        self.clear()

    def clear(self) -> None:
        """Forget every outcome."""
        #: What passed and failed in the running slice, and in those before it.
        self._passed = self._failed = 0
        self._passed_before = self._failed_before = 0
        #: The slices before the running one: number, passed, failed.
        self._past: list[tuple[int, int, int]] = []
        self._begin_slice(self._seconds())

    def add_pass(self) -> None:
        """Count a success that happens now."""
        now = self._seconds()
        if now >= self._slice_ends:
            self._slide(now)
        self._passed += 1

    def add_failure(self) -> None:
        """Count a failure that happens now."""
        now = self._seconds()
        if now >= self._slice_ends:
            self._slide(now)
        self._failed += 1

    def counts(self) -> tuple[int, int]:
        """Return how many calls there were in the window, and how many of them failed."""
        now = self._seconds()
        if now >= self._slice_ends:
            self._slide(now)
        failed = self._failed + self._failed_before
        return failed + self._passed + self._passed_before, failed

    def _slide(self, now: float) -> None:
        past = self._past
        if self._passed or self._failed:
            past.append((self._slice, self._passed, self._failed))
            self._passed_before += self._passed
            self._failed_before += self._failed
            self._passed = self._failed = 0
        self._begin_slice(now)
        while past and past[0][0] <= self._slice - _SLICES:
            _, passed, failed = past.pop(0)
            self._passed_before -= passed
            self._failed_before -= failed

    def _begin_slice(self, now: float) -> None:
        self._slice = int(now // self._width)
        self._slice_ends = (self._slice + 1) * self._width
