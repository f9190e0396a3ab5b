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
#: How Alibaba begins its sentences: a status in angle brackets, which is no markup.
_BRACKETED = re.compile(r"<\d{3}>")
#: A status as some gateways write it.
_DIGITS = re.compile(r"[45]\d\d", re.ASCII)
#: What OpenRouter says for those behind it, whose own words it quotes.
_QUOTING = "Provider returned error"
_KEY = re.compile(r"\b(?:sk|pk|gsk|hf|xai)[-_][\w*-]{8,}", re.ASCII)


@attrs.frozen
class ProviderMessage:
    """What a provider says went wrong, fit to be shown to a client."""

    message: str
    param: str | None = None
    code: str | None = None
    #: OpenAI's ``type``, which the code is made of where it is a number.
    type: str | None = None
    #: The status that the words themselves tell, whatever that of the answer is.
    status: int | None = None


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
    Google's list, FastAPI's ``detail`` as a string or a list, ``message`` at the top, what
    OpenRouter quotes, and plain text. What is HTML, or nothing readable, becomes a sentence of
    ours. Addresses and keys are blotted out.
    """
    return read_told(parse_told(body), f"the provider answered {status}")


def parse_told(data: bytes) -> object:
    """Return the JSON value that ``data`` is, or the text; None where it is neither."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return _plain_text(data)


def read_told(value: object, otherwise: str) -> ProviderMessage:
    """Read what a JSON value says of an error; the message is ``otherwise`` if it has none."""
    found = _read(value) or _Found("")
    return ProviderMessage(
        clean_message(found.message) or otherwise,
        _word(found.param),
        _word(found.type if type(found.code) is int else found.code),
        _word(found.type),
        _status(found.code),
    )


def clean_message(text: str) -> str:
    """Make a provider's sentence safe to pass on; empty when it is markup.

    Control and bidirectional characters become blanks, addresses and keys are blotted out, and what
    is over-long is cut.
    """
    # A body of megabytes is not worth a search through all of it.
    text = _UNSAFE.sub(" ", text[: 4 * _LONGEST_MESSAGE]).strip()
    if (text.startswith("<") and not _BRACKETED.match(text)) or _MARKUP.search(text):
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


def _status(code: object) -> int | None:
    if type(code) is str and _DIGITS.fullmatch(code):
        return int(code)
    return code if type(code) is int and 400 <= code < 600 else None


@attrs.frozen
class _Found:
    """What was found in a body, before anything of it is trusted."""

    message: str
    param: object = None
    code: object = None
    type: object = None


def _read(value: object) -> _Found | None:
    if type(value) is list and value and type(value[0]) is dict:
        # Google's endpoint for OpenAI's clients
        return _read_object(value[0].get("error"))
    error = _error_of(value)
    if error is value and type(value) is dict and value.get("detail") is not None:
        return _read_detail(value["detail"])
    return _read_object(error)


def _error_of(value: object) -> object:
    """Return the ``error`` of a body as an object, or the body where that is the error itself."""
    if type(value) is not dict:
        return value
    error = value.get("error")
    if type(error) is str:
        return {**value, "message": error}
    return error if type(error) is dict else value


def _read_object(error: object) -> _Found | None:
    """Read a sentence, or an object that should have one, and look no deeper into it."""
    if type(error) is str:
        return _Found(error)
    if type(error) is not dict:
        return None
    message = error.get("message")
    text = message if type(message) is str else ""
    found = _Found(text, error.get("param"), error.get("code"), error.get("type"))
    return _read_quoted(error.get("metadata"), found) if text == _QUOTING else found


def _read_quoted(metadata: object, found: _Found) -> _Found:
    """Read what OpenRouter quotes as ``raw``: a body, or words; a status of its own stays."""
    raw = metadata.get("raw") if type(metadata) is dict else None
    if type(raw) is not str:
        return found
    quoted = _read_object(_error_of(parse_told(raw.encode("utf-8", "replace"))))
    if quoted is None or not quoted.message:
        return found
    if type(found.code) is not int:
        return quoted
    kind = quoted.code if type(quoted.code) is str else quoted.type
    return _Found(quoted.message, quoted.param, found.code, kind)


def _read_detail(detail: object) -> _Found | None:
    """Read FastAPI's ``detail``: a string, an object, or a list of ``loc`` and ``msg``."""
    if type(detail) is not list:
        return _read_object(_error_of(detail))
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
