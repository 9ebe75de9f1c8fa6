"""Members of the retailer's own member system."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from scrm.core.data_map import DataUse
from scrm.core.fields import EncryptedBytesField, EncryptedTextField
from scrm.core.ids import uuid7

WHILE_MEMBER = "while a member + 2 years"


class CrmMember(models.Model):
    """One row of the member system, by `member_no`.

    `digest` is a keyed hash of all that was sent in: an unchanged row is recognised without decrypting.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("membership valid")
        CLOSED = "closed", _("membership cancelled")

    class Source(models.TextChoices):
        IMPORT = "import", _("file")
        API = "api", _("API")

    data_map: ClassVar[dict[str, DataUse]] = {
        "member_no": DataUse("tell members apart", "identity", WHILE_MEMBER),
        "name": DataUse("address a member", "identity", WHILE_MEMBER),
        "phone": DataUse("join member and WeCom customer", "contact", WHILE_MEMBER),
        "phone_index": DataUse("find a member by full phone", "contact", WHILE_MEMBER),
        "unionid": DataUse("join member and WeCom customer", "identity", WHILE_MEMBER),
        "external_userid": DataUse("join member and WeCom customer", "identity", WHILE_MEMBER),
        "digest": DataUse("tell changed rows from unchanged ones", "identity", WHILE_MEMBER),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member_no = models.CharField(_("member number"), max_length=64, unique=True)
    name = EncryptedTextField(_("name"), default="", blank=True)
    phone = EncryptedTextField(_("phone"), default="", blank=True)
    phone_index = models.BinaryField(_("phone index"), max_length=32, null=True)
    phone_verified = models.BooleanField(_("phone verified"), default=False)
    unionid = models.CharField(_("unionid"), max_length=64, blank=True)
    external_userid = models.CharField(_("external userid"), max_length=64, blank=True)
    level = models.CharField(_("membership level"), max_length=32, blank=True)
    store_code = models.CharField(_("store code"), max_length=64, blank=True, db_index=True)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.ACTIVE)
    joined_on = models.DateField(_("joined on"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=8, choices=Source)
    digest = models.BinaryField(_("digest"), max_length=32)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"))

    class Meta:
        verbose_name = _("CRM member")
        verbose_name_plural = _("CRM members")
        indexes = [
            models.Index(
                fields=["phone_index"],
                condition=Q(phone_index__isnull=False),
                name="customers_member_phone",
            ),
            models.Index(
                fields=["unionid"], condition=~Q(unionid=""), name="customers_member_unionid"
            ),
            models.Index(
                fields=["external_userid"],
                condition=~Q(external_userid=""),
                name="customers_member_external",
            ),
        ]

    def __str__(self) -> str:
        return self.member_no


class MemberImport(models.Model):
    """A member file as it was sent in; its bytes go as soon as the job is done."""

    data_map: ClassVar[dict[str, DataUse]] = {
        "filename": DataUse("show what was imported", "staff", "1 year"),
        "content": DataUse("read the rows once", "identity", "until the job ends, at most 1 day"),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    filename = models.CharField(_("file"), max_length=200)
    content = EncryptedBytesField(_("content"), null=True, blank=True)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    job_id = models.UUIDField(_("job"), null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("member import")
        verbose_name_plural = _("member imports")

    def __str__(self) -> str:
        return self.filename
