"""What stays of somebody who was forgotten, packages of one person's data, and what the nightly cleaning did."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from scrm.core.data_map import DataUse
from scrm.core.fields import EncryptedBytesField
from scrm.core.ids import uuid7


class Erasure(models.Model):
    """One person was forgotten: when, by whose word, and what it touched; nothing that tells who it was.

    `record_ids` are the keys of the records that were emptied: random numbers, by which a restored copy is
    emptied again.
    """

    class Cause(models.TextChoices):
        REQUEST = "request", _("asked for")
        RETENTION = "retention", _("kept long enough")

    data_map: ClassVar[dict[str, DataUse]] = {}

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    cause = models.CharField(_("why"), max_length=9, choices=Cause)
    record_ids = ArrayField(models.UUIDField(), verbose_name=_("records"))
    erased_at = models.DateTimeField(_("erased at"))
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # Rows by table.
    counts = models.JSONField(_("what was emptied"), default=dict)
    # Set once everything is empty: until then the job goes on.
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        indexes = [models.Index(fields=["-erased_at", "-id"], name="customers_erasure_newest")]

    def __str__(self) -> str:
        return f"{self.cause} {self.erased_at:%F}"

    @property
    def total(self) -> int:
        """Return how many rows were emptied or deleted."""
        return sum(self.counts.values())


class Tombstone(models.Model):
    """A name of somebody who was forgotten, as a keyed hash: whoever brings it again is recognised.

    The hash is under a key that never changes, for the name it was made of is not kept.
    """

    class Kind(models.TextChoices):
        UNIONID = "unionid", _("unionid")
        EXTERNAL_USERID = "external_userid", _("external userid")
        MEMBER_NO = "member_no", _("member number")
        PHONE = "phone", _("phone")

    data_map: ClassVar[dict[str, DataUse]] = {
        "digest": DataUse(
            "keep who was forgotten forgotten", "identity", "for ever, as a keyed hash"
        ),
    }

    digest = models.BinaryField(_("keyed hash"), max_length=32, unique=True)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    erasure = models.ForeignKey(Erasure, models.CASCADE, related_name="tombstones")
    erased_at = models.DateTimeField(_("erased at"))

    class Meta:
        verbose_name = _("tombstone")
        verbose_name_plural = _("tombstones")

    def __str__(self) -> str:
        return f"{self.kind} {self.erased_at:%F}"


class SubjectPackage(models.Model):
    """Everything we hold about one person, as a file for that person; goes after some days."""

    class State(models.TextChoices):
        MAKING = "making", _("being made")
        READY = "ready", _("ready to be taken")
        GONE = "gone", _("deleted")
        FAILED = "failed", _("failed")

    data_map: ClassVar[dict[str, DataUse]] = {
        "content": DataUse("answer a person who asks what we hold", "identity", "7 days"),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # The record it was asked about; all records of its person are in it.
    record_id = models.UUIDField(_("record"))
    state = models.CharField(_("state"), max_length=6, choices=State, default=State.MAKING)
    content = EncryptedBytesField(_("file"), null=True, blank=True)
    # Rows by table.
    counts = models.JSONField(_("what is in it"), default=dict)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    made_at = models.DateTimeField(_("made at"), null=True, blank=True)
    created_at = models.DateTimeField(_("asked at"), auto_now_add=True)

    class Meta:
        verbose_name = _("package of a person's data")
        verbose_name_plural = _("packages of persons' data")
        constraints = [
            models.CheckConstraint(
                condition=Q(state="ready", content__isnull=False)
                | ~Q(state="ready") & Q(content__isnull=True),
                name="customers_package_ready_has_file",
            )
        ]
        indexes = [models.Index(fields=["-created_at", "-id"], name="customers_package_newest")]

    def __str__(self) -> str:
        return f"{self.record_id} {self.state}"

    @property
    def total(self) -> int:
        """Return how many rows are in it."""
        return sum(self.counts.values())
