"""The cast of the permission tests: two branches, two stores in the first, and people in each place.

Units come from departments by the service that makes them from the OA, accounts serve stores by
`binding_set`, rights by `grant`: a test that meets these people meets what production makes.
"""

from dataclasses import dataclass
from typing import Any

import pytest

from contacts.directory.models import Department, Member
from contacts.org.models import OrgUnit
from contacts.org.services import binding_set, org_refresh
from contacts.roles import services as roles
from contacts.roles.models import Role
from scrm.accounts.models import User

PASSWORD = "a-long-password"
DEPARTMENTS = (
    (1, 0, "总部", "company", "C0"),
    (2, 1, "华东分公司", "branch", "B1"),
    (3, 1, "华南分公司", "branch", "B2"),
    (4, 2, "人民路店", "store", "S1"),
    (5, 2, "滨江店", "store", "S2"),
    (6, 3, "天河店", "store", "S3"),
)


@dataclass(frozen=True)
class Company:
    """The organisation of the cast."""

    east: OrgUnit
    south: OrgUnit
    store_a: OrgUnit
    store_b: OrgUnit
    store_south: OrgUnit


@pytest.fixture
def company(db: Any) -> Company:
    """Two branches; stores A and B in the first, one in the second; all preset roles."""
    roles.presets_load()
    Department.objects.bulk_create(
        Department(department_id=pk, parent_department_id=parent, name=name, oa_kind=kind, oa_code=code,
                   store_code=code if kind == "store" else "")
        for pk, parent, name, kind, code in DEPARTMENTS
    )  # fmt: skip
    org_refresh()
    units = {unit.code: unit for unit in OrgUnit.objects.all()}
    return Company(units["B1"], units["B2"], units["S1"], units["S2"], units["S3"])


def person(username: str, role: str, unit: OrgUnit | None = None) -> User:
    """Return someone who logs in with PASSWORD and holds one role."""
    user = User(username=username, name=username)
    user.set_password(PASSWORD)
    user.save()
    roles.grant(user=user, role=Role.objects.get(code=role), org_unit=unit, actor=None)
    return user


def guide(userid: str, name: str, store: OrgUnit) -> Member:
    """Return an active account that serves a store and logs in as a guide."""
    department = store.department
    assert department is not None
    user = person(f"wecom:{userid}", "guide")
    member = Member.objects.create(
        userid=userid, name=name, status=Member.Status.ACTIVE, department_ids=[department.department_id],
        main_department_id=department.department_id, can_follow=True, user=user,
    )  # fmt: skip
    binding_set(store=store, member=member, position=1, actor=None)
    member.refresh_from_db()
    return member


@pytest.fixture
def hq_ops(company: Company) -> User:
    """Headquarters: sees and does everything of the business."""
    return person("hq", "hq_ops")


@pytest.fixture
def it_admin(company: Company) -> User:
    """IT: runs the system and sees no customer."""
    return person("it", "it_admin")


@pytest.fixture
def auditor(company: Company) -> User:
    """Reads what others did."""
    return person("auditor", "auditor")


@pytest.fixture
def branch_ops(company: Company) -> User:
    """The eastern branch: stores A and B, not the southern one."""
    return person("branch", "branch_ops", company.east)


@pytest.fixture
def outsider(company: Company) -> User:
    """The southern branch: must see nothing of the eastern one."""
    return person("outsider", "branch_ops", company.south)


@pytest.fixture
def guide_li(company: Company) -> Member:
    """A guide of store A."""
    return guide("guide_li", "李娜", company.store_a)


@pytest.fixture
def guide_wang(company: Company) -> Member:
    """A guide of store B."""
    return guide("guide_wang", "王芳", company.store_b)
