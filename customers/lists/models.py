"""What customers are found by, saved views and files of the customer list."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from contacts.directory.models import Member
from customers.relations.models import WHILE_CUSTOMER, ExternalContact, FollowRelation
from scrm.core.data_map import DataUse
from scrm.core.fields import EncryptedBytesField, EncryptedJSONField, EncryptedTextField
from scrm.core.ids import uuid7


class ContactSearch(models.Model):
    """What a customer is found by: pieces of the nickname, its pinyin, last four digits (keyed), and who follows.

    Derived from the mirror, written by `search_rows_refresh` alone; see `customers.lists.keys`.
    """

    data_map: ClassVar[dict[str, DataUse]] = {
        "keys": DataUse("find a customer by nickname, pinyin, last four", "identity", WHILE_CUSTOMER),
        "pinyin": DataUse("find a customer by pinyin", "identity", WHILE_CUSTOMER),
        "initials": DataUse("find a customer by pinyin", "identity", WHILE_CUSTOMER),
    }  # fmt: skip

    contact = models.OneToOneField(
        ExternalContact, models.CASCADE, primary_key=True, related_name="+"
    )
    keys = ArrayField(models.CharField(max_length=32))
    pinyin = models.CharField(max_length=16, blank=True)
    initials = models.CharField(max_length=8, blank=True)

    class Meta:
        verbose_name = _("search entry of a customer")
        verbose_name_plural = _("search entries of customers")
        # Without a pending list, which every search would have to read from end to end.
        indexes = [
            GinIndex(fields=["keys"], name="customers_search_contact", fastupdate=False),
            # The beginnings of names are shared by very many: a sorted index gives some and stops.
            models.Index(
                OpClass("pinyin", name="varchar_pattern_ops"), name="customers_search_pinyin"
            ),
            models.Index(
                OpClass("initials", name="varchar_pattern_ops"), name="customers_search_initials"
            ),
        ]

    def __str__(self) -> str:
        return str(self.contact_id)


class RelationSearch(models.Model):
    """What a guide finds a customer by: keyed hashes of the remark's pieces, and the nickname's pinyin once more.

    A row a relation with its member beside it, so that the scope decides in the index, without a join.
    """

    data_map: ClassVar[dict[str, DataUse]] = {
        "keys": DataUse("find a customer by a guide's remark", "identity", WHILE_CUSTOMER),
        "pinyin": DataUse("find a customer by pinyin", "identity", WHILE_CUSTOMER),
        "initials": DataUse("find a customer by pinyin", "identity", WHILE_CUSTOMER),
    }

    relation = models.OneToOneField(
        FollowRelation, models.CASCADE, primary_key=True, related_name="+"
    )
    contact = models.ForeignKey(ExternalContact, models.CASCADE, related_name="+", db_index=False)
    member = models.ForeignKey(Member, models.CASCADE, related_name="+", db_index=False)
    keys = ArrayField(models.CharField(max_length=32))
    pinyin = models.CharField(max_length=16, blank=True)
    initials = models.CharField(max_length=8, blank=True)

    class Meta:
        verbose_name = _("search entry of a relation")
        verbose_name_plural = _("search entries of relations")
        # What a branch asks is answered from the index alone: rows of a million customers lie far apart.
        indexes = [
            GinIndex(fields=["keys"], name="customers_search_relation", fastupdate=False),
            models.Index(
                fields=["contact"], include=["member"], name="customers_search_follower"
            ),
            models.Index(
                fields=["pinyin"], opclasses=["varchar_pattern_ops"],
                include=["member", "contact"], name="customers_search_followed",
            ),
            models.Index(
                fields=["initials"], opclasses=["varchar_pattern_ops"],
                include=["member", "contact"], name="customers_search_followed_i",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return str(self.relation_id)


class SavedView(models.Model):
    """Filters of the customer list under a name: one's own, or shared with everybody of one's role.

    `query` is what stands behind the ? of the address; what was searched for is never kept.
    """

    data_map: ClassVar[dict[str, DataUse]] = {}

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=32)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    role_code = models.CharField(_("shared with the role"), max_length=64, blank=True)
    query = models.CharField(_("filters"), max_length=1000, blank=True)
    is_default = models.BooleanField(_("opens first"), default=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="customers_view_named_once"),
            models.UniqueConstraint(
                fields=["owner"], condition=Q(is_default=True), name="customers_view_one_default"
            ),
        ]
        indexes = [
            models.Index(
                fields=["role_code"], condition=~Q(role_code=""), name="customers_view_shared"
            )
        ]

    def __str__(self) -> str:
        return self.name


class CustomerExport(models.Model):
    """A file of the customer list: who took what and why. The bytes go after a day; what names the file stays.

    `mark` is hidden in every row, `sketch` are the smallest keyed hashes of its rows (8 bytes each): `trace_export`
    finds the export from a file that came back.
    """

    data_map: ClassVar[dict[str, DataUse]] = {
        "criteria": DataUse("write the file; name it when it came back", "identity", "3 years"),
        "purpose": DataUse("say why a file left the house", "staff", "3 years"),
        "taken_by": DataUse("say who took a file", "staff", "3 years"),
        "content": DataUse("hand the file out", "contact", "1 day"),
        "sketch": DataUse("name a file that came back", "identity", "3 years"),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    mark = models.BigIntegerField(_("mark"), unique=True)
    criteria = EncryptedJSONField(_("filters"))
    purpose = EncryptedTextField(_("purpose"))
    is_unmasked = models.BooleanField(_("unmasked"), default=False)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    content = EncryptedBytesField(_("content"), null=True, blank=True)
    sketch = models.BinaryField(_("sketch of the rows"), default=b"")
    job_id = models.UUIDField(_("job"), null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # Stays when the account is gone: a file may come back years later.
    taken_by = models.CharField(_("taken by"), max_length=150)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    ready_at = models.DateTimeField(_("ready at"), null=True, blank=True)
    downloaded_at = models.DateTimeField(_("first downloaded at"), null=True, blank=True)

    class Meta:
        verbose_name = _("customer file")
        verbose_name_plural = _("customer files")
        constraints = [
            models.CheckConstraint(
                condition=Q(content__isnull=True) | Q(ready_at__isnull=False),
                name="customers_export_content_when_ready",
            )
        ]
        indexes = [
            models.Index(fields=["created_by", "-created_at"], name="customers_export_mine"),
            models.Index(
                fields=["ready_at"],
                condition=Q(content__isnull=False),
                name="customers_export_to_purge",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
