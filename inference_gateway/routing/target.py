"""A model that can answer a call: its name, its rules and who has it."""

from collections.abc import Sequence

from inference_gateway.record import record
from inference_gateway.routing.candidate import Candidate
from inference_gateway.routing.rules import ModelRules


@record(kw_only=True)
class Target:
    """What one call can be answered by; ``group`` has the call's operation, all of it."""

    label: str
    #: The name that an answer is given that was not asked for by the provider's own.
    public: str
    group: Sequence[Candidate]
    rules: ModelRules
    #: Whether it stands in for the model that the client asked for.
    is_fallback: bool = False
    #: Whether no other model can answer instead, so that a rate limit is waited out.
    is_last: bool = True
    #: The id of a provider that goes first; None: the rules decide alone.
    favourite: str | None = None
