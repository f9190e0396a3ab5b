"""Rules between values: names that must be unique, and who may serve without keys.

Problems found here know their key path; `config.load` adds the place.
"""

from collections.abc import Iterator, Sequence

from inference_gateway.config.endpoints import parse_endpoint
from inference_gateway.config.keys import digest_of
from inference_gateway.config.node import child_path
from inference_gateway.config.problem import Problem
from inference_gateway.config.resilience import resilience_problems
from inference_gateway.config.routes import alias_problems
from inference_gateway.config.settings import AuthSettings, Settings


def cross_problems(settings: Settings) -> Iterator[Problem]:
    """Yield everything wrong between values that are right on their own."""
    auth = settings.middleware.auth
    yield from _repeated("providers", [provider.id for provider in settings.providers])
    yield from _repeated("middleware.auth.keys", [key.id for key in auth.keys])
    yield from _repeated("middleware.auth.admin_keys", [key.id for key in auth.admin_keys])
    yield from _same_secrets(auth)
    if not settings.server.listen:
        yield Problem(message="expected at least one endpoint", key_path="server.listen")
    yield from alias_problems(settings)
    yield from resilience_problems(settings.routing)


def open_problem(settings: Settings) -> Problem | None:
    """Return the problem of serving everybody on addresses that are not loopback, if that is so."""
    auth = settings.middleware.auth
    if auth.enabled and any(not key.disabled for key in auth.keys):
        return None
    if not auth.enabled and auth.insecure_open:
        return None
    for name in ("listen", "admin_listen"):
        for index, endpoint in enumerate(getattr(settings.server, name)):
            if not parse_endpoint(endpoint).is_local:
                reason = "has no enabled key" if auth.enabled else "is switched off"
                return Problem(
                    message=f"{endpoint} can be reached from other machines, but middleware.auth"
                    f" {reason}: set INFERENCE_GATEWAY_API_KEY, or write a key into"
                    " middleware.auth.keys (--new-key makes one), or listen on 127.0.0.1 only, or,"
                    " to serve everybody, write both enabled: false and insecure_open: true"
                    " into middleware.auth",
                    key_path=child_path(f"server.{name}", index),
                )
    return None


def _repeated(path: str, ids: Sequence[str]) -> Iterator[Problem]:
    for index, name in enumerate(ids):
        if name and name in ids[:index]:
            first = child_path(path, ids.index(name))
            yield Problem(
                message=f"the id {name!r} is taken by {first}",
                key_path=child_path(child_path(path, index), "id"),
            )


def _same_secrets(auth: AuthSettings) -> Iterator[Problem]:
    """Yield keys that would be taken for another: whose a key is must be clear from the key."""
    seen: dict[str, str] = {}
    for name, keys in (("keys", auth.keys), ("admin_keys", auth.admin_keys)):
        for index, key in enumerate(keys):
            digest = digest_of(key.key.reveal()) if key.key else key.digest
            here = child_path(f"middleware.auth.{name}", index)
            if digest in seen:
                yield Problem(message=f"this is the same key as {seen[digest]}", key_path=here)
            elif digest:
                seen[digest] = here
