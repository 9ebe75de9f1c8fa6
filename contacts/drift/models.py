"""What WeCom has and we did not want, what a person said about it, and how each comparison ended."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from contacts.directory.models import Department, Member
from scrm.core.data_map import DataUse
from scrm.core.ids import uuid7


class DriftCheck(models.Model):
    """One comparison of OA and roster, our mirror and WeCom; what it could not read decides nothing."""

    class Outcome(models.TextChoices):
        RUNNING = "running", _("being compared")
        COMPLETE = "complete", _("everything was read")
        PARTIAL = "partial", _("not everything could be read")
        FAILED = "failed", _("could not be compared")

    started_at = models.DateTimeField(_("started at"))
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome, default=Outcome.RUNNING)
    # A code; contacts/drift/words.py says it in the reader's language.
    reason = models.CharField(_("reason"), max_length=16, blank=True)
    member_count = models.PositiveIntegerField(_("accounts"), default=0)
    department_count = models.PositiveIntegerField(_("departments"), default=0)
    unread_count = models.PositiveIntegerField(_("accounts not readable"), default=0)
    opened = models.PositiveIntegerField(_("new differences"), default=0)
    closed = models.PositiveIntegerField(_("differences that are gone"), default=0)
    job_id = models.UUIDField(_("job"), unique=True)

    class Meta:
        verbose_name = _("comparison with WeCom")
        verbose_name_plural = _("comparisons with WeCom")
        indexes = [models.Index(fields=["-started_at"], name="contacts_driftcheck_newest")]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="running", finished_at=None)
                | Q(outcome__in=("complete", "partial", "failed"), finished_at__isnull=False),
                name="contacts_driftcheck_finished_when",
            )
        ]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M} {self.outcome}"


class DriftFinding(models.Model):
    """One difference about one account or department; it closes itself when the difference is gone."""

    class Kind(models.TextChoices):
        UNEXPLAINED = "unexplained", _("account nobody explains")
        LEAVER_ENABLED = "leaver_enabled", _("leaver enabled again")
        ENABLED = "enabled", _("disabled by us, enabled in WeCom")
        DISABLED = "disabled", _("disabled in WeCom, not by us")
        MISSING = "missing", _("account missing in WeCom")
        DEPARTMENT = "department", _("other departments")
        NAME = "name", _("other name")
        POST = "post", _("other post")
        UNREADABLE = "unreadable", _("last written differs")
        UNIT_MISSING = "unit_missing", _("department missing in WeCom")
        UNIT_NAME = "unit_name", _("department renamed")
        UNIT_PARENT = "unit_parent", _("department moved")
        UNIT_EXTRA = "unit_extra", _("department nobody explains")

    class Status(models.TextChoices):
        OPEN = "open", _("to be decided")
        ACCEPTED = "accepted", _("accepted")
        CLOSED = "closed", _("gone")

    LIVE = (Status.OPEN, Status.ACCEPTED)

    data_map: ClassVar[dict[str, DataUse]] = {
        "ours": DataUse("show what we wanted of an account", "staff", "2 years"),
        "theirs": DataUse("show what WeCom says of an account", "staff", "2 years"),
        "reason": DataUse("show why a difference was accepted", "staff", "2 years"),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("difference"), max_length=16, choices=Kind)
    status = models.CharField(_("state"), max_length=8, choices=Status, default=Status.OPEN)
    member = models.ForeignKey(
        Member, models.CASCADE, null=True, blank=True, related_name="drift_findings"
    )
    department = models.ForeignKey(
        Department, models.CASCADE, null=True, blank=True, related_name="drift_findings"
    )
    # Values by field; no phone is ever among them, only whether it differs.
    ours = models.JSONField(_("ours"), default=dict)
    theirs = models.JSONField(_("in WeCom"), default=dict)
    # SHA-256 of both sides: an accepted difference that changes is to be decided again.
    mark = models.CharField(max_length=64)
    found_at = models.DateTimeField(_("found at"))
    seen_at = models.DateTimeField(_("last seen at"))
    closed_at = models.DateTimeField(_("gone at"), null=True, blank=True)
    brought_back = models.BooleanField(_("brought back by us"), default=False)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    # It was accepted before, and changed since.
    has_changed = models.BooleanField(_("changed since it was accepted"), default=False)
    # Why bringing it back failed last.
    problem = models.CharField(_("problem"), max_length=32, blank=True)
    errcode = models.IntegerField(_("errcode"), null=True, blank=True)

    class Meta:
        verbose_name = _("difference to WeCom")
        verbose_name_plural = _("differences to WeCom")
        indexes = [models.Index(fields=["status", "-found_at"], name="contacts_drift_by_status")]
        constraints = [
            models.CheckConstraint(
                condition=Q(member=None, department__isnull=False)
                | Q(member__isnull=False, department=None),
                name="contacts_drift_one_subject",
            ),
            models.UniqueConstraint(
                fields=["kind", "member"],
                condition=Q(status__in=("open", "accepted"), member__isnull=False),
                name="contacts_drift_once_a_member",
            ),
            models.UniqueConstraint(
                fields=["kind", "department"],
                condition=Q(status__in=("open", "accepted"), department__isnull=False),
                name="contacts_drift_once_a_department",
            ),
            models.CheckConstraint(
                condition=~Q(status="accepted") | (~Q(reason="") & Q(decided_at__isnull=False)),
                name="contacts_drift_accepted_why",
            ),
            models.CheckConstraint(
                condition=Q(status="closed", closed_at__isnull=False)
                | (~Q(status="closed") & Q(closed_at=None)),
                name="contacts_drift_closed_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.member_id or self.department_id}"


class DriftWatch(models.Model):
    """When the next comparison is due because WeCom told of a change; one row."""

    due_at = models.DateTimeField(_("due at"), null=True, blank=True)

    class Meta:
        verbose_name = _("next comparison with WeCom")
        verbose_name_plural = _("next comparisons with WeCom")
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="contacts_driftwatch_one_row")
        ]

    def __str__(self) -> str:
        return str(self.due_at or "-")


class SecretSeen(models.Model):
    """Since when a secret without a date of its own stands here; recognised by a keyed hash, never kept."""

    name = models.CharField(_("name"), max_length=96, unique=True)
    fingerprint = models.BinaryField(_("fingerprint"), max_length=32)
    since = models.DateTimeField(_("since"))
    # False: it was there when we first looked, so it is at least this old.
    is_exact = models.BooleanField(_("changed while we looked"), default=False)

    class Meta:
        verbose_name = _("secret seen")
        verbose_name_plural = _("secrets seen")

    def __str__(self) -> str:
        return self.name
