"""Files of certificates that a provider's own certificate is checked against."""

import re
import ssl

from inference_gateway.config.files import ReadText, unreadable

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def certificates_refusal(path: str, read: ReadText) -> str | None:
    """Say why the file cannot be used, without quoting any of it, or return None if it can."""
    try:
        text = read(path)
    except (OSError, ValueError) as error:
        return unreadable(error)
    # Between the certificates may stand what one likes.
    found: list[str] = _CERTIFICATE.findall(text)
    if found and all(map(_is_certificate, found)):
        return None
    return "the file does not hold certificates in PEM"


def _is_certificate(pem: str) -> bool:
    if not pem.isascii():
        return False
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except ssl.SSLError:
        return False
    return True
