"""What the tests ask llama.cpp for: bodies of chat calls whose answers are the same each time."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tests.acceptance.gateway import PROMPT
from tests.llamacpp.vocabulary import NUMBERS, SAID

Body = Mapping[str, Any]

MODEL = "markov"

PARAMETERS: Body = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
    "additionalProperties": False,
}

#: A chat with reasoning.
REASONING: Body = MappingProxyType(
    {
        "model": MODEL,
        "messages": [{"role": "user", "content": f"Say {PROMPT} 你好 🌍"}],
        "seed": 5,
        "max_tokens": 400,
        # otherwise the usage would tell what was asked before
        "cache_prompt": False,
    }
)
PLAIN: Body = MappingProxyType({**REASONING, "chat_template_kwargs": {"enable_thinking": False}})
SEVERAL: Body = MappingProxyType({**PLAIN, "n": 2})
#: It is cut off, because llama.cpp tells the probability of the token that ends an answer only
#: where it does not stream.
LOGPROBS: Body = MappingProxyType({**PLAIN, "logprobs": True, "top_logprobs": 2, "max_tokens": 3})
CUT_OFF: Body = MappingProxyType({**PLAIN, "max_tokens": 1})
#: Its only token is one of reasoning, so that no content comes.
NO_CONTENT: Body = MappingProxyType({**REASONING, "max_tokens": 1})
TOOLS: Body = MappingProxyType(
    {
        **PLAIN,
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "forecast",
                    "description": "Foretell the weather.",
                    "parameters": PARAMETERS,
                },
            }
        ],
        "tool_choice": "required",
    }
)
#: Without words nothing is said before the call.
TOOLS_ONLY: Body = MappingProxyType(
    {**TOOLS, "logit_bias": {str(NUMBERS[word]): -100 for word in SAID}}
)
TOOLS_AND_REASONING: Body = MappingProxyType(
    {**TOOLS, "chat_template_kwargs": {"enable_thinking": True}}
)
SCHEMA: Body = MappingProxyType(
    {
        **PLAIN,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "forecast", "strict": True, "schema": PARAMETERS},
        },
    }
)

#: All that end soon, by name.
SHORT: Mapping[str, Body] = MappingProxyType(
    {
        "plain": PLAIN,
        "reasoning": REASONING,
        "several": SEVERAL,
        "logprobs": LOGPROBS,
        "cut off": CUT_OFF,
        "no content": NO_CONTENT,
        "tools": TOOLS,
        "tools only": TOOLS_ONLY,
        "tools and reasoning": TOOLS_AND_REASONING,
        "schema": SCHEMA,
    }
)

#: Without full stops an answer ends only when the context is full, after ten seconds or more.
ENDLESS: Body = MappingProxyType(
    {**PLAIN, "max_tokens": None, "logit_bias": {str(NUMBERS["."]): -100}}
)
#: Longer than the context: the model's tokens for unknown words are characters.
TOO_LONG: Body = MappingProxyType(
    {**PLAIN, "messages": [{"role": "user", "content": "weather " * 1500}]}
)


def streamed(body: Body, *, usage: bool) -> Body:
    """Return ``body`` asking for a stream, with or without the usage at its end."""
    options = {"stream_options": {"include_usage": True}} if usage else {}
    return {**body, "stream": True, **options}
