"""The filters of the customer list; all of them stand in the address, but for what was searched."""

import datetime
from typing import Any

import django_filters
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.directory.selectors import members_search, members_visible_to, path_filter
from contacts.org.models import OrgUnit
from contacts.org.selectors import org_units_visible_to, stores_visible_to
from customers.crm.models import CrmMember, Order
from customers.crm.selectors import members_visible_to as crm_members_visible_to
from customers.fields.models import FieldDefinition
from customers.fields.selectors import ConditionField, fields_known, record_ids_with
from customers.fields.values import FIRST_DAY as FIRST_VALUE
from customers.fields.values import LAST_DAY as LAST_VALUE
from customers.lists.finding import narrow, wanted
from customers.oneid.models import PersonLink
from customers.profile.models import DoNotContact
from customers.relations.models import ExternalContact, FollowRelation, RecordChange
from customers.relations.opened import UNKNOWN, State, opened_chat
from customers.relations.selectors import relations_visible_to
from customers.relations.ways import ADD_WAYS
from customers.tags.selectors import tags_all
from customers.timeline.selectors import sees_members
from scrm.core.days import FIRST_YEAR, LAST_YEAR, DayInput
from scrm.core.exceptions import ValidationFailed
from scrm.core.scope import Scope
from scrm.core.searched import SearchedFilter

_NO_FIELD = _(
    "These filters ask for a customer field that is switched off: %(name)s. Take the filter out or switch the field on."
)
_NOT_YOURS = _(
    "These filters ask for something you do not see or that is not there any more: %(name)s. Take the filter out."
)
YES, NO = "yes", "no"
# What the names of filters by the company's own fields begin with.
OWN = "f_"
# A text that names more stores than this names too many to be meant.
STORES_MEANT = 50
# Nothing here is older, and nothing is planned later.
FIRST_DAY, LAST_DAY = datetime.date(FIRST_YEAR, 1, 1), datetime.date(LAST_YEAR, 12, 31)
NOT_A_STORE = (OrgUnit.Kind.REGION, OrgUnit.Kind.BRANCH, OrgUnit.Kind.DEALER)
# Conditions on one and the same relation, and those on the person.
OF_RELATION = (
    "member",
    "store",
    "branch",
    "tag",
    "way",
    "status",
    "opened",
    "added_from",
    "added_to",
)
OF_PERSON = ("is_member", "level", "bought_since", "quiet_since")


def tag_choices() -> list[tuple[str, str]]:
    """Return the living tags, each with its group."""
    return [(tag.tag_id, f"{tag.group.name} / {tag.name}") for tag in tags_all()]


def _day(
    label: Any, method: str, first: datetime.date = FIRST_DAY, last: datetime.date = LAST_DAY
) -> Any:
    return django_filters.DateFilter(
        label=label,
        method=method,
        widget=DayInput(),
        validators=[MinValueValidator(first), MaxValueValidator(last)],
    )


def _choice(label: Any, choices: Any, method: str, empty: Any) -> Any:
    return django_filters.ChoiceFilter(
        label=label, choices=choices, method=method, empty_label=empty
    )


