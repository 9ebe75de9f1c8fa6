"""Columns and filters of the member list."""

from typing import Any

import django_filters
import django_tables2 as tables
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from contacts.directory.chasing import REASONS
from contacts.directory.models import Department, Member
from contacts.directory.selectors import departments_visible_to, members_search
from scrm.core.listing import NUMBER
from scrm.core.scope import Scope

# State and customer contact together answer one question: may she serve?
READY = "ready"
WAITING = "waiting"


def departments_of(request: Any) -> QuerySet[Department]:
    """Return the departments to choose from: those the scope may see."""
    scope: Scope | None = getattr(request, "scope", None)
    visible = departments_visible_to(scope) if scope is not None else Department.objects.none()
    return visible.order_by("name")


class MemberFilter(django_filters.FilterSet):
    """Search and filters of the member list."""

    q = django_filters.CharFilter(method="search", label=_("Name, userid or job number"))
    department = django_filters.ModelChoiceFilter(
        queryset=departments_of,
        method="in_department",
        to_field_name="department_id",
        label=_("Department"),
        empty_label=_("All departments"),
    )
    status = django_filters.ChoiceFilter(
        choices=Member.Status.choices, label=_("State"), empty_label=_("All states")
    )
    serving = django_filters.ChoiceFilter(
        choices=[(READY, _("can serve")), (WAITING, _("waits for something"))],
        method="by_readiness",
        label=_("Customer contact"),
        empty_label=_("Ready or not"),
    )
    store = django_filters.CharFilter(method="in_store", label=_("Store code"))

    class Meta:
        model = Member
        fields: tuple[str, ...] = ()

    def search(self, members: QuerySet[Member], _name: str, value: str) -> QuerySet[Member]:
        """Match a part of the name, or a whole userid or job number."""
        return members_search(members, value)

    def in_department(
        self, members: QuerySet[Member], _name: str, value: Department
    ) -> QuerySet[Member]:
        """Match members of one department."""
        return members.filter(department_ids__contains=[value.department_id])

    def in_store(self, members: QuerySet[Member], _name: str, value: str) -> QuerySet[Member]:
        """Match members who serve one store; bindings live in contacts.org, above this feature."""
        serving = {
            "bindings__store__code": value.strip(),
            "bindings__state__in": ["active", "serve_only"],
        }
        return members.filter(**serving).distinct()

    def by_readiness(self, members: QuerySet[Member], _name: str, value: str) -> QuerySet[Member]:
        """Match members a live code may name, or those it may not yet."""
        ready = {"status": Member.Status.ACTIVE, "can_follow": True}
        serving = members.exclude(status=Member.Status.LEFT)
        return serving.filter(**ready) if value == READY else serving.exclude(**ready)


class MemberTable(tables.Table):
    """One account a row: who, where, and what keeps her from serving."""

    name = tables.Column(verbose_name=_("Full name"), default="—")
    userid = tables.TemplateColumn("<code>{{ value }}</code>", verbose_name=_("Account"))
    job_number = tables.Column(
        accessor="employee__job_number", verbose_name=_("Job number"), default="—"
    )
    departments = tables.Column(
        accessor="department_names", verbose_name=_("Departments"), default="—"
    )
    store = tables.TemplateColumn(
        template_name="console/contacts/directory/store_cell.html", verbose_name=_("Store")
    )
    status = tables.TemplateColumn(
        template_name="console/contacts/directory/status_cell.html", verbose_name=_("State")
    )

    class Meta:
        model = Member
        fields = ("name", "userid", "job_number", "departments", "store", "status")


class ChaseFilter(django_filters.FilterSet):
    """Search and filters of the chase list."""

    q = django_filters.CharFilter(method="search", label=_("Name, userid or job number"))
    reason = django_filters.ChoiceFilter(
        field_name="chase", choices=REASONS, label=_("Waits for"), empty_label=_("All reasons")
    )
    store = django_filters.CharFilter(method="in_store", label=_("Store code"))

    class Meta:
        model = Member
        fields: tuple[str, ...] = ()

    def search(self, members: QuerySet[Member], _name: str, value: str) -> QuerySet[Member]:
        """Match a part of the name, or a whole userid or job number."""
        return members_search(members, value)

    def in_store(self, members: QuerySet[Member], _name: str, value: str) -> QuerySet[Member]:
        """Match members who serve one store; bindings live in contacts.org, above this feature."""
        serving = {
            "bindings__store__code": value.strip(),
            "bindings__state__in": ["active", "serve_only"],
        }
        return members.filter(**serving).distinct()


class ChaseTable(tables.Table):
    """One account a row: who, where, what she waits for and for how long."""

    name = tables.TemplateColumn(
        template_name="console/contacts/directory/chase_name_cell.html",
        verbose_name=_("Full name"),
    )
    departments = tables.Column(
        accessor="department_names", verbose_name=_("Departments"), default="—"
    )
    store = tables.TemplateColumn(
        template_name="console/contacts/directory/store_cell.html", verbose_name=_("Store")
    )
    reason = tables.TemplateColumn(
        template_name="console/contacts/directory/chase_reason_cell.html",
        verbose_name=_("What has to be done"),
        empty_values=(),
    )
    days = tables.Column(accessor="chased__days", verbose_name=_("Days waiting"), attrs=NUMBER)

    class Meta:
        model = Member
        fields = ("name", "departments", "store", "reason", "days")
