"""The role editor: one asks, another approves, together they hold what a role gains."""

from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from contacts.directory.models import Member
from contacts.roles import editing, services
from contacts.roles.approvals import grant_ask
from contacts.roles.labels import PERMISSIONS
from contacts.roles.models import Role, RoleGrant
from contacts.roles.selectors import scope_for
from scrm.accounts.models import User
from scrm.core.approvals import services as approvals
from scrm.core.approvals.models import Approval
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict, PermissionDenied, ScrmError, ValidationFailed
from tests.cast import Company, person
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
LIST = "/console/roles/"


def role(code: str) -> Role:
    return Role.objects.get(code=code)


def change(code: str, actor: User, *more: str, **values: Any) -> Approval:
    """Ask for more rights of a role, or other values."""
    now = editing.draft_of(role(code))
    values = {"permissions": tuple(sorted({*now.permissions, *more}))} | values
    wanted = replace(now, **values)
    return editing.change_ask(role=role(code), draft=wanted, actor=actor, reason="season")


@pytest.fixture
def second(company: Company) -> User:
    """Another person of headquarters."""
    return person("hq2", "hq_ops")


def test_a_change_holds_once_another_person_approved_it(
    hq_ops: User, second: User, company: Company
) -> None:
    agent = person("agent", "agency", company.store_a)
    asked = change("agency", hq_ops, "tags.edit")
    assert "tags.edit" not in scope_for(agent).permissions

    approvals.approve(asked, actor=second)

    assert "tags.edit" in scope_for(agent).permissions
    entry = AuditEntry.objects.get(action="roles.change")
    assert (entry.actor, entry.target, entry.reason) == (second, "role:agency", "season")
    assert set(entry.after["permissions"]) - set(entry.before["permissions"]) == {"tags.edit"}


def test_a_changed_role_survives_the_next_update(hq_ops: User, second: User) -> None:
    approvals.approve(change("agency", hq_ops, "tags.edit"), actor=second)

    assert services.presets_load() == 8

    assert "tags.edit" in role("agency").permissions
    preset = editing.preset_draft(role("agency"))
    assert preset is not None
    assert set(role("agency").permissions) - set(preset.permissions) == {"tags.edit"}
    assert editing.preset_draft(role("dealer")) is None


def test_nobody_gives_a_right_that_neither_of_the_two_holds(
    hq_ops: User, second: User, it_admin: User
) -> None:
    # given a right of IT that two people of headquarters would like an auditor not to have alone
    asked = change("auditor", hq_ops, "health.view")

    with pytest.raises(PermissionDenied):
        approvals.approve(asked, actor=second)
    assert ("health.view" in role("auditor").permissions, Approval.objects.get().state) == (
        False,
        "waiting",
    )

    # then IT, who holds it, can agree
    approvals.approve(asked, actor=it_admin)
    assert "health.view" in role("auditor").permissions


def test_nobody_adds_to_a_role_they_hold_themselves(
    hq_ops: User, second: User, it_admin: User
) -> None:
    # given a right that headquarters lacks: its own people do not even ask for it
    for more in ({"more": ("audit.view",)}, {"masks": ()}):
        with pytest.raises(PermissionDenied):
            change("hq_ops", hq_ops, *more.pop("more", ()), **more)
    assert Approval.objects.count() == 0

    # when IT asks for it, who holds the role does not agree either
    asked = change("hq_ops", it_admin, "audit.view")
    with pytest.raises(PermissionDenied):
        approvals.approve(asked, actor=second)
    assert "audit.view" not in scope_for(hq_ops).permissions

    # then two people of IT may; and taking rights away from oneself is nobody's harm
    approvals.approve(asked, actor=person("it2", "it_admin"))
    assert "audit.view" in scope_for(hq_ops).permissions
    less = tuple(code for code in role("hq_ops").permissions if code != "tags.edit")
    approvals.approve(change("hq_ops", hq_ops, permissions=less), actor=second)
    assert "tags.edit" not in scope_for(second).permissions


def test_what_an_update_of_the_product_brings_is_given_to_a_changed_role(
    hq_ops: User, second: User
) -> None:
    # given headquarters as it was before the newest room, changed here, so that the preset is not written
    Role.objects.filter(code="hq_ops").update(
        edited_at="2026-01-01T00:00Z",
        permissions=[code for code in role("hq_ops").permissions if code != "tags.edit"],
    )
    services.presets_load()
    assert "tags.edit" not in scope_for(hq_ops).permissions

    # then they ask and approve what the product delivers, although nobody holds it yet
    approvals.approve(change("hq_ops", hq_ops, "tags.edit"), actor=second)

    assert "tags.edit" in scope_for(hq_ops).permissions


