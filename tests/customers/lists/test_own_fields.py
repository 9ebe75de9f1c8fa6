"""The company's own fields in files of customers: whose columns, how masked, how many queries."""

import io
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from openpyxl import load_workbook

from contacts.directory.models import Member
from customers.fields.models import FieldDefinition
from customers.fields.services import FieldWish, field_create, field_retire, values_set
from customers.lists.models import CustomerExport
from customers.lists.own_fields import own_cells
from customers.lists.tasks import customers_export
from customers.oneid.services import reconcile_pending
from customers.relations.models import ExternalContact
from scrm.accounts.models import User
from scrm.core.approvals import services as approvals
from scrm.core.approvals.models import Approval
from scrm.core.jobs.models import JobRun, JobState
from scrm.core.scope import scope_of
from tests.cast import PASSWORD, person
from tests.factories.customers import ContactFactory, CrmMemberFactory, RelationFactory

pytestmark = pytest.mark.django_db
EXPORT = "/console/customers/export/"


def made(
    name: str,
    type: str = "text",
    data_class: str = "behaviour",
    *,
    record: str = "contact",
    seen_by: tuple[str, ...] = ("hq_ops", "branch_ops"),
) -> FieldDefinition:
    """Return a new field that headquarters may change."""
    wish = FieldWish(name, "serve", "customer", seen_by, ("hq_ops",))
    return field_create(
        actor=None, key=name.lower(), type=type, data_class=data_class, record=record, wish=wish
    )


@pytest.fixture
def one(hq_ops: User, guide_li: Member) -> ExternalContact:
    """Return a customer who is a member, and a second one of whom nothing is known."""
    contact = ContactFactory(name="one", unionid="u1")
    RelationFactory(member=guide_li, contact=contact)
    RelationFactory(member=guide_li, contact=ContactFactory(name="two"))
    member = CrmMemberFactory(unionid="u1")
    while reconcile_pending() is not None:
        pass
    made("Taste")
    made("Shoes", "number")
    made("Mobile", "phone", "contact")
    made("Ring", record="member")
    made("Credit", seen_by=("hq_ops",))
    field_retire(made("Pet"), actor=hq_ops)
    typed = {
        "taste": "=1+1", "shoes": "-38.5", "mobile": "13812345678", "ring": "52", "credit": "good",
    }  # fmt: skip
    values_set(scope_of(hq_ops), [contact.pk], [member.pk], typed, actor=None)
    return contact


def login(client: Client, username: str) -> None:
    """Log in as one of the cast, in English."""
    client.cookies["django_language"] = "en"
    assert client.login(username=username, password=PASSWORD)


def written() -> dict[str, dict[str, Any]]:
    """Write the newest file, and return by customer what stands under which header."""
    export = CustomerExport.objects.latest("created_at")
    with translation.override("en"):
        customers_export(str(export.job_id))
    assert JobRun.objects.get(pk=export.job_id).state == JobState.DONE
    export.refresh_from_db()
    book = load_workbook(io.BytesIO(bytes(export.content or b"")))
    heads, *lines = book.worksheets[0].iter_rows(values_only=True)
    rows = [dict(zip(heads, line, strict=True)) for line in lines]
    # The name in a file carries a mark.
    names = dict(ExternalContact.objects.values_list("external_userid", "name"))
    return {names[str(row["external userid"])]: row for row in rows}


def own(row: dict[str, Any]) -> dict[str, Any]:
    """Return what stands in the columns of the company's own fields."""
    names = ("Taste", "Shoes", "Mobile", "Ring", "Credit", "Pet")
    return {name: row[name] for name in names if name in row}


def test_a_file_has_a_column_for_each_field_masked_as_on_the_profile(
    client: Client, one: ExternalContact
) -> None:
    login(client, "hq")

    client.post(EXPORT, {"all": "1", "query": "", "purpose": "calls"})
    rows = written()

    # then nothing is a formula, a number is one, and a field that is not asked for any more is none
    assert own(rows["one"]) == {
        "Taste": "'=1+1",
        "Shoes": -38.5,
        "Mobile": "138****5678",
        "Ring": "52",
        "Credit": "good",
    }
    assert own(rows["two"]) == dict.fromkeys(("Taste", "Shoes", "Mobile", "Ring", "Credit"))


def test_a_role_takes_only_the_fields_it_knows(
    client: Client, branch_ops: User, one: ExternalContact
) -> None:
    login(client, "branch")

    client.post(EXPORT, {"all": "1", "query": "", "purpose": "calls"})

    assert set(own(written()["one"])) == {"Taste", "Shoes", "Mobile", "Ring"}


def test_a_phone_is_written_out_only_where_somebody_else_agreed(
    client: Client, one: ExternalContact
) -> None:
    # given an unmasked file that another person agreed to
    login(client, "hq")
    given = {"all": "1", "query": "", "purpose": "calls", "unmasked": "on"}
    client.post(EXPORT, {**given, "reason": "the campaign"})
    assert CustomerExport.objects.count() == 0
    asked = Approval.objects.get(kind="export")
    approvals.approve(asked, actor=person("hq2", "hq_ops"), reason="fine")

    client.post(EXPORT, given)

    assert own(written()["one"])["Mobile"] == "'+8613812345678"


def test_queries_do_not_grow_with_the_customers(one: ExternalContact, hq_ops: User) -> None:
    scope, known = scope_of(hq_ops), list(FieldDefinition.objects.filter(retired_at=None))
    for _number in range(10):
        ContactFactory()
    every = list(ExternalContact.objects.values_list("pk", flat=True))

    def asked(ids: list[Any]) -> int:
        with CaptureQueriesContext(connection) as seen:
            own_cells(scope, known, ids, unmasked=False)
        return len(seen)

    assert asked([one.pk]) == asked(every) == 4
    assert own_cells(scope, [], every, unmasked=False) == {}
