"""Changes of stores: closing, merging, moving, opening again; planned, looked at, approved, applied on their day."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from contacts.org.models import OrgUnit
from scrm.core.data_map import DataUse


class StoreChange(models.Model):
    """The closing, merging, moving or opening again of a store: planned, looked at, approved, applied on its day."""

    class Kind(models.TextChoices):
        CLOSE = "close", _("close")
        MERGE = "merge", _("merge into another store")
        MOVE = "move", _("move to another branch or dealer")
        OPEN = "open", _("open again")

    class Status(models.TextChoices):
        PLANNED = "planned", _("waits for approval")
        DUE = "due", _("approved, waits for its day")
        APPLYING = "applying", _("being applied")
        APPLIED = "applied", _("carried out")
        PARTIAL = "partial", _("applied with failures")
        CANCELLED = "cancelled", _("given up")

    WITH_TARGET = (Kind.MERGE, Kind.MOVE)
    ONGOING = (Status.PLANNED, Status.DUE, Status.APPLYING)
    # May be given up.
    ENDABLE = (Status.PLANNED, Status.DUE, Status.PARTIAL)
    data_map: ClassVar[dict[str, DataUse]] = {}

    kind = models.CharField(_("what happens"), max_length=5, choices=Kind)
    store = models.ForeignKey(OrgUnit, models.PROTECT, related_name="changes")
    # The store that takes over, or the unit it moves to.
    target = models.ForeignKey(OrgUnit, models.PROTECT, null=True, related_name="+")
    effective_on = models.DateField(_("effective on"))
    reason = models.CharField(_("reason"), max_length=200)
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.PLANNED)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    job_id = models.UUIDField(_("job"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    class Meta:
        verbose_name = _("change of a store")
        verbose_name_plural = _("changes of stores")
        constraints = [
            models.UniqueConstraint(
                fields=["store"],
                condition=models.Q(status__in=["planned", "due", "applying"]),
                name="contacts_storechange_one_ongoing",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=["close", "open"], target=None)
                | models.Q(kind__in=["merge", "move"], target__isnull=False),
                name="contacts_storechange_target",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.store_id}"


class StoreChangeStep(models.Model):
    """One step of a change: what it is about, what becomes of it, and what came of it."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("waits")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        KEPT = "kept", _("stays as it is")

    data_map: ClassVar[dict[str, DataUse]] = {
        "subject": DataUse("say which account, code or entry a step is about", "staff", "1 year"),
    }

    # Put on the steps of a page: what happens, in the reader's language.
    words = ""

    change = models.ForeignKey(StoreChange, models.CASCADE, related_name="steps")
    position = models.PositiveIntegerField(_("position"))
    # "org.binding", "live_codes.code": the part that plans and does it, and its word for it.
    act = models.CharField(_("step"), max_length=40)
    key = models.CharField(_("key"), max_length=64, blank=True)
    subject = models.CharField(_("about"), max_length=200, blank=True)
    status = models.CharField(_("status"), max_length=7, choices=Status, default=Status.WAITING)
    outcome = models.CharField(_("outcome"), max_length=300, blank=True)
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)

    class Meta:
        verbose_name = _("step of a change")
        verbose_name_plural = _("steps of a change")
        constraints = [
            models.UniqueConstraint(fields=["change", "position"], name="contacts_changestep_once")
        ]

    def __str__(self) -> str:
        return f"{self.change_id} #{self.position}"
