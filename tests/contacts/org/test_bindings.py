"""Accounts serve stores in order; files are judged row by row and bound after HQ's check."""

import io
from collections.abc import Sequence

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import translation
from openpyxl import load_workbook

from contacts.directory.models import Member
from contacts.org.models import BindingImport, OrgUnit, StoreBinding
from contacts.org.selectors import binding_rates, bindings_of, store_of
from contacts.org.services import (
    binding_import,
    binding_import_apply,
    binding_import_refuse,
    binding_reorder,
    binding_retire,
    binding_set,
    binding_state_set,
)
from contacts.org.words import row_words
from contacts.roles.selectors import scope_for
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.excel import read_table
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.scope import SYSTEM_SCOPE
from tests.cast import Company, branch_ops, company, hq_ops
from tests.factories.accounts import UserFactory
from tests.factories.contacts import EmployeeFactory, MemberFactory, StoreFactory

__all__ = ["branch_ops", "company", "hq_ops"]
pytestmark = pytest.mark.django_db


def order(store: OrgUnit) -> list[tuple[str, int]]:
    """Return (userid, place) of a store's accounts."""
    return [(b.member.userid, b.position) for b in bindings_of(store)]


def bind(store: OrgUnit, *userids: str) -> list[StoreBinding]:
    """Bind new accounts to a store, one after the other."""
    return [
        binding_set(store=store, member=MemberFactory(userid=u), position=None, actor=None)
        for u in userids
    ]


def table(*rows: Sequence[str], headers: str = "门店编码,工号或账号,顺序") -> io.BytesIO:
    """Return a binding file."""
    lines = [headers, *(",".join(row) for row in rows)]
    return io.BytesIO("\n".join(lines).encode("gbk"))


def judged(batch: BindingImport) -> list[tuple[int, str, str, int]]:
    """Return (row, action, error, place) of a file."""
    return list(
        batch.rows.order_by("row_number").values_list("row_number", "action", "code", "place")
    )


def test_accounts_are_bound_in_order_and_moved_by_hand() -> None:
    # given a store with three accounts
    store = StoreFactory()
    first, second, third = bind(store, "a", "b", "c")
    assert order(store) == [("a", 1), ("b", 2), ("c", 3)]

    # when one is put in front, another ends
    binding_set(store=store, member=third.member, position=1, actor=None)
    binding_retire(binding=first, actor=None)

    # then places stay dense
    assert order(store) == [("c", 1), ("b", 2)]
    binding_reorder(store=store, binding_ids=[second.pk, third.pk], actor=None)
    assert order(store) == [("b", 1), ("c", 2)]


def test_an_account_serves_one_store() -> None:
    here, there = StoreFactory(), StoreFactory()
    (binding,) = bind(here, "a")

    # when it is bound elsewhere without saying "move", nothing changes
    with pytest.raises(Conflict):
        binding_set(store=there, member=binding.member, position=None, actor=None)
    assert (order(here), order(there)) == ([("a", 1)], [])

    # and with "move" it leaves the first store, whose history stays
    binding_set(store=there, member=binding.member, position=None, actor=None, move=True)
    assert (order(here), order(there)) == ([], [("a", 1)])
    assert store_of(binding.member) == there
    assert StoreBinding.objects.filter(store=here, state="retired").count() == 1


def test_the_database_itself_refuses_a_second_active_store() -> None:
    (binding,) = bind(StoreFactory(), "a")

    with pytest.raises(IntegrityError), transaction.atomic():
        StoreBinding.objects.create(store=StoreFactory(), member=binding.member)


@pytest.mark.parametrize("status", [Member.Status.DISABLED, Member.Status.LEFT])
def test_who_may_not_work_cannot_be_bound(status: int) -> None:
    store = StoreFactory()

    with pytest.raises(ValidationFailed):
        binding_set(store=store, member=MemberFactory(status=status), position=None, actor=None)

    assert StoreBinding.objects.count() == 0


def test_only_open_stores_take_accounts() -> None:
    for unit in (StoreFactory(status="closed"), StoreFactory(kind="branch")):
        with pytest.raises(ValidationFailed):
            binding_set(store=unit, member=MemberFactory(), position=None, actor=None)


def test_serve_only_keeps_the_place_and_frees_the_account() -> None:
    here, there = StoreFactory(), StoreFactory()
    (binding,) = bind(here, "a")

    # when a full account serves only its old customers
    binding_state_set(binding=binding, state="serve_only", actor=None)

    # then it keeps its row here and may be active elsewhere, once
    assert order(here) == [("a", 1)]
    binding_set(store=there, member=binding.member, position=None, actor=None)
    with pytest.raises(Conflict):
        binding_state_set(binding=binding, state="active", actor=None)


