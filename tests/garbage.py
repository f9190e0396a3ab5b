"""Collecting what a test left behind, so that an error that nobody took is seen in that test."""

import gc


def collect_garbage() -> None:
    """Collect all cycles; what survives is not searched again, as it would be by every test."""
    gc.collect()
    gc.freeze()
