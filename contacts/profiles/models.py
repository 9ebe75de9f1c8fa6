"""What customers see on a guide's card: templates by role and store, and what each account shows."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.directory.models import Member
from contacts.org.models import OrgUnit
from scrm.core.data_map import DataUse
from scrm.core.fields import EncryptedJSONField
from scrm.core.ids import uuid7

MARK_CHARACTERS = 64


class ProfileTemplate(models.Model):
    """The card of the accounts it reaches; with a beginning and an end it is a campaign, which goes first.

    `items`: [{"kind": "text|web|miniprogram", "name", "value", "address", "appid"}] with variables in braces.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")
        RETIRED = "retired", _("withdrawn")

    class ItemKind(models.TextChoices):
        TEXT = "text", _("plain text")
        WEB = "web", _("web page")
        MINI_PROGRAM = "miniprogram", _("mini program")

    name = models.CharField(_("name"), max_length=64)
    unit = models.ForeignKey(
        OrgUnit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="profile_templates",
        verbose_name=_("part of the organisation"),
    )
    posts = ArrayField(
        models.CharField(max_length=128), verbose_name=_("posts"), default=list, blank=True
    )
    # Blank: the account keeps what it shows.
    position_text = models.CharField(_("position shown"), max_length=64, blank=True)
    corp_name = models.CharField(_("company name shown"), max_length=64, blank=True)
    channels_name = models.CharField(_("video account"), max_length=64, blank=True)
    items = models.JSONField(_("lines"), default=list, blank=True)
    starts_at = models.DateTimeField(_("begins"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.DRAFT)
    # Counts changes: accounts that show an older one are written again.
    revision = models.PositiveIntegerField(_("version"), default=1)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    published_at = models.DateTimeField(_("published at"), null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("card template")
        verbose_name_plural = _("card templates")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(starts_at=None, ends_at=None)
                | models.Q(ends_at__gt=models.F("starts_at")),
                name="contacts_profiletemplate_window",
            ),
            # A branch does not learn from a refusal what another one calls its templates.
            models.UniqueConstraint(
                fields=["unit", "name"],
                name="contacts_profiletemplate_name",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_campaign(self) -> bool:
        """Return whether it ends by itself."""
        return self.ends_at is not None

    @property
    def phase(self) -> str:
        """Return where it stands now: draft, retired, waiting, running or over."""
        if self.status != self.Status.PUBLISHED:
            return str(self.status)
        now = timezone.now()
        if self.ends_at is not None and self.ends_at <= now:
            return "over"
        return "waiting" if self.starts_at is not None and self.starts_at > now else "running"


class MemberProfile(models.Model):
    """What an account shows customers, as we wrote it and as we last read it.

    The `for_…` columns say for which facts the card was made: where one differs, the card is made anew.
    """

    class State(models.TextChoices):
        NONE = "none", _("not managed")
        WRITTEN = "written", _("up to date")
        REFUSED = "refused", _("not written")
        DRIFTED = "drifted", _("changed in WeCom")
        ACCEPTED = "accepted", _("change accepted")

    data_map: ClassVar[dict[str, DataUse]] = {
        "for_name": DataUse("see that a name on a card is old", "staff", "employment + 2 years"),
        "before": DataUse("give an account its own card back", "staff", "employment + 2 years"),
        "written": DataUse("show what we wrote to a card", "staff", "employment + 2 years"),
        "seen": DataUse("show how a card differs", "staff", "employment + 2 years"),
        "accepted": DataUse("leave a card as somebody let it be", "staff", "employment + 2 years"),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.OneToOneField(Member, models.CASCADE, related_name="external_profile")
    template = models.ForeignKey(
        ProfileTemplate, models.SET_NULL, null=True, blank=True, related_name="profiles"
    )
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.NONE)
    # Why WeCom or we refused it; contacts/profiles/words.py says it in the reader's language.
    code = models.CharField(_("reason"), max_length=32, blank=True)
    detail = models.CharField(_("detail"), max_length=64, blank=True)
    errcode = models.IntegerField(_("errcode"), null=True, blank=True)
    before = EncryptedJSONField(_("before our first writing"), null=True, blank=True)
    written = EncryptedJSONField(_("written"), null=True, blank=True)
    seen = EncryptedJSONField(_("seen"), null=True, blank=True)
    written_digest = models.CharField(max_length=MARK_CHARACTERS, blank=True)
    written_at = models.DateTimeField(_("written at"), null=True, blank=True)
    seen_at = models.DateTimeField(_("read at"), null=True, blank=True)
    # {"card": as it was seen, "reason": why it may stay so, "company": whether headquarters let it}; it holds until the account gets another card.
    accepted = EncryptedJSONField(_("accepted"), null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    accepted_at = models.DateTimeField(_("accepted at"), null=True, blank=True)
    # WeCom let us read the card when we last tried.
    is_readable = models.BooleanField(_("readable"), default=True)
    for_templates = models.CharField(max_length=MARK_CHARACTERS, blank=True)
    for_name = models.CharField(max_length=64, blank=True)
    for_position = models.CharField(max_length=128, blank=True)
    for_post = models.CharField(max_length=128, blank=True)
    for_path = models.CharField(max_length=255, blank=True)
    for_store = models.BigIntegerField(default=0)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("card")
        verbose_name_plural = _("cards")
        indexes = [models.Index(fields=["state", "member"], name="contacts_profile_state")]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state__in=["written", "drifted", "accepted"])
                | models.Q(written_at__isnull=False),
                name="contacts_profile_written_when",
            ),
            models.CheckConstraint(
                condition=models.Q(state="accepted", accepted_at__isnull=False)
                | ~models.Q(state="accepted") & models.Q(accepted_at=None),
                name="contacts_profile_accepted_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} {self.state}"

    def becomes(self, state: "MemberProfile.State") -> None:
        """Stand elsewhere; what somebody accepted holds no longer, and what was refused is forgotten."""
        self.state = state
        self.code, self.detail, self.errcode = "", "", None
        self.accepted, self.accepted_by, self.accepted_at = None, None, None
