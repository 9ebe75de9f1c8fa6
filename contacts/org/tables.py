"""Columns and filters of the organisation's lists."""

import django_filters
import django_tables2 as tables
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.org.change_models import StoreChange
from contacts.org.models import BindingImport, BindingImportRow, OrgUnit
from contacts.org.selectors import ready_now, serving_now
from scrm.core.listing import ONE_LINE

BOUND = "bound"
UNBOUND = "unbound"
WAITING = "waiting"
MISSING = "missing"
SHUT = "shut"


class StoreFilter(django_filters.FilterSet):
    """Search and filters of the store list; `branch` comes from the links of the rate table."""

    q = django_filters.CharFilter(method="search", label=_("Store name or code"))
    bound = django_filters.ChoiceFilter(
        choices=[
            (BOUND, _("bound")),
            (UNBOUND, _("not bound")),
            (WAITING, _("bound, but no account can take customers yet")),
        ],
        method="by_binding",
        label=_("Binding"),
        empty_label=_("Bound or not"),
    )
    status = django_filters.ChoiceFilter(
        choices=OrgUnit.Status.choices, label=_("State"), empty_label=_("All states")
    )
    place = django_filters.ChoiceFilter(
        choices=[(MISSING, _("without coordinates")), (SHUT, _("temporarily closed"))],
        method="by_place",
        label=_("Details"),
        empty_label=_("All details"),
    )
    branch = django_filters.CharFilter(method="in_branch", label=_("Branch code"))

    class Meta:
        model = OrgUnit
        fields: tuple[str, ...] = ()

    def search(self, stores: QuerySet[OrgUnit], _name: str, value: str) -> QuerySet[OrgUnit]:
        """Match a part of the name, or the beginning of the code."""
        text = value.strip()
        by_code = Q(code__istartswith=text) | Q(crm_store_id__istartswith=text)
        return stores.filter(Q(name__icontains=text) | by_code)

    def by_binding(self, stores: QuerySet[OrgUnit], _name: str, value: str) -> QuerySet[OrgUnit]:
        """Match stores with or without a serving account, or with none that can take customers."""
        if value == WAITING:
            return stores.filter(serving_now()).exclude(ready_now())
        return stores.filter(serving_now()) if value == BOUND else stores.exclude(serving_now())

    def by_place(self, stores: QuerySet[OrgUnit], _name: str, value: str) -> QuerySet[OrgUnit]:
        """Match stores nobody finds on a map, or those that are closed for a while today."""
        if value == MISSING:
            return stores.filter(latitude=None)
        today = timezone.localdate()
        ended = Q(shut_until__lt=today)
        return stores.filter(shut_from__lte=today).exclude(ended)

    def in_branch(self, stores: QuerySet[OrgUnit], _name: str, value: str) -> QuerySet[OrgUnit]:
        """Match the stores below one unit."""
        unit = OrgUnit.objects.filter(code=value.strip()).first()
        return stores.filter(path__startswith=unit.path) if unit else stores.none()


class StoreTable(tables.Table):
    """One store a row, with the accounts that serve it."""

    name = tables.TemplateColumn(
        "<a href=\"{% url 'org:detail' record.pk|stringformat:'d' %}\">{{ record.name }}</a>",
        verbose_name=_("Store"),
    )
    code = tables.TemplateColumn("<code>{{ value }}</code>", verbose_name=_("Store code"))
    parent = tables.Column(
        accessor="parent__name", verbose_name=_("Belongs to"), default="—", attrs=ONE_LINE
    )
    accounts = tables.TemplateColumn(
        template_name="console/contacts/org/accounts_cell.html",
        verbose_name=_("Accounts"),
        empty_values=(),
    )
    status = tables.TemplateColumn(
        template_name="console/contacts/org/bound_cell.html", verbose_name=_("State")
    )

    class Meta:
        model = OrgUnit
        fields = ("name", "code", "parent", "accounts", "status")


class UnitFilter(django_filters.FilterSet):
    """Search and filters of branches and dealers."""

    q = django_filters.CharFilter(method="search", label=_("Name or code"))
    kind = django_filters.ChoiceFilter(
        choices=[choice for choice in OrgUnit.Kind.choices if choice[0] != OrgUnit.Kind.STORE],
        label=_("Kind"),
        empty_label=_("All kinds"),
    )

    class Meta:
        model = OrgUnit
        fields: tuple[str, ...] = ()

    def search(self, units: QuerySet[OrgUnit], _name: str, value: str) -> QuerySet[OrgUnit]:
        """Match a part of the name, or the beginning of the code."""
        text = value.strip()
        return units.filter(Q(name__icontains=text) | Q(code__istartswith=text))


