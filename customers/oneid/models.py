"""One human, many identities: persons, what hangs on them, and why."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from customers.relations.models import RecordChange
from scrm.core.data_map import DataUse
from scrm.core.ids import uuid7

RecordKind = RecordChange.Kind


class Person(models.Model):
    """One human. Facts never hang on a person, only records do, so that un-merge is exact."""

    class State(models.TextChoices):
        ACTIVE = "active", _("in use")
        MERGED = "merged", _("merged into another")

    data_map: ClassVar[dict[str, DataUse]] = {}

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.ACTIVE)
    merged_into = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("persons")

    def __str__(self) -> str:
        return str(self.id)


class PersonLink(models.Model):
    """A record belongs to a person."""

    data_map: ClassVar[dict[str, DataUse]] = {}

    record_kind = models.CharField(_("kind"), max_length=8, choices=RecordKind)
    record_id = models.UUIDField(_("record"), unique=True)
    person = models.ForeignKey(Person, models.PROTECT, related_name="links")
    linked_at = models.DateTimeField(_("linked at"), auto_now_add=True)

    class Meta:
        verbose_name = _("person link")
        verbose_name_plural = _("person links")

    def __str__(self) -> str:
        return f"{self.record_kind} {self.record_id}"


class RecordKey(models.Model):
    """An identifier a record asserts, as of its last reconciliation: the edges of the identity graph.

    Old keys are what tells which other records a change touches. Phones and ID cards are blind indexes in hex.
    `since` is when OneID first saw the record assert it.
    """

    class Kind(models.TextChoices):
        UNIONID = "unionid", _("unionid")
        EXTERNAL_USERID = "external_userid", _("external userid")
        MEMBER_NO = "member_no", _("member number")
        PHONE = "phone", _("verified phone")
        ID_CARD = "id_card", _("ID card")
        WEAK_PHONE = "weak_phone", _("unverified phone")

    data_map: ClassVar[dict[str, DataUse]] = {
        "value": DataUse("join identities and explain why", "identity", "as long as the record"),
    }

    record_kind = models.CharField(_("record kind"), max_length=8, choices=RecordKind)
    record_id = models.UUIDField(_("record"))
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    value = models.CharField(_("value"), max_length=64)
    since = models.DateTimeField(_("since"), db_default=Now())

    class Meta:
        verbose_name = _("record key")
        verbose_name_plural = _("record keys")
        constraints = [
            models.UniqueConstraint(
                fields=["record_id", "kind", "value"], name="customers_recordkey_once"
            ),
        ]
        indexes = [models.Index(fields=["kind", "value"], name="customers_recordkey_value")]

    def __str__(self) -> str:
        return f"{self.record_id} {self.kind}"


class IdentityChange(models.Model):
    """A name by which somebody is found leads to other records than before, or to other facts of them.

    Append-only, in the transaction of the reconciliation; drained and deleted by whoever credits sales.
    Names of a change: unionid, external_userid, and the id of a CRM member.
    """

    class Kind(models.TextChoices):
        UNIONID = "unionid", _("unionid")
        EXTERNAL_USERID = "external_userid", _("external userid")
        MEMBER = "member", _("CRM member")

    data_map: ClassVar[dict[str, DataUse]] = {
        "value": DataUse("find the orders of a person again", "identity", "minutes"),
    }

    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    value = models.CharField(_("value"), max_length=64)
    changed_at = models.DateTimeField(_("changed at"), auto_now_add=True)

    class Meta:
        verbose_name = _("changed identity")
        verbose_name_plural = _("changed identities")

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Conflict(models.Model):
    """A merge that would put two unionids, two active members or too many records on one person; waits.

    `fingerprint` is the same for the same contested records and rule, whatever order they came in.
    `blocks` are the groups of records that the contested keys would have joined.
    """

    class Rule(models.TextChoices):
        TWO_UNIONIDS = "two_unionids", _("two unionids")
        TWO_MEMBERS = "two_members", _("two active CRM members")
        KEPT_APART = "kept_apart", _("kept apart by a person")
        TOO_LARGE = "too_large", _("more records than one person has")

    class State(models.TextChoices):
        OPEN = "open", _("waits for a decision")
        DECIDED = "decided", _("decided")
        GONE = "gone", _("no longer there")

    data_map: ClassVar[dict[str, DataUse]] = {}

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    fingerprint = models.CharField(_("fingerprint"), max_length=64, unique=True)
    rule = models.CharField(_("rule"), max_length=16, choices=Rule)
    key_kind = models.CharField(_("contested key"), max_length=16, choices=RecordKey.Kind)
    record_ids = ArrayField(models.UUIDField(), verbose_name=_("records"))
    blocks = models.JSONField(_("blocks"))
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.OPEN)
    opened_at = models.DateTimeField(_("opened at"), auto_now_add=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("conflict")
        verbose_name_plural = _("conflicts")
        indexes = [
            GinIndex(fields=["record_ids"], name="customers_conflict_records"),
            models.Index(fields=["state", "-opened_at", "-id"], name="customers_conflict_queue"),
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.fingerprint[:8]}"


class SharedKey(models.Model):
    """An identifier that more records share than one human has: it ties nobody until a human allows it.

    A row stays when the records let go of it, with the human's word; without one it is `gone` meanwhile.
    """

    class State(models.TextChoices):
        OPEN = "open", _("waits for a decision")
        IGNORED = "ignored", _("shared: ties nobody, for ever")
        ALLOWED = "allowed", _("one person: may tie its records")
        GONE = "gone", _("no longer there")

    data_map: ClassVar[dict[str, DataUse]] = {
        "value": DataUse("keep shared identifiers from joining people", "identity", "as long as records hold it"),
    }  # fmt: skip

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=16, choices=RecordKey.Kind)
    value = models.CharField(_("value"), max_length=64)
    records = models.PositiveIntegerField(_("records"))
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.OPEN)
    opened_at = models.DateTimeField(_("opened at"), auto_now_add=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(_("decision time"), null=True, blank=True)

    class Meta:
        verbose_name = _("shared identifier")
        verbose_name_plural = _("shared identifiers")
        constraints = [
            models.UniqueConstraint(fields=["kind", "value"], name="customers_sharedkey_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=["open", "gone"], decided_at=None)
                | models.Q(state__in=["ignored", "allowed"], decided_at__isnull=False),
                name="customers_sharedkey_decided_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-opened_at", "-id"], name="customers_sharedkey_queue"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Decision(models.Model):
    """A human's word on two records: one person, or two. Retracted rows stay, with who and when.

    One act of a human may make many rows; they share `act` and are taken back together. A row that another act
    put aside names it in `replaced_by`, and is in force again when that one is taken back.
    """

    class Verdict(models.TextChoices):
        TOGETHER = "together", _("one person")
        APART = "apart", _("different persons")

    data_map: ClassVar[dict[str, DataUse]] = {}

    act = models.UUIDField(_("act"), default=uuid7, db_index=True)
    verdict = models.CharField(_("verdict"), max_length=8, choices=Verdict)
    left_id = models.UUIDField(_("record"))
    right_id = models.UUIDField(_("record"))
    reason = models.CharField(_("reason"), max_length=200)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(_("decision time"), auto_now_add=True)
    retracted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    retracted_at = models.DateTimeField(_("retracted at"), null=True, blank=True)
    replaced_by = models.UUIDField(_("replaced by"), null=True, blank=True)

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        constraints = [
            models.UniqueConstraint(
                fields=["left_id", "right_id"],
                condition=models.Q(retracted_at=None),
                name="customers_decision_one_in_force",
            ),
            models.CheckConstraint(
                condition=models.Q(left_id__lt=models.F("right_id")),
                name="customers_decision_ordered",
            ),
            models.CheckConstraint(
                condition=models.Q(replaced_by=None) | models.Q(retracted_at__isnull=False),
                name="customers_decision_replaced_rests",
            ),
        ]
        indexes = [
            models.Index(fields=["right_id"], name="customers_decision_right"),
            models.Index(
                fields=["replaced_by"],
                condition=models.Q(replaced_by__isnull=False),
                name="customers_decision_replaced",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} {self.left_id} {self.right_id}"


class MergeLog(models.Model):
    """Append-only: records came together on a person, or left it, and on what evidence."""

    class Kind(models.TextChoices):
        MERGE = "merge", _("merged")
        SPLIT = "split", _("split")

    data_map: ClassVar[dict[str, DataUse]] = {}

    at = models.DateTimeField(_("at"), auto_now_add=True)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    person = models.ForeignKey(Person, models.PROTECT, related_name="log")
    record_ids = ArrayField(models.UUIDField(), verbose_name=_("records"))
    # [{"key": kind, "records": [id, …]}]: which keys held the records together; no values.
    evidence = models.JSONField(_("evidence"))
    former = models.JSONField(_("former persons"))
    by_human = models.BooleanField(_("by a person"), default=False)
    # The audit that found the difference, if one did.
    job_id = models.UUIDField(_("job"), null=True, blank=True)

    class Meta:
        verbose_name = _("merge log entry")
        verbose_name_plural = _("merge log")
        indexes = [
            models.Index(fields=["-at", "-id"], name="customers_mergelog_newest"),
            models.Index(fields=["person", "-id"], name="customers_mergelog_person"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.person_id}"