def test_it_does_not_open_customers_to_itself(
    hq_ops: User, it_admin: User, company: Company
) -> None:
    with pytest.raises(PermissionDenied):
        change("it_admin", it_admin, "relations.view", "relations.reveal")
    asked = change("it_admin", hq_ops, "relations.view")
    with pytest.raises(PermissionDenied):
        approvals.approve(asked, actor=it_admin)

    assert "relations.view" not in scope_for(it_admin).permissions
    assert not AuditEntry.objects.filter(action="roles.change").exists()


def test_what_somebody_asked_for_before_they_left_is_not_done(
    hq_ops: User, second: User, company: Company
) -> None:
    asked = change("agency", hq_ops, "tags.edit")
    Member.objects.create(userid="hq", user=hq_ops, status=Member.Status.LEFT)

    with pytest.raises(PermissionDenied):
        approvals.approve(asked, actor=second)

    assert "tags.edit" not in role("agency").permissions


def test_a_role_that_changed_meanwhile_is_asked_for_again(hq_ops: User, second: User) -> None:
    asked = change("agency", hq_ops, "tags.edit")
    Role.objects.filter(code="agency").update(masks=[])

    with pytest.raises(Conflict):
        approvals.approve(asked, actor=second)

    assert (role("agency").masks, "tags.edit" in role("agency").permissions) == ([], False)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"permissions": ()},
        {"permissions": ("everything.do",)},
        {"masks": ("shoe_size",)},
        {"reach": "moon"},
        {"name": "Auditor"},
        {"permissions": ("audit.view",)},
        {"permissions": ("home.view", "oneid.view")},
        {"name": " "},
    ],
)
def test_a_wish_that_means_nothing_is_refused(hq_ops: User, values: dict[str, Any]) -> None:
    now = editing.draft_of(role("agency"))

    with pytest.raises(ScrmError):
        editing.change_ask(
            role=role("agency"), draft=replace(now, **values), actor=hq_ops, reason="x"
        )

    assert Approval.objects.count() == 0


def test_a_held_role_keeps_its_reach(hq_ops: User, branch_ops: User) -> None:
    with pytest.raises(Conflict):
        change("branch_ops", hq_ops, reach="all")

    assert Approval.objects.count() == 0


def test_a_branch_that_may_edit_roles_does_not_change_them_for_all(company: Company) -> None:
    Role.objects.filter(code="dealer").update(
        permissions=["home.view", "roles.view", "roles.edit", "approvals.view"]
    )
    dealer = person("dealer", "dealer", company.store_a)

    with pytest.raises(PermissionDenied):
        change("agency", dealer, "tags.edit")


def test_pages_make_a_role_from_another_and_show_it(
    client: Client, hq_ops: User, second: User
) -> None:
    client.force_login(hq_ops)
    like = role("agency")
    form = client.get(f"{LIST}make/", {"like": str(like.pk)}).context["form"]
    wish = {
        "name": "双十一代运营",
        "description": "Codes only",
        "reach": "org",
        "permissions": ["home.view", "live_codes.view"],
        "masks": ["phone", "name"],
        "reason": "the agency of November",
    }
    assert set(form.initial["permissions"]) == set(like.permissions)

    # when it is looked at, nothing is asked for yet
    shown = client.post(f"{LIST}make/", wish)
    assert (shown.status_code, Approval.objects.count()) == (200, 0)
    assert 'name="step" value="ask"' in shown.content.decode()
    # and when it is asked for and approved in the console
    answer = client.post(f"{LIST}make/", wish | {"step": "ask"})
    asked = Approval.objects.get()
    assert (answer.status_code, Role.objects.count()) == (302, 8)
    client.force_login(second)
    shown = client.get(f"/console/approvals/{asked.pk}/").content.decode()
    assert "双十一代运营" in shown
    client.post(f"/console/approvals/{asked.pk}/decide/", {"decision": "approve"})

    # then it stands behind the presets and may be granted by who has its rights
    made = Role.objects.get(name="双十一代运营")
    page = client.get(f"{LIST}{made.pk}/").content.decode()
    assert (made.permissions, made.masks, "Codes only" in page) == (
        ["home.view", "live_codes.view"],
        ["name", "phone"],
        True,
    )
    agent = UserFactory(username="agent")
    client.post(f"{LIST}new/", {"username": "agent", "role": made.pk, "org_code": "S1"})
    client.force_login(agent)
    statuses = [client.get(f"/console/{path}/").status_code for path in ("live-codes", "tags")]
    assert statuses == [200, 403]
    # and is deleted only when nobody holds it
    client.force_login(hq_ops)
    assert client.post(f"{LIST}{made.pk}/delete/", {"reason": "over"}).status_code == 422
    RoleGrant.objects.filter(role=made).delete()
    assert client.post(f"{LIST}{made.pk}/delete/", {"reason": ""}).status_code == 422
    assert client.post(f"{LIST}{made.pk}/delete/", {"reason": "over"}).status_code == 302
    assert not Role.objects.filter(pk=made.pk).exists()
    assert AuditEntry.objects.get(action="roles.delete").before["name"] == "双十一代运营"


