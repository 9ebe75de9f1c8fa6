"""Segments, the rules that tag by facts, and what waits for them."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.directory.models import Member
from contacts.org.models import OrgUnit
from customers.crm.models import WHILE_MEMBER, CrmMember
from customers.relations.models import WHILE_CUSTOMER, FollowRelation, RecordChange
from scrm.core.data_map import DataUse
from scrm.core.fields import EncryptedBytesField
from scrm.core.ids import uuid7


class Segment(models.Model):
    """A named set of persons: those who meet a condition now, or those of an audience sent in.

    `condition` is the JSON of customers.segments.conditions; an audience has none, its persons are the
    entries. A shared one is seen by everybody who sees segments, each within their own scope.
    """

    class Kind(models.TextChoices):
        DYNAMIC = "dynamic", _("by condition")
        AUDIENCE = "audience", _("imported audience")

    data_map: ClassVar[dict[str, DataUse]] = {}

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=60)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.DYNAMIC)
    condition = models.JSONField(_("condition"), default=dict, blank=True)
    is_shared = models.BooleanField(_("shared with branches"), default=False)
    # What the sender of an audience calls it; sending the same name again replaces its persons.
    code = models.CharField(_("code"), max_length=64, blank=True)
    expires_at = models.DateTimeField(_("ends"), null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        constraints = [
            models.UniqueConstraint(
                fields=["code"], condition=~Q(code=""), name="customers_segment_one_of_a_code"
            ),
            models.CheckConstraint(
                condition=Q(kind="dynamic") & ~Q(condition={}) | Q(kind="audience", condition={}),
                name="customers_segment_condition_of_dynamic",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def has_ended(self) -> bool:
        """Return whether it holds nobody any more because its time is over."""
        return self.expires_at is not None and self.expires_at <= timezone.now()


class AudienceEntry(models.Model):
    """An identity record of an audience; never the person, so that un-merge is exact."""

    data_map: ClassVar[dict[str, DataUse]] = {}

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="entries")
    record_kind = models.CharField(_("kind"), max_length=8, choices=RecordChange.Kind)
    record_id = models.UUIDField(_("record"))

    class Meta:
        verbose_name = _("entry of an audience")
        verbose_name_plural = _("entries of an audience")
        constraints = [
            models.UniqueConstraint(fields=["segment", "record_id"], name="customers_audience_once")
        ]
        indexes = [models.Index(fields=["record_id"], name="customers_audience_record")]

    def __str__(self) -> str:
        return f"{self.segment_id} {self.record_id}"


class AudienceFile(models.Model):
    """A file of an audience as it was sent in; its bytes go as soon as the job is done."""

    data_map: ClassVar[dict[str, DataUse]] = {
        "filename": DataUse("show what was imported", "staff", "1 year"),
        "content": DataUse("read the rows once", "identity", "until the job ends, at most 1 day"),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    segment = models.ForeignKey(Segment, models.CASCADE, related_name="files")
    filename = models.CharField(_("file"), max_length=200)
    content = EncryptedBytesField(_("content"), null=True, blank=True)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    matched = models.PositiveIntegerField(_("found"), default=0)
    unmatched = models.PositiveIntegerField(_("not found"), default=0)
    job_id = models.UUIDField(_("job"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("file of an audience")
        verbose_name_plural = _("files of audiences")

    def __str__(self) -> str:
        return self.filename


class TagRule(models.Model):
    """IF a person meets the condition THEN their relations (or records) carry the tags.

    `dry_run` is what the newest dry run of this version said; without one of the last day nothing is
    switched on. `version` grows with every change of condition, tags or behaviour.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        ACTIVE = "active", _("switched on")
        STOPPED = "stopped", _("switched off")

    data_map: ClassVar[dict[str, DataUse]] = {}

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=60)
    condition = models.JSONField(_("condition"))
    tag_ids = ArrayField(
        models.CharField(max_length=64), verbose_name=_("WeCom tags"), default=list, blank=True
    )
    local_tag_ids = ArrayField(
        models.BigIntegerField(), verbose_name=_("local tags"), default=list, blank=True
    )
    takes_off = models.BooleanField(_("take the tags off when it no longer holds"), default=False)
    puts_back = models.BooleanField(_("put back what a person took off"), default=False)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.DRAFT)
    problem = models.CharField(_("problem"), max_length=300, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1)
    dry_run = models.JSONField(_("dry run"), default=dict, blank=True)
    dry_run_at = models.DateTimeField(_("dry run at"), null=True, blank=True)
    checked_at = models.DateTimeField(_("all checked at"), null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("tag rule")
        verbose_name_plural = _("tag rules")
        constraints = [
            models.CheckConstraint(
                condition=~Q(tag_ids=[]) | ~Q(local_tag_ids=[]), name="customers_tagrule_has_tags"
            )
        ]

    def __str__(self) -> str:
        return self.name


class RuleMark(models.Model):
    """What a rule did with one tag on one relation: only what it put itself it takes off again.

    `left` is a tag that a person took off after the rule had put it: the rule lets it be. `found` was there
    before the rule came.
    """

    class State(models.TextChoices):
        ASKED = "asked", _("on its way to WeCom")
        PUT = "put", _("put by the rule")
        FOUND = "found", _("was there before")
        LEFT = "left", _("taken off by a person")
        LEAVING = "leaving", _("being taken off")
        OFF = "off", _("taken off by the rule")
        REFUSED = "refused", _("refused by WeCom")

    data_map: ClassVar[dict[str, DataUse]] = {}

    rule = models.ForeignKey(TagRule, models.CASCADE, related_name="marks")
    relation = models.ForeignKey(FollowRelation, models.CASCADE, related_name="+")
    tag_id = models.CharField(_("tag id"), max_length=64)
    state = models.CharField(_("state"), max_length=8, choices=State)
    # The newest outgoing action for it.
    key = models.CharField(_("key"), max_length=64, blank=True, db_index=True)
    at = models.DateTimeField(_("since"), default=timezone.now)

    class Meta:
        verbose_name = _("mark of a rule")
        verbose_name_plural = _("marks of rules")
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "relation", "tag_id"], name="customers_rulemark_once"
            )
        ]
        indexes = [models.Index(fields=["rule", "state"], name="customers_rulemark_state")]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.relation_id} {self.state}"


