"""Loading a configuration from text instead of from a disk."""

from collections.abc import Mapping
from textwrap import dedent

from inference_gateway.config.load import ConfigurationError, Flags, Loaded, load

FILE = "gateway.yaml"


def loaded(
    text: str | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    files: Mapping[str, str] | None = None,
    **flags: object,
) -> Loaded:
    """Load ``text`` as ``gateway.yaml``, without a file if it is None; ``files`` lie beside it."""
    texts = dict(files or {})
    if text is not None:
        texts[FILE] = dedent(text)
        flags.setdefault("config", FILE)

    def read(path: str) -> str:
        if path not in texts:
            raise FileNotFoundError(2, "No such file or directory", path)
        return texts[path]

    return load(Flags(**flags), environ or {}, read=read)  # type: ignore[arg-type]


def problems(
    text: str | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    files: Mapping[str, str] | None = None,
    **flags: object,
) -> list[str]:
    """Return what is wrong with a configuration, as an operator reads it."""
    try:
        loaded(text, environ, files=files, **flags)
    except ConfigurationError as error:
        return str(error).splitlines()
    return []
