"""A repetition of a stream, compared with what the client was sent of it.

Swallows what was sent before, and lets through what goes beyond it once everything was found to be
the same: choice by choice, whatever the pieces it comes in. Never lets through a text that does not
go on from the one before.
"""

from typing import Any

import orjson

from inference_gateway.wire.edit import set_member
from inference_gateway.wire.pieces import (
    ChoiceReader,
    Form,
    Incomparable,
    Piece,
    choices_of,
    is_usage,
    load_chunk,
)
from inference_gateway.wire.sse import Event, encode
from inference_gateway.wire.transcript import Stage, Transcript

#: Bytes of events beyond what was sent that wait for another choice to come as far.
_MOST_HELD = 1024 * 1024
#: Members of a choice that tell something of each token, of which a part cannot be told.
_OF_TOKENS = ("logprobs", "token_ids")


class Disagreement(Exception):
    """The repetition differs from what was sent, or cannot be compared with it."""


class Comparison:
    """One repetition; ``transcript`` goes on being kept of what is sent.

    Raises `Disagreement` for a transcript that is not comparable.
    """

    __slots__ = ("_cursors", "_held", "_held_size", "_identity", "_told_usage", "caught_up")

    def __init__(self, transcript: Transcript) -> None:
        if not transcript.is_comparable:
            raise Disagreement("what was sent was not kept")
        self._cursors = {index: _Cursor(stages) for index, stages in transcript.choices.items()}
        self._identity = dict(transcript.identity)
        self._told_usage = transcript.told_usage
        self._held: list[Event] = []
        self._held_size = 0
        #: Whether all that was sent came again, so that what follows is new.
        self.caught_up = not any(cursor.missing for cursor in self._cursors.values())

    def feed(self, event: Event) -> list[Event]:
        """Take the repetition's next event, and return what may be sent now.

        Raises `Disagreement` at the first difference. A comment may be sent always.
        """
        if event.data is None:
            return [event]
        try:
            chunk = load_chunk(event.data)
            if self.caught_up:
                return self._follow(event, chunk)
            beyond = self._beyond(event, chunk)
        except Incomparable as reason:
            raise Disagreement(str(reason)) from None
        if beyond is not None:
            self._held.append(beyond)
            self._held_size += len(beyond.raw)
        if not any(cursor.missing for cursor in self._cursors.values()):
            self.caught_up = True
            held, self._held = self._held, []
            return held
        if self._held_size > _MOST_HELD:
            raise Disagreement("one choice comes long after the others")
        return []

    def _beyond(self, event: Event, chunk: dict[str, Any]) -> Event | None:
        """Return what of an event was not sent before; raises `Disagreement` where it differs."""
        kept: list[dict[str, Any]] = []
        changed = False
        for index, choice in choices_of(chunk):
            cursor = self._cursors.get(index)
            if cursor is None:  # a choice of which nothing was sent
                kept.append(choice)
                continue
            pieces = cursor.reader.read(choice)
            known = [cursor.take(piece) for piece in pieces]
            if all(count == len(piece.text) for piece, count in zip(pieces, known, strict=True)):
                changed = True
                continue
            kept.append(choice)
            changed = _cut(choice, pieces, known) or changed
        if not kept:  # nothing new, or no choices at all: usage that counts comes behind all text
            return None
        if not changed:
            return self._rename(event, chunk)
        chunk["choices"] = kept
        return self._encode(event, chunk)

    def _follow(self, event: Event, chunk: dict[str, Any]) -> list[Event]:
        """Let through what comes behind all that was sent before, under the first stream's name."""
        if self._told_usage and is_usage(chunk):
            return []
        changed = False
        for index, choice in choices_of(chunk):
            cursor = self._cursors.get(index)
            if cursor is not None and cursor.drop_marks(choice):
                changed = True
        return [self._encode(event, chunk) if changed else self._rename(event, chunk)]

    def _rename(self, event: Event, chunk: dict[str, Any]) -> Event:
        data = event.data or b""
        for name, value in self._identity.items():
            if chunk.get(name) != value:
                data = set_member(data, name, orjson.dumps(value))
        return event if data is event.data else Event(encode(data, event.name), data, event.name)

    def _encode(self, event: Event, chunk: dict[str, Any]) -> Event:
        chunk.update(self._identity)
        try:
            data = orjson.dumps(chunk)
        except orjson.JSONEncodeError:
            raise Disagreement("it is nested too deeply") from None
        return Event(encode(data, event.name), data, event.name)


