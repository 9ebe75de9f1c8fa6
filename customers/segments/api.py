"""Audiences from the retailer's own systems, for example a CDP."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from customers.batch_fields import IdField, MomentField, optional_text
from customers.batches import by_serializer
from customers.segments.audience import AudienceWish, audience_batch, unusable
from scrm.core.api import IdempotentMixin, RowsField, StrictSerializer
from scrm.core.exceptions import ValidationFailed
from scrm.core.scope import SYSTEM_SCOPE

FOUND, NOT_FOUND, FAILED = RESULTS = "found", "not_found", "failed"


class PersonSerializer(StrictSerializer):
    """One person by any identifier; several may be given."""

    external_userid = optional_text(64)
    unionid = optional_text(64)
    member_no = optional_text(64)
    phone = optional_text(32)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse what can name nobody: to send it again would not help."""
        if words := unusable(attrs):
            raise serializers.ValidationError(words)
        return attrs


class AudienceSerializer(StrictSerializer):
    """At most 1,000 persons a call. `replace` empties the audience first: for the first batch of a new state."""

    audience = IdField(max_length=64)
    name = serializers.CharField(max_length=60, required=False, allow_blank=True)
    expires_at = MomentField(required=False)
    replace = serializers.BooleanField(required=False, default=False)
    persons = RowsField(row=PersonSerializer)


class PersonErrorSerializer(serializers.Serializer[Any]):
    """What is wrong with one row."""

    index = serializers.IntegerField()
    fields = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))  # type: ignore[assignment]


class AudienceAnswerSerializer(serializers.Serializer[Any]):
    """What a batch did; `results` has a word for each row in the order sent."""

    found = serializers.IntegerField()
    not_found = serializers.IntegerField()
    failed = serializers.IntegerField()
    results = serializers.ListField(child=serializers.ChoiceField(RESULTS))
    errors = PersonErrorSerializer(many=True)  # type: ignore[assignment]


class AudienceView(IdempotentMixin, APIView):
    """Send the persons of an audience; it becomes a segment of that code."""

    api_scope = "audiences.write"

    @extend_schema(
        operation_id="audiences_batch",
        request=AudienceSerializer,
        responses=AudienceAnswerSerializer,
    )
    def post(self, request: Request) -> Response:
        """Look every row up; a bad row stops no other."""
        sent = AudienceSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        values = sent.validated_data
        read = by_serializer(PersonSerializer, dict)
        rows: list[dict[str, str]] = []
        places: list[int] = []
        errors: list[dict[str, Any]] = []
        for index, item in enumerate(values["persons"]):
            row, wrong = read(item)
            if row is None:
                errors.append({"index": index, "fields": wrong})
            else:
                rows.append(row)
                places.append(index)
        wish = AudienceWish(
            name=values.get("name", ""),
            code=values["audience"],
            expires_at=values.get("expires_at"),
        )
        try:
            _segment, found = audience_batch(
                wish, rows, scope=SYSTEM_SCOPE, replace=values["replace"]
            )
        except ValidationFailed as error:
            raise serializers.ValidationError({"expires_at": [error.message]}) from error
        results = [FAILED] * len(values["persons"])
        for place, is_found in zip(places, found, strict=True):
            results[place] = FOUND if is_found else NOT_FOUND
        return Response(
            {
                "found": results.count(FOUND),
                "not_found": results.count(NOT_FOUND),
                "failed": results.count(FAILED),
                "results": results,
                "errors": errors,
            }
        )
