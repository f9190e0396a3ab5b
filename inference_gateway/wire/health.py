"""What a server says about its own health, in words that are the same for every kind of server.

Where it is asked and how its answer is read is the knowledge of each dialect; what follows from it
is decided by whoever asks.
"""

from enum import Enum

import attrs


class HealthState(Enum):
    """Whether a server can answer calls, by its own word."""

    #: Also while it is busy with other calls.
    READY = "ready"
    #: It is there, and will be ready without anybody doing anything.
    LOADING = "loading"
    #: It is there, and will not be ready by itself.
    UNHEALTHY = "unhealthy"
    #: It said nothing that tells; calls may succeed or fail.
    UNKNOWN = "unknown"


@attrs.frozen(kw_only=True)
class Health:
    """One answer to the question how a server is."""

    state: HealthState
    #: Calls that it works on at the same time, busy or not; None where it does not tell.
    slots: int | None = None
