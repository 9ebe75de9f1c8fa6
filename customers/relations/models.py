"""Mirror of WeCom's customers: external contacts, follow relations, and the events about them."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from contacts.directory.models import Member
from scrm.core.data_map import DataUse
from scrm.core.fields import EncryptedJSONField, EncryptedTextField
from scrm.core.ids import uuid7

WHILE_CUSTOMER = gettext_noop("while a customer + 2 years")


class ExternalContact(models.Model):
    """A customer as WeCom knows them; one row per `external_userid`.

    `unionid` may be missing for ever or arrive later. `phone` is only ever a verified one, given by
    the customer through WeChat; phones typed into remarks stay on the relation and are weak.
    """

    class Type(models.IntegerChoices):
        WECHAT = 1, _("WeChat")
        WECOM = 2, _("WeCom")

    class Gender(models.IntegerChoices):
        UNKNOWN = 0, _("unknown")
        MALE = 1, _("male")
        FEMALE = 2, _("female")

    data_map: ClassVar[dict[str, DataUse]] = {
        "external_userid": DataUse("tell customers apart in WeCom", "identity", WHILE_CUSTOMER),
        "name": DataUse("show guides whom they serve", "identity", WHILE_CUSTOMER),
        "avatar": DataUse("show guides whom they serve", "identity", WHILE_CUSTOMER),
        "gender": DataUse("address a customer rightly", "identity", WHILE_CUSTOMER),
        "unionid": DataUse("join WeCom, WeChat and CRM identities", "identity", WHILE_CUSTOMER),
        "corp_name": DataUse("tell business contacts apart", "identity", WHILE_CUSTOMER),
        "phone": DataUse("join WeCom and CRM identities", "contact", WHILE_CUSTOMER),
        "phone_index": DataUse("find a customer by full phone", "contact", WHILE_CUSTOMER),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    external_userid = models.CharField(_("external userid"), max_length=64, unique=True)
    name = models.CharField(_("nickname"), max_length=128, blank=True)
    avatar = models.CharField(_("avatar"), max_length=512, blank=True)
    type = models.PositiveSmallIntegerField(_("type"), choices=Type, default=Type.WECHAT)
    gender = models.PositiveSmallIntegerField(_("gender"), choices=Gender, default=Gender.UNKNOWN)
    unionid = models.CharField(_("unionid"), max_length=64, blank=True)
    corp_name = models.CharField(_("company"), max_length=128, blank=True)
    phone = EncryptedTextField(_("verified phone"), default="", blank=True)
    phone_index = models.BinaryField(_("phone index"), max_length=32, null=True)
    observed_at = models.DateTimeField(_("observed at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("external contact")
        verbose_name_plural = _("external contacts")
        indexes = [
            models.Index(
                fields=["unionid"], condition=~Q(unionid=""), name="customers_contact_unionid"
            ),
            models.Index(
                fields=["phone_index"],
                condition=Q(phone_index__isnull=False),
                name="customers_contact_phone",
            ),
        ]

    def __str__(self) -> str:
        return self.external_userid


class FollowRelation(models.Model):
    """One member follows one customer: the unit of WeCom's truth.

    Each group of fields has its own clock, because our own write of a tag must not hide a remark that
    was read before it: `observed_at` (newest read that listed it; None when only events told of it),
    `tags_observed_at`, `remark_observed_at`. `absent_at` is the newest read that did not list this member.
    A full sync that finds nothing changed writes no row: it leaves a `ListedPage`, which is a clock as well.
    `unlisted_at` is when a complete read of the member began that did not list the customer, once a second
    look has confirmed it.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", _("following")
        LOST = "lost", _("lost")

    class LostBy(models.TextChoices):
        NOBODY = "", _("not lost")
        MEMBER = "member", _("deleted by the member")
        CUSTOMER = "customer", _("deleted by the customer")
        TRANSFER = "transfer", _("handed over to another member")
        UNLISTED = "unlisted", _("no longer listed by WeCom")

    data_map: ClassVar[dict[str, DataUse]] = {
        "remark": DataUse("the guide's own name for the customer", "identity", WHILE_CUSTOMER),
        "remark_phones": DataUse("propose a link to the CRM member", "contact", WHILE_CUSTOMER),
        "remark_phone_indexes": DataUse(
            "find a customer by a remark's phone", "contact", WHILE_CUSTOMER
        ),
        "remark_corp_name": DataUse("the guide's note on the company", "identity", WHILE_CUSTOMER),
        "description": DataUse("the guide's note on the customer", "identity", WHILE_CUSTOMER),
        "private_digest": DataUse(
            "tell changed remarks from unchanged ones", "identity", WHILE_CUSTOMER
        ),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey(Member, models.PROTECT, related_name="relations")
    contact = models.ForeignKey(ExternalContact, models.CASCADE, related_name="relations")
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.ACTIVE)
    remark = EncryptedTextField(_("remark"), default="", blank=True)
    remark_phones = EncryptedJSONField(_("phones in the remark"), default=list, blank=True)
    remark_phone_indexes = ArrayField(models.BinaryField(max_length=32), default=list, blank=True)
    remark_corp_name = EncryptedTextField(_("company in the remark"), default="", blank=True)
    description = EncryptedTextField(_("description"), default="", blank=True)
    private_digest = models.BinaryField(_("digest of the private fields"), max_length=32, null=True)
    state = models.CharField(_("source"), max_length=64, blank=True)
    add_way = models.PositiveSmallIntegerField(_("way of adding"), default=0)
    created_time = models.DateTimeField(_("added at"))
    tag_ids = ArrayField(
        models.CharField(max_length=64), verbose_name=_("tags"), default=list, blank=True
    )
    lost_at = models.DateTimeField(_("lost at"), null=True, blank=True)
    lost_by = models.CharField(_("lost by"), max_length=8, choices=LostBy, blank=True)
    observed_at = models.DateTimeField(_("observed at"), null=True, blank=True)
    tags_observed_at = models.DateTimeField(_("tags observed at"), null=True, blank=True)
    remark_observed_at = models.DateTimeField(_("remark observed at"), null=True, blank=True)
    absent_at = models.DateTimeField(_("absent at"), null=True, blank=True)
    unlisted_at = models.DateTimeField(_("no longer listed since"), null=True, blank=True)

    class Meta:
        verbose_name = _("follow relation")
        verbose_name_plural = _("follow relations")
        constraints = [
            models.UniqueConstraint(fields=["member", "contact"], name="customers_relation_once"),
            models.CheckConstraint(
                condition=Q(status="active", lost_at=None)
                | Q(status="lost", lost_at__isnull=False),
                name="customers_relation_lost_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["-created_time", "-id"], name="customers_relation_newest"),
            models.Index(fields=["member", "-created_time"], name="customers_relation_member"),
            models.Index(fields=["state"], condition=~Q(state=""), name="customers_relation_state"),
            # Capacity counts every account each minute: from this index alone, not from the wide rows.
            models.Index(
                fields=["member", "created_time"],
                condition=Q(status="active"),
                name="customers_relation_held",
            ),
            GinIndex(fields=["tag_ids"], name="customers_relation_tags"),
            GinIndex(fields=["remark_phone_indexes"], name="customers_relation_phones"),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} {self.contact_id}"


class RelationEvent(models.Model):
    """What WeCom told us happened to a relation; one row per fact whatever app or retry brought it.

    Append-only, but for `state` and `reason`: a later telling of the same fact may bring what the first lacked.
    """

    class Kind(models.TextChoices):
        ADD = "add", _("added")
        HALF_ADD = "half_add", _("added, not yet confirmed by the member")
        DEL_BY_MEMBER = "del_by_member", _("deleted by the member")
        DEL_BY_CUSTOMER = "del_by_customer", _("deleted by the customer")
        TRANSFERRED = "transferred", _("handed over to another member")
        TRANSFER_FAIL = "transfer_fail", _("hand-over failed")

    data_map: ClassVar[dict[str, DataUse]] = {
        "userid": DataUse("which member it was", "staff", "2 years"),
        "external_userid": DataUse("which customer it was", "identity", WHILE_CUSTOMER),
    }

    userid = models.CharField(_("userid"), max_length=64)
    external_userid = models.CharField(_("external userid"), max_length=64)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    occurred_at = models.DateTimeField(_("occurred at"))
    state = models.CharField(_("source"), max_length=64, blank=True)
    reason = models.CharField(_("reason"), max_length=64, blank=True)
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)

    class Meta:
        verbose_name = _("relation event")
        verbose_name_plural = _("relation events")
        constraints = [
            models.UniqueConstraint(
                fields=["external_userid", "userid", "kind", "occurred_at"],
                name="customers_relationevent_once",
            )
        ]
        indexes = [
            models.Index(
                fields=["userid", "external_userid", "occurred_at"], name="customers_event_pair"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.userid} {self.external_userid} {self.kind} {self.occurred_at:%F %T}"


class RecordChange(models.Model):
    """An identity record changed and waits for OneID; written in the transaction of the change, drained by OneID."""

    class Kind(models.TextChoices):
        CONTACT = "contact", _("external contact")
        MEMBER = "member", _("CRM member")

    data_map: ClassVar[dict[str, DataUse]] = {}

    record_kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    record_id = models.UUIDField(_("record"), db_index=True)
    changed_at = models.DateTimeField(_("changed at"), db_default=Now())

    class Meta:
        verbose_name = _("changed record")
        verbose_name_plural = _("changed records")

    def __str__(self) -> str:
        return f"{self.record_kind} {self.record_id}"


class SearchChange(models.Model):
    """What customers are found by changed (name, phone, remark, follower): waits for the search, which drains and deletes it.

    One row a write, however many customers it was about.
    """

    data_map: ClassVar[dict[str, DataUse]] = {}

    contact_ids = ArrayField(models.UUIDField(), verbose_name=_("customers"))
    changed_at = models.DateTimeField(_("changed at"), db_default=Now())

    class Meta:
        verbose_name = _("change for the search")
        verbose_name_plural = _("changes for the search")

    def __str__(self) -> str:
        return f"{len(self.contact_ids)} @ {self.changed_at}"
