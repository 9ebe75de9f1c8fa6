"""The organisation: regions, branches, dealers, stores, and which accounts serve a store."""

from datetime import date, datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.directory.models import Department, Member
from contacts.org.datums import Datum, Point
from contacts.org.hours import MOST_CHARACTERS, opens_at
from scrm.core.data_map import DataUse
from scrm.core.fields import EncryptedTextField
from scrm.core.ids import uuid7


class OrgUnit(models.Model):
    """One node; `path` lists the ids from the root, e.g. "/1/5/42/", so a scope is a prefix."""

    class Kind(models.TextChoices):
        REGION = "region", _("region")
        BRANCH = "branch", _("branch")
        DEALER = "dealer", _("dealer")
        STORE = "store", _("store")

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        CLOSED = "closed", _("closed")

    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    code = models.CharField(_("code"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=64)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    path = models.CharField(_("path"), max_length=255, unique=True)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.OPEN)
    department = models.OneToOneField(
        Department, models.SET_NULL, null=True, blank=True, related_name="org_unit"
    )
    # HQ placed it elsewhere than the OA does: the OA's departments no longer move it.
    placed_by_hand = models.BooleanField(_("placed by headquarters"), default=False)
    # What the CRM calls the store, where that is not our code.
    crm_store_id = models.CharField(
        _("store id in the CRM"), max_length=64, null=True, blank=True, unique=True
    )
    street_address = models.CharField(_("store address"), max_length=200, blank=True)
    latitude = models.DecimalField(
        _("latitude"), max_digits=9, decimal_places=6, null=True, blank=True
    )
    longitude = models.DecimalField(
        _("longitude"), max_digits=9, decimal_places=6, null=True, blank=True
    )
    datum = models.CharField(_("datum"), max_length=5, choices=Datum, blank=True)
    hours = models.CharField(_("opening hours"), max_length=MOST_CHARACTERS, blank=True)
    # Both days included; an open end is written once it is known.
    shut_from = models.DateField(_("temporarily closed from"), null=True, blank=True)
    shut_until = models.DateField(_("temporarily closed until"), null=True, blank=True)
    shut_reason = models.CharField(_("why temporarily closed"), max_length=100, blank=True)
    merged_into = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="merged_from"
    )
    # What comes under its codes from then on belongs to the store that took over.
    merged_at = models.DateTimeField(_("merged at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("organisation unit")
        verbose_name_plural = _("organisation units")
        indexes = [
            models.Index(OpClass("path", name="varchar_pattern_ops"), name="contacts_orgunit_path")
        ]
        constraints = [
            # Coordinates without their datum pick the wrong store.
            models.CheckConstraint(
                condition=models.Q(latitude=None, longitude=None, datum="")
                | (
                    models.Q(latitude__isnull=False, longitude__isnull=False)
                    & models.Q(latitude__range=(-90, 90), longitude__range=(-180, 180))
                    & ~models.Q(datum="")
                ),
                name="contacts_orgunit_place_whole",
            ),
            models.CheckConstraint(
                condition=models.Q(shut_from=None, shut_until=None)
                | models.Q(shut_from__isnull=False, shut_until=None)
                | models.Q(shut_from__isnull=False, shut_until__gte=models.F("shut_from")),
                name="contacts_orgunit_shut_in_order",
            ),
            models.CheckConstraint(
                condition=models.Q(merged_into=None) | models.Q(status="closed"),
                name="contacts_orgunit_merged_is_closed",
            ),
            models.CheckConstraint(
                condition=models.Q(merged_into=None) | models.Q(merged_at__isnull=False),
                name="contacts_orgunit_merged_since",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.code}"

    @property
    def point(self) -> Point | None:
        """Return where the unit stands, or None."""
        if self.latitude is None or self.longitude is None:
            return None
        return Point(float(self.latitude), float(self.longitude), self.datum)

    def is_shut_on(self, day: date) -> bool:
        """Return whether the store is temporarily closed on a day."""
        if self.shut_from is None or day < self.shut_from:
            return False
        return self.shut_until is None or day <= self.shut_until

    @property
    def is_shut_today(self) -> bool:
        """Return whether the store is temporarily closed today."""
        return self.is_shut_on(timezone.localdate())

    @property
    def reopens_on(self) -> date | None:
        """Return the first day after the temporary closure; None where none is set or its end is not known."""
        return None if self.shut_until is None else self.shut_until + timedelta(days=1)

    def receives_at(self, moment: datetime) -> bool | None:
        """Return whether customers find the store open at a moment; None where its hours are not known."""
        if self.status == self.Status.CLOSED or self.is_shut_on(timezone.localdate(moment)):
            return False
        return opens_at(self.hours, moment)

    @property
    def ancestor_ids(self) -> list[int]:
        """Return the ids from the root down to the parent."""
        return [int(part) for part in self.path.strip("/").split("/")[:-1]]


class StoreBinding(models.Model):
    """An account serves a store, at a place in its order; rows are retired, never deleted."""

    class State(models.TextChoices):
        ACTIVE = "active", _("serving")
        SERVE_ONLY = "serve_only", _("serves old customers only")
        RETIRED = "retired", _("retired")

    store = models.ForeignKey(OrgUnit, models.PROTECT, related_name="bindings")
    member = models.ForeignKey(Member, models.PROTECT, related_name="bindings")
    position = models.PositiveSmallIntegerField(_("position"), default=1)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.ACTIVE)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    checked_at = models.DateTimeField(_("checked at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    retired_at = models.DateTimeField(_("retired at"), null=True, blank=True)
    # Serves only because the account is full: it serves again by itself once there is room.
    full_since = models.DateTimeField(_("full since"), null=True, blank=True)

    class Meta:
        verbose_name = _("store binding")
        verbose_name_plural = _("store bindings")
        constraints = [
            models.UniqueConstraint(
                fields=["member"],
                condition=models.Q(state="active"),
                name="contacts_binding_one_active_store",
            ),
            models.UniqueConstraint(
                fields=["store", "member"],
                condition=~models.Q(state="retired"),
                name="contacts_binding_once_per_store",
            ),
            models.CheckConstraint(
                condition=models.Q(full_since=None) | models.Q(state="serve_only"),
                name="contacts_binding_full_serves_only",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.store_id} {self.member_id}"


class UnitTerm(models.Model):
    """A stretch of days in which a unit had this name, place and state; `ended_on` is the first day no longer."""

    data_map: ClassVar[dict[str, DataUse]] = {}

    unit = models.ForeignKey(OrgUnit, models.CASCADE, related_name="terms")
    code = models.CharField(_("code"), max_length=64)
    name = models.CharField(_("name"), max_length=64)
    kind = models.CharField(_("kind"), max_length=8, choices=OrgUnit.Kind)
    status = models.CharField(_("status"), max_length=8, choices=OrgUnit.Status)
    parent = models.ForeignKey(OrgUnit, models.PROTECT, null=True, related_name="+")
    began_on = models.DateField(_("began on"))
    ended_on = models.DateField(_("ended on"), null=True, blank=True)

    class Meta:
        verbose_name = _("history of a unit")
        verbose_name_plural = _("histories of units")
        constraints = [
            models.UniqueConstraint(
                fields=["unit"],
                condition=models.Q(ended_on=None),
                name="contacts_unitterm_one_open",
            ),
            models.UniqueConstraint(
                fields=["unit", "began_on"], name="contacts_unitterm_one_a_day"
            ),
            models.CheckConstraint(
                condition=models.Q(ended_on=None) | models.Q(ended_on__gt=models.F("began_on")),
                name="contacts_unitterm_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit_id} {self.began_on}"


class Existing(models.TextChoices):
    """What a file does with what is there already."""

    UPDATE = "update", _("change them as the file says")
    SKIP = "skip", _("leave them as they are")


class SentRows(models.Model):
    """The rows of an upload as they were sent, so that refused ones come back unchanged."""

    data_map: ClassVar[dict[str, DataUse]] = {
        "content": DataUse("give refused rows back as they were sent", "staff", "1 year"),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    content = EncryptedTextField(_("rows"))
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("rows as sent")
        verbose_name_plural = _("rows as sent")

    def __str__(self) -> str:
        return str(self.pk)


class UnitFile(models.Model):
    """A file of units: previewed row by row, then taken over by whoever sent it."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("waits for you")
        APPLIED = "applied", _("taken over")
        DROPPED = "dropped", _("given up")

    data_map: ClassVar[dict[str, DataUse]] = {}

    filename = models.CharField(_("file"), max_length=200)
    sent = models.OneToOneField(
        SentRows, models.SET_NULL, null=True, blank=True, related_name="unit_file"
    )
    existing = models.CharField(
        _("units that exist"), max_length=6, choices=Existing, default=Existing.UPDATE
    )
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.WAITING)
    result = models.JSONField(_("result"), default=dict, blank=True)
    # Row number → why, as it was when the file was taken over.
    refused = models.JSONField(_("refused rows"), default=dict, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    class Meta:
        verbose_name = _("file of units")
        verbose_name_plural = _("files of units")

    def __str__(self) -> str:
        return self.filename


class BindingImport(models.Model):
    """Bindings sent in, by a file or one by phone: previewed, checked by HQ, then bound."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("waits for HQ's check")
        APPLIED = "applied", _("bound")
        REFUSED = "refused", _("refused")

    class Channel(models.TextChoices):
        FILE = "file", _("file")
        PHONE = "phone", _("phone")

    data_map: ClassVar[dict[str, DataUse]] = {
        "latitude": DataUse("show HQ where a binding was sent from", "behaviour", "1 year"),
        "longitude": DataUse("show HQ where a binding was sent from", "behaviour", "1 year"),
    }

    filename = models.CharField(_("file"), max_length=200)
    channel = models.CharField(_("sent in by"), max_length=5, choices=Channel, default=Channel.FILE)
    existing = models.CharField(
        _("accounts that are bound already"),
        max_length=6,
        choices=Existing,
        default=Existing.UPDATE,
    )
    sent = models.OneToOneField(
        SentRows, models.SET_NULL, null=True, blank=True, related_name="binding_import"
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
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.WAITING)
    note = models.CharField(_("note"), max_length=500, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("binding import")
        verbose_name_plural = _("binding imports")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(latitude=None, longitude=None, datum="")
                | (models.Q(latitude__isnull=False, longitude__isnull=False) & ~models.Q(datum="")),
                name="contacts_bindingimport_place_whole",
            )
        ]

    def __str__(self) -> str:
        return self.filename


class BindingImportRow(models.Model):
    """One row of a binding file, with what it will do or why it cannot."""

    class Action(models.TextChoices):
        BIND = "bind", _("bind")
        MOVE = "move", _("move from another store")
        REORDER = "reorder", _("new place in the order")
        SAME = "same", _("unchanged")
        SKIP = "skip", _("left as it is")
        ERROR = "error", _("refused")

    data_map: ClassVar[dict[str, DataUse]] = {
        "account": DataUse("show the row as it was sent in", "staff", "1 year"),
    }

    batch = models.ForeignKey(BindingImport, models.CASCADE, related_name="rows")
    row_number = models.PositiveIntegerField(_("row"))
    store_code = models.CharField(_("store code"), max_length=64, blank=True)
    account = models.CharField(_("account"), max_length=64, blank=True)
    position = models.CharField(_("position"), max_length=16, blank=True)
    action = models.CharField(_("action"), max_length=8, choices=Action)
    code = models.CharField(_("error"), max_length=32, blank=True)
    detail = models.JSONField(_("detail"), default=dict, blank=True)
    store = models.ForeignKey(OrgUnit, models.CASCADE, null=True, related_name="+")
    member = models.ForeignKey(Member, models.CASCADE, null=True, related_name="+")
    place = models.PositiveSmallIntegerField(_("place"), default=1)

    class Meta:
        verbose_name = _("binding import row")
        verbose_name_plural = _("binding import rows")
        constraints = [
            models.UniqueConstraint(fields=["batch", "row_number"], name="contacts_bindingrow_once")
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} #{self.row_number}"
