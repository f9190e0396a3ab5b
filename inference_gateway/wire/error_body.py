"""Error bodies of the OpenAI dialect: ours as bytes, and what a provider's body says.

Which error a provider's answer becomes is decided elsewhere; here its words are only read, and made
safe to pass on.
"""

import re

import attrs
import orjson

from inference_gateway.errors import GatewayError
from inference_gateway.wire import sse

_LONGEST_MESSAGE = 500
_LONGEST_WORD = 128

_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069]+")
_MARKUP = re.compile(r"<\s*(?:!doctype|html|head|body|title|\?xml)\b", re.IGNORECASE)
_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s\"'<>)\]]+", re.IGNORECASE)
_KEY = re.compile(r"\b(?:sk|pk|gsk|hf|xai)[-_][\w*-]{8,}", re.ASCII)


@attrs.frozen
class ProviderMessage:
    """What a provider says went wrong, fit to be shown to a client."""

    message: str
    param: str | None = None
    code: str | None = None


def render(error: GatewayError) -> bytes:
    """Return the JSON body: OpenAI's object for the first problem, then all problems."""
    return orjson.dumps({"error": _error_object(error), "detail": problem_list(error)})


def problem_list(error: GatewayError) -> dict[str, list[dict[str, str]]]:
    """Return all problems as the ``detail`` of a body lists them."""
    problems = [
        {"message": encodable(problem.message)}
        if problem.field is None
        else {"field": encodable(problem.field), "message": encodable(problem.message)}
        for problem in error.problems
    ]
    return {"errors": problems}


def render_event(error: GatewayError) -> bytes:
    """Return the event that tells the reader of a stream of ``error``; no ``[DONE]`` follows it."""
    return sse.encode(orjson.dumps({"error": _error_object(error)}), b"error")


def _error_object(error: GatewayError) -> dict[str, str | None]:
    return {
        "message": encodable(error.message),
        "type": error.type,
        "param": None if error.param is None else encodable(error.param),
        "code": error.code,
    }


def encodable(text: str) -> str:
    """Replace lone surrogates, which no JSON encoder takes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def read_provider_error(status: int, body: bytes) -> ProviderMessage:
    """Read the error body of a provider that answered ``status``, in any of the shapes in use.

    OpenAI's object, llama.cpp's (a number as ``code``: its ``type`` then serves as the code),
    FastAPI's ``detail`` as a string or a list, ``message`` at the top, and plain text. What is
    HTML, or nothing readable, becomes a sentence of ours. Addresses and keys are blotted out.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = _plain_text(body)
    found = _read(value)
    message = None if found is None else clean_message(found.message)
    if found is None or not message:
        return ProviderMessage(f"the provider answered {status}")
    return ProviderMessage(message, _word(found.param), _word(found.code))


def clean_message(text: str) -> str:
    """Make a provider's sentence safe to pass on; empty when it is markup.

    Control and bidirectional characters become blanks, addresses and keys are blotted out, and what
    is over-long is cut.
    """
    # A body of megabytes is not worth a search through all of it.
    text = _UNSAFE.sub(" ", text[: 4 * _LONGEST_MESSAGE]).strip()
    if text.startswith("<") or _MARKUP.search(text):
        return ""
    text = _KEY.sub("[key]", _ADDRESS.sub("[address]", encodable(text)))
    return text if len(text) <= _LONGEST_MESSAGE else text[: _LONGEST_MESSAGE - 1] + "…"


def _plain_text(body: bytes) -> str | None:
    try:
        return body[: 8 * _LONGEST_MESSAGE].decode("utf-8")
    except UnicodeDecodeError:
        return None


def _word(value: object) -> str | None:
    """Return a short printable string as it is, anything else as None."""
    if type(value) is str and 0 < len(value) <= _LONGEST_WORD and value.isprintable():
        return value
    return None


@attrs.frozen
class _Found:
    """What was found in a body, before anything of it is trusted."""

    message: str
    param: object = None
    code: object = None


def _read(value: object) -> _Found | None:
    if type(value) is str:
        return _Found(value)
    if type(value) is not dict:
        return None
    error = value.get("error")
    if type(error) is str:
        return _Found(error, value.get("param"), value.get("code"))
    if type(error) is not dict:
        detail = value.get("detail")
        if detail is not None:
            return _read_detail(detail)
        error = value
    message = error.get("message")
    if type(message) is not str:
        return None
    code = error.get("code")
    return _Found(message, error.get("param"), error.get("type") if type(code) is int else code)


def _read_detail(detail: object) -> _Found | None:
    """Read FastAPI's ``detail``: a string, an object, or a list of ``loc`` and ``msg``."""
    if type(detail) is not list:
        return _read(detail)
    sentences: list[str] = []
    first: str | None = None
    for item in detail[:10]:
        if type(item) is not dict or type(item.get("msg")) is not str:
            continue
        path = _path(item.get("loc"))
        first = path if not sentences else first
        sentences.append(f"{path}: {item['msg']}" if path else item["msg"])
    return _Found("; ".join(sentences), first) if sentences else None


def _path(location: object) -> str | None:
    """Write FastAPI's ``loc`` as a JSON path, without the ``body`` it begins with."""
    if type(location) is not list:
        return None
    path = ""
    for step in location[1:] if location[:1] == ["body"] else location:
        if type(step) is int:
            path += f"[{step}]"
        else:
            path += f".{step}" if path else f"{step}"
    return path or None
