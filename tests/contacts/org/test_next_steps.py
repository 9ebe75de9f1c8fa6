"""What a branch does next, and headquarters: counted from its own stores and files, gone once it is done."""

import io

import pytest
from django.test import Client
from django.urls import reverse

from contacts.directory.models import Member
from contacts.org.models import BindingImport, OrgUnit
from contacts.org.next_steps import next_steps
from contacts.org.services import (
    binding_import,
    binding_import_apply,
    binding_import_refuse,
    binding_set,
)
from contacts.roles.selectors import scope_for
from scrm.accounts.models import User
from scrm.core.scope import SYSTEM_SCOPE
from tests.cast import Company, branch_ops, company, guide_li, hq_ops, outsider
from tests.factories.contacts import MemberFactory

__all__ = ["branch_ops", "company", "guide_li", "hq_ops", "outsider"]
pytestmark = pytest.mark.django_db


def steps(user: User) -> list[tuple[int, str]]:
    """Return (count, where) of what is open."""
    return [(step.count, step.url) for step in next_steps(scope_for(user))]


def send(user: User, *rows: str) -> BindingImport:
    """Send in a file."""
    content = "\n".join(["门店编码,工号或账号", *rows]).encode()
    return binding_import(
        file=io.BytesIO(content), filename="b.csv", actor=user, scope=scope_for(user)
    )


def test_a_branch_reads_what_is_open_at_its_own_stores(
    company: Company, guide_li: Member, branch_ops: User, outsider: User, client: Client
) -> None:
    # given store A bound to somebody who cannot take customers yet, B bound to nobody, neither with coordinates
    Member.objects.filter(pk=guide_li.pk).update(status=Member.Status.NOT_ACTIVATED)
    stores = "/console/org/?"

    assert steps(branch_ops) == [
        (1, f"{stores}bound=unbound&status=open"),
        (1, f"{stores}bound=waiting&status=open"),
        (2, f"{stores}place=missing&status=open"),
    ]
    assert steps(outsider) == [
        (1, f"{stores}bound=unbound&status=open"),
        (1, f"{stores}place=missing&status=open"),
    ]

    # and each link lists exactly those
    client.force_login(branch_ops)
    for count, url in steps(branch_ops):
        assert len(client.get(url).context["list"].rows) == count


def test_what_is_done_is_no_longer_asked_for(
    company: Company, guide_li: Member, branch_ops: User
) -> None:
    OrgUnit.objects.update(latitude="31.2", longitude="121.4", datum="gcj02")
    binding_set(store=company.store_b, member=MemberFactory(), position=None, actor=None)

    assert steps(branch_ops) == []


def test_refused_rows_are_asked_for_until_a_later_file_passes(
    company: Company, branch_ops: User, hq_ops: User
) -> None:
    # given a file with two wrong rows of three
    MemberFactory(userid="a")
    first = send(branch_ops, "S1,a", "S9,a2", "S2,nobody")
    page = reverse("org:import_detail", args=[first.pk])
    assert steps(branch_ops)[0] == (2, page)

    # when headquarters sends it back, that is what is open
    binding_import_refuse(batch=first, actor=hq_ops, scope=SYSTEM_SCOPE, note="wrong month")
    assert steps(branch_ops)[0] == (1, page)

    # and once a later file passes, nothing of it is
    send(branch_ops, "S1,a")
    assert page not in [url for _count, url in steps(branch_ops)]


def test_headquarters_reads_how_many_wait_for_its_check(
    company: Company, branch_ops: User, hq_ops: User, client: Client
) -> None:
    MemberFactory(userid="a")
    batch = send(branch_ops, "S1,a")
    client.force_login(hq_ops)

    count, url = steps(hq_ops)[0]
    assert (count, url) == (1, "/console/org/imports/?status=waiting")
    assert [row.pk for row in client.get(url).context["list"].rows] == [batch.pk]

    binding_import_apply(batch=batch, actor=hq_ops, scope=SYSTEM_SCOPE)
    assert url not in [each for _count, each in steps(hq_ops)]


def test_the_page_takes_as_many_queries_for_many_stores_as_for_few(
    company: Company, branch_ops: User, client: Client, django_assert_max_num_queries: object
) -> None:
    OrgUnit.objects.bulk_create(
        OrgUnit(pk=700_000 + n, kind="store", code=f"X{n}", name=f"门店{n}", parent=company.east,
                path=f"{company.east.path}{700_000 + n}/")
        for n in range(500)
    )  # fmt: skip
    client.force_login(branch_ops)

    with django_assert_max_num_queries(25):  # type: ignore[operator]
        page = client.get(reverse("org:units"))

    assert page.context["total"].stores == 502
