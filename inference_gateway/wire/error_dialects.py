"""Errors in the words of the API that a route belongs to, as whole bodies and in streams.

All but a few routes speak OpenAI's dialect, which is `wire.error_body`'s concern; here are the
others, and which route speaks which.
"""

import orjson

from inference_gateway.errors import GatewayError
from inference_gateway.wire import sse
from inference_gateway.wire.error_body import encodable, problem_list, render, render_event

_MESSAGES = "/v1/messages"
_RESPONSES = "/v1/responses"

#: What Anthropic calls errors of these statuses; any other is the request's or the API's fault.
_ANTHROPIC_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def render_for(route: str, error: GatewayError, request_id: str) -> bytes:
    """Return the JSON body that tells a client of ``route``, a path, of ``error``.

    All problems are listed under ``detail``, in every dialect.
    """
    if not _belongs(route, _MESSAGES):
        return render(error)
    return orjson.dumps(
        {
            "type": "error",
            "error": _anthropic_object(error),
            "request_id": request_id,
            "detail": problem_list(error),
        }
    )


def render_event_for(route: str, error: GatewayError, sequence: int = 0) -> bytes:
    """Return the event that tells the reader of a stream of ``route`` of ``error``.

    ``sequence`` is the event's number, in an API that numbers them. Nothing may follow the event.
    """
    if _belongs(route, _MESSAGES):
        data = orjson.dumps({"type": "error", "error": _anthropic_object(error)})
    elif _belongs(route, _RESPONSES):
        data = orjson.dumps(
            {
                "type": "error",
                "code": error.code,
                "message": encodable(error.message),
                "param": None if error.param is None else encodable(error.param),
                "sequence_number": sequence,
            }
        )
    else:
        return render_event(error)
    return sse.encode(data, b"error")


def _belongs(route: str, top: str) -> bool:
    return route == top or route.startswith(top + "/")


def _anthropic_object(error: GatewayError) -> dict[str, str]:
    status = error.status
    kind = "invalid_request_error" if status < 500 else "api_error"
    return {"type": _ANTHROPIC_TYPES.get(status, kind), "message": encodable(_all_in_one(error))}


def _all_in_one(error: GatewayError) -> str:
    """Put every problem into the message, in an API whose clients look at nothing else."""
    if len(error.problems) == 1:
        return error.message
    more = [
        f"{problem.field} {problem.message}" if problem.field else problem.message
        for problem in error.problems[1:]
    ]
    return "; ".join([error.message, *more])
