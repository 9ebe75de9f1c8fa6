"""What members did (signals), what is too much of it (rules), and what was done about it (incidents)."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from contacts.directory.models import Member


class SignalKind(models.TextChoices):
    """What a member did; a room that reports another kind adds it here."""

    ADD = "add", _("customers added")
    DELETION = "deletion", _("customers deleted by the member")
    LOSS = "loss", _("customers who deleted the member")


class Ladder(models.TextChoices):
    """The steps against an account, from mild to hard."""

    CODES = "codes", _("off the live codes")
    SCOPE = "scope", _("out of the customer-contact scope")
    SESSIONS = "sessions", _("sessions ended")
    ACCOUNT = "account", _("account disabled in WeCom")


class Signal(models.Model):
    """One thing one member did; append-only, `key` (a hash of what it was) makes a repeated report one."""

    member = models.ForeignKey(Member, models.CASCADE, related_name="signals")
    kind = models.CharField(_("kind"), max_length=16, choices=SignalKind)
    occurred_at = models.DateTimeField(_("occurred at"))
    key = models.BinaryField(max_length=32, unique=True)
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)

    class Meta:
        verbose_name = _("signal")
        verbose_name_plural = _("signals")
        indexes = [
            models.Index(fields=["member", "kind", "occurred_at"], name="risk_signal_window"),
            models.Index(fields=["recorded_at"], name="risk_signal_recorded"),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} {self.kind} {self.occurred_at:%F %T}"


class RuleSetting(models.Model):
    """What a person changed of a rule in rules.toml; each row keeps the whole rule's settings."""

    code = models.CharField(_("rule"), max_length=32, unique=True)
    threshold = models.PositiveIntegerField(_("threshold"))
    is_active = models.BooleanField(_("in use"), default=True)
    steps = ArrayField(
        models.CharField(max_length=16, choices=Ladder),
        verbose_name=_("steps by itself"),
        default=list,
        blank=True,
    )
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("setting of a rule")
        verbose_name_plural = _("settings of rules")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(threshold__gte=1), name="risk_rulesetting_threshold"
            )
        ]

    def __str__(self) -> str:
        return self.code


class Incident(models.Model):
    """A member did too much of something; at most one is open for a member, others join it."""

    class State(models.TextChoices):
        OPEN = "open", _("unresolved")
        CONFIRMED = "confirmed", _("closed: real")
        FALSE_ALARM = "false", _("closed: false alarm")

    member = models.ForeignKey(Member, models.PROTECT, related_name="incidents")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    level = models.CharField(_("level"), max_length=16)
    rules = ArrayField(models.CharField(max_length=32), verbose_name=_("rules"), default=list)
    count = models.PositiveIntegerField(_("at most in the window"), default=0)
    first_at = models.DateTimeField(_("first event"))
    last_at = models.DateTimeField(_("last event"))
    opened_at = models.DateTimeField(_("noticed"), auto_now_add=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        constraints = [
            models.UniqueConstraint(
                fields=["member"], condition=models.Q(state="open"), name="risk_incident_one_open"
            ),
            models.CheckConstraint(
                condition=models.Q(state="open", closed_at=None)
                | (~models.Q(state="open") & models.Q(closed_at__isnull=False)),
                name="risk_incident_closed_has_time",
            ),
        ]
        indexes = [models.Index(fields=["-opened_at", "-id"], name="risk_incident_newest")]

    def __str__(self) -> str:
        return f"{self.pk} {self.member_id}"

    @property
    def tone(self) -> str:
        """Return the colour class of the state."""
        return {"open": "bad", "confirmed": "warn", "false": "off"}[self.state]


class IncidentStep(models.Model):
    """A step of the ladder; in force until undone. `done_at` and `undo_done_at`: when it had its effect."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="steps")
    member = models.ForeignKey(Member, models.PROTECT, related_name="+")
    kind = models.CharField(_("step"), max_length=16, choices=Ladder)
    taken_at = models.DateTimeField(_("taken"), auto_now_add=True)
    # NULL: the rule took it by itself.
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    done_at = models.DateTimeField(_("in effect since"), null=True, blank=True)
    # Whether a read after the write showed what was wanted; NULL: there is nothing to read.
    is_confirmed = models.BooleanField(_("confirmed by WeCom"), null=True, blank=True)
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    undo_done_at = models.DateTimeField(_("lifted since"), null=True, blank=True)

    class Meta:
        verbose_name = _("step of an incident")
        verbose_name_plural = _("steps of incidents")
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "kind"],
                condition=models.Q(undone_at=None),
                name="risk_incidentstep_once_in_force",
            )
        ]
        indexes = [
            models.Index(
                fields=["member", "kind"],
                condition=models.Q(undone_at=None),
                name="risk_incidentstep_in_force",
            )
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.kind}"


class IncidentEntry(models.Model):
    """One line of an incident's timeline; append-only. The evidence is frozen in the line that opened it."""

    class Kind(models.TextChoices):
        FIRED = "fired", _("rule fired")
        TAKEN = "taken", _("step taken")
        MISSING = "missing", _("step not possible")
        DONE = "done", _("step in effect")
        UNDONE = "undone", _("step undone")
        LIFTED = "lifted", _("step lifted")
        CLOSED = "closed", _("closed")

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="entries")
    at = models.DateTimeField(_("at"), auto_now_add=True)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    step = models.CharField(_("step"), max_length=16, choices=Ladder, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    data = models.JSONField(_("evidence"), default=dict, blank=True)

    class Meta:
        verbose_name = _("line of an incident")
        verbose_name_plural = _("lines of incidents")
        indexes = [models.Index(fields=["incident", "id"], name="risk_entry_of_incident")]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.kind}"
