"""Streams that are told again, in other pieces."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import orjson
from hypothesis import strategies as st

from inference_gateway.wire.comparison import Comparison
from inference_gateway.wire.sse import Event, encode
from inference_gateway.wire.transcript import Transcript

#: A choice of a chunk, or what is in it.
Choice = dict[str, Any]


def event(*choices: Choice, **members: Any) -> Event:
    """Return an event with these choices."""
    data = orjson.dumps({**members, "choices": list(choices)})
    return Event(encode(data), data)


def say(index: int = 0, /, **delta: Any) -> Choice:
    """Return a choice with this delta."""
    return {"index": index, "delta": delta, "finish_reason": None}


def finish(index: int = 0, reason: str = "stop") -> Choice:
    """Return the end of a choice."""
    return {"index": index, "delta": {}, "finish_reason": reason}


def call(index: int, arguments: str = "", **members: Any) -> Choice:
    """Return a piece of a function's call; its ``name`` goes where it belongs."""
    name = members.pop("name", None)
    function = {"arguments": arguments} if name is None else {"name": name, "arguments": arguments}
    return {"index": index, **members, "function": function}


def transcript_of(*events: Event) -> Transcript:
    """Return the transcript of a stream of which this was sent."""
    transcript = Transcript()
    for one in events:
        transcript.sent(one)
    return transcript


def repeat(comparison: Comparison, *events: Event) -> list[Any]:
    """Return what is to be sent of a repetition, parsed."""
    return [orjson.loads(new.data or b"") for one in events for new in comparison.feed(one)]


def said(events: Iterable[Event]) -> dict[int, list[tuple[str, str]]]:
    """Return what a client understands of a stream, sign by sign, for each choice that said any."""
    heard: dict[int, list[tuple[str, str]]] = {}
    for one in events:
        for choice in orjson.loads(one.data or b"{}").get("choices", ()):
            signs = heard.setdefault(choice["index"], [])
            for name, value in choice["delta"].items():
                if name == "tool_calls":
                    for part in value:
                        number, function = part["index"], part["function"]
                        if "name" in function:
                            signs.append((f"call {number}", function["name"]))
                        signs += [(f"arguments {number}", sign) for sign in function["arguments"]]
                elif name != "role":
                    signs += [(name, sign) for sign in value or ""]
            if choice["finish_reason"]:
                signs.append(("finish", choice["finish_reason"]))
    return {index: signs for index, signs in heard.items() if signs}


def told(text: str, cuts: Iterable[int]) -> list[str]:
    """Return ``text`` in pieces; cuts outside of it cut nothing."""
    places = [0, *sorted({cut for cut in cuts if 0 < cut < len(text)}), len(text)]
    return [text[start:end] for start, end in pairwise(places)]


#: Texts of few letters, so that they are easily mistaken for one another.
TEXTS = st.text(alphabet='ab語😀\n"', min_size=1, max_size=8)
CUTS = st.sets(st.integers(1, 7), max_size=4)


@st.composite
def answers(draw: st.DrawFn) -> list[list[tuple[str, str]]]:
    """Draw the stages of each choice of an answer: the kind of each, and its text."""
    choices = []
    for _ in range(draw(st.integers(1, 2))):
        stages = [("content", draw(TEXTS))]
        if draw(st.booleans()):
            stages.insert(0, ("reasoning_content", draw(TEXTS)))
        stages += [("call", draw(TEXTS)) for _ in range(draw(st.integers(0, 2)))]
        stages.append(("finish", draw(st.sampled_from(["stop", "length"]))))
        choices.append(stages)
    return choices


@st.composite
def variants(draw: st.DrawFn, answer: list[list[tuple[str, str]]]) -> list[list[tuple[str, str]]]:
    """Draw an answer that differs from ``answer`` in one text, or not at all."""
    changed = [list(stages) for stages in answer]
    stages = changed[draw(st.integers(0, len(changed) - 1))]
    place = draw(st.integers(0, len(stages) - 1))
    stages[place] = (stages[place][0], draw(TEXTS))
    return changed


@st.composite
def tellings(draw: st.DrawFn, answer: list[list[tuple[str, str]]]) -> list[Event]:
    """Draw one way to tell an answer: in what pieces, and how its choices take turns."""
    name = draw(st.sampled_from(["one", "two", "three"]))
    waiting = [_choices(draw, index, stages, name) for index, stages in enumerate(answer)]
    events = []
    while any(waiting):
        index = draw(st.sampled_from([i for i, rest in enumerate(waiting) if rest]))
        together = [waiting[index].pop(0)]
        other = (index + 1) % len(waiting)
        if other != index and waiting[other] and draw(st.booleans()):
            together.append(waiting[other].pop(0))
        events.append(event(*together, id=f"id-{name}", created=len(name), model=f"model-{name}"))
    return events


def _choices(draw: st.DrawFn, index: int, stages: list[tuple[str, str]], name: str) -> list[Choice]:
    choices = [say(index, role="assistant", content="")] if draw(st.booleans()) else []
    calls = 0
    for kind, text in stages:
        if kind == "finish":
            choices.append(finish(index, text))
            continue
        pieces = told(text, draw(CUTS))
        if kind == "call":
            head = call(calls, pieces.pop(0), id=f"{name}-{calls}", type="function", name="look")
            choices.append(say(index, tool_calls=[head]))
            choices += [say(index, tool_calls=[call(calls, piece)]) for piece in pieces]
            calls += 1
        else:
            choices += [say(index, **{kind: piece}) for piece in pieces]
    if draw(st.booleans()):  # the end may come together with the last piece
        end = choices.pop()
        choices[-1] = {**choices[-1], "finish_reason": end["finish_reason"]}
    return choices
