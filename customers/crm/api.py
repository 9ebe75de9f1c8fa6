"""Members for the retailer's own systems: batches in, one member out."""

from typing import Any, cast

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from customers.crm.models import CrmMember
from customers.crm.rows import FIELDS, MemberRow, read_row
from customers.crm.selectors import members_of_partner
from customers.crm.services import members_upsert
from scrm.accounts.models import PartnerKey
from scrm.core.api import IdempotentMixin, PartnerRateThrottle, StrictSerializer
from scrm.core.phone import mask_phone

ROWS_A_CALL = 500


class MemberSerializer(StrictSerializer):
    """One member as a partner sends it; what is not given stays as it is."""

    member_no = serializers.CharField(max_length=64)
    name = serializers.CharField(max_length=64, required=False, allow_blank=True)
    phone = serializers.CharField(max_length=32, required=False, allow_blank=True)
    phone_verified = serializers.BooleanField(required=False)
    unionid = serializers.CharField(max_length=64, required=False, allow_blank=True)
    external_userid = serializers.CharField(max_length=64, required=False, allow_blank=True)
    level = serializers.CharField(max_length=32, required=False, allow_blank=True)
    store_code = serializers.CharField(max_length=64, required=False, allow_blank=True)
    state = serializers.ChoiceField(choices=CrmMember.State.choices, required=False)
    joined_on = serializers.DateField(required=False, allow_null=True)


class BatchSerializer(StrictSerializer):
    """At most 500 members; each is checked by itself, so that one bad row stops no other."""

    members = serializers.ListField(
        child=serializers.DictField(), min_length=1, max_length=ROWS_A_CALL
    )


class RowErrorSerializer(serializers.Serializer[Any]):
    """What is wrong with one member of a batch."""

    index = serializers.IntegerField()
    member_no = serializers.CharField()
    fields = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))  # type: ignore[assignment]


class BatchAnswerSerializer(serializers.Serializer[Any]):
    """What a batch did."""

    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    failed = serializers.IntegerField()
    errors = RowErrorSerializer(many=True)  # type: ignore[assignment]


class MemberAnswerSerializer(serializers.Serializer[Any]):
    """A member; the phone is masked."""

    member_no = serializers.CharField()
    name = serializers.CharField()
    phone = serializers.CharField()
    phone_verified = serializers.BooleanField()
    unionid = serializers.CharField()
    external_userid = serializers.CharField()
    level = serializers.CharField()
    store_code = serializers.CharField()
    state = serializers.CharField()
    joined_on = serializers.DateField(allow_null=True)


class MembersBatchView(IdempotentMixin, APIView):
    """Create or update members."""

    api_scope = "members.write"
    throttle_classes = (PartnerRateThrottle,)
    api_rate = "1200/min"

    @extend_schema(
        operation_id="members_batch",
        request=BatchSerializer,
        responses=BatchAnswerSerializer,
        parameters=[
            OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, required=True)
        ],
    )
    def post(self, request: Request) -> Response:
        """Store the usable rows, and name every other one by its index with what is wrong."""
        batch = BatchSerializer(data=request.data)
        batch.is_valid(raise_exception=True)
        rows, errors = _checked(batch.validated_data["members"])
        counts = members_upsert(rows, source=CrmMember.Source.API)
        answer = {
            "created": counts.created,
            "updated": counts.updated,
            "unchanged": counts.unchanged,
            "failed": len(errors),
            "errors": errors,
        }
        return Response(BatchAnswerSerializer(answer).data)


class MemberView(APIView):
    """One member."""

    api_scope = "members.read"
    throttle_classes = (PartnerRateThrottle,)
    api_rate = "1200/min"

    @extend_schema(operation_id="member_get", responses=MemberAnswerSerializer)
    def get(self, request: Request, member_no: str) -> Response:
        """Return a member by number; 404 when there is none."""
        members = members_of_partner(cast(PartnerKey, request.auth))
        member = get_object_or_404(members, member_no=member_no)
        answer = {name: getattr(member, name) for name in FIELDS} | {
            "phone": mask_phone(member.phone)
        }
        return Response(MemberAnswerSerializer(answer).data)


def _checked(sent: list[dict[str, Any]]) -> tuple[list[MemberRow], list[dict[str, Any]]]:
    """Return the usable rows, and errors by index; a member number that comes twice is an error."""
    rows: list[MemberRow] = []
    errors: list[dict[str, Any]] = []
    seen: dict[str, int] = {}
    for index, item in enumerate(sent):
        row, wrong = _read(item)
        if row is not None and row.member_no in seen:
            wrong = {
                "member_no": [
                    _("The same member number as item %(index)d.") % {"index": seen[row.member_no]}
                ]
            }
        if wrong or row is None:
            errors.append(
                {"index": index, "member_no": str(item.get("member_no", ""))[:64], "fields": wrong}
            )
            continue
        seen[row.member_no] = index
        rows.append(row)
    return rows, errors


def _read(item: dict[str, Any]) -> tuple[MemberRow | None, dict[str, Any]]:
    serializer = MemberSerializer(data=item)
    if not serializer.is_valid():
        return None, dict(serializer.errors)
    read = read_row(serializer.validated_data)
    return read.row, {name: [words] for name, words in read.errors.items()}
