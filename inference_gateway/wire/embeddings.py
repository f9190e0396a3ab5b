"""The request of ``POST /v1/embeddings``: texts or token ids of which vectors are wanted.

Bounds are those of the API (``CreateEmbeddingRequest``). Members that are not listed are passed on
unjudged. There are no streams of embeddings: a ``stream`` is the provider's to refuse.
"""

from functools import partial
from typing import Any

from inference_gateway.record import record
from inference_gateway.wire.fields import integer, one_of
from inference_gateway.wire.members import Contract, check_model, read_members
from inference_gateway.wire.operations import EMBEDDINGS
from inference_gateway.wire.prompts import check_prompts, prompts_in
from inference_gateway.wire.request import ModelRequest
from inference_gateway.wire.sampling import check_user

MAX_INPUTS = 2048
#: No model has nearly as many; it keeps the number in the range of every provider's integers.
MAX_DIMENSIONS = 2**31 - 1


@record(kw_only=True)
class EmbeddingsRequest(ModelRequest):
    """A request for embeddings that keeps the contract."""

    @property
    def inputs(self) -> list[Any]:
        """What is to be embedded: strings, or arrays of token ids."""
        return prompts_in(self.fields["input"])


_CONTRACT = Contract(
    required=("model", "input"),
    checks={
        "model": check_model,
        "input": partial(check_prompts, most=MAX_INPUTS, empty_text=False),
        "encoding_format": one_of(("float", "base64")),
        "dimensions": integer(1, MAX_DIMENSIONS),
        "user": check_user,
    },
)


def parse_embeddings(body: bytes) -> EmbeddingsRequest:
    """Parse and check a request body.

    Raises `InvalidJSON` for what is no JSON object, `InvalidRequest` with every problem otherwise.
    """
    body, fields, dropped = read_members(body, _CONTRACT)
    return EmbeddingsRequest(
        operation=EMBEDDINGS,
        model=fields["model"],
        body=body,
        fields=fields,
        dropped=dropped,
    )
