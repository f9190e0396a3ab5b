"""The settings as frozen values; what is not here cannot be configured.

Durations are seconds, sizes are bytes: units exist only in the text that `config.load` reads. Field
names are the keys of the configuration file, and a field's type says how its text is read: a new
key is a new field. Nothing here reads files or the environment.
"""

import enum
import hmac
from collections.abc import Mapping
from typing import Annotated, Literal, NoReturn

import attrs


class Secret:
    """A string that cannot be printed, formatted, compared by accident or pickled."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself; call it only where it leaves for its one destination."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))


class Kind(enum.Enum):
    """What a value means where its type does not say it; the modules of `config` read each."""

    DURATION = enum.auto()
    POSITIVE_DURATION = enum.auto()
    SIZE = enum.auto()
    COUNT = enum.auto()
    TIMESTAMP = enum.auto()
    IDENTIFIER = enum.auto()
    MODEL = enum.auto()
    MODELS = enum.auto()
    ENDPOINT = enum.auto()
    ROOT_PATH = enum.auto()
    HEADER_NAME = enum.auto()
    EXTRA_HEADER = enum.auto()
    HEADER_VALUE = enum.auto()
    DIGEST = enum.auto()
    TITLE = enum.auto()
    FILE_PATH = enum.auto()
    BASE_URL = enum.auto()
    API_VERSION = enum.auto()
    DROPPED_FIELD = enum.auto()


Duration = Annotated[float, Kind.DURATION]
PositiveDuration = Annotated[float, Kind.POSITIVE_DURATION]
Size = Annotated[int, Kind.SIZE]
Count = Annotated[int, Kind.COUNT]
Timestamp = Annotated[float, Kind.TIMESTAMP]
Identifier = Annotated[str, Kind.IDENTIFIER]
Model = Annotated[str, Kind.MODEL]
Models = Annotated[Mapping[str, str], Kind.MODELS]
Endpoint = Annotated[str, Kind.ENDPOINT]
RootPath = Annotated[str, Kind.ROOT_PATH]
HeaderName = Annotated[str, Kind.HEADER_NAME]
Digest = Annotated[str, Kind.DIGEST]
Title = Annotated[str, Kind.TITLE]
FilePath = Annotated[str, Kind.FILE_PATH]
BaseURL = Annotated[str, Kind.BASE_URL]
APIVersion = Annotated[str, Kind.API_VERSION]
ExtraHeader = Annotated[str, Kind.EXTRA_HEADER]
#: Secret because it may be a credential; unlike other secrets it may stand in the file.
HeaderValue = Annotated[Secret, Kind.HEADER_VALUE]
DroppedField = Annotated[str, Kind.DROPPED_FIELD]
#: What a model can be asked for.
OperationName = Literal[
    "chat",
    "completions",
    "embeddings",
    "responses",
    "messages",
    "moderations",
    "rerank",
    "speech",
    "transcriptions",
    "translations",
    "images",
    "image_edits",
    "image_variations",
    "tokenize",
    "detokenize",
]


@attrs.frozen(kw_only=True)
class ServerSettings:
    """Key ``server``: listeners, limits and the life of the process."""

    listen: tuple[Endpoint, ...] = ("tcp:8000:interface=127.0.0.1",)
    #: Empty: metrics are served on the main listeners.
    admin_listen: tuple[Endpoint, ...] = ()
    request_timeout: PositiveDuration = 600.0
    shutdown_timeout: Duration = 30.0
    drain_grace: Duration = 0.0
    #: How long a client may take for its request head, its body, and between two requests.
    head_timeout: PositiveDuration = 10.0
    body_timeout: PositiveDuration = 60.0
    idle_timeout: PositiveDuration = 75.0
    write_stall: PositiveDuration = 60.0
    keepalive_interval: PositiveDuration = 15.0
    #: None: half of the process's limit of open files, less 200.
    max_connections: Count | None = None
    #: None: no limit.
    max_connections_per_address: Count | None = None
    body_limit: Size = 10 * 1024 * 1024
    #: Instead of ``body_limit``, for bodies that carry a file.
    upload_limit: Size = 32 * 1024 * 1024
    half_close: Literal["gone", "finish"] = "gone"
    #: Starts with a slash and does not end with one, or is empty.
    root_path: RootPath = ""
    api_title: Title = "Inference Gateway"
    request_id_header: HeaderName = "X-Request-ID"


@attrs.frozen(kw_only=True)
class TimeoutSettings:
    """Key ``providers[].timeouts``."""

    connect: PositiveDuration = 5.0
    first_byte: PositiveDuration = 120.0
    first_token: PositiveDuration = 300.0
    idle: PositiveDuration = 60.0
    #: None: 600 s for plain calls, 30 minutes for streams.
    total: PositiveDuration | None = None


@attrs.frozen(kw_only=True)
class ProviderSettings:
    """One entry of ``providers``."""

    id: Identifier
    type: Literal["echo", "openai", "azure", "llamacpp", "vllm", "anthropic"] = "echo"
    #: Where it serves, without a slash at the end: paths such as ``/chat/completions`` follow.
    #: Lower case, with a path, without the scheme's own port; None for ``echo`` and only for it.
    base_url: BaseURL | None = None
    #: For ``azure`` only; None: the one that its dialect knows.
    api_version: APIVersion | None = None
    #: Sent in the header that the type wants, which is a bearer token for most.
    api_key: Secret | None = None
    #: Public name to the provider's own name; a list in the file means that both are the same.
    #: A ``*`` in a public name, one at most, stands for any text, which takes the place of the
    #: ``*`` in the provider's own name if that has one.
    models: Models = attrs.field(factory=dict)
    #: Whether the provider is asked what else it serves; ``models`` may be empty then.
    discover: bool = False
    #: What it can be asked for; None: what its type has.
    endpoints: tuple[OperationName, ...] | None = None
    timeouts: TimeoutSettings = TimeoutSettings()
    force_usage: Literal["auto", "never"] = "auto"
    #: Whether a plain call is sent as a stream and put together again.
    stream_upstream: Literal["auto", "always", "never"] = "auto"
    #: Top-level members that are removed from every request.
    drop_fields: tuple[DroppedField, ...] = ()
    #: Sent with every request; no name comes twice, in whatever case.
    headers: Mapping[ExtraHeader, HeaderValue] = attrs.field(factory=dict)
    #: Certificates in PEM that are trusted in place of the system's; None: the system's.
    ca_path: FilePath | None = None


@attrs.frozen(kw_only=True)
class ModelRouteSettings:
    """One entry of ``routing.models``: who serves a public name, and its other names."""

    #: Ids of providers, in the order of the file; empty: all that list the model.
    providers: tuple[Identifier, ...] = ()
    aliases: tuple[Model, ...] = ()


@attrs.frozen(kw_only=True)
class RoutingSettings:
    """Key ``routing``."""

    strategy: Literal["round_robin"] = "round_robin"
    models: Mapping[Model, ModelRouteSettings] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class KeySettings:
    """One key of a client or an administrator; exactly one of ``digest`` and ``key`` is given.

    ``digest`` is ``sha256:`` and the hexadecimal SHA-256 of the key, as ``--new-key`` prints it.
    """

    id: Identifier
    digest: Digest | None = None
    key: Secret | None = None
    #: Public model names this key may use; empty: all.
    models: tuple[Model, ...] = ()
    #: Seconds since the epoch; None: never.
    expires: Timestamp | None = None
    disabled: bool = False
    debug: bool = False


@attrs.frozen(kw_only=True)
class AuthSettings:
    """Key ``middleware.auth``."""

    enabled: bool = True
    keys: tuple[KeySettings, ...] = ()
    admin_keys: tuple[KeySettings, ...] = ()
    #: Serve without keys on addresses that are not loopback.
    insecure_open: bool = False


@attrs.frozen(kw_only=True)
class MiddlewareSettings:
    """Key ``middleware``."""

    auth: AuthSettings = AuthSettings()


@attrs.frozen(kw_only=True)
class LogSettings:
    """Key ``telemetry.log``; no ``path`` means standard output."""

    format: Literal["json", "text"] = "json"
    level: Literal["debug", "info", "warn", "error", "critical"] = "info"
    path: FilePath | None = None


@attrs.frozen(kw_only=True)
class MetricsSettings:
    """Key ``telemetry.metrics``."""

    auth: Literal["none", "admin"] = "none"


@attrs.frozen(kw_only=True)
class TelemetrySettings:
    """Key ``telemetry``."""

    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()


@attrs.frozen(kw_only=True)
class Settings:
    """A whole configuration, checked and ready to build from."""

    #: The operator's label, or a digest of the file.
    version: str = ""
    server: ServerSettings = ServerSettings()
    providers: tuple[ProviderSettings, ...] = ()
    routing: RoutingSettings = RoutingSettings()
    middleware: MiddlewareSettings = MiddlewareSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
