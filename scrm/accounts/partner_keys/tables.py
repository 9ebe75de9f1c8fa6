"""Columns and filters of the list of partner keys."""

import django_filters
import django_tables2 as tables
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from scrm.accounts.api_scopes import API_SCOPES
from scrm.accounts.models import PartnerKey
from scrm.accounts.partner_keys.selectors import in_state
from scrm.core.listing import ONE_LINE

CELLS = "console/accounts/partner_keys/cells"
STATES = (
    ("usable", _("Works")),
    ("waiting", _("Waits for approval")),
    ("unanswered", _("To be taken over")),
    ("unused", _("Never used")),
    ("expired", _("Expired")),
    ("withdrawn", _("Withdrawn")),
)


class KeyTable(tables.Table):
    """Who calls with what right, until when, and when last."""

    name = tables.TemplateColumn(template_name=f"{CELLS}/name.html", verbose_name=_("System"))
    scopes = tables.TemplateColumn(template_name=f"{CELLS}/scopes.html", verbose_name=_("Rights"))
    state = tables.TemplateColumn(
        template_name=f"{CELLS}/state.html", verbose_name=_("State"), empty_values=()
    )
    last_used_at = tables.DateTimeColumn(
        verbose_name=_("Last used"), format="Y-m-d H:i", default=_("never"), attrs=ONE_LINE
    )
    created_at = tables.TemplateColumn(
        template_name=f"{CELLS}/created.html", verbose_name=_("Made")
    )
    actions = tables.TemplateColumn(
        template_name=f"{CELLS}/actions.html", verbose_name=_("Actions"), empty_values=()
    )

    class Meta:
        model = PartnerKey
        fields = ("name", "scopes", "state", "last_used_at", "created_at", "actions")


class KeyFilter(django_filters.FilterSet):
    """System, right and state, kept in the URL."""

    name = django_filters.CharFilter(method="by_name", label=_("System or beginning of the key"))
    scope = django_filters.ChoiceFilter(
        choices=list(API_SCOPES.items()),
        method="by_scope",
        label=_("Rights"),
        empty_label=_("Any right"),
    )
    state = django_filters.ChoiceFilter(
        choices=STATES, method="by_state", label=_("State"), empty_label=_("Any state")
    )

    class Meta:
        model = PartnerKey
        fields: tuple[str, ...] = ()

    def by_name(self, keys: QuerySet[PartnerKey], _name: str, value: str) -> QuerySet[PartnerKey]:
        """Keep the keys of a system, or the one that begins so; a pasted key is found by its public part."""
        text = value.strip()
        prefix = text.split("_")[1] if text.startswith("scrm_") else text
        return keys.filter(name__icontains=text) | keys.filter(prefix__startswith=prefix[:12])

    def by_scope(self, keys: QuerySet[PartnerKey], _name: str, value: str) -> QuerySet[PartnerKey]:
        """Keep the keys with a right."""
        return keys.filter(scopes__contains=[value])

    def by_state(self, keys: QuerySet[PartnerKey], _name: str, value: str) -> QuerySet[PartnerKey]:
        """Keep the keys in a state."""
        return in_state(keys, value)
