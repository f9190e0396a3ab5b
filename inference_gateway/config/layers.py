"""The layers above the file: options of the command line and the gateway's own variables.

They are put into the tree where the file would have said the same, so that one reader judges all.
"""

import re

import attrs

from inference_gateway.config.backend import Backend
from inference_gateway.config.endpoints import as_address, tcp_endpoint
from inference_gateway.config.environment import Environment, Variable
from inference_gateway.config.node import Node, child_path, grown, member, replaced
from inference_gateway.config.problem import Place, Problems

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000

_TEXTS = {
    "ROOT_PATH": "root_path",
    "API_TITLE": "api_title",
    "REQUEST_ID_HEADER": "request_id_header",
}
_KEYS = {
    "INFERENCE_GATEWAY_API_KEY": "keys",
    "INFERENCE_GATEWAY_ADMIN_KEY": "admin_keys",
}
#: The id of the keys that come from those variables.
ENVIRONMENT_KEY_ID = "environment"


@attrs.frozen(kw_only=True)
class Flags:
    """What the command line said; None and empty mean that an option was not given."""

    config: str | None = None
    port: int | None = None
    #: Endpoint strings.
    listen: tuple[str, ...] = ()
    env_file: str | None = None
    #: The base URL of the only provider.
    backend: str | None = None


@attrs.frozen(kw_only=True)
class Layers:
    """Options over variables, both over the file."""

    flags: Flags
    environment: Environment
    backend: Backend | None
    problems: Problems
    warnings: list[str]

    def over(self, root: Node) -> Node:
        """Return the tree of the file with everything in it that options and variables say."""
        for variable, key in _TEXTS.items():
            if (found := self.environment.get(variable)) is not None:
                steps = ("server", key)
                root = replaced(root, steps, grown(found.value, ".".join(steps), found.place))
        for variable, key in _KEYS.items():
            if (found := self.environment.get(variable)) is not None:
                root = _with_key(root, key, variable, found)
        if self.backend is not None:
            root = self.backend.over(root)
        return self._with_listeners(root)

    def _with_listeners(self, root: Node) -> Node:
        if self.flags.listen:
            place = Place(label="flag --listen")
            if self.flags.port is not None:
                self.problems.add("either --port or --listen, not both", place=place)
            root = replaced(root, ("server", "admin_listen"), None)
            listen = list(self.flags.listen)
        else:
            port, host = self._port(), self._host()
            if port is None and host is None:
                return root
            chosen = port or host
            assert chosen is not None
            place = chosen[1]
            listen = [
                tcp_endpoint(host[0] if host else DEFAULT_HOST, port[0] if port else DEFAULT_PORT)
            ]
        root = replaced(root, ("server", "bind_address"), None)
        return replaced(root, ("server", "listen"), grown(listen, "server.listen", place))

    def _port(self) -> tuple[int, Place] | None:
        if self.flags.port is not None:
            text, place = str(self.flags.port), Place(label="flag --port")
        elif (found := self.environment.get("PORT")) is not None:
            text, place = found.value, found.place
        else:
            return None
        if re.fullmatch("[0-9]{1,5}", text) and 1 <= int(text) <= 65535:
            return int(text), place
        # A line of an env file does not say the name by itself.
        path = "PORT" if place.file else ""
        self.problems.add(f"expected a port from 1 to 65535, got {text!r}", path=path, place=place)
        return None

    def _host(self) -> tuple[str, Place] | None:
        found = self.environment.get("HOST")
        if found is None:
            return None
        address = as_address(found.value)
        if address is None:
            # Shells and containers set HOST to the name of the machine without being asked.
            self.warnings.append(
                f"{found.place}: HOST is ignored: {found.value!r} is no IP address"
            )
            return None
        return address, found.place


def _with_key(root: Node, name: str, variable: str, found: Variable) -> Node:
    """Append the key that a variable holds to those of the file."""
    path = f"middleware.auth.{name}"
    steps = path.split(".")
    present = member(root, steps)
    keys = () if present is None or present.value is None else present.value
    if not isinstance(keys, tuple):
        return root
    key = grown(
        {"id": ENVIRONMENT_KEY_ID, "key": found.value},
        child_path(path, len(keys)),
        found.place,
        written=f"${{{variable}}}",
    )
    place = found.place if present is None else present.place
    return replaced(root, steps, Node(value=(*keys, key), path=path, place=place))
