"""What headquarters approves is what it was shown: the same account, the same store, the same act."""

import io
import re
from collections.abc import Sequence

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from contacts.directory.models import Member
from contacts.org.models import BindingImport, BindingImportRow, OrgUnit, StoreBinding, UnitFile
from contacts.org.services import (
    PhoneBinding,
    binding_import_apply,
    binding_retire,
    binding_send,
    binding_set,
    unit_file_apply,
    unit_file_judged,
    unit_file_send,
)
from contacts.org.words import row_words
from contacts.roles.selectors import scope_for
from scrm.accounts.models import User
from scrm.core.exceptions import Conflict
from tests.cast import Company, branch_ops, company, guide, guide_li, hq_ops
from tests.factories.contacts import EmployeeFactory, MemberFactory

__all__ = ["branch_ops", "company", "guide_li", "hq_ops"]
pytestmark = pytest.mark.django_db


def sent(sender: User, store_code: str, account: str, place: str = "") -> BindingImport:
    """Send in one binding by phone."""
    return binding_send(
        PhoneBinding(store_code, account, place), actor=sender, scope=scope_for(sender)
    )


def approved(batch: BindingImport, checker: User) -> BindingImportRow:
    """Approve what was sent in; return its only row."""
    binding_import_apply(batch=batch, actor=checker, scope=scope_for(checker))
    return batch.rows.get()


def reader(user: User) -> Client:
    """Return somebody's browser, which wants English."""
    client = Client()
    client.cookies["django_language"] = "en"
    client.force_login(user)
    return client


def serving(*stores: OrgUnit) -> list[tuple[str, str]]:
    """Return (store, userid) of the accounts that serve."""
    active = StoreBinding.objects.filter(state="active", store__in=stores)
    return sorted(active.values_list("store__code", "member__userid"))


def test_the_account_the_sender_meant_is_bound_whoever_else_is_called_so(
    company: Company, hq_ops: User, branch_ops: User
) -> None:
    # given Li of store B with the job number 10001, and an account of the south that is called 10001
    li = guide("lisi", "李四", company.store_b)
    Member.objects.filter(pk=li.pk).update(
        employee=EmployeeFactory(job_number="10001", name="李四")
    )
    guide("10001", "南区员工", company.store_south)

    # when the eastern branch sends in 10001 and headquarters approves
    row = approved(sent(branch_ops, "S1", "10001"), hq_ops)

    # then Li moves, as shown, and the south keeps its account
    assert (row.member, row.action) == (li, "move")
    assert serving(company.store_a, company.store_b, company.store_south) == [
        ("S1", "lisi"), ("S3", "10001"),
    ]  # fmt: skip


def test_the_store_the_sender_meant_takes_the_account_whichever_else_is_called_so(
    company: Company, hq_ops: User, branch_ops: User, guide_li: Member
) -> None:
    # given store A, which the CRM calls like a store of the south
    OrgUnit.objects.filter(pk=company.store_a.pk).update(crm_store_id="S3")
    fresh = MemberFactory(userid="fresh")

    row = approved(sent(branch_ops, "S3", "fresh"), hq_ops)

    assert (row.store, row.member, row.action) == (company.store_a, fresh, "bind")
    assert serving(company.store_a, company.store_south) == [("S1", "fresh"), ("S1", "guide_li")]


@pytest.mark.parametrize(
    ("before", "since", "shown"),
    [(None, "S3", "bind"), ("S2", "S3", "move"), ("S2", None, "move"), ("S1", "S3", "reorder")],
)
def test_a_row_that_would_do_something_else_by_now_is_refused_in_words(
    company: Company, hq_ops: User, branch_ops: User, before: str | None, since: str | None, shown: str
) -> None:  # fmt: skip
    # given an account that is sent in for store A, and stands elsewhere before headquarters looks
    stores = {"S1": company.store_a, "S2": company.store_b, "S3": company.store_south}
    guide("li", "李", company.store_a)
    member = MemberFactory(userid="wang")
    if before:
        binding_set(store=stores[before], member=member, position=None, actor=None)
    batch = sent(branch_ops, "S1", "wang", "1")
    assert batch.rows.get().action == shown
    if since:
        binding_set(store=stores[since], member=member, position=None, actor=None, move=True)
    else:
        binding_retire(binding=StoreBinding.objects.get(member=member), actor=None)
    standing = serving(*stores.values())

    # when it is approved
    row = approved(batch, hq_ops)

    # then the row is refused with what is different, and the account stays where it is
    assert (row.action, row.code) == ("error", "changed_since")
    assert row_words(row)
    assert serving(*stores.values()) == standing