class _Cursor:
    """How far the repetition of one choice has come in what was sent of it."""

    __slots__ = ("_marks", "_offsets", "_position", "_stages", "missing", "reader")

    def __init__(self, stages: list[Stage]) -> None:
        self.reader = ChoiceReader()
        #: Bytes that were sent and did not come again yet.
        self.missing = sum([len(text) for stage in stages for text in stage.texts.values()])
        self._stages = stages
        self._position = 0
        #: How far each text of the stage at that position has come.
        self._offsets: dict[str, int] = {}
        self._marks = {(stage.key, mark) for stage in stages for mark in stage.marks}

    def take(self, piece: Piece) -> int:
        """Return how many bytes of ``piece`` were sent before; raises `Disagreement`."""
        stages = self._stages
        while self._position < len(stages):
            stage = stages[self._position]
            if stage.key == piece.stage:
                return self._match(stage, piece)
            if any(self._offsets.get(name) != len(text) for name, text in stage.texts.items()):
                raise Disagreement("it goes on with something else")
            self._position += 1
            self._offsets = {}
        return 0

    def drop_marks(self, choice: dict[str, Any]) -> bool:
        """Take away the marks that were sent before, and say whether there were any."""
        delta = choice.get("delta")
        if not self._marks or type(delta) is not dict or "tool_calls" not in delta:
            return False
        known = [
            piece
            for piece in self.reader.read_calls(delta)
            if piece.form is Form.MARK and (piece.stage, piece.field) in self._marks
        ]
        for piece in known:
            del piece.owner[piece.field]
        return bool(known)

    def _match(self, stage: Stage, piece: Piece) -> int:
        size = len(piece.text)
        if piece.form is Form.MARK:
            return size if piece.field in stage.marks else 0
        is_last = self._position == len(self._stages) - 1
        text = stage.texts.get(piece.field)
        if text is None:
            # the name of a call may have been sent and not yet its arguments
            if is_last and type(stage.key) is tuple:
                return 0
            raise Disagreement("it tells something else")
        offset = self._offsets.get(piece.field, 0)
        if piece.form is Form.WHOLE:
            if text != piece.text:
                raise Disagreement("it has another name, or another end")
            self.missing -= size - offset
            self._offsets[piece.field] = size
            return size
        count = min(size, len(text) - offset)
        if not text.startswith(piece.text[:count], offset):
            raise Disagreement("its text is another")
        if count < size and not is_last:
            raise Disagreement("its text is longer")
        self.missing -= count
        self._offsets[piece.field] = offset + count
        return count


def _cut(choice: dict[str, Any], pieces: list[Piece], known: list[int]) -> bool:
    """Take the first ``known`` bytes of each piece out of ``choice``; False if there are none."""
    delta = choice.get("delta")
    role = delta.pop("role", None) if type(delta) is dict else None
    if not any(known):
        return role is not None
    for piece, count in zip(pieces, known, strict=True):
        if count == len(piece.text):
            if piece.field == "text":  # which every chunk of a completion must have
                piece.owner["text"] = ""
            else:
                del piece.owner[piece.field]
        elif count:
            piece.owner[piece.field] = piece.text[count:].decode()
    for name in _OF_TOKENS:
        if name in choice:
            choice[name] = None
    if type(delta) is dict and type(calls := delta.get("tool_calls")) is list:
        delta["tool_calls"] = [call for call in calls if _says_anything(call)]
    return True


def _says_anything(call: object) -> bool:
    return type(call) is dict and any(v for name, v in call.items() if name != "index")