def test_every_change_is_audited_with_its_author() -> None:
    user, store = UserFactory(), StoreFactory()

    binding = binding_set(store=store, member=MemberFactory(userid="a"), position=None, actor=user)
    binding_retire(binding=binding, actor=user, reason="moved away")

    entries = AuditEntry.objects.order_by("at")
    assert [(e.action, e.target, e.actor_id, e.reason) for e in entries] == [
        ("org.binding_set", f"store:{store.code}", user.pk, ""),
        ("org.binding_retire", f"store:{store.code}", user.pk, "moved away"),
    ]


def test_a_bound_member_stands_in_the_store() -> None:
    store = StoreFactory()
    (binding,) = bind(store, "a")
    binding.member.refresh_from_db()
    assert binding.member.org_path == store.path

    binding_retire(binding=binding, actor=None)

    binding.member.refresh_from_db()
    assert binding.member.org_path == ""


def test_a_file_is_judged_row_by_row_with_exact_reasons() -> None:
    # given stores, accounts, one binding elsewhere and one in its place
    for code in ("S1", "S2"):
        StoreFactory(code=code)
    StoreFactory(code="S3", status="closed")
    MemberFactory(userid="u1", employee=EmployeeFactory(job_number="E1"))
    MemberFactory(userid="u2")
    MemberFactory(userid="gone", status=Member.Status.LEFT)
    bind(OrgUnit.objects.get(code="S2"), "u3", "u4")

    # when a file is sent in
    batch = binding_import(
        file=table(
            ("S1", "E1", "1"), ("S1", "U2", ""), ("S1", "u3", "2"), ("S2", "u4", ""), ("", "u9", ""), ("S1", "", ""),
            ("S9", "u1", ""), ("S3", "u1", ""), ("S1", "nobody", ""), ("S1", "gone", ""), ("S1", "u2", "x"),
        ),
        filename="b.csv", actor=None, scope=SYSTEM_SCOPE,
    )  # fmt: skip

    # then each row says what it does or why not, and nothing is bound
    assert judged(batch) == [
        (2, "bind", "", 1), (3, "bind", "", 1), (4, "move", "", 2), (5, "same", "", 2), (6, "error", "store_blank", 1),
        (7, "error", "account_blank", 1), (8, "error", "store_unknown", 1), (9, "error", "store_closed", 1),
        (10, "error", "account_unknown", 1), (11, "error", "account_not_serving", 1),
        (12, "error", "position_invalid", 1),
    ]  # fmt: skip
    assert StoreBinding.objects.filter(store__code="S1").count() == 0
    with translation.override("en"):
        words = [row_words(row) for row in batch.rows.filter(action="error")]
    assert words[2] == 'You have no store with the code "S9". Correct the code.'
    assert all(len(each) > 20 for each in words)


def test_an_account_or_place_named_twice_refuses_both_rows() -> None:
    for code in ("S1", "S2"):
        StoreFactory(code=code)
    for userid in ("u1", "u2", "u3"):
        MemberFactory(userid=userid)

    batch = binding_import(
        file=table(("S1", "u1", ""), ("S2", "U1", ""), ("S1", "u2", "1"), ("S1", "u3", "1")),
        filename="b.csv", actor=None, scope=SYSTEM_SCOPE,
    )  # fmt: skip

    assert [row[1:3] for row in judged(batch)] == [("error", "account_twice")] * 2 + [
        ("error", "position_twice")
    ] * 2


def test_an_approved_file_binds_exactly_the_good_rows_and_again_changes_nothing() -> None:
    # given two stores and a file with one bad row
    stores = [StoreFactory(code=code) for code in ("S1", "S2")]
    for n in range(1, 5):
        MemberFactory(userid=f"u{n}")
    rows = [("S1", "u1", "2"), ("S1", "u2", "1"), ("S2", "u3", ""), ("S2", "nobody", "")]
    user = UserFactory()
    batch = binding_import(file=table(*rows), filename="b.csv", actor=user, scope=SYSTEM_SCOPE)

    # when HQ approves it
    applied = binding_import_apply(batch=batch, actor=user, scope=SYSTEM_SCOPE)

    # then three rows are bound, checked by name
    assert (applied.bound, applied.moved, applied.refused) == (3, 0, 1)
    assert [order(store) for store in stores] == [[("u2", 1), ("u1", 2)], [("u3", 1)]]
    assert set(StoreBinding.objects.values_list("checked_by_id", flat=True)) == {user.pk}

    # and it cannot be approved twice, and the same file has nothing left to do
    with pytest.raises(Conflict):
        binding_import_apply(batch=batch, actor=user, scope=SYSTEM_SCOPE)
    again = binding_import(file=table(*rows), filename="b.csv", actor=user, scope=SYSTEM_SCOPE)
    assert [row[1] for row in judged(again)] == ["same", "same", "same", "error"]


