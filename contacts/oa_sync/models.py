"""One reading of the OA: its files, refused rows, plan and what became of each item."""

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.directory.models import Member
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
    # OA codes; everything below them counts too.
    departments = ArrayField(
        models.CharField(max_length=64),
        verbose_name=_("departments that get accounts"),
        default=list,
        blank=True,
    )
    states = ArrayField(
        models.CharField(max_length=12),
        verbose_name=_("employment states that get an account"),
        default=list,
        blank=True,
    )
    invite = models.BooleanField(_("let WeCom send its invitation"), default=True)
    # WeCom's asynchronous import writes thousands of accounts in one call, but says less of each.
    batch_api = models.BooleanField(_("write many accounts by WeCom's import"), default=False)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("OA policy")
        verbose_name_plural = _("OA policies")
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="contacts_oapolicy_one_row"),
            models.CheckConstraint(
                condition=models.Q(states__contained_by=["active", "probation", "intern"]),
                name="contacts_oapolicy_states_known",
            ),
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
    # `source` of files that a person handed in; else the kind of a connector.
    UPLOADED = "file"
    GOOD = (Status.APPLIED, Status.PARTIAL, Status.UNCHANGED)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.READING)
    source = models.CharField(_("source"), max_length=16, default=UPLOADED)
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
    doubt_count = models.PositiveIntegerField(_("accounts to decide on"), default=0)
    managed_count = models.PositiveIntegerField(_("managed accounts"), default=0)
    hold = models.JSONField(_("why it is held"), default=dict, blank=True)
    mirror_mark = models.CharField(_("mirror at planning"), max_length=64, blank=True)
    message = models.TextField(_("message"), blank=True)
    # The code of what could not be read; "columns_missing" is mended by saying which column is which.
    failure = models.CharField(_("error"), max_length=32, blank=True)
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
    # When the OA was as this run says: earlier than the reading where a file lay in the drop folder.
    as_of = models.DateTimeField(_("stands as of"), default=timezone.now)
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
    def needs_columns(self) -> bool:
        """Return whether the uploaded files were not understood for their columns' names."""
        return self.status == self.Status.FAILED and self.failure == "columns_missing"

    @property
    def was_old(self) -> bool:
        """Return whether what was read was more than a day old already."""
        return self.created_at - self.as_of > timedelta(days=1)

    @property
    def waits_for_approval(self) -> bool:
        """Return whether a human has to decide."""
        return self.status in self.OPEN


class OaAdoption(models.Model):
    """An account that may be an employee's already, and what a person decided about the pair."""

    class How(models.TextChoices):
        USERID = "userid", _("the userid follows the rule")
        PHONE = "phone", _("WeCom knows the phone under this account")
        NAME = "name", _("same name in the same department")
        DECIDED = "decided", _("claimed twice")

    class Status(models.TextChoices):
        WAITING = "waiting", _("to be decided")
        SAME = "same", _("same person")
        OTHER = "other", _("somebody else")

    data_map: ClassVar[dict[str, DataUse]] = {
        "job_number": DataUse("tie an account to an employee", "staff", "employment + 2 years"),
        "detail": DataUse("show both sides to who decides", "staff", "employment + 2 years"),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    job_number = models.CharField(_("job number"), max_length=64)
    member = models.ForeignKey(Member, models.CASCADE, related_name="adoptions")
    how = models.CharField(_("found by"), max_length=8, choices=How)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.WAITING)
    # {"name", "department", "post"}: the employee as the OA says; the account stands in the mirror.
    detail = EncryptedJSONField(_("employee"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("doubtful account")
        verbose_name_plural = _("doubtful accounts")
        constraints = [
            models.UniqueConstraint(
                fields=["job_number", "member"], name="contacts_oaadoption_pair_once"
            ),
            models.UniqueConstraint(
                fields=["job_number"],
                condition=models.Q(status="same"),
                name="contacts_oaadoption_one_account",
            ),
            models.UniqueConstraint(
                fields=["member"],
                condition=models.Q(status="same"),
                name="contacts_oaadoption_one_employee",
            ),
            models.CheckConstraint(
                condition=models.Q(status="waiting", decided_at=None)
                | models.Q(status__in=("same", "other"), decided_at__isnull=False),
                name="contacts_oaadoption_decided_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job_number} {self.status}"


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

    DEPARTMENT_KINDS = (Kind.DEPARTMENT_ADOPT, Kind.DEPARTMENT_CREATE, Kind.DEPARTMENT_UPDATE)

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
