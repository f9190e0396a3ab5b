"""What the head of a request must say, beyond its route and its key, before a body is read."""

from inference_gateway.errors import AccessDenied, UnsupportedMediaType
from inference_gateway.interfaces import HeaderValues
from inference_gateway.wire.headers import media_type

#: The routes whose bodies are forms, with files in them.
FORM_ROUTES = frozenset(
    {
        "/v1/audio/transcriptions",
        "/v1/audio/translations",
        "/v1/images/edits",
        "/v1/images/variations",
    }
)
#: The routes to which a POST may come without a body.
BODILESS_ROUTES = frozenset(
    {
        "/v1/responses/<response_id>/cancel",
        "/admin/circuit-breakers/<provider_id>/reset",
    }
)

_USUAL_TYPE = [b"application/json"]
_JSON_TYPES = frozenset({("application/json", ""), ("application/json", "utf-8")})
_LOOPBACK_HOSTS = frozenset({b"localhost", b"127.0.0.1", b"[::1]"})


def check_json(values: HeaderValues) -> None:
    """Refuse a body that does not say it is JSON in UTF-8, uncompressed."""
    types = values(b"content-type")
    if types == _USUAL_TYPE and not values(b"content-encoding"):
        return
    if len(types) != 1 or media_type(types[0]) not in _JSON_TYPES:
        raise UnsupportedMediaType(
            "the body must be sent as 'Content-Type: application/json', in UTF-8"
        )
    _check_coding(values)


def has_body(values: HeaderValues) -> bool:
    """Whether a body follows the head, which has been judged (RFC 9112, section 6.3)."""
    sized = any(length != b"0" for length in values(b"content-length"))
    return sized or bool(values(b"transfer-encoding"))


def check_form(values: HeaderValues) -> None:
    """Refuse a body that does not say it is a form with parts, uncompressed (RFC 7578)."""
    types = values(b"content-type")
    said = media_type(types[0]) if len(types) == 1 else None
    if said is None or said[0] != "multipart/form-data":
        raise UnsupportedMediaType("the body must be sent as 'Content-Type: multipart/form-data'")
    _check_coding(values)


def _check_coding(values: HeaderValues) -> None:
    if any(coding.strip().lower() != b"identity" for coding in values(b"content-encoding")):
        raise UnsupportedMediaType("the body must be sent without a Content-Encoding")


def check_host(values: HeaderValues) -> None:
    """Refuse a page from elsewhere that reached us through DNS rebinding."""
    hosts = values(b"host")
    name = hosts[0].lower() if hosts else b""
    if not name.endswith(b"]"):
        name = name.rpartition(b":")[0] or name
    if name not in _LOOPBACK_HOSTS:
        raise AccessDenied(
            "without keys the gateway answers browsers only at localhost, 127.0.0.1 and [::1]"
        )
