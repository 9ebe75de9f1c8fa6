"""Entries: where customers of a mall are led to a guide's code, for which stores, and who came that way."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from attribution.entries.places import PLACES, place_label
from attribution.live_codes.models import LiveCode
from contacts.org.models import OrgUnit
from scrm.core.data_map import DataUse

VISITS_KEPT = gettext_noop("25 months")
MOST_IDENTITY = 64


class Hook(models.TextChoices):
    """What an entry promises; figures are compared by it."""

    BENEFIT = "benefit", _("benefit")
    SERVICE = "service", _("service")


class Entry(models.Model):
    """A place × a hook with its own wording. Hidden until headquarters checked it.

    Code, place and hook never change, or figures of different things would be added up.
    """

    class Status(models.TextChoices):
        HIDDEN = "hidden", _("hidden")
        SHOWN = "shown", _("shown")

    code = models.SlugField(_("code"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=40)
    place = models.CharField(_("place"), max_length=20)
    hook = models.CharField(_("hook"), max_length=8, choices=Hook)
    title = models.CharField(_("title"), max_length=30)
    text = models.CharField(_("text"), max_length=120, blank=True)
    button = models.CharField(_("button"), max_length=12)
    # weixin:// or https://; "{token}" in it becomes the token of the entry and store.
    mini_program_url = models.CharField(
        _("address of the mini program"), max_length=300, blank=True
    )
    status = models.CharField(_("status"), max_length=6, choices=Status, default=Status.HIDDEN)
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    checked_at = models.DateTimeField(_("checked at"), null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        constraints = [
            models.CheckConstraint(
                condition=Q(status="hidden") | Q(checked_at__isnull=False),
                name="attribution_entry_shown_is_checked",
            ),
            models.CheckConstraint(
                condition=Q(hook__in=["benefit", "service"]), name="attribution_entry_hook"
            ),
        ]
        indexes = [models.Index(fields=["place", "status"], name="attribution_entry_place")]

    def __str__(self) -> str:
        """Name the entry."""
        return self.name

    @property
    def place_words(self) -> str:
        """Return the place in words."""
        return place_label(self.place)

    @property
    def phase_words(self) -> str:
        """Return the phase of the sale in words."""
        return str(PLACES[self.place].phase.label) if self.place in PLACES else ""

    @property
    def is_shown(self) -> bool:
        """Return whether the entry as such is shown; each store has its own switch besides."""
        return self.status == self.Status.SHOWN


class EntryStore(models.Model):
    """An entry at one store: hidden until headquarters checked it, whatever accounts the store has.

    `token` is the signed parameter of entry and store: the address of the lead-in page and the `state` of
    the live code, so that an add names both.
    """

    class Problem(models.TextChoices):
        NONE = "", _("nothing")
        NO_ACCOUNT = "no_account", _("no account is bound to this store")
        NOBODY = "nobody", _("none of the store's accounts can receive customers now")
        WAITING = "waiting", _("the code waits for WeCom")
        REFUSED = "refused", _("WeCom refused the code")

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="stores")
    store = models.ForeignKey(OrgUnit, models.PROTECT, related_name="entries")
    live_code = models.OneToOneField(
        LiveCode, models.PROTECT, null=True, blank=True, related_name="entry_store"
    )
    token = models.CharField(_("parameter"), max_length=30, unique=True, editable=False)
    is_shown = models.BooleanField(_("shown"), default=False)
    problem = models.CharField(_("what is missing"), max_length=10, choices=Problem, blank=True)
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    checked_at = models.DateTimeField(_("checked at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("entry at a store")
        verbose_name_plural = _("entries at stores")
        constraints = [
            models.UniqueConstraint(fields=["entry", "store"], name="attribution_entrystore_once"),
            models.CheckConstraint(
                condition=Q(is_shown=False) | Q(checked_at__isnull=False),
                name="attribution_entrystore_shown_is_checked",
            ),
        ]

    def __str__(self) -> str:
        """Name both ids."""
        return f"{self.entry_id} {self.store_id}"


class EntryVisit(models.Model):
    """One thing a visitor did around an entry; append-only, once by `key`.

    A result page without an entry on it has no `entry`. A visitor is known by unionid, by external_userid
    or only by the surface's own visitor id.
    """

    class Kind(models.TextChoices):
        RESULT_VIEW = "result_view", _("saw the page")
        ENTRY_CLICK = "entry_click", _("clicked the entry")
        LEADIN_VIEW = "leadin_view", _("saw the lead-in page")
        ADD_CLICK = "add_click", _("clicked to add")

    data_map: ClassVar[dict[str, DataUse]] = {
        "unionid": DataUse("count a person once", "behaviour", VISITS_KEPT),
        "external_userid": DataUse("count a person once", "behaviour", VISITS_KEPT),
        "visitor_id": DataUse("count a device once", "behaviour", VISITS_KEPT),
    }

    key = models.CharField(_("key"), max_length=96, unique=True)
    kind = models.CharField(_("kind"), max_length=11, choices=Kind)
    occurred_at = models.DateTimeField(_("occurred at"))
    entry = models.ForeignKey(Entry, models.PROTECT, null=True, related_name="visits")
    store = models.ForeignKey(OrgUnit, models.PROTECT, null=True, related_name="entry_visits")
    place = models.CharField(_("place"), max_length=20, blank=True)
    unionid = models.CharField(_("unionid"), max_length=MOST_IDENTITY, blank=True)
    external_userid = models.CharField(_("external userid"), max_length=MOST_IDENTITY, blank=True)
    visitor_id = models.CharField(_("visitor"), max_length=MOST_IDENTITY, blank=True)
    order_no = models.CharField(_("order number"), max_length=64, blank=True)
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)

    class Meta:
        verbose_name = _("visit of an entry")
        verbose_name_plural = _("visits of entries")
        constraints = [
            models.CheckConstraint(
                condition=~Q(unionid="", external_userid="", visitor_id=""),
                name="attribution_entryvisit_has_visitor",
            ),
            models.CheckConstraint(
                condition=Q(kind="result_view") | Q(entry__isnull=False),
                name="attribution_entryvisit_names_entry",
            ),
        ]
        indexes = [
            models.Index(fields=["occurred_at", "entry"], name="attribution_visit_time"),
            models.Index(fields=["entry", "occurred_at"], name="attribution_visit_entry"),
            models.Index(
                fields=["recorded_at"],
                name="attribution_visit_unplaced",
                condition=Q(store=None) & ~Q(order_no=""),
            ),
        ]

    def __str__(self) -> str:
        """Name the row without a person."""
        return f"{self.kind} {self.pk}"