def test_a_row_that_went_bad_since_is_refused_at_the_check() -> None:
    StoreFactory(code="S1")
    member = MemberFactory(userid="u1")
    batch = binding_import(
        file=table(("S1", "u1", "")), filename="b.csv", actor=None, scope=SYSTEM_SCOPE
    )
    Member.objects.filter(pk=member.pk).update(status=Member.Status.LEFT)

    applied = binding_import_apply(batch=batch, actor=None, scope=SYSTEM_SCOPE)

    assert (applied.bound, applied.refused) == (0, 1)
    assert StoreBinding.objects.count() == 0


def test_a_refused_file_needs_a_reason_and_binds_nothing() -> None:
    StoreFactory(code="S1")
    MemberFactory(userid="u1")
    batch = binding_import(
        file=table(("S1", "u1", "")), filename="b.csv", actor=None, scope=SYSTEM_SCOPE
    )

    with pytest.raises(ValidationFailed):
        binding_import_refuse(batch=batch, actor=None, scope=SYSTEM_SCOPE, note=" ")
    binding_import_refuse(batch=batch, actor=None, scope=SYSTEM_SCOPE, note="wrong month")

    batch.refresh_from_db()
    assert (batch.status, batch.note, StoreBinding.objects.count()) == ("refused", "wrong month", 0)


def test_a_branch_cannot_name_another_branchs_store(company: Company, branch_ops: User) -> None:
    MemberFactory(userid="u1")

    batch = binding_import(
        file=table(("S3", "u1", ""), ("S1", "u1", "")),
        filename="b.csv",
        actor=branch_ops,
        scope=scope_for(branch_ops),
    )

    # the southern store is as unknown as one that does not exist
    assert [row[1:3] for row in judged(batch)] == [("error", "store_unknown"), ("bind", "")]


