"""Filters and forms of the customer pages."""

import datetime
from typing import Any

import django_filters
from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.directory.grams import search_grams
from contacts.directory.selectors import members_search, members_visible_to
from customers.relations.models import ExternalContact, FollowRelation
from customers.relations.selectors import contacts_by_phone, relations_visible_to
from customers.tags.selectors import tags_all


def tag_choices() -> list[tuple[str, str]]:
    """Return the living tags, each with its group."""
    return [(tag.tag_id, f"{tag.group.name} / {tag.name}") for tag in tags_all()]


class ContactFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Find customers by what they are called, and by one relation that meets all the other conditions."""

    q = django_filters.CharFilter(label=_("Nickname or full phone"), method="by_contact")
    member = django_filters.CharFilter(label=_("Guide"), method="by_relation")
    tag = django_filters.ChoiceFilter(
        label=_("Tag"), choices=tag_choices, method="by_relation", empty_label=_("Any tag")
    )
    status = django_filters.ChoiceFilter(
        label=_("Status"),
        choices=FollowRelation.Status.choices,
        method="by_relation",
        empty_label=_("Any status"),
    )
    added_from = django_filters.DateFilter(
        label=_("Added from"), method="by_relation", widget=forms.DateInput(attrs={"type": "date"})
    )
    added_to = django_filters.DateFilter(
        label=_("Added until"), method="by_relation", widget=forms.DateInput(attrs={"type": "date"})
    )

    class Meta:
        model = ExternalContact
        fields: tuple[str, ...] = ()

    def filter_queryset(self, queryset: QuerySet[ExternalContact]) -> QuerySet[ExternalContact]:
        """Apply the search, then all relation filters to one and the same relation."""
        contacts: QuerySet[ExternalContact] = super().filter_queryset(queryset)
        condition = self._relation_condition(self.form.cleaned_data)
        if condition:
            relations = relations_visible_to(self.request.scope).filter(condition)
            contacts = contacts.filter(Exists(relations.filter(contact=OuterRef("pk"))))
        return contacts

    def by_contact(
        self, contacts: QuerySet[ExternalContact], _name: str, value: str
    ) -> QuerySet[ExternalContact]:
        """Match a part of the nickname, a full phone or an external_userid."""
        text = value.strip()
        if sum(char.isdigit() for char in text) >= 7:
            found = contacts_by_phone(self.request.scope, contacts, text)
            return found | contacts.filter(external_userid=text)
        return contacts.filter(Q(name_grams__contains=search_grams(text)) | Q(external_userid=text))

    def by_relation(
        self, contacts: QuerySet[ExternalContact], _name: str, _value: Any
    ) -> QuerySet[ExternalContact]:
        """Leave it to `filter_queryset`, which asks for one relation that meets every condition."""
        return contacts

    def _relation_condition(self, wanted: dict[str, Any]) -> Q:
        condition = Q()
        if wanted.get("member"):
            members = members_search(members_visible_to(self.request.scope), wanted["member"])
            condition &= Q(member__in=members.values("pk"))
        if wanted.get("tag"):
            condition &= Q(tag_ids__contains=[wanted["tag"]])
        if wanted.get("status"):
            condition &= Q(status=wanted["status"])
        if wanted.get("added_from"):
            condition &= Q(created_time__gte=_midnight(wanted["added_from"]))
        if wanted.get("added_to"):
            condition &= Q(
                created_time__lt=_midnight(wanted["added_to"] + datetime.timedelta(days=1))
            )
        return condition


def _midnight(day: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time.min))


class RevealForm(forms.Form):
    """Why somebody needs a phone number."""

    reason = forms.CharField(
        label=_("Why do you need it?"),
        max_length=200,
        help_text=_("Your name, the time and this reason are kept in the audit log."),
    )
