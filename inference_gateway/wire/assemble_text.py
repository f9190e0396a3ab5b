"""The chunks of a stream of text completions to the plain answer that they tell in pieces.

Both have the shape of OpenAI's ``CreateCompletionResponse``, with what other servers add to it:
members that nobody here knows are kept. Whether the stream was complete is not judged here.
"""

from typing import Any

from inference_gateway.wire.merging import ChunkAssembler, append, extend, merge


class TextAssembler(ChunkAssembler):
    """Puts the chunks of one stream together into the plain answer."""

    kind = "text_completion"

    def _begin(self, index: int) -> dict[str, Any]:
        return {"index": index, "text": "", "logprobs": None, "finish_reason": None}

    def _add(self, choice: dict[str, Any], name: str, value: Any) -> None:
        if name == "text":
            if type(value) is str:
                append(choice, name, value)
        elif type(value) is list:
            extend(choice, name, value)
        else:
            merge(choice, name, value)