@pytest.mark.parametrize("headers", ["门店,工号或账号", "code,name", "a"])
def test_a_file_without_the_columns_is_refused_in_words(headers: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        binding_import(
            file=table(("S1", "u1"), headers=headers),
            filename="b.csv",
            actor=None,
            scope=SYSTEM_SCOPE,
        )

    assert "门店编码" in refused.value.message
    assert BindingImport.objects.count() == 0


def test_the_binding_rate_by_branch_equals_a_recount(company: Company, branch_ops: User) -> None:
    # given one bound store of three
    bind(company.store_a, "a", "b")

    # then the rate counts stores, not accounts, by branch and within the scope
    rates = [
        (rate.branch.code, rate.bound, rate.stores, rate.percent)
        for rate in binding_rates(SYSTEM_SCOPE)
        if rate.branch
    ]
    assert rates == [("B1", 1, 2, 50.0), ("B2", 0, 1, 0.0)]
    assert [(rate.bound, rate.stores) for rate in binding_rates(scope_for(branch_ops))] == [(1, 2)]


def test_five_thousand_rows_with_errors_are_bound_with_a_constant_number_of_queries(
    django_assert_max_num_queries: object,
) -> None:
    # given 1,000 stores, 5,000 accounts and a file with 3 % unknown accounts
    OrgUnit.objects.bulk_create(
        OrgUnit(pk=n, kind="store", code=f"S{n}", name=f"门店{n}", path=f"/{n}/")
        for n in range(1, 1001)
    )
    Member.objects.bulk_create(Member(userid=f"u{n}", status=1) for n in range(5000))
    rows = [(f"S{n % 1000 + 1}", f"x{n}" if n % 100 < 3 else f"u{n}", "") for n in range(5000)]

    # when it is judged and bound
    with django_assert_max_num_queries(60):  # type: ignore[operator]
        batch = binding_import(file=table(*rows), filename="b.csv", actor=None, scope=SYSTEM_SCOPE)
        applied = binding_import_apply(batch=batch, actor=None, scope=SYSTEM_SCOPE)

    # then exactly the unknown ones are refused
    assert (applied.bound, applied.refused) == (4850, 150)
    assert StoreBinding.objects.filter(state="active").count() == 4850


def test_a_file_can_leave_alone_who_is_bound_already() -> None:
    # given one account bound elsewhere, one in another place, one new
    stores = [StoreFactory(code=code) for code in ("S1", "S2")]
    bind(stores[0], "a", "b")
    MemberFactory(userid="c")

    batch = binding_import(
        file=table(("S2", "a", ""), ("S1", "b", "1"), ("S2", "c", "")),
        filename="b.csv", actor=None, scope=SYSTEM_SCOPE, existing="skip",
    )  # fmt: skip
    applied = binding_import_apply(batch=batch, actor=None, scope=SYSTEM_SCOPE)

    # then only the new one is bound
    assert [row[1] for row in judged(batch)] == ["skip", "skip", "bind"]
    assert (applied.bound, applied.moved, applied.reordered) == (1, 0, 0)
    assert [order(store) for store in stores] == [[("a", 1), ("b", 2)], [("c", 1)]]


def test_a_store_is_found_by_its_id_in_the_crm_too() -> None:
    store = StoreFactory(code="S1", crm_store_id="CRM-9")
    MemberFactory(userid="a")

    batch = binding_import(
        file=table(("CRM-9", "a", "")), filename="b.csv", actor=None, scope=SYSTEM_SCOPE
    )
    binding_import_apply(batch=batch, actor=None, scope=SYSTEM_SCOPE)

    assert order(store) == [("a", 1)]


def test_refused_rows_come_back_as_they_were_sent_and_go_in_repaired(
    company: Company, hq_ops: User, client: Client
) -> None:
    # given a file with a column of the branch's own and one wrong row
    MemberFactory(userid="u1")
    MemberFactory(userid="u2")
    file = table(
        ("S1", "u1", "", "早班"), ("S1", "nobody", "", "晚班"), headers="门店编码,工号或账号,顺序,班次"
    )  # fmt: skip
    client.force_login(hq_ops)
    upload = SimpleUploadedFile("b.csv", file.read())
    client.post(reverse("org:import"), {"file": upload, "existing": "update"})
    batch = BindingImport.objects.get()

    # when the refused rows are downloaded
    answer = client.get(reverse("org:import_errors", args=[batch.pk]))
    refused = read_table(io.BytesIO(answer.content), filename="r.xlsx")
    (row,) = refused.rows

    # then the row is there as it was sent, with the reason; repaired it can be sent again
    assert refused.headers[:4] == ["门店编码", "工号或账号", "顺序", "班次"]
    assert list(row.values.values())[:4] == ["S1", "nobody", "", "晚班"]
    assert row.values[refused.headers[4]]
    again = table(("S1", "u2", "", "晚班"), headers="门店编码,工号或账号,顺序,班次")
    batch = binding_import(file=again, filename="b2.csv", actor=None, scope=SYSTEM_SCOPE)
    assert binding_import_apply(batch=batch, actor=None, scope=SYSTEM_SCOPE).bound == 1


def test_the_template_carries_instructions_and_can_be_read_back(
    company: Company, hq_ops: User, client: Client
) -> None:
    client.force_login(hq_ops)

    for name, columns in (("bindings", 3), ("units", 10)):
        answer = client.get(reverse("org:template", args=[name]))
        book = load_workbook(io.BytesIO(answer.content))
        assert len(book.sheetnames) == 2
        assert book.worksheets[1].max_row == columns
        assert len(read_table(io.BytesIO(answer.content), filename="t.xlsx").headers) == columns


def test_a_file_without_one_good_row_goes_back_at_once(
    company: Company, branch_ops: User, hq_ops: User, client: Client
) -> None:
    # given a branch whose file names nobody it has
    client.force_login(branch_ops)
    client.cookies["django_language"] = "en"
    upload = SimpleUploadedFile("b.csv", table(("S1", "nobody", ""), ("S9", "x", "")).read())

    # when it is sent in
    answer = client.post(reverse("org:import"), {"file": upload, "existing": "update"}, follow=True)

    # then headquarters has nothing to check, and the sender gets the rows back with the reasons
    batch = BindingImport.objects.get()
    assert (batch.status, batch.decided_at) == ("refused", None)
    assert "b.csv was not sent in" in answer.content.decode()
    back = read_table(
        io.BytesIO(client.get(reverse("org:import_errors", args=[batch.pk])).content), filename="r.xlsx"
    )  # fmt: skip
    assert [list(row.values.values())[:2] for row in back.rows] == [["S1", "nobody"], ["S9", "x"]]
    with pytest.raises(Conflict):
        binding_import_apply(batch=batch, actor=hq_ops, scope=SYSTEM_SCOPE)
