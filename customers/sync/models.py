"""A full read of all customers: its runs, the chains they read, what was missed, who could not be read."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from contacts.directory.models import Member
from customers.relations.models import FollowRelation
from scrm.core.data_map import DataUse
from scrm.core.ids import uuid7


class SyncRun(models.Model):
    """One read of the customers of every member, compared with what we held."""

    class Outcome(models.TextChoices):
        RUNNING = "running", _("under way")
        COMPLETE = "complete", _("everything was read")
        PARTIAL = "partial", _("not everything could be read")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    job_id = models.UUIDField(_("job"), unique=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    started_at = models.DateTimeField(_("started at"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome, default=Outcome.RUNNING)
    # Relations there should be about, for the time left; 0 while nobody can tell.
    expected = models.PositiveIntegerField(_("expected relations"), default=0)
    members = models.PositiveIntegerField(_("members"), default=0)
    calls = models.PositiveIntegerField(_("calls"), default=0)
    # Calls that WeCom refused for their number: 45009, 45033.
    refusals = models.PositiveIntegerField(_("refused for their number"), default=0)
    parallel = models.PositiveSmallIntegerField(_("calls at once"), default=0)
    read = models.PositiveIntegerField(_("relations read"), default=0)
    created = models.PositiveIntegerField(_("new"), default=0)
    updated = models.PositiveIntegerField(_("changed"), default=0)
    lost = models.PositiveIntegerField(_("lost"), default=0)
    # Seconds it has really worked: pauses of days do not slow the rate.
    worked_seconds = models.FloatField(_("seconds of work"), default=0)
    waits_for = models.CharField(_("waiting for"), max_length=200, blank=True)
    waits_until = models.DateTimeField(_("waits until"), null=True, blank=True)
    # Far more are missing than are ever lost at once: nobody is lost until a person has said so.
    held = models.PositiveIntegerField(_("missing, held for a person"), default=0)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    released_at = models.DateTimeField(_("released at"), null=True, blank=True)

    class Meta:
        verbose_name = _("customer sync")
        verbose_name_plural = _("customer syncs")
        indexes = [models.Index(fields=["-started_at", "-id"], name="customers_sync_newest")]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="running", finished_at=None)
                | (~Q(outcome="running") & Q(finished_at__isnull=False)),
                name="customers_sync_finished_when",
            )
        ]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M} {self.outcome}"


class SyncChain(models.Model):
    """At most fifty members read one page after the other; where it stands is kept with every page."""

    class State(models.TextChoices):
        OPEN = "open", _("to be read")
        DONE = "done", _("read to the end")
        FAILED = "failed", _("could not be read")

    data_map: ClassVar[dict[str, DataUse]] = {
        "userids": DataUse("whose customers are read", "staff", "90 days"),
    }

    run = models.ForeignKey(SyncRun, models.CASCADE, related_name="chains")
    number = models.PositiveIntegerField(_("number"))
    userids = ArrayField(models.CharField(max_length=64))
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.OPEN)
    # A walk from the first page to the last one; begun again, it is another one.
    listing = models.UUIDField(_("walk"), default=uuid4)
    began_at = models.DateTimeField(_("began at"), null=True, blank=True)
    cursor = models.CharField(_("cursor"), max_length=512, blank=True)
    pages = models.PositiveIntegerField(_("pages"), default=0)
    read = models.PositiveIntegerField(_("relations read"), default=0)
    restarts = models.PositiveSmallIntegerField(_("begun again"), default=0)

    class Meta:
        verbose_name = _("chain of a sync")
        verbose_name_plural = _("chains of a sync")
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="customers_chain_once"),
            models.CheckConstraint(
                condition=Q(state="failed") | Q(pages=0) | Q(began_at__isnull=False),
                name="customers_chain_begun",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.number} {self.state}"


class SyncFault(models.Model):
    """One member whose customers could not be read, and WeCom's code; nobody of theirs is lost by that."""

    data_map: ClassVar[dict[str, DataUse]] = {
        "userid": DataUse("whose customers could not be read", "staff", "90 days"),
    }

    run = models.ForeignKey(SyncRun, models.CASCADE, related_name="faults")
    userid = models.CharField(_("userid"), max_length=64)
    errcode = models.IntegerField(_("errcode"), null=True, blank=True)
    # The class of the error: its words where no code came.
    kind = models.CharField(max_length=16)

    class Meta:
        verbose_name = _("member that could not be read")
        verbose_name_plural = _("members that could not be read")
        constraints = [
            models.UniqueConstraint(fields=["run", "userid"], name="customers_syncfault_once")
        ]

    def __str__(self) -> str:
        return f"{self.userid} {self.errcode}"


