"""Fields a company adds to its customers: values, who sees them, how they lie in the database, how long."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone, translation

from contacts.directory.models import Member
from customers.fields import services
from customers.fields.models import FieldDefinition, FieldValue
from customers.fields.selectors import (
    fields_for_conditions,
    fields_shown,
    record_ids_with,
    value_of,
)
from customers.fields.services import FieldWish
from customers.fields.values import value_read
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict, PermissionDenied, ValidationFailed
from scrm.core.scope import SYSTEM_SCOPE, scope_of
from tests.cast import PASSWORD
from tests.factories.customers import ContactFactory, CrmMemberFactory, RelationFactory

pytestmark = pytest.mark.django_db
LIST = "/console/customer-fields/"
PAGE = "/console/customers/{}/fields/"


def made(
    key: str,
    type: str = "text",
    data_class: str = "behaviour",
    *,
    record: str = "contact",
    seen_by: tuple[str, ...] = ("hq_ops", "guide"),
    edited_by: tuple[str, ...] = ("hq_ops", "guide"),
    choices: tuple[str, ...] = (),
    retention: str = "customer",
) -> FieldDefinition:
    """Return a new field."""
    wish = FieldWish(key.title(), "serve better", retention, seen_by, edited_by, choices)
    return services.field_create(
        actor=None, key=key, type=type, data_class=data_class, record=record, wish=wish
    )


@pytest.mark.parametrize(
    ("type", "typed", "held"),
    [
        ("text", "  likes wool ", "likes wool"),
        ("text", "   ", None),
        ("number", "1,280.50", 1280.5),
        ("number", "42", 42),
        ("date", "2026-11-21", "2026-11-21"),
        ("choice", "M", "M"),
        ("choices", ["L", "M"], ["M", "L"]),
        ("yes_no", "no", False),
        ("yes_no", True, True),
        ("phone", "138 1234 5678", "+8613812345678"),
        ("text", "", None),
    ],
)
def test_what_is_typed_is_read(type: str, typed: Any, held: Any) -> None:
    field = FieldDefinition(key="x", name="X", type=type, choices=["M", "L"])

    assert value_read(field, typed) == held


@pytest.mark.parametrize(
    ("type", "typed"),
    [
        ("text", "x" * 501),
        ("number", "many"),
        ("number", "1e12"),
        ("number", "NaN"),
        ("date", "21.11.2026"),
        ("choice", "XL"),
        ("choices", ["M", "XL"]),
        ("yes_no", "perhaps"),
        ("phone", "12"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_field(type: str, typed: Any) -> None:
    field = FieldDefinition(key="x", name="Shoe size", type=type, choices=["M", "L"])

    with pytest.raises(ValidationFailed, match="Shoe size") as refused:
        value_read(field, typed)
    assert refused.value.data["field"] == "x"


def test_a_personal_value_lies_sealed_and_is_found_by_equality(guide_li: Member) -> None:
    # given a field of the class contact and one of the class behaviour
    contact = ContactFactory()
    RelationFactory(member=guide_li, contact=contact)
    made("second_phone", "phone", "contact")
    made("taste", "choice", choices=("wool", "silk"))
    typed = {"second_phone": "13812345678", "taste": "silk"}

    # when both are written
    services.values_set(scope_of(guide_li.user), [contact.pk], [], typed, actor=guide_li.user)

    # then the database holds the one as ciphertext, the other as it is
    with connection.cursor() as cursor:
        cursor.execute("SELECT sealed, plain FROM customers_fieldvalue ORDER BY plain NULLS FIRST")
        (sealed, none), (nothing, plain) = cursor.fetchall()
    assert b"13812345678" not in bytes(sealed)
    assert (none, nothing, plain) == (None, None, '"silk"')
    assert list(record_ids_with("second_phone", "is", "+86 138-1234-5678")) == [contact.pk]
    assert list(record_ids_with("second_phone", "is", "13812345679")) == []
    assert {row.field.key: value_of(row) for row in FieldValue.objects.select_related("field")} == {
        "second_phone": "+8613812345678",
        "taste": "silk",
    }
    # and the audit names the fields, never their values
    entry = AuditEntry.objects.get(action="fields.values_set")
    assert entry.after == {"fields": ["second_phone", "taste"]}


def test_conditions_by_type() -> None:
    one, two = ContactFactory(), ContactFactory()
    shoes, likes = made("shoes", "number"), made("likes", "choices", choices=("wool", "silk"))
    for contact, size, tastes in ((one, 36, ["wool"]), (two, 40, ["wool", "silk"])):
        now = timezone.now()
        FieldValue(field=shoes, contact=contact, plain=size, updated_at=now).save()
        FieldValue(field=likes, contact=contact, plain=tastes, updated_at=now).save()

    assert set(record_ids_with("shoes", "at_least", "40")) == {two.pk}
    assert set(record_ids_with("shoes", "at_most", 39.5)) == {one.pk}
    assert set(record_ids_with("likes", "contains", ["wool"])) == {one.pk, two.pk}
    assert set(record_ids_with("likes", "is", ["wool"])) == {one.pk}
    assert set(record_ids_with("shoes", "known")) == {one.pk, two.pk}
    for key, operator, value in (
        ("nothing", "is", 1),
        ("shoes", "contains", 1),
        ("shoes", "is", ""),
    ):
        with pytest.raises(ValidationFailed):
            record_ids_with(key, operator, value)
    assert [one.operators for one in fields_for_conditions(SYSTEM_SCOPE)] == [
        ("is", "at_least", "at_most", "known"),
        ("is", "contains", "known"),
    ]


def test_each_role_knows_only_its_fields(hq_ops: User, branch_ops: User, guide_li: Member) -> None:
    # given a field for headquarters alone, and a phone the guide sees masked
    contact = ContactFactory()
    RelationFactory(member=guide_li, contact=contact)
    made("credit", seen_by=("hq_ops",), edited_by=("hq_ops",))
    made("second_phone", "phone", "contact", edited_by=("guide",))
    services.values_set(
        scope_of(guide_li.user), [contact.pk], [], {"second_phone": "13812345678"}, actor=None
    )

    # then
    def shown(user: User) -> list[tuple[str, str, bool]]:
        rows = fields_shown(scope_of(user), [contact.pk], [])
        return [(row.field.key, row.text, row.may_edit) for row in rows]

    assert shown(guide_li.user) == [("second_phone", "138****5678", True)]
    assert shown(hq_ops) == [("credit", "", True), ("second_phone", "138****5678", False)]
    assert shown(branch_ops) == []
    # and nobody writes what is not theirs, nor anything beside it
    for user, typed in (
        (guide_li.user, {"credit": "bad"}),
        (hq_ops, {"second_phone": "", "credit": "x"}),
    ):
        with pytest.raises(PermissionDenied):
            services.values_set(scope_of(user), [contact.pk], [], typed, actor=None)
    assert list(FieldValue.objects.values_list("field__key", flat=True)) == ["second_phone"]
    # and an empty answer keeps what is masked, and takes away what is not
    services.values_set(scope_of(guide_li.user), [contact.pk], [], {"second_phone": ""}, actor=None)
    assert FieldValue.objects.count() == 1


def test_values_hang_on_the_record_so_that_a_split_is_exact() -> None:
    # given a field of the member, and a person of two customers and a member
    one, two, member = ContactFactory(), ContactFactory(), CrmMemberFactory()
    made("ring", record="member")
    made("pet")
    scope = type(SYSTEM_SCOPE)(**{**SYSTEM_SCOPE.__dict__, "role_codes": frozenset({"hq_ops"})})
    services.values_set(
        scope, [one.pk, two.pk], [member.pk], {"ring": "52", "pet": "cat"}, actor=None
    )

    # then both of them show what the one said; apart, each has its own
    together = fields_shown(scope, [two.pk, one.pk], [member.pk])
    assert {row.field.key: row.text for row in together} == {"ring": "52", "pet": "cat"}
    assert {row.field.key: row.text for row in fields_shown(scope, [two.pk], [])} == {
        "ring": "",
        "pet": "",
    }
    # and a field of the member has nowhere to go without one
    with pytest.raises(PermissionDenied):
        services.values_set(scope, [two.pk], [], {"ring": "53"}, actor=None)


def test_values_end_with_their_time() -> None:
    short, long = made("short", retention="1y"), made("long", retention="5y")
    lasting = made("lasting")
    contact, then = ContactFactory(), timezone.now() - timedelta(days=400)
    for field in (short, long, lasting):
        FieldValue(field=field, contact=contact, plain="x", updated_at=then).save()

    assert services.values_expire() == 1
    assert set(FieldValue.objects.values_list("field__key", flat=True)) == {"long", "lasting"}


@translation.override("en")
def test_a_field_needs_a_purpose_readers_and_a_key_of_its_own() -> None:
    made("taste")
    with pytest.raises(Conflict):
        made("taste")
    with pytest.raises(ValidationFailed, match="class contact"):
        made("other_phone", "phone", "behaviour")
    with pytest.raises(ValidationFailed, match="choices"):
        made("colour", "choice", choices=("red",))
    wish = FieldWish("A", "  ", "1y", ("hq_ops",))
    with pytest.raises(ValidationFailed, match="purpose"):
        services.field_create(
            actor=None, key="a", type="text", data_class="behaviour", record="contact", wish=wish
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        FieldDefinition.objects.update(purpose="")
    assert list(FieldDefinition.objects.values_list("key", flat=True)) == ["taste"]


def test_every_field_stands_where_privacy_says_what_is_kept(client: Client, hq_ops: User) -> None:
    made("ring", data_class="identity", retention="2y")
    services.field_retire(made("pet"), actor=hq_ops)
    client.cookies["django_language"] = "en"
    client.login(username="hq", password=PASSWORD)

    page = client.get("/console/privacy/retention/").content.decode()

    rows = page.partition('id="own-fields"')[2]
    for words in ("ring", "serve better", "encrypted", "2 years after the last change", "pet"):
        assert words in rows, words


def test_headquarters_keeps_the_fields(client: Client, hq_ops: User, outsider: User) -> None:
    # given the form of a new field
    assert client.login(username="hq", password=PASSWORD)
    client.cookies["django_language"] = "en"
    form = {
        "name": "Shoe size", "key": "shoe_size", "type": "number", "data_class": "behaviour",
        "record": "contact", "purpose": "order the right size", "retention": "customer",
        "seen_by": ["hq_ops", "guide"], "edited_by": ["guide"], "position": "5", "choices": "",
    }  # fmt: skip

    # when it is sent, wrong first
    assert client.post(LIST + "new/", form | {"key": "Shoe Size"}).status_code == 422
    assert FieldDefinition.objects.count() == 0
    assert client.post(LIST + "new/", form).status_code == 302
    field = FieldDefinition.objects.get()
    assert client.post(f"{LIST}{field.pk}/", form | {"name": "Shoes"}).status_code == 302
    assert "Shoes" in client.get(LIST).content.decode()
    assert client.post(f"{LIST}{field.pk}/retire/").status_code == 302

    # then it is audited, and the branch neither sees nor changes any of it
    field.refresh_from_db()
    assert (field.name, field.retired_at is None) == ("Shoes", False)
    acts = AuditEntry.objects.filter(target="field:shoe_size").order_by("pk")
    assert [act.action for act in acts] == ["fields.create", "fields.update", "fields.retire"]
    assert client.login(username="outsider", password=PASSWORD)
    assert client.get(LIST).status_code == 403
    assert client.post(LIST + "new/", form | {"key": "other"}).status_code == 403
    assert FieldDefinition.objects.count() == 1


def test_values_are_saved_on_the_page_of_a_customer_in_scope_only(
    client: Client, hq_ops: User, outsider: User, guide_li: Member
) -> None:
    contact = ContactFactory()
    RelationFactory(member=guide_li, contact=contact)
    made("shoes", "number", seen_by=("hq_ops", "branch_ops"), edited_by=("hq_ops", "branch_ops"))
    assert client.login(username="hq", password=PASSWORD)

    wrong = client.post(PAGE.format(contact.pk), {"field-shoes": "many"})
    right = client.post(PAGE.format(contact.pk), {"field-shoes": "38"})

    assert (wrong.status_code, right.status_code) == (422, 302)
    assert "many" in wrong.content.decode()
    assert FieldValue.objects.get().plain == 38
    assert client.login(username="outsider", password=PASSWORD)
    assert client.post(PAGE.format(contact.pk), {"field-shoes": "40"}).status_code == 404
    assert FieldValue.objects.get().plain == 38


def test_a_masked_phone_stays_when_nothing_is_typed_and_goes_when_that_is_ticked(
    client: Client, hq_ops: User, guide_li: Member
) -> None:
    # given a phone that headquarters sees masked and may change
    contact = ContactFactory()
    RelationFactory(member=guide_li, contact=contact)
    made("second_phone", "phone", "contact")
    typed = {"second_phone": "13812345678"}
    services.values_set(scope_of(hq_ops), [contact.pk], [], typed, actor=hq_ops)
    client.cookies["django_language"] = "en"
    assert client.login(username="hq", password=PASSWORD)
    page = client.get(f"/console/customers/{contact.pk}/?tab=identity").content.decode()
    assert "Remove this value: Second_Phone" in page

    # when the form is sent as it stands, and with both a new value and the tick
    client.post(PAGE.format(contact.pk), {"field-second_phone": ""})
    both = client.post(
        PAGE.format(contact.pk),
        {"field-second_phone": "13812345679", "remove-second_phone": "on"},
    )

    # then the value stays
    assert both.status_code == 422
    assert "not both" in both.content.decode()
    assert value_of(FieldValue.objects.get()) == "+8613812345678"

    # when it is ticked
    gone = client.post(
        PAGE.format(contact.pk), {"field-second_phone": "", "remove-second_phone": "on"}
    )

    # then it is gone, which is audited, and there is nothing more to remove
    assert (gone.status_code, FieldValue.objects.count()) == (302, 0)
    acts = AuditEntry.objects.filter(action="fields.values_set").order_by("pk")
    assert [act.after for act in acts] == [{"fields": ["second_phone"]}] * 2
    page = client.get(f"/console/customers/{contact.pk}/?tab=identity").content.decode()
    assert "Remove this value" not in page


def test_a_guide_removes_a_masked_phone_on_the_phone(client: Client, guide_li: Member) -> None:
    contact = ContactFactory()
    RelationFactory(member=guide_li, contact=contact)
    made("second_phone", "phone", "contact")
    typed = {"second_phone": "13812345678"}
    services.values_set(scope_of(guide_li.user), [contact.pk], [], typed, actor=None)
    client.force_login(guide_li.user, backend="django.contrib.auth.backends.ModelBackend")
    address = f"/h5/customers/{contact.pk}/fields/"

    client.post(address, {"field-second_phone": ""})
    assert FieldValue.objects.count() == 1
    client.post(address, {"field-second_phone": "", "remove-second_phone": "on"})

    assert FieldValue.objects.count() == 0