class CustomerFilter(SearchedFilter):
    """Find customers by a search, by one relation that meets all conditions on it, and by who they are."""

    q = django_filters.CharFilter(label=_("Phone, name, remark, number, pinyin"), method="by_text")
    member = django_filters.CharFilter(label=_("Guide"), method="later")
    store = django_filters.CharFilter(label=_("Store or its code"), method="later")
    tag = _choice(_("Tag"), tag_choices, "later", _("Any tag"))
    status = _choice(_("Status"), FollowRelation.Status.choices, "later", _("Any status"))
    branch = _choice(_("Branch or dealer"), (), "later", _("Any branch"))
    way = _choice(_("Way of adding"), list(ADD_WAYS.items()), "later", _("Any way of adding"))
    opened = _choice(
        _("Opened the chat"),
        ((YES, _("has written")), (NO, _("has not written yet")), ("unknown", _("nobody told"))),
        "later",
        _("Written or not"),
    )
    added_from = _day(_("Added from"), "later")
    added_to = _day(_("Added until"), "later")
    is_member = _choice(
        _("Member"), ((YES, _("is a member")), (NO, _("is no member"))), "later", _("Member or not")
    )
    level = django_filters.CharFilter(label=_("Membership level"), method="later")
    bought_since = _day(_("Bought since"), "later")
    quiet_since = _day(_("Bought nothing since"), "later")
    stopped = _choice(
        _("Do not contact"),
        ((YES, _("does not want to be contacted")), (NO, _("may be contacted"))),
        "by_wish",
        _("Contact or not"),
    )

    behind: tuple[str, ...] = ("branch", "way", "opened", "added_from", "added_to", "is_member", "level", "bought_since", "quiet_since",
              "stopped")  # fmt: skip

    class Meta:
        model = ExternalContact
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the branches in scope, and what is known of sales only to those who may see it."""
        super().__init__(*args, **kwargs)
        units = org_units_visible_to(self.scope).filter(kind__in=NOT_A_STORE)
        self.filters["branch"].extra["choices"] = lambda: [
            (str(pk), name) for pk, name in units.order_by("path").values_list("pk", "name")
        ]
        if not sees_members(self.scope):
            for name in OF_PERSON:
                del self.filters[name]
        known = {f"{OWN}{field.key}": field for field in fields_known(self.scope)}
        self.fields_off = {name: field.name for name, field in known.items() if field.is_off}
        self.fields_own = {name: field for name, field in known.items() if not field.is_off}
        for name, field in self.fields_own.items():
            self.filters[name] = _own_filter(self, name, field)
        self.behind = (*self.behind, *self.fields_own)

    @property
    def scope(self) -> Scope:
        """Return the reader's scope."""
        scope: Scope = self.request.scope
        return scope

    @property
    def is_behind_used(self) -> bool:
        """Return whether a filter that is not shown at once is set."""
        return any(self.data.get(name) for name in self.behind)

    def unusable(self) -> list[str]:
        """Return in words which filters of the address ask for what cannot be asked."""
        given = [name for name in self.data if self.data.get(name) and name not in self.filters]
        off = [name for name in given if name in self.fields_off]
        unknown = [
            name
            for name in given
            if name not in off and (name.startswith(OWN) or name in OF_PERSON)
        ]
        return [
            *(_NO_FIELD % {"name": self.fields_off[name]} for name in off),
            *(_NOT_YOURS % {"name": name.removeprefix(OWN)} for name in unknown),
        ]

    def problems(self) -> list[str]:
        """Return in words what is wrong with the filters; then nobody is found, rather than everybody."""
        # What is wrong with the value of a customer field shows only when it is asked for.
        _found = self.qs
        labels = {name: str(field.label) for name, field in self.form.fields.items()}
        return [
            f"{labels[name]}: {words}" if name in labels else str(words)
            for name, said in self.form.errors.items()
            for words in said
        ]

    def filter_queryset(self, queryset: QuerySet[ExternalContact]) -> QuerySet[ExternalContact]:
        """Apply each filter, then all conditions on a relation to one and the same, then those on the person.

        A form with a filter that cannot be used finds nobody: left out, it would find everybody.
        """
        for words in self.unusable():
            self.form.add_error(None, words)
        if self.form.errors:
            return queryset.none()
        contacts: QuerySet[ExternalContact] = super().filter_queryset(queryset)
        given = {
            name: value for name, value in self.form.cleaned_data.items() if value not in (None, "")
        }
        if given.keys() & set(OF_RELATION):
            relations = relations_visible_to(self.scope).filter(_relation(self.scope, given))
            contacts = contacts.filter(Exists(relations.filter(contact=OuterRef("pk"))))
        for name, field in self.fields_own.items():
            if name in given:
                try:
                    contacts = contacts.filter(_has_value(field, given[name]))
                except ValidationFailed as error:
                    # No value of this field: it is said there, and nobody is found.
                    self.form.add_error(name, error.message)
                    return contacts.none()
        return _person(self.scope, contacts, given)

    def by_text(
        self, contacts: QuerySet[ExternalContact], _name: str, value: str
    ) -> QuerySet[ExternalContact]:
        """Search."""
        return narrow(self.scope, contacts, wanted(value))

    def by_wish(
        self, contacts: QuerySet[ExternalContact], _name: str, value: str
    ) -> QuerySet[ExternalContact]:
        """Keep those who do not want to be contacted, or the others: a wish is the person's, as on the profile."""
        mine = PersonLink.objects.filter(record_id=OuterRef(OuterRef("pk"))).values("person")
        wishes = DoNotContact.objects.values("contact")
        beside = PersonLink.objects.filter(person__in=mine, record_id__in=wishes)
        wish = Exists(DoNotContact.objects.filter(contact=OuterRef("pk"))) | Exists(beside)
        return contacts.filter(wish if value == YES else ~wish)

    def later(
        self, contacts: QuerySet[ExternalContact], _name: str, _value: Any
    ) -> QuerySet[ExternalContact]:
        """Leave it to `filter_queryset`."""
        return contacts


