"""Every route for everybody: each preset role, nobody, people who left, and partner systems."""

import pytest
from django.core.management import call_command
from django.test import Client

from contacts.directory.models import Member
from contacts.org.models import OrgUnit
from contacts.roles import services
from contacts.roles.labels import PERMISSIONS
from contacts.roles.models import Role
from scrm.accounts.models import User
from scrm.accounts.services import KNOWN_API_SCOPES, partner_key_create
from scrm.core.scope import SIGNED_IN
from scrm.home.access import routes
from tests.architecture.places import address
from tests.factories.accounts import UserFactory

ROUTES = routes()
CONSOLE = [route for route in ROUTES if not route.is_api]
API = [route for route in ROUTES if route.is_api]
# Written out, so that a role that is dropped or misspelt fails here.
ROLES = (
    "hq_ops",
    "branch_ops",
    "dealer",
    "store_manager",
    "guide",
    "auditor",
    "agency",
    "it_admin",
)
REFUSED = {403, 405}
PASSED = {200, 302, 400, 404, 405, 409, 422}


def login_redirect(answer) -> bool:
    doors = ("/accounts/login/", "/h5/login/")
    return answer.status_code == 302 and answer.headers["Location"].startswith(doors)


def grant(user: User, code: str) -> User:
    role = Role.objects.get(code=code)
    unit = None
    if role.reach == "org":
        unit, _made = OrgUnit.objects.get_or_create(
            code="B1", defaults={"kind": "branch", "name": "East", "path": "/1/"}
        )
    services.grant(user=user, role=role, org_unit=unit, actor=None)
    return user


@pytest.fixture
def presets(db) -> None:
    services.presets_load()


def test_every_route_carries_a_mark():
    assert [route.path for route in ROUTES if route.mark is None] == []


def test_every_mark_is_a_known_permission():
    known = PERMISSIONS.keys() | KNOWN_API_SCOPES | {SIGNED_IN, ""}

    assert [route.path for route in ROUTES if route.mark not in known] == []


def test_every_console_page_asks_for_a_permission():
    assert [
        route.path for route in CONSOLE if route.path.startswith("/console/") and route.mark == ""
    ] == []


@pytest.mark.parametrize("code", ROLES)
def test_a_role_opens_what_it_may_and_nothing_else(code, presets):
    user = grant(UserFactory(), code)
    permissions = frozenset(Role.objects.get(code=code).permissions)
    client = Client(raise_request_exception=False)
    client.force_login(user)
    wrong = []

    for route in CONSOLE:
        if route.admits(permissions):
            got = client.get(address(route))
            if route.mark and (got.status_code not in PASSED or login_redirect(got)):
                wrong.append((route.path, "GET", got.status_code))
            client.force_login(user)
        else:
            statuses = {
                client.get(address(route)).status_code,
                client.post(address(route)).status_code,
            }
            if not statuses <= REFUSED or 403 not in statuses:
                wrong.append((route.path, "refused", sorted(statuses)))

    assert wrong == []


def everybody_else(client: Client) -> list[tuple[str, int]]:
    """The console routes that did not lead to the log-in page, by GET or by POST."""
    wrong = []
    for route in CONSOLE:
        if route.mark == "":
            continue
        answers = [client.get(address(route)), client.post(address(route))]
        if not any(map(login_redirect, answers)) or any(
            not login_redirect(answer) and answer.status_code != 405 for answer in answers
        ):
            wrong.append((route.path, [answer.status_code for answer in answers]))
    return wrong


def test_nobody_is_sent_to_the_log_in(presets):
    assert everybody_else(Client(raise_request_exception=False)) == []


def test_a_person_switched_off_is_sent_to_the_log_in(presets):
    user = grant(UserFactory(), "hq_ops")
    client = Client(raise_request_exception=False)
    client.force_login(user)
    User.objects.filter(pk=user.pk).update(is_active=False)

    assert everybody_else(client) == []


def opened_by(user: User) -> list[tuple[str, int]]:
    """The routes that did not refuse a logged-in person who may do nothing."""
    client = Client(raise_request_exception=False)
    wrong = []
    for route in CONSOLE:
        if route.mark in {"", SIGNED_IN}:
            continue
        # The phone face logs such a person out.
        client.force_login(user)
        status = client.get(address(route)).status_code
        if status not in REFUSED:
            wrong.append((route.path, status))
    return wrong


def test_a_member_who_left_opens_nothing(presets):
    user = grant(UserFactory(), "hq_ops")
    Member.objects.create(userid="gone", user=user, status=Member.Status.LEFT)

    assert opened_by(user) == []


def test_a_superuser_without_a_role_opens_nothing(presets):
    assert opened_by(UserFactory(is_superuser=True, is_staff=True)) == []


def test_the_phone_logs_out_who_may_do_nothing(presets):
    user = grant(UserFactory(), "guide")
    Member.objects.create(userid="gone", user=user, status=Member.Status.DISABLED)
    client = Client()
    client.force_login(user)

    assert client.get("/h5/").status_code == 403
    assert login_redirect(client.get("/h5/"))


def test_every_page_of_the_phone_asks_wecom_who_it_is(presets):
    phone = [route for route in CONSOLE if route.path.startswith("/h5/") and route.mark]

    assert len(phone) >= 10
    for route in phone:
        answer = Client().get(address(route))
        assert answer.status_code == 405 or answer.headers["Location"].startswith("/h5/login/")


@pytest.mark.parametrize("route", API, ids=lambda route: route.path)
def test_the_api_wants_a_key_with_the_scope(route, db):
    client = Client(raise_request_exception=False)
    other = sorted(KNOWN_API_SCOPES - {route.mark})[0]
    _key, wrong_scope = partner_key_create(name="other", scopes=[other])
    _key, right_scope = partner_key_create(name="right", scopes=[str(route.mark)])

    def post(token: str | None) -> int:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return client.post(
            address(route), {}, content_type="application/json", headers=headers
        ).status_code

    assert (post(None), post("scrm_000000000000_x")) == (401, 401)
    assert post(wrong_scope) in REFUSED
    assert post(right_scope) not in {401, 403, 500}


def test_the_api_is_not_opened_by_a_console_session(presets):
    client = Client(raise_request_exception=False)
    client.force_login(grant(UserFactory(), "hq_ops"))

    assert {client.post(address(route)).status_code for route in API} <= {401}


def test_the_matrix_in_the_guide_is_current():
    call_command("access_matrix", "--check")
