"""Members, orders, refunds, goods and assets for the retailer's own systems: batches in, one member out."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from customers.crm.batches import (
    BatchResultSerializer,
    Checked,
    answer_of,
    by_serializer,
    checked,
    envelope,
    flat,
)
from customers.crm.goods import AssetRow, GoodsRow, members_known
from customers.crm.models import CrmMember
from customers.crm.orders import LineRow, OrderRow, RefundRow, UpsertResult
from customers.crm.rows import FIELDS, ID_TEXT, MemberRow, read_row
from customers.crm.selectors import members_of_partner
from customers.crm.serializers import (
    AssetsEnvelope,
    AssetSerializer,
    GoodsEnvelope,
    GoodsSerializer,
    OrdersEnvelope,
    OrderSerializer,
    RefundsEnvelope,
    RefundSerializer,
)
from customers.crm.services import (
    assets_upsert,
    goods_upsert,
    members_upsert,
    orders_upsert,
    refunds_upsert,
)
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


MembersEnvelope = envelope("members", "MembersBatch", MemberSerializer)


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

    @extend_schema(
        operation_id="members_batch",
        request=MembersEnvelope,
        responses=BatchAnswerSerializer,
    )
    def post(self, request: Request) -> Response:
        """Store the usable rows, and name every other one by its index with what is wrong."""
        batch = MembersEnvelope(data=request.data)
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


def _checked(sent: list[dict[str, Any]]) -> tuple[list[MemberRow], list[dict[str, Any]]]:
    """Return the usable rows, and errors by index; a member number that comes twice is an error."""
    found = checked(sent, key=("member_no",), read=_read, label="member_no")
    return found.rows, found.errors


def _read(item: Mapping[str, Any]) -> tuple[MemberRow | None, Mapping[str, Any]]:
    serializer = MemberSerializer(data=item)
    if not serializer.is_valid():
        return None, flat(serializer.errors)
    read = read_row(serializer.validated_data)
    return read.row, {name: [words] for name, words in read.errors.items()}


# --- orders, refunds, goods, assets ------------------------------------------------------------------------------


class _FactsBatchView(IdempotentMixin, APIView):
    """Create or replace rows; a bad row stops no other, and the same Idempotency-Key repeats the answer."""

    rows_name: ClassVar[str]
    envelope: ClassVar[type[StrictSerializer]]

    def read(self, sent: Sequence[Mapping[str, Any]]) -> Checked[Any]:
        """Return the usable rows and the errors."""
        raise TypeError("each batch reads its own rows")

    def store(self, rows: Sequence[Any]) -> UpsertResult:
        """Write the usable rows."""
        raise TypeError("each batch stores its own rows")

    def answer(self, request: Request) -> Response:
        """Check, store, and name every bad row by its index."""
        batch = self.envelope(data=request.data)
        batch.is_valid(raise_exception=True)
        found = self.read(batch.validated_data[self.rows_name])
        counts = self.store(found.rows)
        errors = self.errors(batch.validated_data[self.rows_name], found, counts)
        return Response(BatchResultSerializer(answer_of(counts, errors)).data)

    def errors(
        self, sent: Sequence[Mapping[str, Any]], found: Checked[Any], counts: UpsertResult
    ) -> list[dict[str, Any]]:
        """Return what is wrong with each bad row, in the order in which they were sent."""
        return found.errors


class OrdersBatchView(_FactsBatchView):
    """Paid orders."""

    api_scope = "orders.write"
    rows_name, envelope = "orders", OrdersEnvelope

    @extend_schema(
        operation_id="orders_batch",
        request=OrdersEnvelope,
        responses=BatchResultSerializer,
    )
    def post(self, request: Request) -> Response:
        """Store the usable orders; an order sent again replaces the former one."""
        return self.answer(request)

    def read(self, sent: Sequence[Mapping[str, Any]]) -> Checked[Any]:
        """Read orders with their lines."""
        return checked(sent, key=("order_no",), read=by_serializer(OrderSerializer, _order_row))

    def store(self, rows: Sequence[Any]) -> UpsertResult:
        """Write orders."""
        return orders_upsert(rows)


def _order_row(values: dict[str, Any]) -> OrderRow:
    lines = tuple(LineRow(**line) for line in values.pop("lines", ()))
    return OrderRow(**values, lines=lines)


class RefundsBatchView(_FactsBatchView):
    """Money given back."""

    api_scope = "orders.write"
    rows_name, envelope = "refunds", RefundsEnvelope

    @extend_schema(
        operation_id="refunds_batch",
        request=RefundsEnvelope,
        responses=BatchResultSerializer,
    )
    def post(self, request: Request) -> Response:
        """Store the usable refunds; they may come before their orders."""
        return self.answer(request)

    def read(self, sent: Sequence[Mapping[str, Any]]) -> Checked[Any]:
        """Read refunds."""
        read = by_serializer(RefundSerializer, lambda values: RefundRow(**values))
        return checked(sent, key=("refund_no",), read=read)

    def store(self, rows: Sequence[Any]) -> UpsertResult:
        """Write refunds and settle their orders."""
        return refunds_upsert(rows)

    def errors(
        self, sent: Sequence[Mapping[str, Any]], found: Checked[Any], counts: UpsertResult
    ) -> list[dict[str, Any]]:
        """Add those refunds that are well-formed and yet cannot be stored."""
        read = {error["index"] for error in found.errors}
        late = [
            {"index": index, "key": number, "fields": {"amount": [counts.refused[number]]}}
            for index, number in enumerate(str(item.get("refund_no", "")) for item in sent)
            if index not in read and number in counts.refused
        ]
        return sorted(found.errors + late, key=lambda error: int(error["index"]))


class GoodsBatchView(_FactsBatchView):
    """Sellable things."""

    api_scope = "goods.write"
    rows_name, envelope = "goods", GoodsEnvelope

    @extend_schema(
        operation_id="goods_batch",
        request=GoodsEnvelope,
        responses=BatchResultSerializer,
    )
    def post(self, request: Request) -> Response:
        """Store the usable goods; goods sent again replace the former ones."""
        return self.answer(request)

    def read(self, sent: Sequence[Mapping[str, Any]]) -> Checked[Any]:
        """Read goods."""
        read = by_serializer(GoodsSerializer, lambda values: GoodsRow(**values))
        return checked(sent, key=("sku",), read=read)

    def store(self, rows: Sequence[Any]) -> UpsertResult:
        """Write goods."""
        return goods_upsert(rows)


class AssetsBatchView(_FactsBatchView):
    """Points, balances and coupons of members."""

    api_scope = "assets.write"
    rows_name, envelope = "assets", AssetsEnvelope

    @extend_schema(
        operation_id="assets_batch",
        request=AssetsEnvelope,
        responses=BatchResultSerializer,
    )
    def post(self, request: Request) -> Response:
        """Store what members own now; a member has to be sent before their assets."""
        return self.answer(request)

    def read(self, sent: Sequence[Mapping[str, Any]]) -> Checked[Any]:
        """Read assets of members we know."""
        named = [str(item.get("member_no", "")) for item in sent]
        known = members_known([number for number in named if ID_TEXT.fullmatch(number)])
        plain = by_serializer(AssetSerializer, lambda values: AssetRow(**values))

        def read(item: Mapping[str, Any]) -> tuple[AssetRow | None, Mapping[str, Any]]:
            row, wrong = plain(item)
            if row is not None and row.member_no not in known:
                return None, {"member_no": [_("There is no such member. Send the member first.")]}
            return row, wrong

        return checked(sent, key=("member_no", "kind", "code"), read=read)

    def store(self, rows: Sequence[Any]) -> UpsertResult:
        """Write assets."""
        return assets_upsert(rows)
