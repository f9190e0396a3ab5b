"""Whether new calls are welcome: what ``GET /health/ready`` asks.

Being alive is not the question here: a draining gateway is alive and not ready.
"""

from collections.abc import Mapping

import attrs

from inference_gateway.pipeline.admit import Gate
from inference_gateway.routing.roster import Roster
from inference_gateway.telemetry.reactor_lag import ReactorLag

#: Seconds by which the event loop may be late before new calls should go elsewhere.
_TOLERABLE_LAG = 1.0


@attrs.frozen
class Readiness:
    """Called without arguments, gives each check's name and whether it holds."""

    gate: Gate
    roster: Roster
    lag: ReactorLag

    def __call__(self) -> Mapping[str, bool]:
        """Look now; cheap, and names no provider."""
        return {
            "accepting": not (self.gate.leaving or self.gate.draining),
            "providers": any(True for _ in self.roster),
            "reactor": self.lag.seconds <= _TOLERABLE_LAG,
        }
