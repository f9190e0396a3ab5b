"""A certificate in PEM, made when it is wanted."""

from functools import cache

from tests.http1.identity import Identity


@cache
def certificate() -> str:
    """Return a certificate that signed itself."""
    return Identity.of("authority.test").pem.decode("ascii")
