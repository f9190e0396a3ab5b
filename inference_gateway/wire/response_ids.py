"""The ids of responses: which are taken for one, and where an answer tells its own.

Who has the response of an id is known elsewhere.
"""

import re
from collections.abc import Callable

import attrs
import orjson

from inference_gateway.wire.inspect import AnswerFacts, Kind
from inference_gateway.wire.operations import RESPONSES, Operation
from inference_gateway.wire.responses import ResponseInspector, inspect_response
from inference_gateway.wire.sse import Event
from inference_gateway.wire.typed_events import TypedEvent, read_typed

_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")

Tell = Callable[[str], None]


def is_response_id(text: str) -> bool:
    """Whether ``text`` can be the id of a response; only such ones are passed on and kept."""
    return _ID.fullmatch(text) is not None


def telling_ids(tell: Tell) -> Operation:
    """Return `RESPONSES`, but so that ``tell`` gets the id of an answer as soon as it is there.

    What it is told may be any text.
    """

    def inspect(body: bytes) -> AnswerFacts:
        facts = inspect_response(body)
        _tell_id(orjson.loads(body), tell)
        return facts

    return attrs.evolve(
        RESPONSES, inspect_answer=inspect, inspector=lambda request: TellingInspector(tell)
    )


@attrs.define(eq=False)
class TellingInspector(ResponseInspector):
    """A `ResponseInspector` that tells the id of the response that its stream begins with."""

    _tell: Tell
    _begun: bool = attrs.field(default=False, init=False)

    def inspect(self, event: Event) -> Kind:
        """Take the next event into account and say what it is; never raises."""
        if not self._begun:
            typed = read_typed(event)
            if isinstance(typed, TypedEvent):
                self._begun = True
                _tell_id(typed.members.get("response"), self._tell)
        return super().inspect(event)


def _tell_id(response: object, tell: Tell) -> None:
    if type(response) is dict and type(found := response.get("id")) is str:
        tell(found)
