"""The organisation: regions, branches, dealers, stores, and which accounts serve a store."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.utils.translation import gettext_lazy as _

from contacts.directory.models import Department, Member
from scrm.core.data_map import DataUse


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
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("organisation unit")
        verbose_name_plural = _("organisation units")
        indexes = [
            models.Index(OpClass("path", name="varchar_pattern_ops"), name="contacts_orgunit_path")
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.code}"

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
        ]

    def __str__(self) -> str:
        return f"{self.store_id} {self.member_id}"


class BindingImport(models.Model):
    """A file of bindings: previewed, checked by HQ, then bound."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("waits for HQ's check")
        APPLIED = "applied", _("bound")
        REFUSED = "refused", _("refused")

    filename = models.CharField(_("file"), max_length=200)
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

    def __str__(self) -> str:
        return self.filename


class BindingImportRow(models.Model):
    """One row of a binding file, with what it will do or why it cannot."""

    class Action(models.TextChoices):
        BIND = "bind", _("bind")
        MOVE = "move", _("move from another store")
        REORDER = "reorder", _("new place in the order")
        SAME = "same", _("unchanged")
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
