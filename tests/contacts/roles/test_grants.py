"""Granting and taking back roles: who may, what fits, and that a refusal changes nothing."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.utils.translation import override

from contacts.directory.models import Employee, Member
from contacts.directory.services import member_renamed
from contacts.org.models import OrgUnit, StoreBinding
from contacts.roles import services
from contacts.roles.labels import CHECKS, PERMISSIONS
from contacts.roles.models import Role, RoleGrant
from contacts.roles.selectors import scope_for
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict, NotFound, PermissionDenied, ScrmError, ValidationFailed
from scrm.core.scope import EMPTY_SCOPE
from tests.cast import Company
from tests.factories.accounts import UserFactory
from tests.factories.contacts import MemberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def roles() -> dict[str, Role]:
    assert services.presets_load() == 8
    return {role.code: role for role in Role.objects.all()}


@pytest.fixture
def branch() -> OrgUnit:
    return OrgUnit.objects.create(kind="branch", code="B1", name="East", path="/1/")


@pytest.fixture
def hq(roles) -> User:
    user = UserFactory(username="hq")
    services.grant(user=user, role=roles["hq_ops"], org_unit=None, actor=None)
    return user


def test_presets_can_be_loaded_again_and_name_known_permissions_only(roles):
    services.presets_load()

    assert Role.objects.count() == 8
    assert {code for role in roles.values() for code in role.permissions} <= PERMISSIONS.keys()


def test_a_grant_is_audited(roles, branch, hq):
    user = UserFactory(username="li")

    services.grant(user=user, role=roles["branch_ops"], org_unit=branch, actor=hq)

    entry = AuditEntry.objects.get(action="roles.grant", target=f"user:{user.pk}")
    assert entry.actor_id == hq.pk
    assert entry.after == {"role": "branch_ops", "org_unit": "B1", "user": "li"}


@pytest.mark.parametrize(
    ("code", "with_unit", "error"),
    [("branch_ops", False, ValidationFailed), ("hq_ops", True, ValidationFailed)],
)
def test_a_role_and_its_unit_must_fit(roles, branch, hq, code, with_unit, error):
    user = UserFactory()
    before = AuditEntry.objects.count()

    with pytest.raises(error):
        services.grant(
            user=user, role=roles[code], org_unit=branch if with_unit else None, actor=None
        )

    assert RoleGrant.objects.filter(user=user).count() == 0
    assert AuditEntry.objects.count() == before


def test_nobody_grants_a_role_to_themselves(roles, hq):
    with pytest.raises(PermissionDenied):
        services.grant(user=hq, role=roles["it_admin"], org_unit=None, actor=hq)

    assert [grant.role.code for grant in hq.role_grants.all()] == ["hq_ops"]


def test_nobody_takes_back_their_own_role(hq):
    with pytest.raises(PermissionDenied):
        services.revoke(hq.role_grants.get(), actor=hq)

    assert hq.role_grants.count() == 1


def test_the_same_role_twice_is_refused(roles, hq):
    with pytest.raises(Conflict):
        services.grant(user=hq, role=roles["hq_ops"], org_unit=None, actor=None)

    assert hq.role_grants.count() == 1


def test_roles_whose_rights_would_mix_are_refused(roles, branch, hq):
    other = OrgUnit.objects.create(kind="dealer", code="D1", name="Dealer", path="/2/")
    user = UserFactory()
    services.grant(user=user, role=roles["dealer"], org_unit=other, actor=hq)

    with pytest.raises(Conflict):
        services.grant(user=user, role=roles["agency"], org_unit=branch, actor=hq)

    assert [grant.role.code for grant in user.role_grants.all()] == ["dealer"]


def test_a_member_who_never_logged_in_can_be_granted_a_role(roles, hq):
    member = Member.objects.create(userid="ZhaoLei", name="Zhao Lei", status=Member.Status.ACTIVE)

    user = services.person_named("zhaolei")

    member.refresh_from_db()
    assert (user.username, user.name, user.has_usable_password()) == (
        "wecom:ZhaoLei",
        "Zhao Lei",
        False,
    )
    assert member.user_id == user.pk
    assert services.person_named("ZhaoLei") == user


def test_a_member_named_like_the_break_glass_account_does_not_become_it(roles):
    admin = UserFactory(username="admin", is_superuser=True)
    Member.objects.create(userid="admin", status=Member.Status.ACTIVE)

    user = services.user_for_login("admin")

    assert user.pk != admin.pk
    assert user.is_superuser is False


@pytest.mark.parametrize("status", [Member.Status.DISABLED, Member.Status.LEFT])
def test_a_closed_account_cannot_log_in(status):
    Member.objects.create(userid="gone", status=status)

    with pytest.raises(PermissionDenied):
        services.user_for_login("gone")

    assert User.objects.count() == 0


def test_an_unknown_name_is_said_so():
    with pytest.raises(NotFound) as caught:
        services.person_named("nobody")

    assert isinstance(caught.value, ScrmError)
    assert "nobody" in caught.value.message


def test_pages_list_grant_and_take_back(client, roles, branch, hq):
    user = UserFactory(username="li", name="Li")
    client.force_login(hq)

    page = client.post(
        "/console/roles/new/", {"username": "li", "role": roles["dealer"].pk, "org_code": "B1"}
    )
    given = RoleGrant.objects.get(user=user)

    assert (page.status_code, page.url) == (302, "/console/roles/")
    assert (given.role.code, given.org_unit, given.granted_by) == ("dealer", branch, hq)
    assert "Li" in client.get("/console/roles/").content.decode()

    assert client.post(f"/console/roles/{given.pk}/revoke/").status_code == 302
    assert RoleGrant.objects.filter(user=user).count() == 0


def test_a_wrong_entry_is_shown_with_the_form(client, roles, hq):
    client.force_login(hq)

    page = client.post(
        "/console/roles/new/", {"username": "li", "role": roles["dealer"].pk, "org_code": "nowhere"}
    )

    assert page.status_code == 422
    assert page.context["form"].errors.keys() == {"org_code"}


def test_an_agency_operator_gets_the_chosen_stores_at_once(client, company, hq_ops):
    user = UserFactory(username="agent")
    client.force_login(hq_ops)
    role = Role.objects.get(code="agency")

    def post(codes: str) -> int:
        wish = {"username": "agent", "role": role.pk, "org_code": codes}
        return client.post("/console/roles/new/", wish).status_code

    # given one wrong code, nothing is granted
    assert (post("S1, S9"), user.role_grants.count()) == (422, 0)
    assert (post("S1，S3\nS1"), user.role_grants.count()) == (302, 2)

    # then both stores are reached, and neither the one beside nor the branch
    scope = scope_for(user)
    assert scope.org_paths == tuple(sorted([company.store_a.path, company.store_south.path]))
    # and one that is held already stops the others too
    assert (post("S2 S3"), user.role_grants.count()) == (422, 2)
    listed = client.get("/console/roles/", {"person": "agent", "unit": "s3"}).context["list"].rows
    assert [(row.user, row.org_unit) for row in listed] == [(user, company.store_south)]


def test_who_may_only_see_cannot_grant(client, roles, hq):
    auditor = UserFactory()
    services.grant(user=auditor, role=roles["auditor"], org_unit=None, actor=None)
    client.force_login(auditor)

    assert client.get("/console/roles/").status_code == 200
    page = client.post("/console/roles/new/", {"username": "hq", "role": roles["it_admin"].pk})

    assert page.status_code == 403
    assert [grant.role.code for grant in hq.role_grants.all()] == ["hq_ops"]


def test_who_comes_back_under_an_old_userid_finds_no_rights(
    guide_li: Member, company: Company
) -> None:
    # given a guide who left
    user = guide_li.user
    assert user is not None
    assert RoleGrant.objects.filter(user=user).count() == 1
    Member.objects.filter(pk=guide_li.pk).update(status=Member.Status.LEFT)

    # when the roles of leavers are taken back, twice
    assert (services.leavers_revoke(), services.leavers_revoke()) == (1, 0)

    # then whoever gets this userid later sees nothing, and the audit says why
    Member.objects.filter(pk=guide_li.pk).update(status=Member.Status.ACTIVE)
    assert scope_for(user) == EMPTY_SCOPE
    assert AuditEntry.objects.get(action="roles.revoke").reason == "member left"


@pytest.mark.parametrize("followed", [True, False])
def test_the_old_userid_of_a_renamed_member_opens_a_new_account(
    guide_li: Member, company: Company, followed: bool
) -> None:
    # given a member whom WeCom renamed; before the accounts followed their members, or after
    member_renamed("guide_li", "li_na")
    if not followed:
        User.objects.filter(pk=guide_li.user_id).update(username="wecom:guide_li")

    # when somebody new gets the old userid
    fresh = MemberFactory(userid="guide_li", name="新人")
    user = services.user_for_login("guide_li")

    # then each has an account of their own
    fresh.refresh_from_db()
    assert (user.pk, user.username) == (fresh.user_id, "wecom:guide_li")
    assert user.pk != guide_li.user_id
    assert services.user_for_login("li_na").pk == guide_li.user_id
    assert User.objects.get(pk=guide_li.user_id).username == "wecom:li_na"
    assert RoleGrant.objects.filter(user=user).count() == 0


@pytest.mark.parametrize("status", [Member.Status.LEFT, Member.Status.DISABLED])
def test_a_leavers_binding_makes_no_guide_of_who_comes_back(
    guide_li: Member, company: Company, status: int
) -> None:
    # given a guide of store A who left, says the OA
    employee = Employee.objects.create(job_number="10001", name="李娜", state=Employee.State.LEFT)
    Member.objects.filter(pk=guide_li.pk).update(status=status, employee=employee)

    services.leavers_revoke()
    services.leavers_revoke()

    # then who is employed again under this userid finds neither role nor store
    Employee.objects.update(state=Employee.State.ACTIVE)
    Member.objects.filter(pk=guide_li.pk).update(status=Member.Status.ACTIVE)
    user = services.user_for_login(guide_li.userid)
    assert RoleGrant.objects.filter(user=user).count() == 0
    assert scope_for(user) == EMPTY_SCOPE
    binding = StoreBinding.objects.get(member=guide_li)
    assert (binding.state, binding.retired_at is not None) == ("retired", True)
    assert AuditEntry.objects.get(action="org.binding_retire").reason == "member left"


def test_who_was_only_locked_keeps_role_and_store(guide_li: Member, company: Company) -> None:
    Member.objects.filter(pk=guide_li.pk).update(status=Member.Status.DISABLED)

    assert services.leavers_revoke() == 0

    assert RoleGrant.objects.filter(user=guide_li.user).count() == 1
    assert StoreBinding.objects.get(member=guide_li).state == "active"


def test_nobody_grants_rights_they_lack(roles, hq):
    it = UserFactory(username="it")
    services.grant(user=it, role=roles["it_admin"], org_unit=None, actor=None)
    accomplice = UserFactory(username="accomplice")
    before = AuditEntry.objects.count()

    with pytest.raises(PermissionDenied):
        services.grant(user=accomplice, role=roles["hq_ops"], org_unit=None, actor=it)

    assert accomplice.role_grants.count() == 0
    assert AuditEntry.objects.count() == before

    watch = Role.objects.create(code="w", name="W", reach="all", permissions=["health.view"],
                                masks=["phone", "name", "remark"])  # fmt: skip
    services.grant(user=accomplice, role=watch, org_unit=None, actor=it)
    assert [grant.role.code for grant in accomplice.role_grants.all()] == ["w"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("hq_ops", "ask for it on the page of roles."),
        ("branch_ops", "ask somebody of: HQ operations."),
        ("auditor", "ask for it on the page of roles."),
        ("all_of_it", "manage.py role_grant."),
    ],
)
def test_the_refusal_says_who_can(roles, code, words):
    it = UserFactory()
    services.grant(user=it, role=roles["it_admin"], org_unit=None, actor=None)
    everything = Role.objects.create(
        code="all_of_it", name="All of it", reach="all", permissions=sorted(PERMISSIONS)
    )
    known = roles | {"all_of_it": everything}
    Role.objects.filter(pk=everything.pk).update(
        permissions=sorted(PERMISSIONS.keys() - CHECKS - {"roles.edit"})
    )
    everything.refresh_from_db()

    with override("en"), pytest.raises(PermissionDenied) as caught:
        services.grant(user=UserFactory(), role=known[code], org_unit=None, actor=it)

    assert caught.value.message.endswith(words)


def test_a_role_for_the_whole_company_is_granted_by_who_has_the_whole_company(roles, branch):
    # given a role that may grant, in one branch only
    roles["branch_ops"].permissions.append("roles.edit")
    roles["branch_ops"].save()
    narrow = Role.objects.create(
        code="narrow", name="Narrow", reach="all", permissions=["home.view"]
    )
    boss, user = UserFactory(), UserFactory()
    services.grant(user=boss, role=roles["branch_ops"], org_unit=branch, actor=None)

    with pytest.raises(PermissionDenied):
        services.grant(user=user, role=narrow, org_unit=None, actor=boss)

    assert user.role_grants.count() == 0


def test_the_form_offers_only_what_may_be_granted(client, roles):
    it = UserFactory()
    services.grant(user=it, role=roles["it_admin"], org_unit=None, actor=None)
    other = UserFactory(username="li")
    client.force_login(it)

    form = client.get("/console/roles/new/").context["form"]
    page = client.post("/console/roles/new/", {"username": "li", "role": roles["branch_ops"].pk})

    # those that a second person has to agree to
    offered = [role.code for role in form.fields["role"].queryset]
    assert offered == ["hq_ops", "auditor", "it_admin"]
    assert (page.status_code, page.context["form"].errors.keys()) == (422, {"role"})
    assert other.role_grants.count() == 0


def test_the_server_grants_the_first_role(roles, branch):
    first, wang = UserFactory(username="first"), UserFactory(username="wang")

    call_command("role_grant", "first", "hq_ops", stdout=io.StringIO())
    call_command("role_grant", "wang", "dealer", unit="B1", stdout=io.StringIO())
    for words in (["first", "nothing"], ["nobody", "guide"], ["wang", "dealer", "--unit", "B9"]):
        with pytest.raises(CommandError):
            call_command("role_grant", *words)

    assert [grant.role.code for grant in first.role_grants.all()] == ["hq_ops"]
    assert [(grant.role.code, grant.org_unit) for grant in wang.role_grants.all()] == [
        ("dealer", branch)
    ]


def test_only_headquarters_decide_on_the_jobs_of_others(roles):
    assert [role.code for role in roles.values() if "jobs.decide" in role.permissions] == ["hq_ops"]
    assert {code for code in roles["auditor"].permissions if not code.endswith(".view")} == {"audit.export"}  # fmt: skip
