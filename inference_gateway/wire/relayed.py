"""Requests of the routes that are relayed in their own dialect: Responses, Messages and others.

Only what decides where a call goes and how its answer comes is checked. All else is between the
client and the provider, which speak the same dialect.
"""

from inference_gateway.wire.fields import boolean
from inference_gateway.wire.members import Contract, check_model, read_members
from inference_gateway.wire.operations import Operation
from inference_gateway.wire.request import ModelRequest

_CONTRACT = Contract(checks={"model": check_model, "stream": boolean})


def parse_relayed(body: bytes, operation: Operation) -> ModelRequest:
    """Parse a request body and check what the gateway must know.

    Raises `InvalidJSON` for what is no JSON object, `InvalidRequest` with every problem otherwise.
    """
    body, fields, dropped = read_members(body, _CONTRACT)
    follows = fields.get("previous_response_id")
    return ModelRequest(
        operation=operation,
        model=fields["model"],
        body=body,
        fields=fields,
        stream=operation.streams and fields.get("stream") is True,
        follows=follows if type(follows) is str else "",
        dropped=dropped,
    )
