"""Roles as data: what a person may do, and over which part of the organisation."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from contacts.org.models import OrgUnit
from contacts.roles.labels import CHECKS, REACH_NAMES, ROLE_NAMES
from scrm.core.data_map import DataUse


class Role(models.Model):
    """A set of permissions, a reach and field masks; rows come from presets.toml, or from the role editor."""

    class Reach(models.TextChoices):
        ALL = "all", REACH_NAMES["all"]
        ORG = "org", REACH_NAMES["org"]
        OWN = "own", REACH_NAMES["own"]

    data_map: ClassVar[dict[str, DataUse]] = {}

    code = models.CharField(_("code"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=64)
    description = models.CharField(_("description"), max_length=200, blank=True)
    reach = models.CharField(_("reach"), max_length=3, choices=Reach)
    permissions = ArrayField(
        models.CharField(max_length=64), verbose_name=_("permissions"), default=list
    )
    masks = ArrayField(
        models.CharField(max_length=32), verbose_name=_("masked fields"), default=list, blank=True
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    # Somebody chose that granting it needs a second person (auditor); ask `takes_two`, which knows the others.
    needs_approval = models.BooleanField(_("granted by two people"), default=False)
    # Made or changed in the console; presets.toml leaves it alone from then on.
    edited_at = models.DateTimeField(_("changed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        ordering = ("position", "code")
        constraints = [
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(code=""), name="contacts_role_has_a_name"
            ),
        ]

    def __str__(self) -> str:
        return str(ROLE_NAMES.get(self.code, self.name))

    @property
    def takes_two(self) -> bool:
        """Whether two people grant it: as chosen, or for it decides on what others ask for; see contacts/roles/approvals.py."""
        return self.needs_approval or not CHECKS.isdisjoint(self.permissions)


class RoleGrant(models.Model):
    """A person holds a role, over one organisation unit where the role's reach asks for one."""

    data_map: ClassVar[dict[str, DataUse]] = {}

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="role_grants")
    role = models.ForeignKey(Role, models.PROTECT, related_name="grants")
    org_unit = models.ForeignKey(
        OrgUnit, models.PROTECT, null=True, blank=True, related_name="role_grants"
    )
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    granted_at = models.DateTimeField(_("granted at"), auto_now_add=True)

    class Meta:
        verbose_name = _("role grant")
        verbose_name_plural = _("role grants")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "org_unit"],
                nulls_distinct=False,
                name="contacts_rolegrant_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role_id} {self.org_unit_id or '*'}"
