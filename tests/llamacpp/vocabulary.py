"""What the tests' model says, and the template of its prompts.

What comes next depends on the last token only: `following` is the table of a Markov chain. Unlike
random weights it ends by itself, closes its strings where a grammar asks for JSON, and calls a tool
where a grammar demands one.
"""

import string
from itertools import pairwise

#: ChatML with tools as the Hermes models have them: llama.cpp finds out from it how to read tool
#: calls and reasoning. The assistant's turn begins with reasoning unless it is switched off.
TEMPLATE = """\
{%- if tools %}<|im_start|>system
You may call functions. Their signatures:
<tools>
{% for tool in tools %}{{ tool | tojson }}
{% endfor %}</tools>
Answer with a JSON object in these tags for each call:
<tool_call>
{"name": <name>, "arguments": <arguments>}
</tool_call><|im_end|>
{% endif %}
{%- for message in messages %}<|im_start|>{{ message.role }}
{% if message.role == 'assistant' and message.reasoning_content -%}
<think>
{{ message.reasoning_content }}
</think>

{% endif -%}
{{ message.content or '' }}
{%- for call in message.tool_calls or [] %}
<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>
{%- endfor %}<|im_end|>
{% endfor -%}
{%- if add_generation_prompt %}<|im_start|>assistant
{% if enable_thinking %}<think>{% else %}<think>

</think>

{% endif %}{% endif %}"""

SPECIAL = ("<unk>", "<s>", "<|im_end|>", "<|im_start|>")
TAGS = ("<think>", "</think>", "<tool_call>", "</tool_call>")
_LETTERS = tuple(string.ascii_letters)
_DIGITS = tuple(string.digits)
_CHARACTERS = (*_LETTERS, *_DIGITS, *string.punctuation, " ", "\n")
#: The words of answers, and those of reasoning.
SAID = (
    *(" apple", " bridge", " cloud", " dream", " east", " flute", " green", " hill", " island"),
    *(" jade", " kite", " lamp", " moon", " 你好", " 🌍"),
)
_THOUGHT = (" maybe", " perhaps", " so", " but", " then", " well")
#: Every byte can be said for itself; these four, one token each, are one emoji.
BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))
_EMOJI = tuple(f"<0x{byte:02X}>" for byte in "🌞".encode())

VOCABULARY = (*SPECIAL, *BYTES, *TAGS, *_CHARACTERS, *SAID, *_THOUGHT)
NUMBERS = {token: number for number, token in enumerate(VOCABULARY)}

#: The logit of the special tokens, and of what may follow only where nothing else is allowed.
NEVER, HARDLY = -30.0, -6.0
#: Sampling by default drops all that is more than 3 below the best.
_RARELY, _AT_TIMES, _OFTEN, _MOSTLY = -2.0, 2.0, 6.0, 9.0


def following() -> dict[str, dict[str, float]]:
    """Return for each token the logits of those that may follow it."""
    speech = dict.fromkeys(SAID, _OFTEN)
    said = {**speech, _EMOJI[0]: _OFTEN, ".": _OFTEN + 0.7}
    thought = dict.fromkeys(_THOUGHT, _OFTEN)
    letters = dict.fromkeys(string.ascii_lowercase, _AT_TIMES)
    digits = dict.fromkeys(_DIGITS, _AT_TIMES)
    value = {**dict.fromkeys(_DIGITS, _OFTEN), '"': _MOSTLY, "{": _MOSTLY, "[": _OFTEN, "t": _OFTEN}
    after = {"}": _MOSTLY, "]": _MOSTLY, ",": _OFTEN}
    return {
        **dict.fromkeys(SAID, said),
        **{first: {second: _MOSTLY} for first, second in pairwise(_EMOJI)},
        _EMOJI[-1]: said,
        # a grammar that forbids the end because it wants a call gets one
        ".": {"<|im_end|>": _MOSTLY, "<tool_call>": _AT_TIMES},
        **dict.fromkeys(_THOUGHT, thought | {"</think>": _OFTEN + 0.7}),
        "<think>": thought,
        "</think>": {**speech, "<tool_call>": _AT_TIMES},
        "\n": {**speech, "<tool_call>": _AT_TIMES, "{": _RARELY, "</tool_call>": _RARELY},
        "<tool_call>": {"\n": _MOSTLY},
        "</tool_call>": {"<|im_end|>": _MOSTLY, "<tool_call>": _MOSTLY - 1.0},
        # what follows matters only where a grammar rules
        **dict.fromkeys(_LETTERS, letters | {'"': _OFTEN}),
        **dict.fromkeys(_DIGITS, digits | after),
        **dict.fromkeys((" ", "[", ":", ","), value),
        "{": {'"': _MOSTLY},
        '"': {**letters, **dict.fromkeys((":", ",", "}", "]"), _RARELY)},
        "}": {**after, "</tool_call>": _OFTEN, "<|im_end|>": _MOSTLY},
        "]": {**after, '"': _MOSTLY},
    }
