"""Rules about providers: what each type needs, and which ways lead out and come back.

Problems found here know their key path; `config.load` adds the place.
"""

from collections.abc import Collection, Iterator, Mapping

import attrs

from inference_gateway.config.endpoints import ListenEndpoint, as_address, parse_endpoint
from inference_gateway.config.extra_headers import is_value
from inference_gateway.config.files import ReadText
from inference_gateway.config.kinds import OperationName
from inference_gateway.config.node import child_path
from inference_gateway.config.problem import Problem
from inference_gateway.config.provider_url import parse_base_url
from inference_gateway.config.resilience import health_problems
from inference_gateway.config.settings import ProviderSettings, Settings
from inference_gateway.config.trust import certificates_refusal

#: What only providers have that are reached over HTTP.
_OF_HTTP = (
    "base_url",
    "api_version",
    "api_key",
    "api_keys",
    "discover",
    "endpoints",
    "health",
    "headers",
    "drop_fields",
    "stream_upstream",
    "ca_path",
)
#: Base URLs as their owners tell them, where that is not OpenAI's convention.
_BASE_URLS = {
    "azure": "https://NAME.openai.azure.com",
    "anthropic": "https://api.anthropic.com/v1",
}
#: All there can be, where somebody else says what there is.
_MOST_ENDPOINTS: Mapping[str, frozenset[OperationName]] = {
    "azure": frozenset(
        (
            "chat",
            "completions",
            "embeddings",
            "responses",
            "speech",
            "transcriptions",
            "translations",
            "images",
            "image_edits",
        )
    ),
    "anthropic": frozenset(("chat", "messages")),
}
#: The headers that carry the key, where `extra_headers` does not know them.
_KEY_HEADERS = {"azure": "api-key", "anthropic": "x-api-key"}


def provider_problems(
    settings: Settings, broken: Collection[str], read: ReadText
) -> Iterator[Problem]:
    """Yield what is wrong within providers; nothing that follows from a ``broken`` key path."""
    for index, provider in enumerate(settings.providers):
        judge = _Judge(
            provider=provider, path=child_path("providers", index), broken=broken, read=read
        )
        yield from judge.problems()