class FactChange(models.Model):
    """A fact of an identity record changed and the active rules have to look at its person again.

    Written by the database itself (migration 0010) in the transaction of the change, whatever wrote it, while any
    rule is on; drained and deleted by the rules.
    """

    data_map: ClassVar[dict[str, DataUse]] = {}

    record_id = models.UUIDField(_("record"))
    noted_at = models.DateTimeField(_("noted at"), db_default=Now())

    class Meta:
        verbose_name = _("changed fact")
        verbose_name_plural = _("changed facts")

    def __str__(self) -> str:
        return str(self.record_id)


class Invitation(models.Model):
    """A guide is to invite one CRM member to become her friend; over once the member is anybody's friend."""

    data_map: ClassVar[dict[str, DataUse]] = {
        "crm_member": DataUse("give a guide members to invite", "identity", WHILE_MEMBER),
        "guide": DataUse("show who invites", "staff", WHILE_CUSTOMER),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    crm_member = models.ForeignKey(CrmMember, models.CASCADE, related_name="invitations")
    guide = models.ForeignKey(Member, models.CASCADE, related_name="invitations")
    store = models.ForeignKey(OrgUnit, models.PROTECT, related_name="+")
    given_at = models.DateTimeField(_("given at"), default=timezone.now)
    asked_at = models.DateTimeField(_("invited at"), null=True, blank=True)
    joined_at = models.DateTimeField(_("became a friend at"), null=True, blank=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.UniqueConstraint(
                fields=["crm_member"],
                condition=Q(joined_at=None),
                name="customers_invitation_one_open",
            )
        ]
        indexes = [
            models.Index(
                fields=["guide", "-given_at"],
                condition=Q(joined_at=None),
                name="customers_invitation_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.crm_member_id} {self.guide_id}"
