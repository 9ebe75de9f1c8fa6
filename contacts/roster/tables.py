"""Columns and filters of the roster."""

from contextlib import suppress
from datetime import timedelta

import django_filters
import django_tables2 as tables
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.org.models import OrgUnit
from contacts.roster.models import RosterFile, RosterPerson
from scrm.core.crypto import blind_indexes
from scrm.core.exceptions import ValidationFailed
from scrm.core.listing import ONE_LINE
from scrm.core.phone import normalise_phone

FOLDER = "console/contacts/roster"


class PersonFilter(django_filters.FilterSet):
    """Search and filters of the roster."""

    q = django_filters.CharFilter(method="search", label=_("Name, userid or whole phone"))
    state = django_filters.ChoiceFilter(
        choices=RosterPerson.State.choices, label=_("State"), empty_label=_("All states")
    )
    expiring = django_filters.ChoiceFilter(
        choices=[("3", _("within 3 days")), ("14", _("within 14 days")), ("30", _("within 30 days"))],
        method="by_last_day",
        label=_("Last day"),
        empty_label=_("Any last day"),
    )  # fmt: skip
    unit = django_filters.CharFilter(method="in_unit", label=_("Code of the branch, dealer or store"))  # fmt: skip

    class Meta:
        model = RosterPerson
        fields: tuple[str, ...] = ()

    def search(
        self, people: QuerySet[RosterPerson], _name: str, value: str
    ) -> QuerySet[RosterPerson]:
        """Match a part of the name, the beginning of a userid, or a whole phone."""
        text = value.strip()
        found = Q(name__icontains=text) | Q(userid__istartswith=text)
        with suppress(ValidationFailed):
            found |= Q(phone_index__in=blind_indexes("phone", normalise_phone(text)))
        return people.filter(found)

    def by_last_day(
        self, people: QuerySet[RosterPerson], _name: str, value: str
    ) -> QuerySet[RosterPerson]:
        """Match people with an account whose last day is near."""
        until = timezone.localdate() + timedelta(days=int(value))
        return people.filter(state=RosterPerson.State.ACTIVE, expires_on__lte=until)

    def in_unit(
        self, people: QuerySet[RosterPerson], _name: str, value: str
    ) -> QuerySet[RosterPerson]:
        """Match the people of one store, or of all stores below a unit."""
        unit = OrgUnit.objects.filter(code=value.strip()).first()
        return people.filter(store__path__startswith=unit.path) if unit else people.none()


class PersonTable(tables.Table):
    """One person a row: who, where, who answers, until when."""

    name = tables.TemplateColumn(
        template_name=f"{FOLDER}/name_cell.html", verbose_name=_("Full name")
    )
    phone = tables.Column(accessor="shown_phone", verbose_name=_("Phone"), default="—", attrs=ONE_LINE)  # fmt: skip
    store = tables.Column(accessor="store__name", verbose_name=_("Store"))
    sponsor = tables.TemplateColumn(
        "{{ record.sponsor.name|default:record.sponsor.userid }}", verbose_name=_("Sponsor")
    )
    expires_on = tables.TemplateColumn(
        template_name=f"{FOLDER}/day_cell.html", verbose_name=_("Last day"), attrs=ONE_LINE
    )
    state = tables.TemplateColumn(
        template_name=f"{FOLDER}/state_cell.html", verbose_name=_("State")
    )

    class Meta:
        model = RosterPerson
        fields = ("name", "phone", "store", "sponsor", "expires_on", "state")


class QueueTable(tables.Table):
    """One person a row who waits for a decision, with where the form was sent from."""

    name = tables.TemplateColumn(
        template_name=f"{FOLDER}/tick_cell.html", verbose_name=_("Full name")
    )
    store = tables.Column(accessor="store__name", verbose_name=_("Store"))
    sponsor = tables.TemplateColumn(
        "{{ record.sponsor.name|default:record.sponsor.userid }}", verbose_name=_("Sponsor")
    )
    expires_on = tables.DateColumn(verbose_name=_("Last day"), format="Y-m-d", attrs=ONE_LINE)
    channel = tables.TemplateColumn(template_name=f"{FOLDER}/sent_cell.html", verbose_name=_("Way"))
    created_by = tables.TemplateColumn(
        "{{ record.created_by|default:'—' }}", verbose_name=_("Sent in by")
    )

    class Meta:
        model = RosterPerson
        fields = ("name", "store", "sponsor", "expires_on", "channel", "created_by")


class FileTable(tables.Table):
    """Files of people and what became of them."""

    filename = tables.TemplateColumn(
        "<a href=\"{% url 'roster:file' record.pk %}\">{{ value }}</a>", verbose_name=_("File")
    )
    created_at = tables.DateTimeColumn(
        verbose_name=_("Uploaded"), format="Y-m-d H:i", attrs=ONE_LINE
    )
    created_by = tables.Column(verbose_name=_("By"), default="—")
    status = tables.TemplateColumn(
        template_name=f"{FOLDER}/file_status_cell.html", verbose_name=_("State")
    )

    class Meta:
        model = RosterFile
        fields = ("filename", "created_at", "created_by", "status")
