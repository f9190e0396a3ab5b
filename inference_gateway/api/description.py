"""The surface of the gateway as OpenAPI: the document in ``openapi.yaml``, fitted to one gateway.

What the document says is in that file; whether it is true is for the tests.
"""

from functools import cache
from importlib.resources import files
from typing import Any

import orjson
import yaml

from inference_gateway import __version__

#: libyaml reads it eight times faster, where PyYAML was built with it.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


#: What is for administrators, and on their listener where they have one of their own.
_PRIVATE = ("/metrics", "/health/providers", "/admin/")


def describe(*, title: str, root_path: str, has_metrics: bool) -> bytes:
    """Return the document as JSON.

    Without ``has_metrics`` the metrics and all that is for administrators are somewhere else.
    """
    document = _document()
    paths = document["paths"]
    return orjson.dumps(
        {
            **document,
            "info": {**document["info"], "title": title, "version": __version__},
            "servers": [{"url": root_path or "/"}],
            "paths": {
                path: paths[path] for path in paths if has_metrics or not path.startswith(_PRIVATE)
            },
        }
    )


@cache
def _document() -> dict[str, Any]:
    """Return the document as it is in its file; not to be changed."""
    text = files(__package__).joinpath("openapi.yaml").read_bytes()
    document: dict[str, Any] = yaml.load(text, Loader=_LOADER)
    return document