def test_what_somebody_else_did_meanwhile_is_not_done_again(
    company: Company, hq_ops: User, branch_ops: User
) -> None:
    member = MemberFactory(userid="wang")
    batch = sent(branch_ops, "S1", "wang")
    bound = binding_set(store=company.store_a, member=member, position=None, actor=branch_ops)

    row = approved(batch, hq_ops)

    assert (row.action, row.code) == ("same", "")
    bound.refresh_from_db()
    assert (bound.state, bound.checked_by) == ("active", branch_ops)


def test_headquarters_may_check_what_it_sent_in_and_the_page_says_so(
    company: Company, hq_ops: User, guide_li: Member
) -> None:
    batch = sent(hq_ops, "S2", "guide_li")
    client = reader(hq_ops)
    address = reverse("org:import_detail", args=[batch.pk])
    words = "You sent this in yourself."

    assert words in client.get(address).content.decode()
    client.post(reverse("org:import_approve", args=[batch.pk]))

    batch.refresh_from_db()
    assert (batch.status, batch.created_by, batch.decided_by) == ("applied", hq_ops, hq_ops)
    assert words not in client.get(address).content.decode()


def units(*rows: Sequence[str]) -> io.BytesIO:
    """Return a file of units."""
    lines = ["编码,名称,类型,上级编码", *(",".join(row) for row in rows)]
    return io.BytesIO("\n".join(lines).encode())


def test_a_file_of_units_does_what_its_page_showed(company: Company, hq_ops: User) -> None:
    # given a file with a new store, and the page on which headquarters looked at it
    file = unit_file_send(
        file=units(("S9", "新店", "门店", "B1")), filename="u.csv", existing="update", actor=hq_ops
    )
    client = reader(hq_ops)
    page = client.get(reverse("org:unit_file", args=[file.pk])).content.decode()
    found = re.search(r'name="seen" value="(\w+)"', page)
    assert found is not None

    # when somebody makes a store of this code, and the file is taken over as looked at
    other = OrgUnit.objects.create(
        kind="store", code="S9", name="别的店", parent=company.south, path=company.south.path + "9/"
    )
    address = reverse("org:unit_file_apply", args=[file.pk])
    answer = client.post(address, {"seen": found[1]}, follow=True)

    # then nothing changes, and the page shows what the file would do now
    other.refresh_from_db()
    file.refresh_from_db()
    assert (other.name, other.parent, file.status) == ("别的店", company.south, "waiting")
    assert "Units changed since" in answer.content.decode()

    # and looked at again it is taken over
    unit_file_apply(file=file, actor=hq_ops, seen=unit_file_judged(file).fingerprint)
    assert OrgUnit.objects.get(code="S9").parent == company.east


def test_a_page_that_does_not_say_what_was_seen_takes_nothing_over(
    company: Company, hq_ops: User
) -> None:
    upload = SimpleUploadedFile("u.csv", units(("S9", "新店", "门店", "B1")).read())
    client = reader(hq_ops)
    client.post(reverse("org:units_import"), {"file": upload, "existing": "update"})
    file = UnitFile.objects.get()

    client.post(reverse("org:unit_file_apply", args=[file.pk]))

    file.refresh_from_db()
    assert (file.status, OrgUnit.objects.filter(code="S9").exists()) == ("waiting", False)
    with pytest.raises(Conflict):
        unit_file_apply(file=file, actor=hq_ops, seen="")
