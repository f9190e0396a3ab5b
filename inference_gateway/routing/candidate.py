"""What a strategy chooses among."""

from inference_gateway.record import record
from inference_gateway.routing.roster import RosterEntry


@record
class Candidate:
    """One provider that serves a model, and the model's name there."""

    entry: RosterEntry
    upstream_model: str