class UnitTable(tables.Table):
    """One region, branch or dealer a row, with how many of its stores are bound."""

    name = tables.TemplateColumn(
        "<a href=\"{% url 'org:unit' record.pk|stringformat:'d' %}\">{{ record.name }}</a>",
        verbose_name=_("Name"),
    )
    code = tables.TemplateColumn("<code>{{ value }}</code>", verbose_name=_("Unit code"))
    kind = tables.TemplateColumn("{{ record.get_kind_display|capfirst }}", verbose_name=_("Kind"))
    parent = tables.Column(
        accessor="parent__name", verbose_name=_("Belongs to"), default="—", attrs=ONE_LINE
    )
    rate = tables.TemplateColumn(
        template_name="console/contacts/org/rate_cell.html",
        verbose_name=_("Stores with a serving account"),
        empty_values=(),
    )

    class Meta:
        model = OrgUnit
        fields = ("name", "code", "kind", "parent", "rate")


class ChangeTable(tables.Table):
    """Closings, merges and moves with what became of them."""

    store = tables.TemplateColumn(
        "<a href=\"{% url 'org:change' record.pk|stringformat:'d' %}\">{{ record.store.name }}</a>",
        verbose_name=_("Store"),
    )
    kind = tables.TemplateColumn(
        "{{ record.get_kind_display|capfirst }}", verbose_name=_("What happens")
    )
    target = tables.Column(accessor="target__name", verbose_name=_("Goes to"), default="—")
    effective_on = tables.DateColumn(verbose_name=_("Day"), format="Y-m-d", attrs=ONE_LINE)
    status = tables.TemplateColumn(
        template_name="console/contacts/org/change_status_cell.html", verbose_name=_("State")
    )
    created_by = tables.Column(verbose_name=_("Planned by"), default="—")

    class Meta:
        model = StoreChange
        fields = ("store", "kind", "target", "effective_on", "status", "created_by")


class ImportFilter(django_filters.FilterSet):
    """Filters of binding files."""

    status = django_filters.ChoiceFilter(
        choices=BindingImport.Status.choices, label=_("State"), empty_label=_("All states")
    )

    class Meta:
        model = BindingImport
        fields: tuple[str, ...] = ()


class ImportTable(tables.Table):
    """Binding files and what became of them."""

    filename = tables.TemplateColumn(
        "<a href=\"{% url 'org:import_detail' record.pk|stringformat:'d' %}\">{{ record.filename|default:'—' }}</a>",
        verbose_name=_("File"),
        empty_values=(),
    )
    created_at = tables.DateTimeColumn(
        verbose_name=_("Sent in"), format="Y-m-d H:i", attrs=ONE_LINE
    )
    created_by = tables.Column(verbose_name=_("By"), default="—")
    channel = tables.TemplateColumn(
        template_name="console/contacts/org/channel_cell.html", verbose_name=_("Way")
    )
    status = tables.TemplateColumn(
        template_name="console/contacts/org/import_status_cell.html", verbose_name=_("State")
    )
    decided_by = tables.Column(verbose_name=_("Checked by"), default="—")

    class Meta:
        model = BindingImport
        fields = ("filename", "created_at", "created_by", "channel", "status", "decided_by")


class ImportRowFilter(django_filters.FilterSet):
    """Filters of the rows of one file."""

    action = django_filters.ChoiceFilter(
        choices=BindingImportRow.Action.choices, label=_("What happens"), empty_label=_("All rows")
    )

    class Meta:
        model = BindingImportRow
        fields: tuple[str, ...] = ()


class ImportRowTable(tables.Table):
    """One row of a binding file with what it does, or why it cannot."""

    row_number = tables.Column(verbose_name=_("Row"), localize=False)
    store_code = tables.Column(verbose_name=_("Store code"), default="—")
    store = tables.Column(accessor="store__name", verbose_name=_("Store"), default="—")
    account = tables.Column(verbose_name=_("Account"), default="—")
    member = tables.Column(accessor="member__name", verbose_name=_("Member"), default="—")
    place = tables.Column(verbose_name=_("Place"))
    action = tables.TemplateColumn(
        template_name="console/contacts/org/action_cell.html", verbose_name=_("What happens")
    )

    class Meta:
        model = BindingImportRow
        fields = ("row_number", "store_code", "store", "account", "member", "place", "action")
