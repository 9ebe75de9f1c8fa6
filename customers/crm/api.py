"""Members for the retailer's own systems: batches in, one member with what it owns out."""

from typing import Any, cast

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from customers.batch_fields import ID_TEXT
from customers.batches import Checked, answer_of, checked, envelope
from customers.crm.models import CrmMember
from customers.crm.rows import FIELDS, MemberRow, read_item
from customers.crm.selectors import members_of_partner
from customers.crm.services import members_upsert
from customers.goods.selectors import stores_unknown
from customers.results import ROW_RESULTS
from scrm.accounts.models import PartnerKey
from scrm.core.api import IdempotentMixin, StrictSerializer
from scrm.core.phone import mask_phone


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
    # Kept as a keyed hash, to join memberships of one human; never given out.
    id_card = serializers.CharField(max_length=18, required=False, allow_blank=True)


MembersEnvelope = envelope("members", "MembersBatch", MemberSerializer)


class RowErrorSerializer(serializers.Serializer[Any]):
    """What is wrong with one member of a batch."""

    index = serializers.IntegerField()
    member_no = serializers.CharField()
    fields = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))  # type: ignore[assignment]


class BatchAnswerSerializer(serializers.Serializer[Any]):
    """What a batch did; `results` has a word for each member in the order sent, `warnings` stopped none."""

    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    failed = serializers.IntegerField()
    results = serializers.ListField(child=serializers.ChoiceField(ROW_RESULTS))
    errors = RowErrorSerializer(many=True)  # type: ignore[assignment]
    warnings = RowErrorSerializer(many=True)


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

    @extend_schema(
        operation_id="members_batch",
        request=MembersEnvelope,
        responses=BatchAnswerSerializer,
    )
    def post(self, request: Request) -> Response:
        """Store the usable rows, and name every other one by its index with what is wrong."""
        batch = MembersEnvelope(data=request.data)
        batch.is_valid(raise_exception=True)
        sent = batch.validated_data["members"]
        found = checked(sent, key=("member_no",), read=read_item, label="member_no")
        counts = members_upsert(found.rows, source=CrmMember.Source.API)
        warnings = _warned(found)
        return Response(answer_of(counts, found.errors, places=found.places, warnings=warnings))


def _warned(found: Checked[MemberRow]) -> list[dict[str, Any]]:
    """Name the members that were kept although no store of ours has their code."""
    codes = [row.values.get("store_code", "") for row in found.rows]
    stores = stores_unknown(codes)
    words = [_("There is no store with this code yet.")]
    return [
        {"index": place, "member_no": row.member_no, "fields": {"store_code": words}}
        for place, row, code in zip(found.places, found.rows, codes, strict=True)
        if code in stores
    ]


class MemberView(APIView):
    """One member."""

    api_scope = "members.read"

    @extend_schema(
        operation_id="member_get",
        responses=MemberAnswerSerializer,
        parameters=[OpenApiParameter("member_no", str, OpenApiParameter.PATH)],
    )
    def get(self, request: Request, member_no: str) -> Response:
        """Return a member by number; 404 when there is none."""
        if not ID_TEXT.fullmatch(member_no):
            raise Http404
        members = members_of_partner(cast(PartnerKey, request.auth))
        member = get_object_or_404(members, member_no=member_no)
        answer = {name: getattr(member, name) for name in FIELDS} | {
            "phone": mask_phone(member.phone)
        }
        return Response(MemberAnswerSerializer(answer).data)
