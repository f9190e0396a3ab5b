"""Who of a group can be asked now, when the others can be, and what to say when nobody can.

Whether somebody has room is not asked here: for room one waits in a queue.
"""

from collections.abc import Sequence

from inference_gateway.errors import CircuitOpen, GatewayError
from inference_gateway.provider_errors import ProviderAuthFailed, ProviderRateLimited
from inference_gateway.routing.candidate import Candidate

#: Seconds after which to ask again while another call is probing.
_PROBE = 1.0


def is_usable(candidate: Candidate) -> bool:
    """Whether its breaker and its credentials let a call pass now."""
    entry = candidate.entry
    broken = entry.broken.get(candidate.upstream_model)
    return entry.credentials.is_ready() and (broken is None or broken.is_ready())


def usable(candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    """Return those of ``candidates`` that can be asked now."""
    for candidate in candidates:
        entry = candidate.entry
        if entry.broken or not entry.credentials.is_whole:  # hardly ever so, and soon seen
            return [candidate for candidate in candidates if is_usable(candidate)]
    return candidates


def ready_in(candidate: Candidate) -> float | None:
    """Return the seconds until a rate limit lets it be asked again; 0 if it can be asked now.

    None if something else keeps it from being asked, which is not worth a call's waiting.
    """
    breaker = candidate.entry.broken.get(candidate.upstream_model)
    if candidate.entry.credentials.are_refused or not (breaker is None or breaker.is_ready()):
        return None
    return candidate.entry.credentials.ready_in()


def usable_in(candidate: Candidate) -> float:
    """Return the seconds until it can be asked, whatever keeps it from that; 0 if that is now."""
    if is_usable(candidate):
        return 0.0
    breaker = candidate.entry.broken.get(candidate.upstream_model)
    probe = 0.0 if breaker is None or breaker.is_ready() else breaker.reopens_in() or _PROBE
    return max(candidate.entry.credentials.ready_in(), probe)


def refusal(candidates: Sequence[Candidate]) -> GatewayError:
    """Return why none of ``candidates``, of which there is one at least, can be asked now.

    It tells what the client can do about it, or else what holds for the one that is back first.
    """
    accepted = [c for c in candidates if not c.entry.credentials.are_refused]
    if not accepted:
        return ProviderAuthFailed("no provider accepts the gateway's credentials at present")
    first = min(accepted, key=usable_in)
    if not first.entry.credentials.is_ready():
        return ProviderRateLimited(
            "the rate limits of this model's providers are reached", retry_after=usable_in(first)
        )
    return CircuitOpen(
        "this model's providers have failed repeatedly and are left alone for a while",
        retry_after=usable_in(first),
    )
