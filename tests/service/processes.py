"""What a test must give back when it has let the gateway settle in its process."""

import gc
import resource
import signal
from collections.abc import Callable


def keep_process(cleanup: Callable[..., object]) -> None:
    """Have signals, limits and the collector be as they are now when the test is over."""
    for number in (signal.SIGTERM, signal.SIGINT):
        cleanup(signal.signal, number, signal.getsignal(number))
    cleanup(gc.set_threshold, *gc.get_threshold())
    cleanup(gc.unfreeze)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    cleanup(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
