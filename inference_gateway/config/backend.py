"""The one provider that an option or a variable names, in place of those of the file."""

from collections.abc import Mapping

import attrs

from inference_gateway.config.environment import Environment, Variable
from inference_gateway.config.node import Node, grown, member, replaced
from inference_gateway.config.problem import Place

#: The id of that provider.
BACKEND_ID = "backend"
#: Meant for OpenAI's clients, which may run where the gateway does.
CLIENTS_VARIABLE = "OPENAI_BASE_URL"

_STEPS = ("providers",)
_PATH = "providers[0]"


@attrs.frozen(kw_only=True)
class Backend:
    """A base URL with its key, if it has one."""

    #: ``--backend``, or the name of the variable.
    source: str
    url: Variable
    key_source: str
    key: Variable | None

    def without_providers(self, root: Node, warnings: list[str]) -> Node:
        """Return the tree of the file without its providers, and say that they are not used.

        They are taken away before references are filled in, as those of unused providers may fail.
        """
        if (present := _providers(root)) is None:
            return root
        warnings.append(f"{present.place}: providers: not used, because {self.source} is given")
        return replaced(root, _STEPS, None)

    def over(self, root: Node) -> Node:
        """Return the tree with this provider as the only one."""
        place = self.url.place
        fields: Mapping[str, object] = {
            "id": BACKEND_ID,
            "type": "openai",
            "base_url": self.url.value,
            "models": ["*"],
        }
        provider = grown(fields, _PATH, place)
        if self.key is not None:
            key = grown(
                self.key.value,
                f"{_PATH}.api_key",
                self.key.place,
                written=f"${{{self.key_source}}}",
            )
            provider = replaced(provider, ("api_key",), key)
        return replaced(root, _STEPS, Node(value=(provider,), path="providers", place=place))


def chosen_backend(option: str | None, environment: Environment, root: Node) -> Backend | None:
    """Return what ``--backend`` or a variable names; ``root`` is the tree of the file.

    ``OPENAI_BASE_URL`` counts only where nothing else names a provider, and its key goes nowhere
    else.
    """
    key = environment.get("BACKEND_API_KEY")
    if option:
        url = Variable(value=option, place=Place(label="flag --backend"))
        return Backend(source="--backend", url=url, key_source="BACKEND_API_KEY", key=key)
    if (found := environment.get("BACKEND_URL")) is not None:
        return Backend(source="BACKEND_URL", url=found, key_source="BACKEND_API_KEY", key=key)
    found = environment.get(CLIENTS_VARIABLE)
    if found is None or _providers(root) is not None:
        return None
    key = environment.get("OPENAI_API_KEY")
    return Backend(source=CLIENTS_VARIABLE, url=found, key_source="OPENAI_API_KEY", key=key)


def _providers(root: Node) -> Node | None:
    """Return what the file says about providers, if that is more than that there are none."""
    present = member(root, _STEPS)
    return None if present is None or present.value in (None, ()) else present