@attrs.frozen(kw_only=True)
class _Judge:
    """One provider and what is already known to be wrong with it."""

    provider: ProviderSettings
    path: str
    broken: Collection[str]
    read: ReadText

    def problems(self) -> Iterator[Problem]:
        if not self._is_sound("type"):
            return
        if self.provider.type == "echo":
            yield from self._of_echo()
            return
        yield from self._missing()
        yield from self._of_azure()
        yield from self._endpoints()
        yield from self._credentials()
        yield from self._certificates()
        if self._is_sound("models") and self._is_sound("health"):
            yield from health_problems(self.provider, self.path)

    def _is_sound(self, name: str) -> bool:
        path = child_path(self.path, name)
        below = (f"{path}.", f"{path}[")
        return not any(other == path or other.startswith(below) for other in self.broken)

    def _problem(self, message: str, *steps: str) -> Problem:
        path = self.path
        for step in steps:
            path = child_path(path, step)
        return Problem(message=message, key_path=path)

    def _of_echo(self) -> Iterator[Problem]:
        plain = ProviderSettings(id=self.provider.id)
        given = [n for n in _OF_HTTP if getattr(self.provider, n) != getattr(plain, n)]
        if given:
            message = (
                f"the type echo, which is the default, has no {given[0]};"
                " write type: openai, or the type that the server has"
            )
            yield self._problem(message, given[0])

    def _missing(self) -> Iterator[Problem]:
        kind = self.provider.type
        if self.provider.base_url is None and self._is_sound("base_url"):
            example = _BASE_URLS.get(kind, "http://127.0.0.1:8080/v1")
            yield self._problem(f"type: {kind} needs a base_url such as {example}")
        if self.provider.models or self.provider.discover:
            return
        if self._is_sound("models") and self._is_sound("discover"):
            message = f'type: {kind} needs models: list what it serves; ["*"] serves every name'
            yield self._problem(message)

    def _of_azure(self) -> Iterator[Problem]:
        """Yield what only Azure has, and what it does not have."""
        if self.provider.type != "azure":
            if self.provider.api_version is not None:
                yield self._problem("only type: azure has versions", "api_version")
            return
        if self.provider.base_url is not None and not self.provider.base_url.endswith("/openai"):
            yield self._problem(
                "with type: azure it ends in /openai, or before that;"
                " what ends in /openai/v1 is for type: openai",
                "base_url",
            )
        if self.provider.discover:
            yield self._problem("Azure lists models, but not what is deployed", "discover")

    def _endpoints(self) -> Iterator[Problem]:
        names = self.provider.endpoints
        if names is None:
            return
        if not names:
            yield self._problem(
                "expected at least one; leave the key out for those of the type", "endpoints"
            )
        most = _MOST_ENDPOINTS.get(self.provider.type)
        for index, name in enumerate(names):
            here = child_path(child_path(self.path, "endpoints"), index)
            if name in names[:index]:
                yield Problem(message=f"{name!r} is listed twice", key_path=here)
            elif most is not None and name not in most:
                message = f"type: {self.provider.type} has no {name}"
                yield Problem(message=message, key_path=here)

    def _credentials(self) -> Iterator[Problem]:
        keys = self.provider.credentials
        for index, key in enumerate(keys):
            here = child_path(self.path, "api_key")
            if self.provider.api_keys:
                here = child_path(f"{here}s", index)
            if not is_value(key.reveal()) or " " in key.reveal():
                message = "the key does not consist of visible ASCII characters"
                yield Problem(message=message, key_path=here)
            elif key in keys[:index]:
                first = child_path("api_keys", keys.index(key))
                yield Problem(message=f"this is the same key as {first}", key_path=here)
        seen: dict[str, str] = {}
        for name in self.provider.headers:
            first = seen.setdefault(name.lower(), name)
            if first != name:
                yield self._problem(f"this is the same header as {first}", "headers", name)
            elif keys and name.lower() == _KEY_HEADERS.get(self.provider.type):
                yield self._problem("this header carries the key", "headers", name)

    def _certificates(self) -> Iterator[Problem]:
        path = self.provider.ca_path
        if path is None:
            return
        if self.provider.base_url is not None and not self.provider.base_url.startswith("https:"):
            yield self._problem("certificates are for a base_url with https only", "ca_path")
        elif (reason := certificates_refusal(path, self.read)) is not None:
            yield self._problem(f"{reason}: {path}", "ca_path")


def loop_problems(settings: Settings, hint: str) -> Iterator[Problem]:
    """Yield the providers that are this gateway itself, as far as their text tells.

    ``hint`` ends the message.
    """
    server = settings.server
    ours = [parse_endpoint(text) for text in (*server.listen, *server.admin_listen)]
    for index, provider in enumerate(settings.providers):
        if provider.base_url and any(_leads_to(provider.base_url, own) for own in ours):
            message = f"this leads back to this gateway, which listens there itself{hint}"
            yield Problem(
                message=message, key_path=child_path(child_path("providers", index), "base_url")
            )


def _leads_to(base_url: str, own: ListenEndpoint) -> bool:
    url = parse_base_url(base_url)
    if not own.kind.startswith("tcp") or int(own.fields["port"]) != url.port:
        return False
    if url.is_this_machine:
        return own.is_local or own.is_everywhere
    return as_address(own.fields.get("interface", "")) == url.host


def bare_providers(settings: Settings) -> Iterator[str]:
    """Yield the key path of every base URL with which others can read what is said."""
    for index, provider in enumerate(settings.providers):
        if provider.base_url is not None:
            url = parse_base_url(provider.base_url)
            if url.scheme == "http" and url.is_public:
                yield child_path(child_path("providers", index), "base_url")
