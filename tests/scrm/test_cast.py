"""The cast and the simulator fixture: what permission tests stand on."""

from typing import Any

from contacts.directory.models import Member
from contacts.org.selectors import org_units_visible_to, store_of
from scrm.accounts.models import User
from scrm.core.gateway import wecom
from scrm.core.scope import scope_of
from tests.cast import Company


def test_branch_sees_its_stores_and_no_other(
    company: Company, branch_ops: User, outsider: User
) -> None:
    assert {unit.code for unit in org_units_visible_to(scope_of(branch_ops))} == {"B1", "S1", "S2"}
    assert {unit.code for unit in org_units_visible_to(scope_of(outsider))} == {"B2", "S3"}


def test_guides_serve_different_stores(
    company: Company, guide_li: Member, guide_wang: Member
) -> None:
    assert store_of(guide_li) == company.store_a
    assert store_of(guide_wang) == company.store_b
    assert guide_li.user is not None
    assert scope_of(guide_li.user).own_only


def test_headquarters_it_and_audit_differ(hq_ops: User, it_admin: User, auditor: User) -> None:
    assert scope_of(hq_ops).allows("relations.view")
    assert not scope_of(it_admin).allows("relations.view")
    assert scope_of(auditor).allows("audit.view")


def test_simulator_starts_empty_and_knows_our_secrets(db: Any, wecom_sandbox_world: Any) -> None:
    assert wecom_sandbox_world.control.get("ledger/relations") == []
    seen = wecom("contacts").department.list()
    assert [department.department_id for department in seen.departments] == [1]
    calls = wecom_sandbox_world.control.get("ledger/calls")
    # A token of an earlier test may be refused first; the reset revoked it.
    assert [call["api"] for call in calls][-2:] == ["gettoken", "department/list"]
