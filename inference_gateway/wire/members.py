"""From the bytes of a request to its checked members: what is the same for every kind of call.

Which members a kind has, and what they may be, is a `Contract` in the module of that kind. Members
that no contract names stay in the body and reach the provider as they came.
"""

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from inference_gateway.wire.edit import duplicate_members, remove_members
from inference_gateway.wire.fields import Check, Problems, add, identifier, refusal
from inference_gateway.wire.json_body import load_object

#: Members that other gateways take as a destination or a credential; ours takes them from nobody.
RESERVED = frozenset(
    (
        "api_base",
        "api_key",
        "api_type",
        "api_version",
        "aws_access_key_id",
        "aws_bedrock_runtime_endpoint",
        "aws_secret_access_key",
        "aws_session_token",
        "azure_ad_token",
        "azure_endpoint",
        "base_url",
        "custom_host",
        "custom_llm_provider",
        "default_headers",
        "default_query",
        "extra_headers",
        "extra_query",
        "headers",
        "organization",
        "vertex_credentials",
    )
)

check_model = identifier(256)


def _nothing_together(fields: dict[str, Any], problems: Problems) -> None:
    """Most kinds have no rules across members."""


@attrs.frozen(kw_only=True)
class Contract:
    """What the requests of one kind must keep."""

    #: By name, for members that are there and not null.
    checks: Mapping[str, Check]
    #: What must be there, in the order in which it should be asked for.
    required: tuple[str, ...] = ("model",)
    #: Checks the rules that take more than one member, each good by itself or not.
    together: Callable[[dict[str, Any], Problems], None] = _nothing_together


def read_members(body: bytes, contract: Contract) -> tuple[bytes, dict[str, Any], tuple[str, ...]]:
    """Return the body without its reserved members, it parsed, and the names of those members.

    Raises `InvalidJSON` for what is no JSON object, `InvalidRequest` with every problem otherwise.
    """
    fields = load_object(body)
    problems: Problems = []
    for name in duplicate_members(body, fields):
        if name not in RESERVED:
            add(problems, name, "is given more than once")
    dropped: tuple[str, ...] = ()
    if not RESERVED.isdisjoint(fields):
        dropped = tuple(name for name in fields if name in RESERVED)
        body = remove_members(body, dropped)
        for name in dropped:
            del fields[name]
    for name in contract.required:
        if fields.get(name) is None:
            add(problems, name, "is required")
    checks = contract.checks
    for name, value in fields.items():
        if value is not None and (check := checks.get(name)) is not None:
            check(value, name, problems)
    contract.together(fields, problems)
    if problems:
        raise refusal(problems)
    return body, fields, dropped
