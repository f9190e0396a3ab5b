"""What the gateway asks of its process: open files, a clock that never jumps, a quiet collector."""

import gc
import resource
import time
from typing import Any

#: What has to happen before a generation is searched: allocations for the youngest, searches of the
#: one below for the others. What a call allocates dies by reference count and cycles are rare, so
#: looking for them often only costs; but a search of the middle one stops everything, with
#: 10,000 open streams for 50 ms already, so that may not grow.
_GC_THRESHOLDS = (20_000, 2, 2500)
#: Descriptors that are kept for providers, logs and the interpreter itself.
_RESERVED_FILES = 200


def raise_open_file_limit() -> int:
    """Raise the soft limit of open files to the hard one and return it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        hard = 1_048_576
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def most_connections(open_files: int) -> int:
    """How many clients fit when each may need a connection to a provider as well."""
    return max(16, open_files // 2 - _RESERVED_FILES)


def use_monotonic_time(reactor: Any) -> None:
    """Make ``reactor``'s timers immune to changes of the wall clock.

    A reactor reads ``time.time`` unless told otherwise, so setting the machine's clock would fire
    or stall every timer. Must be called before the first timer is set.
    """
    reactor.seconds = time.monotonic


def settle_memory() -> None:
    """Take what start-up allocated out of the collector's sight; called once, when serving."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
