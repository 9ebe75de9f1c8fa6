"""Errors with words a person can act on; every interface turns them into its own shape."""

from typing import Any


class ScrmError(Exception):
    """Something went wrong that the caller can explain.

    `message` is translated text for a person, `code` is for programs, `data` is machine-readable detail
    without personal data.
    """

    status = 500
    default_code = "error"

    def __init__(self, message: str, *, code: str = "", **data: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.data = data

    def __str__(self) -> str:
        return self.message


class ValidationFailed(ScrmError):  # noqa: N818 -- named by what happened
    """What was sent cannot be used as it is."""

    status = 400
    default_code = "validation_failed"


class PermissionDenied(ScrmError):  # noqa: N818 -- named by what happened
    """The person is known but may not do this."""

    status = 403
    default_code = "permission_denied"


class NotFound(ScrmError):  # noqa: N818 -- named by what happened
    """It does not exist, or lies outside the person's scope; the two look the same on purpose."""

    status = 404
    default_code = "not_found"


class Conflict(ScrmError):  # noqa: N818 -- named by what happened
    """It collides with something that exists or is going on."""

    status = 409
    default_code = "conflict"


class RateLimited(ScrmError):  # noqa: N818 -- named by what happened
    """Too many in too short a time."""

    status = 429
    default_code = "rate_limited"


class ExternalFailure(ScrmError):  # noqa: N818 -- named by what happened
    """Another system (WeCom, OA, a robot) did not do its part."""

    status = 502
    default_code = "external_failure"
