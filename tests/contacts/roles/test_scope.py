"""What a person's roles let them see: never more than each role alone would."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contacts.directory.models import Member
from contacts.org.models import OrgUnit
from contacts.roles import services
from contacts.roles.models import Role
from contacts.roles.selectors import Held, combine, scope_for
from scrm.core.scope import EMPTY_SCOPE
from tests.factories.accounts import UserFactory


def held(
    code: str,
    reach: str,
    path: str = "",
    permissions: tuple[str, ...] = (),
    masks: tuple[str, ...] = (),
) -> Held:
    return Held(code, reach, path, frozenset(permissions), frozenset(masks))


def test_an_it_admin_who_runs_a_branch_sees_the_branch_and_not_the_company():
    it = held("it_admin", "all", permissions=("health.view",), masks=("phone", "name"))
    branch = held("branch_ops", "org", "/1/5/", permissions=("relations.view",), masks=("phone",))

    scope = combine([it, branch], user_id=1, userid=None)

    assert scope.everything is False
    assert scope.org_paths == ("/1/5/",)
    assert scope.own_only is False
    assert scope.permissions == frozenset({"health.view", "relations.view"})
    assert scope.masks == frozenset({"phone", "name"})


def test_one_role_over_two_units_sees_both():
    grants = [held("dealer", "org", path, ("org.view",)) for path in ("/1/5/", "/1/9/")]

    assert combine(grants, user_id=1, userid=None).org_paths == ("/1/5/", "/1/9/")


def test_two_different_roles_over_two_units_see_neither():
    grants = [
        held("dealer", "org", "/1/5/", ("org.view",)),
        held("agency", "org", "/1/9/", ("tags.view",)),
    ]

    scope = combine(grants, user_id=1, userid=None)

    assert (scope.everything, scope.org_paths, scope.own_only) == (False, (), True)


def test_a_store_manager_who_is_a_guide_sees_the_store():
    grants = [held("store_manager", "org", "/1/5/7/"), held("guide", "own")]

    assert combine(grants, user_id=1, userid="li").org_paths == ("/1/5/7/",)


# A busy machine is slow; that says nothing about scopes.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
PATHS = ("/1/", "/1/2/", "/1/2/3/", "/1/4/", "/5/")
GRANTS = st.lists(
    st.builds(
        lambda reach, path, permissions: held(
            "r", reach, path if reach == "org" else "", tuple(permissions)
        ),
        st.sampled_from(["all", "org", "own"]),
        st.sampled_from(PATHS),
        st.sets(st.sampled_from("abc")),
    ),
    min_size=1,
    max_size=4,
)


@PATIENT
@given(GRANTS)
def test_no_permission_ever_reaches_beyond_the_grants_that_carry_it(grants: list[Held]):
    scope = combine(grants, user_id=1, userid=None)
    areas = [*scope.org_paths] if not scope.everything else ["/"]

    for permission in scope.permissions:
        carriers = [grant for grant in grants if permission in grant.permissions]
        for area in areas:
            assert any(
                grant.reach == "all" or (grant.reach == "org" and area.startswith(grant.path))
                for grant in carriers
            )


@pytest.fixture
def roles(db) -> dict[str, Role]:
    services.presets_load()
    return {role.code: role for role in Role.objects.all()}


def test_scope_for_costs_two_queries_however_many_roles(roles, django_assert_num_queries):
    user = UserFactory()
    branch = OrgUnit.objects.create(kind="branch", code="B1", name="Branch", path="/1/")
    other = OrgUnit.objects.create(kind="branch", code="B2", name="Branch", path="/2/")
    for unit in (branch, other):
        services.grant(user=user, role=roles["branch_ops"], org_unit=unit, actor=None)

    with django_assert_num_queries(2):
        scope = scope_for(user)

    assert scope.org_paths == ("/1/", "/2/")
    assert scope.role_codes == frozenset({"branch_ops"})
    assert scope.masked("phone") is True


def test_a_superuser_gets_nothing_by_being_one(roles):
    user = UserFactory(is_superuser=True, is_staff=True)

    assert scope_for(user) == EMPTY_SCOPE


def test_a_person_switched_off_gets_nothing(roles):
    user = UserFactory()
    services.grant(user=user, role=roles["hq_ops"], org_unit=None, actor=None)
    user.is_active = False

    assert scope_for(user) == EMPTY_SCOPE


@pytest.mark.parametrize("status", [Member.Status.DISABLED, Member.Status.LEFT])
def test_a_disabled_or_departed_member_gets_nothing(roles, status):
    user = UserFactory()
    services.grant(user=user, role=roles["hq_ops"], org_unit=None, actor=None)
    Member.objects.create(userid="wang", user=user, status=status)

    assert scope_for(user) == EMPTY_SCOPE


def test_the_it_administrator_has_no_permission_on_customer_data(roles):
    customer_areas = ("relations.", "crm.", "oneid.", "tags.", "live_codes.", "welcome.", "adds.")

    assert [code for code in roles["it_admin"].permissions if code.startswith(customer_areas)] == []
