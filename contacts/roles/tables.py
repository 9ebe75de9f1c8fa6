"""Columns of the list of grants."""

import django_filters
import django_tables2 as tables
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from contacts.roles.labels import ROLE_NAMES
from contacts.roles.models import Role, RoleGrant
from scrm.core.listing import ONE_LINE


def origin_of(role: Role) -> dict[str, str]:
    """Return tone and words of where a role comes from: the product, the product and changed here, or this company."""
    if role.code not in ROLE_NAMES:
        return {"tone": "info", "text": str(_("made here"))}
    if role.edited_at is not None:
        return {"tone": "warn", "text": str(_("preset, changed here"))}
    return {"tone": "off", "text": str(_("preset"))}


class GrantTable(tables.Table):
    """Who holds which role, where, since when and from whom."""

    user = tables.Column(verbose_name=_("Person"))
    role = tables.Column(verbose_name=_("Role"))
    org_unit = tables.Column(verbose_name=_("Unit"), empty_values=())
    granted_at = tables.DateTimeColumn(
        verbose_name=_("Granted"), format="Y-m-d H:i", attrs=ONE_LINE
    )
    granted_by = tables.Column(verbose_name=_("Granted by"), default=_("system"))
    revoke = tables.TemplateColumn(
        template_name="console/contacts/roles/revoke_cell.html",
        verbose_name=_("Actions"),
        empty_values=(),
    )

    def render_org_unit(self, record: RoleGrant) -> str:
        """Name the unit, or what the role reaches without one."""
        return str(record.org_unit or record.role.get_reach_display())

    class Meta:
        model = RoleGrant
        fields = ("user", "role", "org_unit", "granted_at", "granted_by")
        sequence = ("user", "role", "org_unit", "granted_at", "granted_by", "revoke")


class GrantFilter(django_filters.FilterSet):
    """Person, role and unit, kept in the URL."""

    person = django_filters.CharFilter(method="by_person", label=_("Person"))
    role = django_filters.ModelChoiceFilter(
        queryset=Role.objects.order_by("position", "code"),
        label=_("Role"),
        empty_label=_("Any role"),
    )
    unit = django_filters.CharFilter(
        field_name="org_unit__code", lookup_expr="iexact", label=_("Unit code")
    )

    class Meta:
        model = RoleGrant
        fields = ("role",)

    def by_person(self, grants: QuerySet[RoleGrant], _name: str, value: str) -> QuerySet[RoleGrant]:
        """Keep the grants of people with these words in name or user name."""
        words = value.strip()
        return grants.filter(Q(user__name__icontains=words) | Q(user__username__icontains=words))
