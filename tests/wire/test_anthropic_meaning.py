"""A conversation in Anthropic's words, told again by readers that do not know the translation."""

from itertools import pairwise
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.wire.test_anthropic_messages import USER, call, translated

_texts = st.text(max_size=8)
_words = st.text("abcxyz", min_size=1, max_size=4)
_text_parts = st.builds(lambda text: {"type": "text", "text": text}, _texts)
_image_parts = st.builds(
    lambda data: {"type": "image_url", "image_url": {"url": "data:image/gif;base64," + data}},
    _words,
)
_spoken = _texts | st.lists(_text_parts, min_size=1, max_size=3)
_seen = _texts | st.lists(_text_parts | _image_parts, min_size=1, max_size=3)
_calls = st.builds(
    lambda id, name, value: call(orjson.dumps({"v": value}).decode(), id=id, name=name),
    _words,
    _words,
    _texts | st.integers(-(2**53), 2**53) | st.none(),
)
_messages = st.one_of(
    st.fixed_dictionaries({"role": st.sampled_from(["system", "developer"]), "content": _spoken}),
    st.fixed_dictionaries({"role": st.just("user"), "content": _seen}),
    st.fixed_dictionaries(
        {"role": st.just("assistant"), "content": _spoken},
        optional={"tool_calls": st.lists(_calls, max_size=2)},
    ),
    st.fixed_dictionaries({"role": st.just("tool"), "tool_call_id": _words, "content": _seen}),
)

Said = list[tuple[Any, ...]]


def chat_says(messages: list[dict[str, Any]]) -> tuple[str, Said]:
    """Return what a chat tells: the system's text, and who then says, shows or calls what."""
    system = ""
    said: Said = []
    for message in messages:
        role, content = message["role"], message["content"]
        if type(content) is str:
            content = [{"type": "text", "text": content}]
        if role in ("system", "developer"):
            system += "".join(part["text"] for part in content if part["text"].strip())
            continue
        who = ("result", message["tool_call_id"]) if role == "tool" else (role,)
        if role == "tool":
            said.append(who)
        for item in content:
            if item["type"] == "image_url":
                said.append((*who, "image", item["image_url"]["url"]))
            elif item["text"].strip():
                said.append((*who, "text", item["text"]))
        for made in message.get("tool_calls") or ():
            function = made["function"]
            value = orjson.loads(function["arguments"])
            said.append((role, "call", made["id"], function["name"], value))
    return system, said


def turns_say(system: list[Any], turns: list[Any]) -> tuple[str, Said]:
    """Return the same of what Anthropic's API is told."""
    said: Said = []

    def read(who: tuple[str, ...], block: dict[str, Any]) -> None:
        if block["type"] == "text":
            said.append((*who, "text", block["text"]))
        elif block["type"] == "image":
            source = block["source"]
            url = f"data:{source['media_type']};{source['type']},{source['data']}"
            said.append((*who, "image", url))
        elif block["type"] == "tool_use":
            said.append((*who, "call", block["id"], block["name"], block["input"]))
        else:
            said.append(("result", block["tool_use_id"]))
            for inner in block.get("content", ()):
                read(("result", block["tool_use_id"]), inner)

    for turn in turns:
        for block in turn["content"]:
            read((turn["role"],), block)
    return "".join(block["text"] for block in system), said


class MeaningTests(SynchronousTestCase):
    """A conversation means the same in both APIs."""

    @given(st.lists(_messages, max_size=8))
    def test_same(self, messages: list[dict[str, Any]]) -> None:
        """Nothing is lost, added or put elsewhere, and turns alternate."""
        system, turns = translated(USER, *messages)
        self.assertEqual(turns_say(system, turns), chat_says([USER, *messages]))
        roles = [turn["role"] for turn in turns]
        self.assertTrue(all(one != other for one, other in pairwise(roles)))
        self.assertTrue(all(turn["content"] for turn in turns))
