"""Sessions: calls that say that they belong together go to one provider.

Nothing is remembered: which provider that is follows from the session's name, so all processes
agree, and a session comes back to its provider when that does.
"""

from collections.abc import Sequence

from zope.interface import implementer

from inference_gateway.exchange import Call
from inference_gateway.interfaces import IBalancer
from inference_gateway.routing.candidate import Candidate
from inference_gateway.routing.rendezvous import key_of, ranked


@implementer(IBalancer)
class Stickiness:
    """Puts the provider of a call's session first; all else is as ``strategy`` says."""

    def __init__(self, strategy: IBalancer) -> None:
        self._strategy = strategy

    def order(self, call: Call, model: str, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        """Return ``candidates`` with the session's first, the others in the strategy's order."""
        session = call.hints.session
        if not session or len(candidates) < 2:
            return self._strategy.order(call, model, candidates)
        first = ranked(key_of(model, session), candidates)[0]
        others = [each for each in candidates if each is not first]
        return [first, *self._strategy.order(call, model, others)]
