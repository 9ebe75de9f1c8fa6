"""What nobody does with roles: beyond their own unit, to the last of IT; and what a change does to who works right now."""

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from contacts.directory.models import Member
from contacts.roles import editing, limits, services
from contacts.roles.approvals import grant_ask
from contacts.roles.models import Role, RoleGrant
from contacts.roles.selectors import grantable_by, scope_for
from scrm.accounts.models import User
from scrm.core.alerts.models import Alert
from scrm.core.approvals import services as approvals
from scrm.core.approvals.models import Approval
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict, PermissionDenied, ValidationFailed
from tests.cast import Company, person
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
LIST = "/console/roles/"


def role(code: str) -> Role:
    return Role.objects.get(code=code)


@pytest.fixture
def branch_boss(company: Company) -> User:
    """Somebody who grants roles within the eastern branch."""
    Role.objects.create(
        code="boss", name="Boss", reach="org", masks=["phone"],
        permissions=sorted({*role("dealer").permissions, "roles.view", "roles.edit"}),
    )  # fmt: skip
    return person("boss", "boss", company.east)


@pytest.mark.parametrize(
    ("place", "allowed"), [("store_a", True), ("east", True), ("store_south", False)]
)
def test_a_branch_grants_within_its_units_only(
    branch_boss: User, company: Company, place: str, allowed: bool
) -> None:
    user, unit = UserFactory(), getattr(company, place)

    if allowed:
        services.grant(user=user, role=role("dealer"), org_unit=unit, actor=branch_boss)
    else:
        with pytest.raises(PermissionDenied):
            services.grant(user=user, role=role("dealer"), org_unit=unit, actor=branch_boss)

    assert user.role_grants.count() == int(allowed)


def test_a_branch_takes_back_no_role_with_rights_it_lacks(
    branch_boss: User, branch_ops: User, client: Client
) -> None:
    # given somebody with more rights in the same branch, whose grant she can see
    given = branch_ops.role_grants.get()
    client.force_login(branch_boss)

    client.post(f"{LIST}{given.pk}/revoke/")

    assert branch_ops.role_grants.get() == given
    with pytest.raises(PermissionDenied):
        services.revoke(given, actor=branch_boss)


@pytest.mark.parametrize("code", ["hq_ops", "it_admin"])
def test_one_person_does_not_make_her_own_checker(
    client: Client, hq_ops: User, it_admin: User, code: str
) -> None:
    # given somebody who holds every right of the role, and an account she could use
    maker = {"hq_ops": hq_ops, "it_admin": it_admin}[code]
    puppet = UserFactory(username="wecom:puppet")

    with pytest.raises(PermissionDenied):
        services.grant(user=puppet, role=role(code), org_unit=None, actor=maker)
    client.force_login(maker)
    wish = {"username": "wecom:puppet", "role": role(code).pk, "org_code": "", "reason": "season"}
    answer = client.post(f"{LIST}new/", wish)

    # then it is asked for, and holds once somebody else agrees
    asked = Approval.objects.get()
    assert (answer.url, puppet.role_grants.count()) == (f"/console/approvals/{asked.pk}/", 0)
    with pytest.raises(PermissionDenied):
        approvals.approve(asked, actor=maker)
    approvals.approve(asked, actor=it_admin if maker == hq_ops else hq_ops)
    assert puppet.role_grants.get().role == role(code)


def test_a_branch_takes_back_within_its_units_only(
    branch_boss: User, company: Company, client: Client
) -> None:
    near, far = person("near", "dealer", company.store_a), person("far", "dealer", company.store_south)  # fmt: skip
    client.force_login(branch_boss)

    statuses = [
        client.post(f"{LIST}{user.role_grants.get().pk}/revoke/").status_code
        for user in (near, far)
    ]

    assert statuses == [302, 404]
    assert (near.role_grants.count(), far.role_grants.count()) == (0, 1)


def test_nobody_grants_the_sight_of_a_field_masked_for_themselves(branch_boss: User) -> None:
    # given two roles that differ in what they show only
    for code, masks in (("open", []), ("shut", ["phone"])):
        Role.objects.create(code=code, name=code, reach="org", permissions=["home.view"], masks=masks)  # fmt: skip

    offered = set(grantable_by(scope_for(branch_boss)).values_list("code", flat=True))

    assert {"open", "shut"} & offered == {"shut"}


def test_who_looks_after_units_asks_for_no_role_over_the_company(branch_boss: User) -> None:
    with pytest.raises(PermissionDenied):
        grant_ask(user=UserFactory(), role=role("auditor"), units=[], actor=branch_boss, reason="x")

    assert Approval.objects.count() == 0


# --- the last of IT ----------------------------------------------------------------------------------


def test_the_last_it_administrator_is_not_removed(
    client: Client, hq_ops: User, it_admin: User
) -> None:
    client.force_login(hq_ops)
    given = it_admin.role_grants.get()

    answer = client.post(f"{LIST}{given.pk}/revoke/", follow=True)

    assert answer.status_code == 200
    assert it_admin.username in " ".join(str(said) for said in answer.context["messages"])
    assert it_admin.role_grants.count() == 1
    assert not AuditEntry.objects.filter(action="roles.revoke").exists()


@pytest.mark.parametrize("why", ["left", "disabled", "off"])
def test_a_colleague_who_cannot_log_in_is_no_it_administrator(
    hq_ops: User, it_admin: User, why: str
) -> None:
    other = person("it2", "it_admin")
    if why == "off":
        User.objects.filter(pk=other.pk).update(is_active=False)
    else:
        status = {"left": Member.Status.LEFT, "disabled": Member.Status.DISABLED}[why]
        Member.objects.create(userid="it2", user=other, status=status)

    with pytest.raises(Conflict):
        services.revoke(it_admin.role_grants.get(), actor=hq_ops)
    # the other one may go
    services.revoke(other.role_grants.get(), actor=hq_ops)

    assert list(limits.it_working().values_list("user", flat=True)) == [it_admin.pk]


