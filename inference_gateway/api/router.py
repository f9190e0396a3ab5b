"""Which view answers a method and a path, and who may ask it.

Klein holds the routes; those without variables are looked up in a dictionary made from Klein's own
map, the rest is matched by it. Paths match exactly: nothing is normalised and nothing redirects.
"""

from collections.abc import Callable, Coroutine, Sequence
from difflib import get_close_matches
from enum import Enum
from functools import partial
from typing import Any, Protocol, cast
from urllib.parse import unquote_to_bytes

import attrs
from klein import Klein
from twisted.internet.defer import Deferred
from werkzeug.exceptions import MethodNotAllowed as NoSuchMethod
from werkzeug.exceptions import NotFound
from werkzeug.routing import RequestRedirect, Rule

from inference_gateway.api.web_request import WebRequest
from inference_gateway.errors import InvalidRequest, MethodNotAllowed, ResourceNotFound

#: What a gateway has no part in: what it cannot route by a model, or would have to keep.
_LEFT_OUT = (
    "/v1/assistants",
    "/v1/batches",
    "/v1/files",
    "/v1/fine_tuning",
    "/v1/realtime",
    "/v1/threads",
    "/v1/uploads",
    "/v1/vector_stores",
)

View = Callable[[WebRequest], Coroutine[Deferred[Any], Any, None]]


class Access(Enum):
    """Who may ask a route; what is not declared open needs a key."""

    OPEN = "open"
    KEY = "key"
    ADMIN = "admin"


class Area(Protocol):
    """An object whose ``app`` is a Klein application: one part of the surface."""

    app: Klein


@attrs.frozen
class Match:
    """A view ready to be called; ``template`` is the route as the metrics name it."""

    view: View
    template: str
    access: Access


class Router:
    """The routes of all areas, answering also below ``root_path``."""

    def __init__(self, areas: Sequence[tuple[Area, Access]], root_path: str) -> None:
        self._root = root_path.encode("ascii")
        self._static: dict[bytes, dict[bytes, Match]] = {}
        self._dynamic: list[tuple[Area, Access]] = []
        for area, access in areas:
            app = area.app
            app.url_map.merge_slashes = False
            for rule in app.url_map.iter_rules():
                if rule.arguments:
                    self._dynamic.append((area, access))
                else:
                    methods = self._static.setdefault(rule.rule.encode("ascii"), {})
                    methods.update(_static_matches(area, rule, access))
        self._paths = [path.decode("ascii") for path in self._static]

    def match(self, method: bytes, path: bytes) -> Match:
        """Return the route of ``method`` and ``path``.

        Raises `ResourceNotFound`, naming the path that was probably meant, `MethodNotAllowed`, or
        `InvalidRequest` for a path that is not UTF-8.
        """
        if self._root:
            path = self._below_root(path)
        methods = self._static.get(path)
        if methods is not None:
            match = methods.get(method)
            if match is None:
                raise _wrong_method([name.decode("ascii") for name in methods])
            return match
        return self._match_dynamic(method, path)

    def access(self, path: bytes) -> Access:
        """Who may ask ``path`` at all, whatever the method; what is unknown needs a key."""
        for match in self._static.get(self._below_root(path), {}).values():
            return match.access
        decoded = unquote_to_bytes(self._below_root(path)).decode("utf-8", "replace")
        for area, access in self._dynamic:
            if area.app.url_map.bind("gateway", path_info=decoded).allowed_methods():
                return access
        return Access.KEY

    def allowed(self, path: bytes) -> list[str]:
        """The methods that ``path`` answers to; raises like `match` when there are none."""
        try:
            self.match(b"-", path)  # no method at all would mean GET to Werkzeug
        except MethodNotAllowed as error:
            return error.allowed
        return []

    def _below_root(self, path: bytes) -> bytes:
        if self._root and path.startswith(self._root + b"/"):
            return path[len(self._root) :]
        return path

    def _match_dynamic(self, method: bytes, path: bytes) -> Match:
        try:
            decoded = unquote_to_bytes(path).decode("utf-8")
        except UnicodeDecodeError:
            raise InvalidRequest("the path of the request is not UTF-8") from None
        # Werkzeug would take any number of slashes at the beginning for one
        for area, access in self._dynamic if not decoded.startswith("//") else ():
            adapter = area.app.url_map.bind("gateway", path_info=decoded)
            try:
                rule, variables = adapter.match(method=method.decode("ascii"), return_rule=True)
            except NoSuchMethod as error:
                raise _wrong_method(list(error.valid_methods or ())) from None
            except (NotFound, RequestRedirect):
                continue
            return Match(_view(area, rule, **variables), rule.rule, access)
        raise ResourceNotFound(self._not_found(decoded))

    def _not_found(self, path: str) -> str:
        trimmed = "/" + path.strip("/")
        if trimmed.startswith(_LEFT_OUT):
            return "this part of OpenAI's API is not served here, on purpose"
        candidates = [trimmed, "/v1" + trimmed, trimmed.replace("/v1/v1/", "/v1/", 1)]
        near = [path for path in candidates if path in self._paths]
        near += get_close_matches(trimmed[:256], self._paths, n=1, cutoff=0.6)
        hint = f"; did you mean {near[0]} ?" if near else ""
        return f"there is nothing at this path{hint}"


def _view(area: Area, rule: Rule, **variables: Any) -> View:
    """The method of ``area`` that Klein would call: it names its rules after them."""
    view = getattr(area, rule.endpoint)
    return cast("View", partial(view, **variables) if variables else view)


def _static_matches(area: Area, rule: Rule, access: Access) -> dict[bytes, Match]:
    match = Match(_view(area, rule), rule.rule, access)
    return {method.encode("ascii"): match for method in rule.methods or ("GET",)}


def _wrong_method(allowed: Sequence[str]) -> MethodNotAllowed:
    names = sorted(allowed)
    return MethodNotAllowed(
        f"this path does not answer to that method; it answers to {', '.join(names)}",
        allowed=names,
    )
