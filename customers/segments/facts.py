"""What can be asked of a person: every fact with its words, its kind of answer and its choices."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from contacts.directory.models import Member
from contacts.directory.selectors import members_visible_to as accounts_visible_to
from contacts.org.selectors import org_units_visible_to
from customers.crm.models import CrmMember
from customers.fields.selectors import ConditionField, fields_known
from customers.goods.models import Goods
from customers.relations.models import ExternalContact
from customers.relations.ways import ADD_WAYS
from customers.segments.models import Segment
from customers.tags.models import LocalTag
from customers.tags.selectors import tags_all
from scrm.core.scope import Scope

MOST_CHOICES = 2000
MOST_DIGITS = 9
Choices = list[tuple[str, str]]


class Shape(StrEnum):
    """What an answer looks like: some of a list, a number, a moment, yes or no, words somebody types."""

    CHOICE = "choice"
    NUMBER = "number"
    SINCE = "since"
    YES = "yes"
    WORDS = "words"


class Group(StrEnum):
    """Where a fact stands in the list of facts."""

    RELATION = "relation"
    PERSON = "person"
    MEMBER = "member"
    ORDERS = "orders"
    FIELDS = "fields"


GROUPS: dict[Group, Promise] = {
    Group.RELATION: _("Relation with a guide"),
    Group.PERSON: _("Customer"),
    Group.MEMBER: _("Membership"),
    Group.ORDERS: _("What they bought and looked at"),
    Group.FIELDS: _("Customer fields"),
}
OPERATORS: dict[Shape, dict[str, Promise]] = {
    Shape.CHOICE: {"in": _("is one of")},
    Shape.NUMBER: {"gte": _("at least"), "lte": _("at most")},
    Shape.SINCE: {
        "within": _("within the last"),
        "older": _("longer ago than"),
        "between": _("between"),
    },
    Shape.YES: {"is": _("is")},
    Shape.WORDS: {"in": _("is one of")},
}


@dataclass(frozen=True)
class FactKind:
    """One thing to ask.

    windowed: it may be narrowed to the last so many days. negated: what "no" says, of a question of yes and no.
    is_value: tells whether a text can be an answer, where answers are keys. is_off: it cannot be asked any more,
    and is known so that a condition which asks for it can be shown.
    """

    code: str
    label: Promise | str
    group: Group
    shape: Shape
    choices: Callable[[Scope], Choices] | None = None
    windowed: bool = False
    hint: Promise | str = ""
    negated: Promise | str = ""
    is_value: Callable[[str], bool] | None = None
    is_off: bool = False


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _ways(_scope: Scope) -> Choices:
    return [(str(code), str(words)) for code, words in ADD_WAYS.items()]


def _units(scope: Scope) -> Choices:
    units = org_units_visible_to(scope).order_by("path")[:MOST_CHOICES]
    return [(unit.code, f"{unit.name} · {unit.get_kind_display()}") for unit in units]


def _guides(scope: Scope) -> Choices:
    members: Choices = [
        (member.userid, f"{member.name or member.userid} · {member.userid}")
        for member in accounts_visible_to(scope)
        .filter(can_follow=True)
        .exclude(status=Member.Status.LEFT)
        .order_by("name", "userid")[:MOST_CHOICES]
    ]
    return members


def _tags(_scope: Scope) -> Choices:
    return [(tag.tag_id, f"{tag.group.name} · {tag.name}") for tag in tags_all()[:MOST_CHOICES]]


def _local_tags(_scope: Scope) -> Choices:
    tags = LocalTag.objects.filter(deleted_at=None).order_by("order", "name")
    return [(str(tag.pk), tag.name) for tag in tags[:MOST_CHOICES]]


def _levels(_scope: Scope) -> Choices:
    levels = CrmMember.objects.exclude(level="").order_by("level").values_list("level", flat=True)
    return [(level, level) for level in levels.distinct()[:MOST_CHOICES]]


def _states(_scope: Scope) -> Choices:
    named = [(str(code), str(words)) for code, words in CrmMember.State.choices]
    return [*named, ("none", str(_("no member")))]


def _genders(_scope: Scope) -> Choices:
    return [(str(code), str(words)) for code, words in ExternalContact.Gender.choices]


def _categories(_scope: Scope) -> Choices:
    names = Goods.objects.exclude(category="").order_by("category")
    return [(name, name) for name in names.values_list("category", flat=True).distinct()[:500]]


def _audiences(scope: Scope) -> Choices:
    audiences = Segment.objects.filter(kind=Segment.Kind.AUDIENCE).order_by("name")
    if not scope.everything:
        audiences = audiences.filter(is_shared=True)
    return [(str(each.pk), each.name) for each in audiences[:MOST_CHOICES]]


KINDS: tuple[FactKind, ...] = (
    FactKind(
        "add_way", _("Way of adding"), Group.RELATION, Shape.CHOICE, _ways, is_value=_is_number
    ),
    FactKind("added", _("Added"), Group.RELATION, Shape.SINCE),
    FactKind("unit", _("Store or branch of the guide"), Group.RELATION, Shape.CHOICE, _units),
    FactKind("guide", _("Guide"), Group.RELATION, Shape.CHOICE, _guides),
    FactKind("tag", _("WeCom tag"), Group.RELATION, Shape.CHOICE, _tags),
    FactKind(
        "opened",
        _("Has written to the guide"),
        Group.RELATION,
        Shape.YES,
        hint=_("WeCom tells it for acquisition links only; otherwise as marked by a guide."),
        negated=_("Has not written to the guide yet"),
    ),
    FactKind(
        "friend",
        _("Is a friend of a guide"),
        Group.PERSON,
        Shape.YES,
        negated=_("Is no guide’s friend"),
    ),
    FactKind(
        "local_tag",
        _("Local tag"),
        Group.PERSON,
        Shape.CHOICE,
        _local_tags,
        is_value=_is_number,
    ),
    FactKind("gender", _("Sex"), Group.PERSON, Shape.CHOICE, _genders, is_value=_is_number),
    FactKind(
        "do_not_contact",
        _("Does not want to be contacted"),
        Group.PERSON,
        Shape.YES,
        negated=_("May be contacted"),
    ),
    FactKind(
        "left_out",
        _("Is a colleague or a test contact"),
        Group.PERSON,
        Shape.YES,
        negated=_("Is neither a colleague nor a test contact"),
    ),
    FactKind(
        "audience",
        _("In an imported audience"),
        Group.PERSON,
        Shape.CHOICE,
        _audiences,
        is_value=_is_uuid,
    ),
    FactKind("member_state", _("Membership"), Group.MEMBER, Shape.CHOICE, _states),
    FactKind("level", _("Membership level"), Group.MEMBER, Shape.CHOICE, _levels),
    FactKind("joined", _("Joined as member"), Group.MEMBER, Shape.SINCE),
    FactKind("member_unit", _("Store of the membership"), Group.MEMBER, Shape.CHOICE, _units),
    FactKind("crm_tag", _("CRM tag"), Group.MEMBER, Shape.WORDS),
    FactKind("points", _("Points"), Group.MEMBER, Shape.NUMBER),
    FactKind("balance", _("Balance"), Group.MEMBER, Shape.NUMBER),
    FactKind("coupons", _("Usable coupons"), Group.MEMBER, Shape.NUMBER),
    FactKind("order_count", _("Number of orders"), Group.ORDERS, Shape.NUMBER, windowed=True),
    FactKind(
        "order_sum", _("Spent, less refunds (yuan)"), Group.ORDERS, Shape.NUMBER, windowed=True
    ),
    FactKind("last_bought", _("Last order"), Group.ORDERS, Shape.SINCE),
    FactKind(
        "bought_goods",
        _("Bought SKU or model"),
        Group.ORDERS,
        Shape.WORDS,
        windowed=True,
    ),
    FactKind(
        "bought_category",
        _("Bought of a category"),
        Group.ORDERS,
        Shape.CHOICE,
        _categories,
        windowed=True,
    ),
    FactKind("bought_channel", _("Bought in a channel"), Group.ORDERS, Shape.WORDS, windowed=True),
    FactKind(
        "bought_unit", _("Bought in a store"), Group.ORDERS, Shape.CHOICE, _units, windowed=True
    ),
    FactKind(
        "views", _("Number of materials looked at"), Group.ORDERS, Shape.NUMBER, windowed=True
    ),
    FactKind(
        "viewed",
        _("Looked at material of title or category"),
        Group.ORDERS,
        Shape.WORDS,
        windowed=True,
        hint=_("Views of which the customer is inferred from the link that the guide sent."),
    ),
)
FIELD = "field:"
BY_CODE: Mapping[str, FactKind] = {kind.code: kind for kind in KINDS}


def kinds_for(scope: Scope) -> dict[str, FactKind]:
    """Return what a scope may ask, by code: the built-in facts, then the company's own fields it sees."""
    return {code: kind for code, kind in kinds_known(scope).items() if not kind.is_off}


def kinds_known(scope: Scope) -> dict[str, FactKind]:
    """Return what a scope may ask, and the company's own fields it could ask for before they were switched off."""
    return {**BY_CODE, **{kind.code: kind for kind in map(_of_field, fields_known(scope))}}


def kind_gone(code: str) -> FactKind:
    """Return a fact nobody here knows, so that a condition which asks for it can be shown."""
    key = code.removeprefix(FIELD)
    label = _("a fact that is not there any more: %(fact)s") % {"fact": key}
    return FactKind(code, label, Group.FIELDS, Shape.WORDS, is_off=True)


def _of_field(field: ConditionField) -> FactKind:
    if "at_least" in field.operators:
        shape = Shape.SINCE if field.type == "date" else Shape.NUMBER
    elif field.type == "yes_no":
        shape = Shape.YES
    else:
        shape = Shape.CHOICE if field.choices else Shape.WORDS
    listed: Choices = [(choice, choice) for choice in field.choices]
    return FactKind(
        f"{FIELD}{field.key}",
        field.name,
        Group.FIELDS,
        shape,
        (lambda _scope: listed) if listed else None,
        is_off=field.is_off,
    )
