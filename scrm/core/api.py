"""What every partner API view shares: one error shape, scopes, strict input, answers kept for repeats."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import exceptions, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, set_rollback

from scrm.core.answers import StoredAnswer
from scrm.core.api_permissions import HasScope
from scrm.core.api_throttle import PartnerRateThrottle
from scrm.core.exceptions import Conflict, ScrmError, ValidationFailed

__all__ = [
    "ErrorSerializer",
    "HasScope",
    "IdempotentMixin",
    "PartnerRateThrottle",
    "RowsField",
    "StrictSerializer",
    "exception_handler",
]

KEY_HEADER = "Idempotency-Key"
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
ANSWER_LIFETIME = timedelta(hours=24)


def _body(code: str, message: str, data: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {"code": code, "message": message, "data": dict(data or {})}


def _from_drf(error: exceptions.APIException) -> Response:
    code = str(getattr(error, "default_code", "error"))
    if isinstance(error, exceptions.ValidationError):
        body = _body("validation_failed", _("Some fields are not right."), {"fields": error.detail})
    elif isinstance(error, exceptions.Throttled):
        body = _body(
            "rate_limited", str(error.detail), {"retry_after": getattr(error, "wait", None)}
        )
    else:
        body = _body(code, str(error.detail))
    response = Response(body, status=error.status_code)
    wait = getattr(error, "wait", None)
    if wait:
        response["Retry-After"] = str(int(wait))
    challenge = getattr(error, "auth_header", None)
    if challenge:
        response["WWW-Authenticate"] = challenge
    return response


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Turn any expected error into `{"code", "message", "data"}`; unexpected ones stay 500s."""
    response: Response | None = None
    if isinstance(error, ScrmError):
        response = Response(_body(error.code, error.message, error.data), status=error.status)
    elif isinstance(error, Http404):
        response = Response(
            _body("not_found", _("There is nothing here.")), status=status.HTTP_404_NOT_FOUND
        )
    elif isinstance(error, DjangoPermissionDenied):
        response = Response(
            _body("permission_denied", _("This is not allowed.")), status=status.HTTP_403_FORBIDDEN
        )
    elif isinstance(error, DjangoValidationError):
        response = Response(
            _body("validation_failed", " ".join(error.messages)), status=status.HTTP_400_BAD_REQUEST
        )
    elif isinstance(error, exceptions.APIException):
        response = _from_drf(error)
    if response is not None:
        set_rollback()
    return response


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields it does not know, so that nobody can slip one in and no typing error goes unseen."""

    def to_internal_value(self, data: Any) -> Any:
        """Check the names before the values."""
        if isinstance(data, Mapping):
            unknown = sorted(str(name) for name in set(data) - set(self.fields))
            if unknown:
                raise serializers.ValidationError(
                    {name: [_("This field is not known.")] for name in unknown}
                )
        return super().to_internal_value(data)


class ErrorSerializer(serializers.Serializer[Any]):
    """Every error of the API: `code` for programs, `message` for people, `data` says more."""

    code = serializers.CharField()
    message = serializers.CharField()
    data = serializers.DictField()  # type: ignore[assignment]


ROWS_A_CALL = 1000


class RowsField(serializers.ListField):
    """1 to 1,000 objects that are each checked by themselves; `row` is the serializer that describes one."""

    def __init__(self, *, row: type[serializers.Serializer[Any]], **kwargs: Any) -> None:
        self.row = row
        super().__init__(
            child=serializers.DictField(), min_length=1, max_length=ROWS_A_CALL, **kwargs
        )

    def run_child_validation(self, data: list[Any]) -> list[Any]:
        """Take items as they are: whoever reads a row checks all of it, and what is no object refuses itself alone."""
        return data


class IdempotentMixin(APIView):
    """Makes POST safe to repeat: the same Idempotency-Key gives the first answer again, without a second effect.

    The key is kept per partner key and path for 24 hours. The same key with another body is refused (409),
    and so is a repeat while the first is still being worked on. The answer and the effects are committed
    together: a crash leaves neither.
    """

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Run the write and keep its answer in one transaction."""
        if request.method not in WRITES:
            return super().dispatch(request, *args, **kwargs)
        with transaction.atomic():
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """After permissions are checked, look for the kept answer."""
        super().initial(request, *args, **kwargs)
        self._kept: StoredAnswer | None = None
        # A method the view does not have is refused as such, whatever its key.
        if request.method in WRITES and hasattr(self, request.method.lower()):
            self._claim(request)

    def _claim(self, request: Request) -> None:
        key = request.headers.get(KEY_HEADER, "")
        if not 8 <= len(key) <= 128 or not key.isascii() or not key.isprintable():
            raise ValidationFailed(
                _("Send an Idempotency-Key header of 8 to 128 characters."),
                code="idempotency_key_missing",
            )
        caller = f"{getattr(request.auth, 'pk', '')}:{request.path}"
        digest = _digest_of(request)
        StoredAnswer.objects.filter(
            caller=caller, key=key, created_at__lt=timezone.now() - ANSWER_LIFETIME
        ).delete()
        try:
            with transaction.atomic():
                # A second caller with the same key waits here until the first has committed.
                self._kept = StoredAnswer.objects.create(caller=caller, key=key, digest=digest)
        except IntegrityError:
            kept = StoredAnswer.objects.get(caller=caller, key=key)
            if bytes(kept.digest) != digest:
                raise Conflict(
                    _("This Idempotency-Key was used with another body."),
                    code="idempotency_key_reused",
                ) from None
            raise _Repeated(kept) from None

    def handle_exception(self, exc: Exception) -> Response:
        """Answer a repeat from what was kept."""
        if isinstance(exc, _Repeated):
            response = Response(orjson.loads(exc.kept.body or b"null"), status=exc.kept.status)
            response["Idempotent-Replayed"] = "true"
            return response
        return super().handle_exception(exc)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Keep the answer of a write that succeeded; a refused one may be corrected and sent again."""
        kept: StoredAnswer | None = getattr(self, "_kept", None)
        if kept is not None and response.status_code < 400:
            kept.status = response.status_code
            kept.body = orjson.dumps(response.data)
            kept.save(update_fields=["status", "body"])
        elif kept is not None:
            transaction.set_rollback(True)
        return super().finalize_response(request, response, *args, **kwargs)


def _digest_of(request: Request) -> bytes:
    """Return a hash of the body as it came; a body that cannot be read is refused here."""
    _read = (
        request.data
    )  # read by StrictJSONParser, which leaves the hash; it is not asked for an empty body
    digest: bytes = getattr(request, "body_digest", None) or hashlib.sha256(b"").digest()
    return digest


class _Repeated(Exception):  # noqa: N818
    """The same request was answered before."""

    def __init__(self, kept: StoredAnswer) -> None:
        super().__init__()
        self.kept = kept