def test_with_two_of_it_one_may_go(hq_ops: User, it_admin: User) -> None:
    person("it2", "it_admin")

    services.revoke(it_admin.role_grants.get(), actor=hq_ops)

    assert limits.it_working().count() == 1


def test_the_last_of_it_who_leaves_raises_an_alert(it_admin: User) -> None:
    Member.objects.create(userid="it", user=it_admin, status=Member.Status.LEFT)

    assert services.leavers_revoke() == 1

    alert = Alert.objects.get()
    assert (alert.kind, alert.level) == ("roles.no_it", "critical")


def test_the_role_of_it_keeps_what_repairs_roles(hq_ops: User, it_admin: User) -> None:
    now = editing.draft_of(role("it_admin"))
    less = tuple(code for code in now.permissions if code != "roles.edit")

    with pytest.raises(ValidationFailed):
        editing.change_ask(
            role=role("it_admin"), draft=replace(now, permissions=less), actor=hq_ops, reason="x"
        )

    assert Approval.objects.count() == 0


# --- what a change does to who works right now -------------------------------------------------------


def test_a_change_reaches_an_open_session_with_the_next_click(
    client: Client, hq_ops: User, company: Company
) -> None:
    agent = person("agent", "agency", company.store_a)
    client.force_login(agent)

    def seen() -> tuple[int, bool]:
        status = client.get("/console/tags/").status_code
        return status, "/console/tags/" in client.get("/console/").content.decode()

    assert seen() == (200, True)

    # when the role loses a menu, by two people of headquarters
    now = editing.draft_of(role("agency"))
    less = tuple(code for code in now.permissions if code != "tags.view")
    asked = editing.change_ask(
        role=role("agency"), draft=replace(now, permissions=less), actor=hq_ops, reason="x"
    )
    approvals.approve(asked, actor=person("hq2", "hq_ops"))

    assert seen() == (403, False)
    # and when it is taken back, nothing opens any more: who may do nothing is logged out
    services.revoke(agent.role_grants.get(), actor=hq_ops)
    answer = client.get("/console/")
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/?next=/console/")


def test_what_a_change_takes_and_whom_it_reaches_is_shown_first(
    client: Client, hq_ops: User, company: Company
) -> None:
    for name in ("agent", "agent2"):
        person(name, "agency", company.store_a)
    now = editing.draft_of(role("agency"))
    wish: dict[str, Any] = now.as_json() | {"reason": "season", "masks": ["phone", "name"]}
    wish |= {"permissions": [code for code in now.permissions if code != "welcome.edit"] + ["tags.edit"]}  # fmt: skip
    wish.pop("needs_approval")
    client.force_login(hq_ops)

    shown = client.post(f"{LIST}{role('agency').pk}/change/", wish).context

    codes = {
        name: [right.code for area in shown[name] for right in area.rights]
        for name in ("lost", "gained")
    }
    assert codes == {"lost": ["welcome.edit"], "gained": ["tags.edit"]}
    assert (shown["people"], bool(shown["unmasked"]), bool(shown["masked"])) == (2, True, False)
    assert Approval.objects.count() == 0
    # and one goes back to the form with everything as it was chosen
    form = client.post(f"{LIST}{role('agency').pk}/change/", wish | {"step": "edit"}).context["form"]  # fmt: skip
    assert set(form["permissions"].value()) == set(wish["permissions"])


# --- a request that the world overtook ---------------------------------------------------------------


def test_a_grant_of_a_role_that_changed_meanwhile_is_asked_for_again(
    client: Client, hq_ops: User, it_admin: User
) -> None:
    user = UserFactory()
    asked = grant_ask(user=user, role=role("auditor"), units=[], actor=hq_ops, reason="x")
    Role.objects.filter(code="auditor").update(masks=[])
    client.force_login(it_admin)

    with pytest.raises(Conflict) as caught:
        approvals.approve(asked, actor=it_admin)
    page = client.get(f"/console/approvals/{asked.pk}/")

    assert caught.value.code == "approval_stale"
    assert page.context["is_stale"] is True
    assert user.role_grants.count() == 0
    # it can still be refused
    approvals.refuse(asked, actor=it_admin, reason="ask again")
    assert Approval.objects.get().state == "refused"


def test_what_waits_is_counted_in_the_menu_of_who_decides(
    client: Client, hq_ops: User, branch_ops: User
) -> None:
    editing.change_ask(
        role=role("agency"), draft=replace(editing.draft_of(role("agency")), description="d"),
        actor=hq_ops, reason="x",
    )  # fmt: skip

    def badges(user: User) -> dict[str, int]:
        client.force_login(user)
        menu = client.get("/console/approvals/").context["console"].menu
        return {leaf.url: leaf.badge for section in menu for leaf in section.leaves if leaf.badge}

    assert badges(person("hq2", "hq_ops")) == {"/console/approvals/": 1}
    assert (badges(hq_ops), badges(branch_ops)) == ({}, {})


def test_every_grant_is_counted_once_a_person(company: Company) -> None:
    agent = person("agent", "agency", company.store_a)
    services.grant(user=agent, role=role("agency"), org_unit=company.store_b, actor=None)

    found = editing.difference(role("agency"), editing.draft_of(role("agency")))

    assert (found.people, RoleGrant.objects.filter(role=role("agency")).count()) == (1, 2)
