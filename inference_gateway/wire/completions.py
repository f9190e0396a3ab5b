"""The request of ``POST /v1/completions``: text completions, the API from before there was chat.

Bounds are those of the API (``CreateCompletionRequest``). Members that are not listed are passed
on unjudged. What answers look like is told by `wire.inspect_text` and `wire.assemble_text`.
"""

from functools import partial
from typing import Any

from inference_gateway.record import record
from inference_gateway.wire.fields import Problems, add, boolean, integer, text
from inference_gateway.wire.members import Contract, read_members
from inference_gateway.wire.operations import COMPLETIONS
from inference_gateway.wire.prompts import check_prompts, prompts_in
from inference_gateway.wire.request import ModelRequest
from inference_gateway.wire.sampling import (
    MAX_TOKENS,
    SAMPLING,
    asks_for_usage,
    check_streaming,
)


@record(kw_only=True)
class CompletionRequest(ModelRequest):
    """A request for text completions that keeps the contract.

    Its ``choices`` are those of all prompts together.
    """

    #: 0 is allowed, and asks for nothing but the prompt's own logprobs.
    max_tokens: int | None

    @property
    def prompts(self) -> list[Any]:
        """What is to be completed: strings, or arrays of token ids."""
        return prompts_in(self.fields["prompt"])


def _check_together(fields: dict[str, Any], problems: Problems) -> None:
    check_streaming(fields, problems)
    # 0 is in the API's bounds and n is 1 by itself, so only one that was said can contradict
    best_of, n = fields.get("best_of"), fields.get("n")
    if type(best_of) is int and type(n) is int and best_of < n:
        add(problems, "best_of", "must not be less than n")


_CONTRACT = Contract(
    required=("model", "prompt"),
    checks={
        **SAMPLING,
        "prompt": partial(check_prompts, most=None, empty_text=True),
        "best_of": integer(0, 20),
        "echo": boolean,
        "logprobs": integer(0, 5),
        "max_tokens": integer(0, MAX_TOKENS),
        "suffix": text,
    },
    together=_check_together,
)


def parse_completion(body: bytes) -> CompletionRequest:
    """Parse and check a request body.

    Raises `InvalidJSON` for what is no JSON object, `InvalidRequest` with every problem otherwise.
    """
    body, fields, dropped = read_members(body, _CONTRACT)
    return CompletionRequest(
        operation=COMPLETIONS,
        model=fields["model"],
        body=body,
        fields=fields,
        stream=fields.get("stream") is True,
        include_usage=asks_for_usage(fields),
        choices=(fields.get("n") or 1) * len(prompts_in(fields["prompt"])),
        max_tokens=fields.get("max_tokens"),
        dropped=dropped,
    )