class MemberRead(models.Model):
    """When the last complete read of a member began; before there was one, nothing of theirs was "missed"."""

    member = models.OneToOneField(
        Member, models.CASCADE, primary_key=True, related_name="customers_read"
    )
    complete_at = models.DateTimeField(_("completely read at"))

    class Meta:
        verbose_name = _("complete read of a member")
        verbose_name_plural = _("complete reads of members")

    def __str__(self) -> str:
        return f"{self.member_id} {self.complete_at:%F %T}"


class Unlisted(models.Model):
    """A relation that a complete read did not list: lost only if a second look does not list it either."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", _("waits for a second look")
        LOST = "lost", _("lost")
        LISTED = "listed", _("still there")
        UNKNOWN = "unknown", _("could not be looked at")

    run = models.ForeignKey(SyncRun, models.CASCADE, related_name="unlisted")
    relation = models.ForeignKey(FollowRelation, models.CASCADE, related_name="+")
    began_at = models.DateTimeField(_("read began at"))
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome, default=Outcome.WAITING)

    class Meta:
        verbose_name = _("relation that was not listed")
        verbose_name_plural = _("relations that were not listed")
        constraints = [
            models.UniqueConstraint(fields=["run", "relation"], name="customers_unlisted_once")
        ]
        indexes = [models.Index(fields=["run", "outcome"], name="customers_unlisted_waiting")]

    def __str__(self) -> str:
        return f"{self.relation_id} {self.outcome}"


class MissedChange(models.Model):
    """A change of a relation that no event told us of, found by comparing; `told_at`: its event came after all."""

    class Kind(models.TextChoices):
        ADDED = "added", _("added")
        ADDED_AGAIN = "again", _("added again")
        RECEIVED = "received", _("received by a hand-over")
        LOST = "lost", _("lost")
        HANDED_OVER = "handed", _("handed over")
        TAGS = "tags", _("tags changed")
        REMARK = "remark", _("remark changed")

    run = models.ForeignKey(SyncRun, models.CASCADE, related_name="missed")
    relation = models.ForeignKey(FollowRelation, models.CASCADE, related_name="missed_changes")
    kind = models.CharField(_("change"), max_length=8, choices=Kind)
    # Tag ids by "added" and "removed"; nothing personal.
    detail = models.JSONField(_("detail"), default=dict)
    found_at = models.DateTimeField(_("found at"))
    told_at = models.DateTimeField(_("told after all at"), null=True, blank=True)

    class Meta:
        verbose_name = _("missed change")
        verbose_name_plural = _("missed changes")
        constraints = [
            models.UniqueConstraint(
                fields=["run", "relation", "kind"], name="customers_missed_once"
            ),
            models.CheckConstraint(
                condition=Q(told_at=None) | Q(told_at__gte=F("found_at")),
                name="customers_missed_told_after",
            ),
        ]
        indexes = [
            models.Index(fields=["-found_at", "-id"], name="customers_missed_newest"),
            models.Index(
                fields=["relation"], condition=Q(told_at=None), name="customers_missed_untold"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.relation_id} {self.kind}"
