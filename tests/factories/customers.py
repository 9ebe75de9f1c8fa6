"""Customers, relations, members and tags for tests, and reads as WeCom would answer them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from contacts.directory.models import Member
from customers.crm.fact_models import Asset
from customers.crm.models import CrmMember, Order, OrderLine
from customers.goods.models import Goods
from customers.lists.refreshing import search_rows_refresh
from customers.relations.models import ExternalContact, FollowRelation, RecordChange
from customers.tags.models import Tag, TagGroup
from scrm.core.crypto import blind_index
from scrm.wecom import types as wecom

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """Return a moment so many seconds after noon in Shanghai."""
    return NOON + timedelta(seconds=seconds)


class MemberFactory(DjangoModelFactory[Member]):
    """An active account with customer contact, in no store."""

    class Meta:
        model = Member

    userid = factory.Sequence(lambda n: f"guide{n}")
    name = factory.Sequence(lambda n: f"Guide {n}")
    status = Member.Status.ACTIVE
    can_follow = True


class ContactFactory(DjangoModelFactory[ExternalContact]):
    """A WeChat customer."""

    class Meta:
        model = ExternalContact
        skip_postgeneration_save = True

    external_userid = factory.Sequence(lambda n: f"wm{n:030d}")
    name = factory.Sequence(lambda n: f"Customer {n}")
    observed_at = NOON

    @factory.post_generation
    def changed(self, create: bool, extracted: Any, **_kwargs: Any) -> None:
        RecordChange.objects.create(record_kind="contact", record_id=self.pk)


class RelationFactory(DjangoModelFactory[FollowRelation]):
    """A live relation, read once at noon."""

    class Meta:
        model = FollowRelation

    member = factory.SubFactory(MemberFactory)
    contact = factory.SubFactory(ContactFactory)
    created_time = NOON
    observed_at = NOON
    tags_observed_at = NOON
    remark_observed_at = NOON


class CrmMemberFactory(DjangoModelFactory[CrmMember]):
    """An active CRM member without any phone; a phone brings its index."""

    class Meta:
        model = CrmMember
        skip_postgeneration_save = True

    member_no = factory.Sequence(lambda n: f"M{n:06d}")
    source = "api"
    digest = b"\x00" * 32
    updated_at = factory.LazyFunction(timezone.now)
    phone_index = factory.LazyAttribute(
        lambda member: blind_index("phone", member.phone) if getattr(member, "phone", "") else None
    )
    phone_last4 = factory.LazyAttribute(
        lambda member: (
            blind_index("phone_last4", member.phone[-4:]) if getattr(member, "phone", "") else None
        )
    )

    @factory.post_generation
    def changed(self, create: bool, extracted: Any, **_kwargs: Any) -> None:
        RecordChange.objects.create(record_kind="member", record_id=self.pk)


def searchable() -> None:
    """Write what everybody there is found by; the task does it for what services wrote."""
    search_rows_refresh(ExternalContact.objects.values_list("pk", flat=True))


class TagGroupFactory(DjangoModelFactory[TagGroup]):
    """A tag group."""

    class Meta:
        model = TagGroup

    group_id = factory.Sequence(lambda n: f"etg{n}")
    name = factory.Sequence(lambda n: f"Group {n}")
    observed_at = NOON


class TagFactory(DjangoModelFactory[Tag]):
    """A tag."""

    class Meta:
        model = Tag

    tag_id = factory.Sequence(lambda n: f"et{n}")
    group = factory.SubFactory(TagGroupFactory)
    name = factory.Sequence(lambda n: f"Tag {n}")
    observed_at = NOON


def follow(userid: str, *, created: float = 0, **changes: Any) -> wecom.FollowInfo:
    """Return a follower as read; `created` in seconds after noon."""
    values: dict[str, Any] = {
        "userid": userid,
        "remark": "",
        "description": "",
        "remark_corp_name": "",
        "remark_mobiles": (),
        "tag_ids": (),
        "tags": (),
        "add_way": 1,
        "state": "",
        "oper_userid": "",
        "created_at": at(created),
    }
    return wecom.FollowInfo(**(values | changes))


def detail(
    external_userid: str,
    follows: Sequence[wecom.FollowInfo] = (),
    *,
    observed: float = 60,
    name: str = "小明",
    unionid: str | None = None,
) -> wecom.ExternalContactDetail:
    """Return a read of a customer, begun `observed` seconds after noon."""
    return wecom.ExternalContactDetail(
        read_contact(external_userid, name, unionid), tuple(follows), at(observed)
    )


def read_contact(
    external_userid: str, name: str = "小明", unionid: str | None = None
) -> wecom.ExternalContact:
    """Return the customer half of a read."""
    return wecom.ExternalContact(
        external_userid=external_userid,
        name=name,
        type=1,
        gender=0,
        avatar="https://wx.qlogo.cn/mmhead/1/0",
        unionid=unionid,
        corp_name="",
        corp_full_name="",
        position="",
    )


def page(
    rows: Sequence[tuple[str, wecom.FollowInfo]], *, observed: float = 60, next_cursor: str = ""
) -> wecom.ExternalContactPage:
    """Return a page of a batch read: (external_userid, follower) rows."""
    return wecom.ExternalContactPage(
        tuple(wecom.ExternalContactRow(read_contact(each), info) for each, info in rows),
        next_cursor,
        at(observed),
    )


class GoodsFactory(DjangoModelFactory[Goods]):
    """A coat on sale."""

    class Meta:
        model = Goods

    sku = factory.Sequence(lambda n: f"SKU{n:05d}")
    name = factory.Sequence(lambda n: f"Coat {n}")
    updated_at = factory.LazyFunction(timezone.now)


class OrderFactory(DjangoModelFactory[Order]):
    """A paid order of 100 yuan at noon, of nobody; give `member` for somebody's."""

    class Meta:
        model = Order

    order_no = factory.Sequence(lambda n: f"O{n:06d}")
    member_no = factory.LazyAttribute(lambda order: order.member.member_no if order.member else "")
    member = None
    paid_at = NOON
    amount = Decimal("100.00")
    digest = b"\x00" * 32
    updated_at = factory.LazyFunction(timezone.now)


class OrderLineFactory(DjangoModelFactory[OrderLine]):
    """One coat."""

    class Meta:
        model = OrderLine

    order = factory.SubFactory(OrderFactory)
    position = 1
    name = "Coat"
    amount = Decimal("100.00")


class AssetFactory(DjangoModelFactory[Asset]):
    """A hundred points."""

    class Meta:
        model = Asset

    member = factory.SubFactory(CrmMemberFactory)
    member_no = factory.LazyAttribute(lambda asset: asset.member.member_no)
    kind = Asset.Kind.POINTS
    amount = Decimal("100.00")
    updated_at = factory.LazyFunction(timezone.now)
