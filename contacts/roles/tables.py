"""Columns of the list of grants."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from contacts.roles.models import RoleGrant
from scrm.core.listing import ONE_LINE


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
