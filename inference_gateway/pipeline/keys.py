"""The keys that callers may present: kept as digests, never as themselves."""

import hashlib
import hmac
from collections.abc import Callable, Iterable

from zope.interface import implementer

from inference_gateway.config.settings import AuthSettings, KeySettings
from inference_gateway.exchange import Principal
from inference_gateway.interfaces import IKeyStore


@implementer(IKeyStore)
class DigestKeyStore:
    """Looks keys up by SHA-256; ``wall`` gives seconds since the epoch, for keys that expire."""

    def __init__(self, auth: AuthSettings, wall: Callable[[], float]) -> None:
        self.is_open = not auth.enabled or not auth.keys
        self.has_administrators = bool(auth.admin_keys)
        self._wall = wall
        self._keys = dict(_digested(auth.admin_keys, admin=True))
        self._keys.update(_digested(auth.keys, admin=False))

    def find(self, secret: bytes) -> Principal | None:
        """Return whose key ``secret`` is, or None if nobody's, disabled or expired.

        The time it takes does not depend on how much of a key was guessed: what is looked up and
        compared is a digest, which the caller cannot steer.
        """
        digest = hashlib.sha256(secret).digest()
        found = self._keys.get(digest, _NOBODY)
        known, key, principal = found
        if not hmac.compare_digest(known, digest) or key.disabled:
            return None
        if key.expires is not None and key.expires <= self._wall():
            return None
        return principal


_NOBODY = (b"", KeySettings(id="nobody", disabled=True), Principal(id="nobody"))


def _digested(
    keys: Iterable[KeySettings], *, admin: bool
) -> Iterable[tuple[bytes, tuple[bytes, KeySettings, Principal]]]:
    for key in keys:
        if key.key is not None:
            digest = hashlib.sha256(key.key.reveal().encode()).digest()
        else:
            digest = bytes.fromhex((key.digest or "").removeprefix("sha256:"))
        principal = Principal(id=key.id, models=key.models, admin=admin, debug=key.debug)
        yield digest, (digest, key, principal)
