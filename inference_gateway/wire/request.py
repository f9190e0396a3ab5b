"""What every request to a model says, whatever it asks the model for."""

from typing import TYPE_CHECKING, Any

import attrs

from inference_gateway.record import record

if TYPE_CHECKING:
    from inference_gateway.wire.operations import Operation


@record(kw_only=True)
class ModelRequest:
    """A request that keeps its contract; ``fields`` is ``body`` parsed, not to be changed."""

    operation: "Operation"
    model: str
    #: As it came, without the ``dropped`` members.
    body: bytes = attrs.field(repr=False)
    fields: dict[str, Any] = attrs.field(repr=False, factory=dict)
    stream: bool = False
    #: Whether the client itself asked for the usage event of a stream.
    include_usage: bool = False
    #: How many choices the answer is to have.
    choices: int = 1
    #: The id of the response that this one goes on from, if there is one.
    follows: str = ""
    #: Names of the members that would have chosen a destination or a credential.
    dropped: tuple[str, ...] = ()
    content_type: bytes = b"application/json"
