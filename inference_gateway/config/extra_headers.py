"""Which headers an operator may add to every request to a provider, and what they may say."""

import re

_OWN = "the gateway sets it"
_HOP = "it is about one connection, which the gateway manages"
_REFUSALS = {
    "authorization": "write the key into api_key",
    **dict.fromkeys(("cookie", "set-cookie"), "the gateway keeps no sessions with providers"),
    **dict.fromkeys(
        (
            *("host", "content-length", "content-type", "content-encoding"),
            *("accept", "accept-encoding", "user-agent", "via", "x-request-id"),
        ),
        _OWN,
    ),
    **dict.fromkeys(
        (
            *("connection", "proxy-connection", "keep-alive", "te", "trailer", "expect"),
            *("transfer-encoding", "upgrade", "proxy-authenticate", "proxy-authorization"),
            "http2-settings",
        ),
        _HOP,
    ),
}
_VALUE = re.compile(r"[!-~](?:[ -~]{0,8190}[!-~])?")


def refusal(name: str) -> str | None:
    """Say why a header cannot be added, or return None if it can."""
    return _REFUSALS.get(name.lower())


def is_value(text: str) -> bool:
    """Tell whether a header field can carry the text as it is."""
    return _VALUE.fullmatch(text) is not None
