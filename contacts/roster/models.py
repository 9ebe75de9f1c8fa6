"""People of dealers and branches who are not in the OA: who answers for them, where, and until when."""

from datetime import date
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.directory.models import Member
from contacts.org.datums import Datum
from contacts.org.models import OrgUnit
from scrm.core.data_map import DataUse
from scrm.core.fields import EncryptedTextField
from scrm.core.ids import uuid7


class RosterFile(models.Model):
    """A file of people: previewed row by row, then sent to headquarters by whoever uploaded it."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("waits for you")
        SENT = "sent", _("sent to headquarters")
        DROPPED = "dropped", _("given up")

    data_map: ClassVar[dict[str, DataUse]] = {
        "content": DataUse("give refused rows back as they were sent", "staff", "90 days"),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    filename = models.CharField(_("file"), max_length=200)
    content = EncryptedTextField(_("rows"))
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.WAITING)
    # {"sent": n, "refused": [[row number, code, {…}], …]} once it was decided.
    result = models.JSONField(_("result"), default=dict, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    class Meta:
        verbose_name = _("file of roster people")
        verbose_name_plural = _("files of roster people")

    def __str__(self) -> str:
        return self.filename


class RosterPerson(models.Model):
    """One person on the roster, from the sending to the end; somebody who comes back is a second row."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waits for headquarters")
        MAKING = "making", _("approved, account being made")
        FAILED = "failed", _("approved, account not made")
        ACTIVE = "active", _("has an account")
        REFUSED = "refused", _("refused")
        ENDED = "ended", _("ended")

    # In these nobody else may have the phone.
    LIVING = (State.WAITING, State.MAKING, State.FAILED, State.ACTIVE)
    APPROVED = (State.MAKING, State.FAILED, State.ACTIVE)

    class Channel(models.TextChoices):
        FILE = "file", _("file")
        PHONE = "phone", _("phone")
        CONSOLE = "console", _("console")

    class Ending(models.TextChoices):
        EXPIRED = "expired", _("the time was over")
        BY_HAND = "by_hand", _("ended by a person")
        IN_OA = "in_oa", _("is in the OA now")
        WITHDRAWN = "withdrawn", _("taken back before a decision")

    data_map: ClassVar[dict[str, DataUse]] = {
        "name": DataUse("name the account in WeCom", "staff", "time on the roster + 30 days"),
        "phone": DataUse(
            "invite the person to WeCom", "staff", "time on the roster + 30 days"
        ),
        "phone_index": DataUse(
            "tell people apart and find who comes back", "staff", "time on the roster + 30 days"
        ),
        "userid": DataUse("the account's id in WeCom", "staff", "time on the roster + 2 years"),
        "takes_over": DataUse(
            "the id in WeCom of the account taken over", "staff", "time on the roster + 2 years"
        ),
        "latitude": DataUse(
            "show headquarters where a form was sent from", "behaviour", "time on the roster + 30 days"
        ),
        "longitude": DataUse(
            "show headquarters where a form was sent from", "behaviour", "time on the roster + 30 days"
        ),
    }  # fmt: skip

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=64)
    phone = EncryptedTextField(_("phone"), default="", blank=True)
    phone_index = models.BinaryField(_("phone index"), max_length=32, null=True, db_index=True)
    post = models.CharField(_("post"), max_length=128, blank=True)
    store = models.ForeignKey(OrgUnit, models.PROTECT, related_name="roster")
    sponsor = models.ForeignKey(Member, models.PROTECT, related_name="sponsored")
    # Wished for while it waits, taken for good once approved.
    userid = models.CharField(_("account"), max_length=64, blank=True)
    # The account there is already that becomes the person's; once it is approved, somebody decided on it.
    takes_over = models.CharField(_("takes over"), max_length=64, blank=True)
    # The last day on which the account works.
    expires_on = models.DateField(_("last day"))
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    channel = models.CharField(_("sent in by"), max_length=8, choices=Channel)
    file = models.ForeignKey(
        RosterFile, models.SET_NULL, null=True, blank=True, related_name="people"
    )
    # Where the phone was; metres to the store where its place is known.
    latitude = models.DecimalField(
        _("latitude"), max_digits=9, decimal_places=6, null=True, blank=True
    )
    longitude = models.DecimalField(
        _("longitude"), max_digits=9, decimal_places=6, null=True, blank=True
    )
    datum = models.CharField(_("datum"), max_length=5, choices=Datum, blank=True)
    accuracy = models.PositiveIntegerField(_("accuracy in metres"), null=True, blank=True)
    distance = models.PositiveIntegerField(_("metres to the store"), null=True, blank=True)
    member = models.ForeignKey(
        Member, models.SET_NULL, null=True, blank=True, related_name="roster"
    )
    # When WeCom was first asked for a new account: from then on the userid found there is ours.
    tried_at = models.DateTimeField(_("tried at"), null=True, blank=True)
    # A code; contacts/roster/words.py says it in the reader's language.
    outcome = models.CharField(_("outcome"), max_length=32, blank=True)
    errcode = models.IntegerField(_("errcode"), null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)
    ending = models.CharField(_("why it ended"), max_length=9, choices=Ending, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    # The last reminder sent before the last day, in days before it.
    reminded = models.PositiveSmallIntegerField(_("reminded"), null=True, blank=True)

    class Meta:
        verbose_name = _("roster person")
        verbose_name_plural = _("roster people")
        constraints = [
            models.UniqueConstraint(
                fields=["phone_index"],
                condition=Q(state__in=["waiting", "making", "failed", "active"]),
                name="contacts_roster_phone_once",
            ),
            models.UniqueConstraint(
                Lower("userid"),
                condition=Q(state__in=["waiting", "making", "failed", "active"]) & ~Q(userid=""),
                name="contacts_roster_userid_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["refused", "ended"]) | Q(phone_index__isnull=False),
                name="contacts_roster_living_has_phone",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("created_by")),
                name="contacts_roster_decided_by_another",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "ended"]) | Q(decided_at__isnull=False),
                name="contacts_roster_decided",
            ),
            models.CheckConstraint(
                condition=~Q(state="active") | Q(member__isnull=False) & ~Q(userid=""),
                name="contacts_roster_active_has_account",
            ),
            models.CheckConstraint(
                condition=Q(state="ended", ended_at__isnull=False) & ~Q(ending="")
                | ~Q(state="ended") & Q(ended_at=None, ending=""),
                name="contacts_roster_ended_when",
            ),
            models.CheckConstraint(
                condition=Q(latitude=None, longitude=None, datum="")
                | Q(latitude__isnull=False, longitude__isnull=False) & ~Q(datum=""),
                name="contacts_roster_place_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="contacts_roster_newest"),
            models.Index(
                fields=["expires_on"],
                condition=Q(state="active"),
                name="contacts_roster_expiring",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.state}"

    @property
    def days_left(self) -> int:
        """Return how many days the account still works after today; negative once it is over."""
        return days_until(self.expires_on)


class RosterExtension(models.Model):
    """A later last day somebody asked for; headquarters decides."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waits for headquarters")
        APPROVED = "approved", _("approved")
        REFUSED = "refused", _("refused")

    data_map: ClassVar[dict[str, DataUse]] = {}

    person = models.ForeignKey(RosterPerson, models.CASCADE, related_name="extensions")
    until = models.DateField(_("new last day"))
    reason = models.CharField(_("reason"), max_length=200)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    asked_at = models.DateTimeField(_("asked at"), auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("extension on the roster")
        verbose_name_plural = _("extensions on the roster")
        constraints = [
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(state="waiting"),
                name="contacts_rosterext_one_waits",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("asked_by")),
                name="contacts_rosterext_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.until}"


def days_until(day: date) -> int:
    """Return the days from today to a day."""
    return (day - timezone.localdate()).days
