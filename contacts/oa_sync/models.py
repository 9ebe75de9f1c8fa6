"""One reading of the OA: its files, refused rows, plan and what became of each item."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from scrm.core.data_map import DataUse
from scrm.core.fields import EncryptedBytesField, EncryptedJSONField
from scrm.core.ids import uuid7


class OaPolicy(models.Model):
    """Which employees get a WeCom account; one row, changed by IT or HQ."""

    posts = ArrayField(
        models.CharField(max_length=128),
        verbose_name=_("posts that get an account"),
        default=list,
        blank=True,
        help_text=_("One a line; empty means every post."),
    )
    invite = models.BooleanField(_("let WeCom send its invitation"), default=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("OA policy")
        verbose_name_plural = _("OA policies")
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="contacts_oapolicy_one_row")
        ]

    def __str__(self) -> str:
        return ", ".join(self.posts) or "*"


class OaRun(models.Model):
    """One reading of the OA, from the file to the result."""

    class Status(models.TextChoices):
        READING = "reading", _("being read")
        PLANNED = "planned", _("plan waits for approval")
        HELD = "held", _("held: removes too much")
        APPLYING = "applying", _("being carried out")
        APPLIED = "applied", _("carried out")
        PARTIAL = "partial", _("carried out in part")
        CANCELLED = "cancelled", _("cancelled")
        EXPIRED = "expired", _("expired")
        UNCHANGED = "unchanged", _("nothing to do")
        FAILED = "failed", _("could not be read")

    OPEN = (Status.PLANNED, Status.HELD)
    GOOD = (Status.APPLIED, Status.PARTIAL, Status.UNCHANGED)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.READING)
    source = models.CharField(_("source"), max_length=16, default="file")
    source_name = models.CharField(_("files"), max_length=255, blank=True)
    department_count = models.PositiveIntegerField(_("departments"), default=0)
    employee_count = models.PositiveIntegerField(_("employees"), default=0)
    error_count = models.PositiveIntegerField(_("refused rows"), default=0)
    warning_count = models.PositiveIntegerField(_("doubtful rows"), default=0)
    # Counted over rows that passed; "last good" compares with this.
    valid_count = models.PositiveIntegerField(_("employees that passed"), default=0)
    item_counts = models.JSONField(_("plan"), default=dict, blank=True)
    removal_count = models.PositiveIntegerField(_("removals"), default=0)
    withheld_count = models.PositiveIntegerField(_("withheld removals"), default=0)
    managed_count = models.PositiveIntegerField(_("managed accounts"), default=0)
    hold = models.JSONField(_("why it is held"), default=dict, blank=True)
    mirror_mark = models.CharField(_("mirror at planning"), max_length=64, blank=True)
    message = models.TextField(_("message"), blank=True)
    plan_job_id = models.UUIDField(_("planning job"), null=True, blank=True)
    apply_job_id = models.UUIDField(_("applying job"), null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    approval_reason = models.CharField(_("reason"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    planned_at = models.DateTimeField(_("planned at"), null=True, blank=True)
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    class Meta:
        verbose_name = _("OA run")
        verbose_name_plural = _("OA runs")
        constraints = [
            models.UniqueConstraint(
                fields=["status"],
                condition=models.Q(status="applying"),
                name="contacts_oarun_one_applying",
            )
        ]

    def __str__(self) -> str:
        return f"{self.source_name} {self.status}"

    @property
    def waits_for_approval(self) -> bool:
        """Return whether a human has to decide."""
        return self.status in self.OPEN


class OaFile(models.Model):
    """What was read: the uploaded file, and the rows that passed, so that a plan can be redone."""

    class Role(models.TextChoices):
        DEPARTMENTS = "departments", _("departments")
        EMPLOYEES = "employees", _("employees")

    data_map: ClassVar[dict[str, DataUse]] = {
        "content": DataUse("read the file once more", "staff", "90 days"),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey(OaRun, models.CASCADE, related_name="files")
    role = models.CharField(_("holds"), max_length=12, choices=Role)
    filename = models.CharField(_("file"), max_length=200)
    content = EncryptedBytesField(_("content"))

    class Meta:
        verbose_name = _("OA file")
        verbose_name_plural = _("OA files")
        constraints = [
            models.UniqueConstraint(fields=["run", "role"], name="contacts_oafile_one_per_role")
        ]

    def __str__(self) -> str:
        return self.filename


class OaRowError(models.Model):
    """A row that was refused or is doubtful, kept as it came, with what is wrong and what to do."""

    class Severity(models.TextChoices):
        ERROR = "error", _("refused")
        WARNING = "warning", _("taken over in part")

    data_map: ClassVar[dict[str, DataUse]] = {
        "detail": DataUse("give the row back to be repaired", "staff", "90 days"),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey(OaRun, models.CASCADE, related_name="row_errors")
    role = models.CharField(_("file"), max_length=12, choices=OaFile.Role)
    row_number = models.PositiveIntegerField(_("row"))
    field = models.CharField(_("field"), max_length=32, blank=True)
    column = models.CharField(_("column"), max_length=64, blank=True)
    severity = models.CharField(
        _("severity"), max_length=8, choices=Severity, default=Severity.ERROR
    )
    code = models.CharField(_("error"), max_length=32)
    # {"value": …, "params": {…}, "row": {header: cell}}
    detail = EncryptedJSONField(_("detail"))

    class Meta:
        verbose_name = _("refused row")
        verbose_name_plural = _("refused rows")
        indexes = [models.Index(fields=["run", "role", "row_number", "id"])]

    def __str__(self) -> str:
        return f"{self.role} {self.row_number} {self.code}"


class OaPlanItem(models.Model):
    """One change of the plan, and its outcome."""

    class Kind(models.TextChoices):
        DEPARTMENT_ADOPT = "department_adopt", _("department: take over")
        DEPARTMENT_CREATE = "department_create", _("department: create")
        DEPARTMENT_UPDATE = "department_update", _("department: rename or move")
        MEMBER_CREATE = "member_create", _("member: create")
        MEMBER_UPDATE = "member_update", _("member: change")
        MEMBER_MOVE = "member_move", _("member: move")
        MEMBER_ENABLE = "member_enable", _("member: enable again")
        MEMBER_DISABLE = "member_disable", _("member: disable")

    class Status(models.TextChoices):
        WAITING = "waiting", _("to be done")
        DONE = "done", _("done")
        FAILED = "failed", _("went wrong")
        SKIPPED = "skipped", _("left out")

    data_map: ClassVar[dict[str, DataUse]] = {
        "before": DataUse("show what a change replaces", "staff", "2 years"),
        "after": DataUse("show and write a change", "staff", "2 years"),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey(OaRun, models.CASCADE, related_name="items")
    position = models.PositiveIntegerField(_("position"))
    kind = models.CharField(_("change"), max_length=20, choices=Kind)
    # userid of a member, OA code of a department
    key = models.CharField(_("key"), max_length=64)
    reason = models.CharField(_("reason"), max_length=32)
    before = EncryptedJSONField(_("before"), default=dict, blank=True)
    after = EncryptedJSONField(_("after"), default=dict, blank=True)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.WAITING)
    errcode = models.IntegerField(_("errcode"), null=True, blank=True)
    # A code; contacts/oa_sync/words.py says it in the reader's language.
    outcome = models.CharField(_("outcome"), max_length=32, blank=True)
    applied_at = models.DateTimeField(_("applied at"), null=True, blank=True)

    class Meta:
        verbose_name = _("plan item")
        verbose_name_plural = _("plan items")
        constraints = [
            models.UniqueConstraint(fields=["run", "position"], name="contacts_oaitem_position"),
            models.UniqueConstraint(fields=["run", "kind", "key"], name="contacts_oaitem_once"),
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.kind} {self.key}"
