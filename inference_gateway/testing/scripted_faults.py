"""The faults that a scripted upstream plays, by the name of the model it is asked for.

A name is a fault and its parameters, with colons in between: ``cut:5``, ``fails:2:status-503``.
What a parameter means stands with its fault. Each makes the script for one request; sending that
is `scripted_upstream`'s concern.
"""

from collections.abc import Callable, Iterator, Mapping
from math import inf
from types import MappingProxyType

from inference_gateway.testing import scripted_refusals
from inference_gateway.testing.scripted_answers import ScriptedAnswer, document, error, event
from inference_gateway.testing.scripted_steps import (
    LAST_CHUNK,
    Asked,
    End,
    Script,
    chunk,
    document_head,
    stream_head,
    whole,
)

#: An event that breaks off within its JSON.
_MALFORMED = b'data: {"choices": [{"index": 0, "delta": {"content":\n\n'
#: Words that a stream has said when its fault happens, where its name says nothing else.
_WORDS = "2"
_STATUS = "status-"


def play(asked: Asked, model: str) -> Script:
    """Return the script for the fault that ``model`` names; 404 where it names none."""
    name, *parameters = model.split(":")
    if name.startswith(_STATUS):
        return scripted_refusals.status(name.removeprefix(_STATUS), *parameters)
    fault = FAULTS.get(name)
    if fault is None:
        return scripted_refusals.refused(404, "there is no such fault", code="model_not_found")
    return fault(asked, *parameters)


# --- good answers -------------------------------------------------------------------------------


def _ok(asked: Asked) -> Script:
    """Answer well."""
    return _told(asked, _answer(asked))


def _says(asked: Asked, text: str) -> Script:
    """Answer well but otherwise than all others, with ``text``, whose underscores are spaces."""
    return _told(asked, _answer(asked, text.replace("_", " ")))


def _answer(asked: Asked, text: str | None = None) -> ScriptedAnswer:
    return ScriptedAnswer.to(asked.body, id=asked.id, text=text)


def _told(asked: Asked, answer: ScriptedAnswer, pause: float = 0.0) -> Script:
    """Tell ``answer`` with a pause before its first word, or before the body of a whole one."""
    if asked.streamed:
        yield stream_head() + chunk(answer.opening())
        yield pause
        yield from map(chunk, answer.content())
        yield chunk(answer.closing()) + chunk(answer.done()) + LAST_CHUNK
    else:
        body = answer.whole()
        yield document_head(len(body))
        yield pause
        yield body


def _slow(asked: Asked, seconds: str) -> Script:
    """Be silent for so many seconds, and answer well."""
    yield float(seconds)
    yield from _ok(asked)


def _slow_first_token(asked: Asked, seconds: str) -> Script:
    """Send the head at once, and the rest of a good answer after so many seconds."""
    return _told(asked, _answer(asked), float(seconds))


def _no_done(asked: Asked) -> Script:
    """Answer well, but end a stream behind its ``finish_reason`` and its usage."""
    if not asked.streamed:
        yield from _ok(asked)
        return
    answer = _answer(asked)
    yield from _begun(asked, len(answer.words))
    yield chunk(answer.closing()) + LAST_CHUNK


# --- refusals -----------------------------------------------------------------------------------


def _limited(asked: Asked, retry_after: str = "") -> Script:
    """Answer 429, with a ``Retry-After`` in seconds if there is one."""
    return scripted_refusals.status("429", retry_after)


def _limited_ms(asked: Asked, milliseconds: str) -> Script:
    """Answer 429 with a ``retry-after-ms``."""
    return scripted_refusals.limited_ms(milliseconds)


def _context_length(asked: Asked) -> Script:
    """Refuse what is said to be too long for the model."""
    return scripted_refusals.context_length()


def _content_filter(asked: Asked) -> Script:
    """Refuse what is said to be against a policy."""
    return scripted_refusals.content_filter()


def _refuses_fields(asked: Asked, *names: str) -> Script:
    """Refuse requests with any of these fields; answer all others well."""
    for name in names:
        if name in asked.body:
            return scripted_refusals.unknown_field(name)
    return _ok(asked)


def _refuses_key(asked: Asked, *keys: str) -> Script:
    """Answer 401 to these credentials; answer all others well."""
    return scripted_refusals.wrong_key() if asked.credential in keys else _ok(asked)


# --- what breaks --------------------------------------------------------------------------------


