"""What a client was sent of a stream, so that a repetition of it can be compared.

It keeps text and calls of tools, choice by choice, and what the stream called itself; bounded, and
given up as a whole where that is not enough. Comparing is `comparison`'s.
"""

from typing import Any

from inference_gateway.wire.pieces import (
    ChoiceReader,
    Form,
    Incomparable,
    Piece,
    choices_of,
    is_usage,
    load_chunk,
)
from inference_gateway.wire.sse import Event

#: Bytes of text that are kept of one stream.
_MOST_KEPT = 1024 * 1024
#: Bytes that a stage costs beside its text, roughly.
_STAGE = 512
#: Members of a chunk by which a client tells one stream from another.
_IDENTITY = ("id", "created", "model")


class Stage:
    """A part of a choice: one text, or one call, which are several texts side by side."""

    __slots__ = ("key", "marks", "texts")

    def __init__(self, key: str | tuple[str, int]) -> None:
        self.key = key
        #: In UTF-8, by the names of their fields.
        self.texts: dict[str, bytearray] = {}
        #: Fields that are told once and compared with nothing.
        self.marks: set[str] = set()


class Transcript:
    """What was sent of one stream; not for use behind `is_comparable` having turned false."""

    __slots__ = (
        "_limit",
        "_readers",
        "_size",
        "choices",
        "identity",
        "is_comparable",
        "told_usage",
    )

    def __init__(self, limit: int = _MOST_KEPT) -> None:
        self._limit = limit
        self._size = 0
        self._readers: dict[int, ChoiceReader] = {}
        #: The stages of each choice that was begun, in order, by its index.
        self.choices: dict[int, list[Stage]] = {}
        #: The stream's own id, time and model, as far as they were told.
        self.identity: dict[str, Any] = {}
        #: Whether the extra event with the usage was sent.
        self.told_usage = False
        #: False once more was sent than is kept, or what is neither text nor a call.
        self.is_comparable = True

    def sent(self, event: Event) -> None:
        """Keep what ``event`` says, which the client is sent."""
        if event.data is None or not self.is_comparable:
            return
        try:
            self._keep(load_chunk(event.data))
        except Incomparable:
            self._give_up()

    def _keep(self, chunk: dict[str, Any]) -> None:
        identity = self.identity
        if len(identity) < len(_IDENTITY):
            for name in _IDENTITY:
                if name not in identity and chunk.get(name):
                    identity[name] = chunk[name]
        if is_usage(chunk):
            self.told_usage = True
        for index, choice in choices_of(chunk):
            stages = self.choices.get(index)
            if stages is None:
                stages = self.choices[index] = []
                self._readers[index] = ChoiceReader()
                self._size += _STAGE
            for piece in self._readers[index].read(choice):
                self._add(stages, piece)
        if self._size > self._limit:
            self._give_up()

    def _add(self, stages: list[Stage], piece: Piece) -> None:
        if not stages or stages[-1].key != piece.stage:
            stages.append(Stage(piece.stage))
            self._size += _STAGE
        stage = stages[-1]
        if piece.form is Form.MARK:
            stage.marks.add(piece.field)
            return
        text = stage.texts.get(piece.field)
        if text is None:
            stage.texts[piece.field] = bytearray(piece.text)
        elif piece.form is Form.PART:
            text += piece.text
        else:  # some servers tell a call's name with each piece of it
            return
        self._size += len(piece.text)

    def _give_up(self) -> None:
        self.is_comparable = False
        self.choices.clear()
        self._readers.clear()
