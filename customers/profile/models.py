"""What guides add to a profile: follow-up notes, and the wish not to be contacted."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from contacts.directory.models import Member
from customers.relations.models import WHILE_CUSTOMER, ExternalContact
from scrm.core.data_map import DataUse
from scrm.core.fields import EncryptedTextField
from scrm.core.ids import uuid7


class FollowUpNote(models.Model):
    """What somebody noted about a customer, and when to come back to it."""

    data_map: ClassVar[dict[str, DataUse]] = {
        "text": DataUse("remember what was agreed with a customer", "message", WHILE_CUSTOMER),
        "userid": DataUse("show which guide wrote it", "staff", "2 years"),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    contact = models.ForeignKey(ExternalContact, models.CASCADE, related_name="notes")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    userid = models.CharField(_("userid"), max_length=64, blank=True)
    # Successors of its author: what was noted goes along with a customer who was handed over.
    heirs = models.ManyToManyField(
        Member, blank=True, related_name="+", verbose_name=_("successors")
    )
    text = EncryptedTextField(_("note"))
    next_on = models.DateField(_("come back on"), null=True, blank=True)
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("follow-up note")
        verbose_name_plural = _("follow-up notes")
        indexes = [
            models.Index(fields=["contact", "-created_at"], name="customers_note_contact"),
            models.Index(
                fields=["next_on"],
                condition=Q(next_on__isnull=False, done_at=None),
                name="customers_note_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contact_id} {self.created_at:%F}"


class DoNotContact(models.Model):
    """A customer does not want to be contacted; every change of it is in the audit."""

    data_map: ClassVar[dict[str, DataUse]] = {
        "reason": DataUse("respect and explain the wish", "message", WHILE_CUSTOMER),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    contact = models.OneToOneField(ExternalContact, models.CASCADE, related_name="do_not_contact")
    reason = EncryptedTextField(_("reason"), default="", blank=True)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    set_at = models.DateTimeField(_("set at"), auto_now_add=True)

    class Meta:
        verbose_name = _("do not contact")
        verbose_name_plural = _("do not contact")

    def __str__(self) -> str:
        return str(self.contact_id)
