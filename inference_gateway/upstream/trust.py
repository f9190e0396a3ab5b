"""Whom the gateway believes to be a provider: the certificates that https is checked against.

Versions and ciphers of TLS are Twisted's defaults. Connecting is `http1.dial`'s.
"""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.ssl import (
    Certificate,
    optionsForClientTLS,
    platformTrust,
    trustRootFromCertificates,
)
from twisted.web.iweb import IPolicyForHTTPS
from zope.interface import implementer

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def tls_policy(ca_path: str | None) -> IPolicyForHTTPS:
    """Return a policy that trusts the certificates in a PEM file, or else those of the system.

    Host names are always checked. Raises `OSError` when the file cannot be read.
    """
    if ca_path is None:
        return _Policy(partial(optionsForClientTLS, trustRoot=platformTrust()))
    found = _CERTIFICATE.findall(Path(ca_path).read_bytes())
    trust = trustRootFromCertificates([Certificate.loadPEM(pem) for pem in found])
    return _Policy(partial(optionsForClientTLS, trustRoot=trust))


@implementer(IPolicyForHTTPS)
class _Policy:
    """Makes the context of each host once: loading what is trusted costs milliseconds."""

    def __init__(self, make: Callable[[str], IOpenSSLClientConnectionCreator]) -> None:
        self._make = make
        self._creators: dict[bytes, IOpenSSLClientConnectionCreator] = {}

    def creatorForNetloc(self, hostname: bytes, port: int) -> IOpenSSLClientConnectionCreator:
        creator = self._creators.get(hostname)
        if creator is None:
            creator = self._creators[hostname] = self._make(hostname.decode("ascii"))
        return creator
