"""The settings as frozen values; what is not here cannot be configured.

Durations are seconds, sizes are bytes: units exist only in the text that `config.load` reads. Field
names are the keys of the configuration file, and a field's type says how its text is read: a new
key is a new field. Nothing here reads files or the environment.
"""

from collections.abc import Mapping
from typing import Literal

import attrs

from inference_gateway.config.kinds import (
    APIVersion,
    BaseURL,
    Count,
    Digest,
    DroppedField,
    Duration,
    Endpoint,
    ExtraHeader,
    FilePath,
    HeaderName,
    HeaderValue,
    Identifier,
    Model,
    Models,
    Number,
    OperationName,
    PositiveDuration,
    RootPath,
    Secret,
    Size,
    Timestamp,
    Title,
)
from inference_gateway.config.routing_settings import RoutingSettings


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
class HealthSettings:
    """Key ``providers[].health``: how a provider is asked whether it is well."""

    #: auto: as its type does it, which is not at all where that has no question of its own;
    #: models: for the list of its models; call: for one token of its first model.
    check: Literal["auto", "never", "models", "call"] = "auto"
    #: Asked in place of what ``check`` says, beside the ``/v1`` of the base URL.
    path: RootPath | None = None
    interval: PositiveDuration = 10.0
    timeout: PositiveDuration = 5.0
    #: Good answers in a row after which it is healthy again.
    rise: Count = 2
    #: Bad ones in a row after which it is unhealthy.
    fall: Count = 3


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
    #: Instead of ``api_key``: they are used in turn, and one that is refused is left out.
    api_keys: tuple[Secret, ...] = ()
    #: Public name to the provider's own name; a list in the file means that both are the same.
    #: A ``*`` in a public name, one at most, stands for any text, which takes the place of the
    #: ``*`` in the provider's own name if that has one.
    models: Models = attrs.field(factory=dict)
    #: Whether the provider is asked what else it serves; ``models`` may be empty then.
    discover: bool = False
    #: What it can be asked for; None: what its type has.
    endpoints: tuple[OperationName, ...] | None = None
    #: How many calls it gets in relation to the others, with the strategy ``weighted``.
    weight: Count = 1
    #: With the strategy ``priority`` the lowest comes first.
    priority: Number = 0
    #: Attempts at once; None: as many as its server tells, where it does, or else any number.
    max_in_flight: Count | None = None
    #: Calls that wait for their turn where ``max_in_flight`` is reached.
    max_queued: Number = 256
    health: HealthSettings = HealthSettings()
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

    @property
    def credentials(self) -> tuple[Secret, ...]:
        """The keys it may be asked with; empty: none is sent."""
        return self.api_keys or (() if self.api_key is None else (self.api_key,))


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
    routing: RoutingSettings = attrs.field(factory=RoutingSettings)
    middleware: MiddlewareSettings = MiddlewareSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
