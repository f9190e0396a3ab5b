"""URLs and data inside a request that a provider may fetch: which ones are passed on.

The gateway never fetches them itself. A provider might, from inside its own network, so schemes
that read files and addresses that hand out credentials are refused.
"""

import ipaddress
from urllib.parse import urlsplit

from inference_gateway.wire.fields import Problems, add, kind_of

_SCHEMES = ("https:", "http:", "data:")
#: Cloud metadata services outside the link-local ranges.
_METADATA_HOSTS = frozenset(("metadata.google.internal", "fd00:ec2::254", "100.100.100.200"))
_LONGEST_SCHEME = 64


def check_link(value: object, path: str, problems: Problems) -> None:
    """Check for a ``https:``, ``http:`` or ``data:`` URL whose host is no metadata service."""
    if type(value) is not str:
        add(problems, path, f"must be a URL, got {kind_of(value)}")
        return
    start = value[:6].lower()
    if not start.startswith(_SCHEMES):
        add(problems, path, "must be a URL with the scheme https, http or data")
    elif not start.startswith("data:") and _leads_to_metadata(value):
        add(problems, path, "must not point to a link-local or metadata address")


def check_file_data(value: object, path: str, problems: Problems) -> None:
    """Check for base64, which is not looked into, or a URL that `check_link` takes."""
    if type(value) is not str:
        add(problems, path, f"must be a string, got {kind_of(value)}")
    elif ":" in value[:_LONGEST_SCHEME]:
        check_link(value, path, problems)


def _leads_to_metadata(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    host = host.rstrip(".")
    if host in _METADATA_HOSTS:
        return True
    try:
        return ipaddress.ip_address(host).is_link_local
    except ValueError:
        return False
