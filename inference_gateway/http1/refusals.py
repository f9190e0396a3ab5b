"""Why a connection refuses a request before anybody has looked at what it asks for.

What is wrong with the HTTP of a request; other refusals are in ``errors``.
"""

from inference_gateway.errors import CallerError


class PayloadTooLarge(CallerError):
    """The body is, or says it is, larger than its limit in the configuration."""

    status = 413
    code = "payload_too_large"


class TargetTooLong(CallerError):
    """The request target is longer than the gateway reads."""

    status = 414
    code = "uri_too_long"


class HeadTooLarge(CallerError):
    """Too many headers, or too long."""

    status = 431
    code = "request_header_fields_too_large"


class ExpectationFailed(CallerError):
    """An ``Expect`` other than ``100-continue``."""

    status = 417
    code = "expectation_failed"


class NotImplementedByServer(CallerError):
    """A transfer coding or another protocol feature that the gateway does not speak."""

    status = 501
    code = "not_implemented"


class VersionNotSupported(CallerError):
    """An HTTP version other than 1.0 and 1.1."""

    status = 505
    code = "http_version_not_supported"


class RequestReadTimeout(CallerError):
    """The client sent its head or body too slowly."""

    status = 408
    type = "timeout_error"
    code = "request_read_timeout"
    error_type = "caller_too_slow"
