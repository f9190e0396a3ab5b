"""What single values of the configuration are: secrets, and the meanings that types do not say.

Classes of settings annotate their fields with these; `config.scalars` reads each kind.
"""

import enum
import hmac
from collections.abc import Mapping
from typing import Annotated, Literal, NoReturn


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
    FALLBACKS = enum.auto()
    PERCENT = enum.auto()
    NUMBER = enum.auto()


Duration = Annotated[float, Kind.DURATION]
PositiveDuration = Annotated[float, Kind.POSITIVE_DURATION]
Size = Annotated[int, Kind.SIZE]
Count = Annotated[int, Kind.COUNT]
#: From zero on.
Number = Annotated[int, Kind.NUMBER]
#: A whole number from 0 to 100.
Percent = Annotated[int, Kind.PERCENT]
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
