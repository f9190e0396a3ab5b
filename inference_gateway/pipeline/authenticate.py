"""From the credentials of a request's head to a principal.

Asked before any byte of the body is read, so a stranger cannot make the gateway hold anything. What
a principal may do is decided elsewhere: which models by ``routing.table``, which routes by
``api.site``.
"""

import base64
import binascii
from collections.abc import Sequence

from inference_gateway.errors import AccessDenied, ConflictingCredentials, Unauthenticated
from inference_gateway.exchange import ANONYMOUS, Principal
from inference_gateway.interfaces import HeaderValues, IKeyStore

#: A longer one is nobody's: keys are at most this many bytes.
_LONGEST = 512


class KeyAuthenticator:
    """Judges the credentials of one head at a time; holds nothing between calls."""

    def __init__(self, keys: IKeyStore) -> None:
        self._keys = keys

    def credential(self, values: HeaderValues) -> bytes:
        """Return the one credential of a head; ``values`` gives all values of a header by its name.

        It says the same whenever that head is sent. While no key is configured it is empty,
        whatever is sent. Raises `Unauthenticated`, or `ConflictingCredentials` when two disagree.
        """
        return b"" if self._keys.is_open else _credential(values)

    def caller(self, credential: bytes) -> Principal:
        """Return who calls a model now; while no key is configured everybody is `ANONYMOUS`.

        Raises `Unauthenticated`, and `AccessDenied` for an administrator's key: it opens the
        administration and nothing else.
        """
        if self._keys.is_open:
            return ANONYMOUS
        principal = self._holder(credential)
        if principal.admin:
            raise AccessDenied("this is an administrator's key; call models with a client's key")
        return principal

    def administrator(self, values: HeaderValues) -> Principal:
        """Return which administrator sent a head; raises `AccessDenied` for other keys."""
        if not self._keys.has_administrators:
            raise AccessDenied(
                "no administrator's key is configured; set INFERENCE_GATEWAY_ADMIN_KEY or"
                " middleware.auth.admin_keys"
            )
        principal = self._holder(_credential(values))
        if not principal.admin:
            raise AccessDenied("this route takes an administrator's key")
        return principal

    def _holder(self, secret: bytes) -> Principal:
        principal = self._keys.find(secret) if len(secret) <= _LONGEST else None
        if principal is None:
            raise Unauthenticated("this API key is not valid here", code="invalid_api_key")
        return principal


def _credential(values: HeaderValues) -> bytes:
    authorizations = values(b"authorization")
    api_keys = values(b"x-api-key")
    if len(authorizations) == 1 and not api_keys:
        return _from_authorization(authorizations[0])
    if api_keys or authorizations:
        return _one_of([_from_authorization(value) for value in authorizations], api_keys)
    raise Unauthenticated(
        "no API key was sent; send it as 'Authorization: Bearer YOUR_KEY'",
        code="missing_api_key",
    )


def _one_of(secrets: list[bytes], api_keys: Sequence[bytes]) -> bytes:
    everything = [*secrets, *api_keys]
    if len(set(everything)) > 1:
        raise ConflictingCredentials(
            "two different credentials were sent; send one, as 'Authorization: Bearer YOUR_KEY'",
            param="Authorization",
        )
    if len(secrets) > 1 or len(api_keys) > 1:
        raise ConflictingCredentials(
            "the credential was sent more than once; send it once", param="Authorization"
        )
    return everything[0]


def _from_authorization(value: bytes) -> bytes:
    """The key in an Authorization header: RFC 6750 Bearer, or the password of RFC 7617 Basic."""
    scheme, _, rest = value.partition(b" ")
    lowered = scheme.lower()
    if lowered == b"bearer" and rest and b" " not in rest and rest.isascii():
        return rest
    if lowered == b"basic":
        try:
            _, colon, password = base64.b64decode(rest, validate=True).partition(b":")
        except (binascii.Error, ValueError):
            colon = password = b""
        if colon and password:
            return password
    raise Unauthenticated(
        "the Authorization header could not be read; send 'Authorization: Bearer YOUR_KEY'",
        code="invalid_auth_header",
    )
