"""The strategy ``prefix_hash``: what begins alike goes to the same provider.

Servers keep what they computed for the beginning of a prompt, and save that work when the next
prompt begins so, too. All turns of a conversation begin with the same instructions and the same
first question; these decide, by rendezvous hashing with bounded loads (Mirrokni, Thorup,
Zadimoghaddam: no provider gets more than its part and a quarter of the calls under way, so that
one prefix that everybody sends does not overrun one provider).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from zope.interface import implementer

from inference_gateway.exchange import Call
from inference_gateway.interfaces import IBalancer
from inference_gateway.routing.candidate import Candidate
from inference_gateway.routing.rendezvous import key_of, ranked

#: How many times its equal part of the calls under way a provider may have.
_LOAD_FACTOR = 1.25
#: Characters of each text that count; hashing them takes microseconds.
_LONGEST = 2048
#: Messages, or parts of one, that are looked at.
_MOST_ITEMS = 16
_INSTRUCTIONS = frozenset({"system", "developer"})


@implementer(IBalancer)
class PrefixHash:
    """Consistent hashing over the beginning of the request.

    ``otherwise`` orders for requests that have no text at their beginning.
    """

    def __init__(self, otherwise: IBalancer) -> None:
        self._otherwise = otherwise

    def order(self, call: Call, model: str, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        """Return ``candidates`` by rank, those that have their part of the load behind the others.

        The load is that of ``candidates``, with this call.
        """
        if len(candidates) < 2:
            return candidates
        texts = beginning(call.request.fields) if call.request is not None else ()
        if not texts:
            return self._otherwise.order(call, model, candidates)
        by_rank = ranked(key_of(model, *texts), candidates)
        under_way = 1
        for candidate in candidates:
            under_way += candidate.entry.load.pending
        bound = math.ceil(_LOAD_FACTOR * under_way / len(candidates))
        # sorting keeps the ranks within each half
        by_rank.sort(key=lambda candidate: candidate.entry.load.pending >= bound)
        return by_rank


def beginning(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the texts with which a request begins, in the words of whichever API; often cut.

    They are its instructions and its first question, or the first of its inputs.
    """
    texts = [_text(fields.get("system")), _text(fields.get("instructions"))]
    for name in ("messages", "input", "prompt"):
        content = fields.get(name)
        if content is not None:
            texts += _first_turn(content) if type(content) is list else [_text(content)]
            break
    return tuple([text for text in texts if text])


def _first_turn(items: list[Any]) -> Iterable[str]:
    for item in items[:_MOST_ITEMS]:
        if type(item) is not dict:
            yield _text(item)
            return
        role = item.get("role")
        if role == "user" or role in _INSTRUCTIONS:
            yield _text(item.get("content"))
        if role == "user":
            return


def _text(content: object) -> str:
    if type(content) is list:
        parts = [part.get("text") for part in content[:_MOST_ITEMS] if type(part) is dict]
        content = "".join([part[:_LONGEST] for part in parts if type(part) is str])
    return content[:_LONGEST] if type(content) is str else ""