def _reset(asked: Asked) -> Script:
    """Reset the connection before anything was sent."""
    yield End.RESET


def _silent(asked: Asked) -> Script:
    """Never say anything."""
    yield inf


def _cut(asked: Asked, words: str = _WORDS) -> Script:
    """Close the connection behind so many words, or within a whole answer."""
    yield from _begun(asked, int(words))
    yield End.CLOSE


def _cut_bytes(asked: Asked, size: str) -> Script:
    """Close the connection behind so many bytes of the body."""
    answer = _answer(asked)
    if asked.streamed:
        pieces = [answer.opening(), *answer.content(), answer.closing(), answer.done()]
        sent = b"".join(pieces)[: int(size)]
        yield stream_head() + (chunk(sent) if sent else b"")
    else:
        body = answer.whole()
        yield document_head(len(body)) + body[: int(size)]
    yield End.CLOSE


def _cut_further(asked: Asked, step: str) -> Script:
    """Close the connection behind so many bytes more each time, and answer well in between."""
    before, well = divmod(asked.number, 2)
    return _ok(asked) if well else _cut_bytes(asked, str(before * int(step)))


def _stall(asked: Asked, words: str = _WORDS) -> Script:
    """Say nothing more behind so many words, or within a whole answer."""
    yield from _begun(asked, int(words))
    yield inf


def _ends(asked: Asked, words: str = _WORDS) -> Script:
    """End a stream behind so many words as if that were all; a whole answer is half of one."""
    if asked.streamed:
        yield from _begun(asked, int(words))
        yield LAST_CHUNK
    else:
        yield whole(_half(_answer(asked).whole()))


def _malformed(asked: Asked, words: str = _WORDS) -> Script:
    """Send an event that is no JSON behind so many words, and go on; half of a whole answer."""
    if not asked.streamed:
        yield from _ends(asked)
        return
    answer = _answer(asked)
    yield from _begun(asked, int(words))
    yield chunk(_MALFORMED)
    yield from map(chunk, answer.content()[int(words) :])
    yield chunk(answer.closing()) + chunk(answer.done()) + LAST_CHUNK


def _error_event(asked: Asked, words: str = _WORDS) -> Script:
    """Tell an error with the status 200, in a stream behind so many words."""
    told = error("the model broke down")
    if asked.streamed:
        yield from _begun(asked, int(words))
        yield chunk(event(told)) + LAST_CHUNK
    else:
        yield whole(document(told))


def _begun(asked: Asked, words: int) -> Iterator[bytes]:
    """Yield the head and so many words, or half of a whole answer; with 0 nothing of either."""
    answer = _answer(asked)
    if asked.streamed:
        yield stream_head() + chunk(answer.opening())
        yield from map(chunk, answer.content()[:words])
    else:
        body = answer.whole()
        yield document_head(len(body)) + (_half(body) if words else b"")


def _half(body: bytes) -> bytes:
    return body[: len(body) // 2]


# --- what comes and goes ------------------------------------------------------------------------


def _fails(asked: Asked, times: str, *fault: str) -> Script:
    """Play ``fault``, or 500, the first so many times; then answer well."""
    if asked.number < int(times):
        return play(asked, ":".join(fault) or "status-500")
    return _ok(asked)


def _fails_once(asked: Asked) -> Script:
    """Answer 500 the first time, and then well."""
    return _fails(asked, "1")


def _flap(asked: Asked, well: str, ill: str, *fault: str) -> Script:
    """Answer well for so many seconds, play ``fault``, or 503, for so many, and so on."""
    if asked.elapsed % (float(well) + float(ill)) < float(well):
        return _ok(asked)
    return play(asked, ":".join(fault) or "status-503")


FAULTS: Mapping[str, Callable[..., Script]] = MappingProxyType(
    {
        "ok": _ok,
        "says": _says,
        "slow": _slow,
        "slow-first-token": _slow_first_token,
        "no-done": _no_done,
        "429": _limited,
        "429-ms": _limited_ms,
        "context-length": _context_length,
        "content-filter": _content_filter,
        "refuses-fields": _refuses_fields,
        "refuses-key": _refuses_key,
        "reset": _reset,
        "silent": _silent,
        "cut": _cut,
        "cut-bytes": _cut_bytes,
        "cut-further": _cut_further,
        "stall": _stall,
        "ends": _ends,
        "malformed": _malformed,
        "error-event": _error_event,
        "fails": _fails,
        "500-once": _fails_once,
        "flap": _flap,
    }
)