def _own_filter(parent: Any, name: str, field: ConditionField) -> Any:
    """Return the filter of a field the company added itself: equal to a value, or one of its choices."""
    if field.choices or field.type == FieldDefinition.Type.YES_NO:
        choices: list[tuple[str, Any]] = [(each, each) for each in field.choices]
        choices = choices or [(YES, _("yes")), (NO, _("no"))]
        made = _choice(field.name, choices, "later", field.name)
    elif field.type == FieldDefinition.Type.DATE:
        made = _day(field.name, "later", FIRST_VALUE, LAST_VALUE)
    else:
        made = django_filters.CharFilter(label=field.name, method="later")
    made.field_name, made.parent, made.model = name, parent, ExternalContact
    return made


def _has_value(field: ConditionField, value: Any) -> Exists:
    """Return the condition "a record of this customer's person has this value"."""
    raw = value == YES if field.type == FieldDefinition.Type.YES_NO else str(value)
    operator = "contains" if "contains" in field.operators else "is"
    records = record_ids_with(field.key, operator, raw)
    return _of_person(PersonLink.objects.filter(record_id__in=records))


def _relation(scope: Scope, given: dict[str, Any]) -> Q:
    """Return the condition on one relation."""
    condition = Q()
    if "member" in given:
        members = members_search(members_visible_to(scope), given["member"])
        condition &= Q(member__in=members.values("pk"))
    if "store" in given:
        condition &= path_filter("member__org_path", _stores(scope, given["store"]))
    if "branch" in given:
        units = org_units_visible_to(scope).filter(pk=given["branch"])
        condition &= path_filter("member__org_path", units.values_list("path", flat=True))
    if "tag" in given:
        condition &= Q(tag_ids__contains=[given["tag"]])
    if "way" in given:
        condition &= Q(add_way=int(given["way"]))
    if "status" in given:
        condition &= Q(status=given["status"])
    if "opened" in given:
        condition &= _opened(given["opened"])
    if "added_from" in given:
        condition &= Q(created_time__gte=_midnight(given["added_from"]))
    if "added_to" in given:
        condition &= Q(created_time__lt=_midnight(given["added_to"] + datetime.timedelta(days=1)))
    return condition


def _stores(scope: Scope, text: str) -> list[str]:
    stores = stores_visible_to(scope).filter(Q(code__iexact=text.strip()) | Q(name__icontains=text.strip()))  # fmt: skip
    return list(stores.values_list("path", flat=True)[:STORES_MEANT])


def _opened(value: str) -> Q:
    """Return the condition on the opened chat."""
    return opened_chat({YES: State.OPENED, NO: State.SILENT}.get(value, UNKNOWN))


def _person(
    scope: Scope, contacts: QuerySet[ExternalContact], given: dict[str, Any]
) -> QuerySet[ExternalContact]:
    """Narrow to customers whose person is a member, has a level, bought or did not buy."""
    if "is_member" in given:
        is_member = _whose_member(_members(scope))
        contacts = contacts.filter(is_member if given["is_member"] == YES else ~is_member)
    if "level" in given:
        contacts = contacts.filter(_whose_member(_members(scope).filter(level=given["level"].strip())))  # fmt: skip
    if "bought_since" in given:
        contacts = contacts.filter(_bought(scope, given["bought_since"]))
    if "quiet_since" in given:
        contacts = contacts.filter(~_bought(scope, given["quiet_since"]))
    return contacts


def _members(scope: Scope) -> QuerySet[CrmMember]:
    """Return the memberships that count, as on the profile: a guide's customers' all, a branch's own stores'."""
    members = CrmMember.objects.filter(state=CrmMember.State.ACTIVE)
    if scope.everything or scope.own_only:
        return members
    return members.filter(pk__in=crm_members_visible_to(scope).values("pk"))


def _whose_member(members: QuerySet[CrmMember]) -> Exists:
    return _of_person(
        PersonLink.objects.filter(
            record_kind=RecordChange.Kind.MEMBER, record_id__in=members.values("pk")
        )
    )


def _of_person(records: QuerySet[PersonLink]) -> Exists:
    """Return the condition "this customer's person has one of these records".

    The records are said without the customer, so that PostgreSQL may join them: asked customer by customer,
    20,000 members took seconds for 300 customers.
    """
    mine = PersonLink.objects.filter(record_id=OuterRef("pk"))
    return Exists(mine.filter(person__in=records.values("person")))


def _bought(scope: Scope, day: datetime.date) -> Exists:
    orders = Order.objects.filter(paid_at__gte=_midnight(day), refunded__lt=F("amount"))
    return _whose_member(_members(scope).filter(Exists(orders.filter(member=OuterRef("pk")))))


def _midnight(day: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time.min))