def test_a_preset_is_not_deleted_and_keeps_its_name(client: Client, hq_ops: User) -> None:
    client.force_login(hq_ops)
    agency = role("agency")

    assert client.post(f"{LIST}{agency.pk}/delete/", {"reason": "x"}).status_code == 422
    values = editing.draft_of(agency).as_json() | {"name": "Mine", "masks": [], "reason": "x"}
    values |= {"step": "ask"}
    values.pop("needs_approval")
    assert client.post(f"{LIST}{agency.pk}/change/", values).status_code == 302

    asked = Approval.objects.get().payload
    assert (asked["after"]["name"], asked["after"]["masks"]) == (agency.name, [])
    # and while it waits, nobody asks for another change of it
    assert client.post(f"{LIST}{agency.pk}/change/", values).status_code == 422
    assert Approval.objects.count() == 1


@pytest.mark.parametrize("who", ["auditor", "branch_ops", "outsider"])
def test_others_do_not_edit_roles(client: Client, who: str, request: pytest.FixtureRequest) -> None:
    client.force_login(request.getfixturevalue(who))
    agency = role("agency")

    for path in ("make/", f"{agency.pk}/change/", f"{agency.pk}/delete/"):
        assert client.post(f"{LIST}{path}", {"reason": "x"}).status_code == 403

    assert Approval.objects.count() == 0


def test_the_database_wants_a_name() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Role.objects.create(code="x", name="", reach="all")


# --- roles that two people grant ---------------------------------------------------------------------


def test_two_people_make_an_auditor(
    client: Client, hq_ops: User, second: User, it_admin: User
) -> None:
    UserFactory(username="wang")
    user = User.objects.get(username="wang")
    client.force_login(hq_ops)
    wish = {"username": "wang", "role": role("auditor").pk, "org_code": ""}

    # given a wish without a reason, then with one
    assert client.post(f"{LIST}new/", wish).status_code == 422
    assert client.post(f"{LIST}new/", wish | {"reason": "yearly audit"}).status_code == 302
    asked = Approval.objects.get()
    assert user.role_grants.count() == 0

    # then another of headquarters does not suffice: neither holds the right to read the audit
    with pytest.raises(PermissionDenied):
        approvals.approve(asked, actor=second)
    approvals.approve(asked, actor=it_admin)

    given = user.role_grants.get()
    assert (given.role.code, given.granted_by) == ("auditor", hq_ops)
    assert AuditEntry.objects.filter(action="roles.grant", target=f"user:{user.pk}").count() == 1


def test_nobody_approves_a_role_for_themselves(hq_ops: User, it_admin: User) -> None:
    asked = grant_ask(user=it_admin, role=role("auditor"), units=[], actor=hq_ops, reason="x")

    with pytest.raises(PermissionDenied):
        approvals.approve(asked, actor=it_admin)
    with pytest.raises(PermissionDenied):
        grant_ask(user=hq_ops, role=role("auditor"), units=[], actor=hq_ops, reason="x")

    assert [grant.role.code for grant in it_admin.role_grants.all()] == ["it_admin"]


def test_a_role_one_person_grants_is_not_asked_for(hq_ops: User) -> None:
    with pytest.raises(ValidationFailed):
        grant_ask(user=UserFactory(), role=role("guide"), units=[], actor=hq_ops, reason="x")


def test_every_right_is_on_the_form_once(client: Client, hq_ops: User) -> None:
    client.force_login(hq_ops)

    page = client.get(f"{LIST}make/").content.decode()

    assert {code: page.count(f'value="{code}"') for code in PERMISSIONS} == dict.fromkeys(
        PERMISSIONS, 1
    )
