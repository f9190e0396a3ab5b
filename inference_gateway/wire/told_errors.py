"""What the error means that a provider reports, by a status or inside of an answer.

An answer of status 200 can turn out to be an error, and so can any event of a stream. Both count as
an answer would that has the status which they tell of, in a number or by a word. What words mean
regardless of statuses is the concern of `wire.refusals`.
"""

from inference_gateway.provider_errors import (
    ProviderAuthFailed,
    ProviderError,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderRejected,
)
from inference_gateway.wire.error_body import ProviderMessage, parse_told, read_told
from inference_gateway.wire.refusals import Subject, subject_of
from inference_gateway.wire.sse import Event

#: Statuses by which a provider blames the request; they reach the client as they are.
_REJECTIONS = frozenset((400, 404, 409, 413, 415, 422))
#: Statuses by which a provider refuses the credential, which is ours and not the client's.
_CREDENTIAL = frozenset((401, 402, 403))
#: Statuses of a server that is alive, but too busy; 529 is Anthropic's.
_OVERLOADED = frozenset((503, 529))
#: Seconds after which to come back to a provider that set a limit and does not say when.
_WITHOUT_RETRY_AFTER = 1.0

#: The statuses of codes and types, for errors that are told without any number.
_STATUSES = {
    # OpenAI's, and those of its Responses API
    "rate_limit_exceeded": 429,
    "server_is_overloaded": 503,
    "service_unavailable_error": 503,
    "slow_down": 503,
    "invalid_prompt": 400,
    # Anthropic's, some of them OpenAI's as well
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "overloaded_error": 529,
}
#: The statuses of errors that tell of none at all, but of what they are about.
_OF_SUBJECTS = {
    Subject.CREDENTIAL: 401,
    Subject.ACCESS: 404,
    Subject.LENGTH: 400,
    Subject.CONTENT: 400,
}


def refusal(
    status: int, said: ProviderMessage, otherwise: ProviderError, retry_after: float | None = None
) -> ProviderError:
    """Return what an error of ``status`` means, ``otherwise`` if that is nothing in particular.

    ``retry_after`` is what the provider said about that, in seconds. Its own words are passed on
    only where they are about the client's request.
    """
    subject = subject_of(said)
    if status in _CREDENTIAL:
        return _denied(said, subject)
    if subject is Subject.CREDENTIAL and (status == 429 or status in _REJECTIONS):
        return _not_accepted()
    if status in _REJECTIONS:
        return _rejected(status, said, subject)
    if status == 500 and subject is Subject.LENGTH:
        # llama.cpp and others blame themselves for a prompt that is too long
        return _rejected(400, said, subject)
    if status == 429:
        return ProviderRateLimited(
            "the provider's rate limit is reached",
            retry_after=_WITHOUT_RETRY_AFTER if retry_after is None else retry_after,
        )
    if status in _OVERLOADED:
        return ProviderOverloaded("the provider is overloaded", retry_after=retry_after)
    return otherwise


def told_error(value: object, otherwise: ProviderError) -> ProviderError:
    """Return what a JSON value means that tells of an error without having a status.

    It is ``otherwise`` if no more than that can be known.
    """
    said = read_told(value, otherwise.message)
    status = said.status or _STATUSES.get(said.code or "") or _STATUSES.get(said.type or "")
    status = status or _OF_SUBJECTS.get(subject_of(said))
    return otherwise if status is None else refusal(status, said, otherwise)


def event_error(event: Event) -> ProviderError:
    """Return what an event means that reports an error, of a stream of whatever API."""
    value = parse_told(event.data or b"")
    if type(value) is dict and not value.get("error") and type(value.get("response")) is dict:
        value = value["response"]  # the one that failed, in the Responses API
    return told_error(value, ProviderError("the provider reported an error in its stream"))


def _not_accepted() -> ProviderAuthFailed:
    return ProviderAuthFailed("the provider did not accept the gateway's credential")


def _denied(said: ProviderMessage, subject: Subject) -> ProviderError:
    """Return what a 401, 402 or 403 means, which is not always about the credential."""
    if subject is Subject.CONTENT:
        return _rejected(400, said, subject)
    if subject is Subject.ACCESS:
        return ProviderRejected("the provider does not let the gateway use this model", status=404)
    return _not_accepted()


def _rejected(status: int, said: ProviderMessage, subject: Subject) -> ProviderRejected:
    """Return what the blame for a request means; a 413 is about its length, whatever it says."""
    cause = None
    if subject is Subject.CONTENT:
        cause = "content_filter"
    elif subject is Subject.LENGTH or status == 413:
        cause = "context_length"
    rejected = ProviderRejected(
        said.message,
        status=status,
        param=said.param,
        fallback_cause=cause,
    )
    if cause == "content_filter":
        rejected.code = "content_filter"
    elif status == 413 and said.code == "rate_limit_exceeded":
        # Groq's limit of an account: somebody else may have no such limit
        rejected.may_fail_over = True
    return rejected
