"""Fields a company adds to its customers itself: what they mean, who may see them, and the values."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from customers.crm.models import CrmMember
from customers.relations.models import ExternalContact
from scrm.core.data_map import DataUse
from scrm.core.fields import EncryptedJSONField
from scrm.core.ids import uuid7

AS_FIELD_SAYS = "as its field says"


class FieldDefinition(models.Model):
    """One field; its key, type, class and record never change, or values would mean something else.

    `seen_by` and `edited_by` name roles by code: who is in neither does not know the field exists.
    """

    class Type(models.TextChoices):
        TEXT = "text", _("free text")
        NUMBER = "number", _("a number")
        DATE = "date", _("a day")
        CHOICE = "choice", _("one of several")
        CHOICES = "choices", _("some of several")
        YES_NO = "yes_no", _("yes or no")
        PHONE = "phone", _("a phone number")

    class Class(models.TextChoices):
        IDENTITY = "identity", _("identity: who somebody is")
        CONTACT = "contact", _("contact: how to reach somebody")
        MESSAGE = "message", _("message: what somebody told us")
        BEHAVIOUR = "behaviour", _("behaviour: what somebody likes or does")

    class Record(models.TextChoices):
        CONTACT = "contact", _("the WeCom customer")
        MEMBER = "member", _("the CRM member")

    class Retention(models.TextChoices):
        CUSTOMER = "customer", _("while a customer, and 2 years")
        YEAR = "1y", _("1 year after the last change")
        TWO_YEARS = "2y", _("2 years after the last change")
        FIVE_YEARS = "5y", _("5 years after the last change")

    # Classes whose values lie encrypted in the database.
    PERSONAL = (Class.IDENTITY, Class.CONTACT, Class.MESSAGE)
    WITH_CHOICES = (Type.CHOICE, Type.CHOICES)

    data_map: ClassVar[dict[str, DataUse]] = {}

    key = models.CharField(_("key"), max_length=32, unique=True)
    name = models.CharField(_("name of the field"), max_length=32)
    type = models.CharField(_("type of the field"), max_length=8, choices=Type)
    choices = ArrayField(
        models.CharField(max_length=32),
        verbose_name=_("choices of the field"),
        default=list,
        blank=True,
    )
    purpose = models.CharField(_("purpose"), max_length=200)
    data_class = models.CharField(_("class"), max_length=9, choices=Class)
    record = models.CharField(_("belongs to"), max_length=7, choices=Record)
    retention = models.CharField(_("kept how long"), max_length=8, choices=Retention)
    seen_by = ArrayField(models.CharField(max_length=32), verbose_name=_("seen by"), default=list)
    edited_by = ArrayField(
        models.CharField(max_length=32), verbose_name=_("changed by"), default=list, blank=True
    )
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    retired_at = models.DateTimeField(_("retired at"), null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("customer field")
        verbose_name_plural = _("customer fields")
        constraints = [
            models.CheckConstraint(
                condition=Q(key__regex=r"^[a-z][a-z0-9_]{0,31}$"), name="customers_field_key"
            ),
            models.CheckConstraint(
                condition=(Q(type__in=("choice", "choices")) & ~Q(choices=[]))
                | (~Q(type__in=("choice", "choices")) & Q(choices=[])),
                name="customers_field_choices_of_choice",
            ),
            models.CheckConstraint(
                condition=~Q(purpose="") & ~Q(seen_by=[]), name="customers_field_purpose_and_reader"
            ),
            models.CheckConstraint(
                condition=Q(seen_by__contains=F("edited_by")), name="customers_field_writers_read"
            ),
            models.CheckConstraint(
                condition=~Q(type="phone") | Q(data_class="contact"),
                name="customers_field_phone_is_contact",
            ),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def is_personal(self) -> bool:
        """Return whether its values lie encrypted."""
        return self.data_class in self.PERSONAL


class FieldValue(models.Model):
    """What a field says of one record: sealed when the class is personal, else plain and searchable.

    It hangs on the record, never on the person, so that un-merge is exact. Values are JSON: text, "12.50"
    (a number as text in `sealed`, a number in `plain`), "2026-11-21", true, or a list of choices.
    `value_index` is a blind index of a sealed value, for exact search.
    """

    data_map: ClassVar[dict[str, DataUse]] = {
        "sealed": DataUse("what the company asked about a customer", "identity", AS_FIELD_SAYS),
        "plain": DataUse("what the company asked about a customer", "behaviour", AS_FIELD_SAYS),
        "value_index": DataUse("find customers by a sealed value", "identity", AS_FIELD_SAYS),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    field = models.ForeignKey(FieldDefinition, models.PROTECT, related_name="values")
    contact = models.ForeignKey(
        ExternalContact, models.CASCADE, null=True, blank=True, related_name="field_values"
    )
    member = models.ForeignKey(
        CrmMember, models.CASCADE, null=True, blank=True, related_name="field_values"
    )
    sealed = EncryptedJSONField(_("sealed value"), null=True, blank=True)
    plain = models.JSONField(_("value"), null=True, blank=True)
    value_index = models.BinaryField(_("index of the value"), max_length=32, null=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    updated_at = models.DateTimeField(_("updated at"))

    class Meta:
        verbose_name = _("value of a customer field")
        verbose_name_plural = _("values of customer fields")
        constraints = [
            models.CheckConstraint(
                condition=Q(contact=None, member__isnull=False)
                | Q(contact__isnull=False, member=None),
                name="customers_fieldvalue_one_record",
            ),
            models.CheckConstraint(
                condition=Q(sealed__isnull=True, plain__isnull=False, value_index=None)
                | Q(sealed__isnull=False, plain__isnull=True, value_index__isnull=False),
                name="customers_fieldvalue_sealed_or_plain",
            ),
            models.UniqueConstraint(
                fields=["contact", "field"],
                condition=Q(contact__isnull=False),
                name="customers_fieldvalue_contact_once",
            ),
            models.UniqueConstraint(
                fields=["member", "field"],
                condition=Q(member__isnull=False),
                name="customers_fieldvalue_member_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["field", "value_index"],
                condition=Q(value_index__isnull=False),
                name="customers_fieldvalue_index",
            ),
            models.Index(
                fields=["field", "plain"],
                condition=Q(plain__isnull=False),
                name="customers_fieldvalue_plain",
            ),
            GinIndex(
                OpClass(F("plain"), name="jsonb_path_ops"),
                condition=Q(plain__isnull=False),
                name="customers_fieldvalue_lists",
            ),
            models.Index(fields=["field", "updated_at"], name="customers_fieldvalue_age"),
        ]

    def __str__(self) -> str:
        return f"{self.field_id} {self.contact_id or self.member_id}"
