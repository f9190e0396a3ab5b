"""Whether new calls are welcome: what ``GET /health/ready`` asks.

Being alive is not the question here: a draining gateway is alive and not ready. A provider that has
no room is no reason either, as calls wait for it.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

import attrs

from inference_gateway.pipeline.admit import Gate
from inference_gateway.routing.candidate import Candidate
from inference_gateway.routing.roster import RosterEntry
from inference_gateway.routing.table import ModelTable
from inference_gateway.telemetry.reactor_lag import ReactorLag

#: Seconds by which the event loop may be late before new calls should go elsewhere.
_TOLERABLE_LAG = 1.0


@attrs.frozen
class Readiness:
    """Called without arguments, gives each check's name and whether it holds.

    ``wanted`` says whether every model must have a provider that can be asked, or any of them.
    """

    gate: Gate
    table: ModelTable
    wanted: Literal["any", "all"]
    lag: ReactorLag

    def __call__(self) -> Mapping[str, bool]:
        """Look now; cheap, and names no provider."""
        return {
            "accepting": not (self.gate.leaving or self.gate.draining),
            "providers": self._has_providers(),
            "reactor": self.lag.seconds <= _TOLERABLE_LAG,
        }

    def _has_providers(self) -> bool:
        """Judge each provider once, and no more models than are needed to know."""
        known: dict[RosterEntry, bool] = {}
        is_wanted_by_all = self.wanted == "all"
        served = False
        for group in self.table.groups():
            served = _is_served(group, known)
            if served is not is_wanted_by_all:
                break
        # without a model nobody is served
        return served


def _is_served(group: Iterable[Candidate], known: dict[RosterEntry, bool]) -> bool:
    """Whether somebody in ``group`` can be asked; ``known`` keeps what providers are like."""
    for candidate in group:
        entry = candidate.entry
        is_well = known.get(entry)
        if is_well is None:
            is_well = not (entry.health.is_unhealthy or entry.credentials.are_refused)
            known[entry] = is_well
        if is_well:
            breaker = entry.breakers.get(candidate.upstream_model)
            if breaker is None or breaker.is_ready():
                return True
    return False
