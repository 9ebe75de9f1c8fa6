"""The silent log-in of the phone face against the sandbox: who gets in, where to, and what ends it."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import time_machine
from django.test import Client
from django.utils import timezone

from contacts.directory.models import Member
from contacts.directory.services import member_left
from contacts.org.services import binding_set
from contacts.roles.models import RoleGrant
from scrm.accounts.models import User, UserSession
from scrm.core.audit.models import AuditEntry
from scrm.core.gateway import wecom

pytestmark = pytest.mark.django_db
WECOM = {"User-Agent": "Mozilla/5.0 (iPhone) AppleWebKit/605 wxwork/4.1.36 MicroMessenger/7.0.1"}


@pytest.fixture
def guide(company, wecom_sandbox_world, settings) -> Member:
    """A guide of store A who exists in WeCom and in our address book, and never logged in here."""
    settings.BASE_URL = "http://testserver"
    wecom("contacts").user.create("WangMin", "王敏", [1], mobile="+8613800000001")
    wecom_sandbox_world.control.post("activate", {"userids": ["WangMin"]})
    member = Member.objects.create(
        userid="WangMin", name="王敏", status=Member.Status.ACTIVE, can_follow=True
    )
    binding_set(store=company.store_a, member=member, position=1, actor=None)
    return member


def begin(client, path: str = "/h5/customers/?chip=today") -> str:
    """Open a page without being logged in; return WeCom's address."""
    asked = client.get(path, headers=WECOM)
    assert asked.url.startswith("/h5/login/?next=")
    return client.get(asked.url, headers=WECOM).url


def wecoms_answer(address: str, userid: str = "WangMin") -> str:
    """Let WeCom confirm silently; return where it sends the browser, without the host."""
    answer = requests.get(f"{address.split('#')[0]}&sandbox_userid={userid}", allow_redirects=False, timeout=10)  # fmt: skip
    parts = urlsplit(answer.headers["Location"])
    return f"{parts.path}?{parts.query}"


def state_of(address: str) -> str:
    return parse_qs(urlsplit(address).query)["state"][0]


def logged_in(client) -> bool:
    return "_auth_user_id" in client.session


def test_a_guide_lands_on_the_page_she_opened(client, guide):
    address = begin(client)

    # WeCom sees random letters only: the page she wanted stays here.
    assert urlsplit(address).path == "/connect/oauth2/authorize"
    assert address.endswith("#wechat_redirect")
    assert "customers" not in state_of(address)
    assert len(bytes.fromhex(state_of(address))) == 16
    back = client.get(wecoms_answer(address), headers=WECOM)

    assert back.url == "/h5/customers/?chip=today"
    assert client.get(back.url, headers=WECOM).status_code == 200
    guide.refresh_from_db()
    assert client.session["_auth_user_id"] == str(guide.user_id)
    assert client.session.get_expiry_age() == 7 * 24 * 3600


def test_who_serves_a_store_becomes_a_guide_by_the_first_log_in(client, guide):
    for _time in range(2):
        client.get(wecoms_answer(begin(client)), headers=WECOM)
        client.post("/h5/logout/")

    granted = RoleGrant.objects.get()
    assert (granted.role.code, granted.org_unit, granted.granted_by) == ("guide", None, None)
    assert AuditEntry.objects.filter(action="roles.grant").count() == 1


def test_two_pages_of_the_tool_bar_log_in_at_the_same_moment(client, guide):
    first, second = begin(client, "/h5/c/"), begin(client, "/h5/tasks/")

    answers = [client.get(wecoms_answer(address), headers=WECOM).url for address in (first, second)]

    assert answers == ["/h5/c/", "/h5/tasks/"]


def test_a_state_works_once(client, guide):
    path = wecoms_answer(begin(client))
    client.get(path, headers=WECOM)
    client.post("/h5/logout/")

    again = client.get(path, headers=WECOM)

    assert again.status_code == 400
    assert not logged_in(client)


def test_a_state_of_another_browser_is_refused(client, guide):
    path = wecoms_answer(begin(client))
    client.cookies.clear()

    assert client.get(path, headers=WECOM).status_code == 400
    assert User.objects.count() == 0


def test_an_old_state_is_refused(client, guide):
    with time_machine.travel(timezone.now() - timedelta(seconds=301)):
        path = wecoms_answer(begin(client))

    assert client.get(path, headers=WECOM).status_code == 400
    assert User.objects.count() == 0


def test_a_used_state_is_refused_though_its_cookie_was_kept(client, guide):
    path = wecoms_answer(begin(client))
    kept = [(name, cookie.value) for name, cookie in client.cookies.items()]
    client.get(path, headers=WECOM)
    client.post("/h5/logout/")
    for name, value in kept:
        client.cookies[name] = value

    again = client.get(path, headers=WECOM)

    assert (again.status_code, logged_in(client)) == (400, False)


def test_a_cookie_we_did_not_sign_is_refused(client, guide):
    path = wecoms_answer(begin(client))
    name = next(name for name in client.cookies if name.startswith("h5_login_"))
    client.cookies[name] = f"{client.cookies[name].value}x"

    assert client.get(path, headers=WECOM).status_code == 400
    assert User.objects.count() == 0


def test_a_page_opened_a_hundred_times_by_nobody_stores_nothing(guide):
    for _each in range(100):
        assert Client().get("/h5/login/?next=/h5/tasks/", headers=WECOM).status_code == 302

    assert UserSession.objects.count() == 0


def test_an_address_too_long_for_a_cookie_leads_to_the_first_page(client, guide):
    address = client.get(f"/h5/login/?next=/h5/{'c' * 2500}", headers=WECOM).url

    assert client.get(wecoms_answer(address), headers=WECOM).url == "/h5/"


def test_the_back_gesture_to_the_answer_leads_home(client, guide):
    path = wecoms_answer(begin(client))
    client.get(path, headers=WECOM)

    assert client.get(path, headers=WECOM).url == "/h5/"


def test_an_address_elsewhere_is_not_followed(client, guide):
    address = client.get("/h5/login/", {"next": "https://elsewhere.example/"}, headers=WECOM).url

    assert client.get(wecoms_answer(address), headers=WECOM).url == "/h5/"


@pytest.mark.parametrize("status", [Member.Status.DISABLED, Member.Status.LEFT])
def test_a_closed_account_is_refused_in_words(client, guide, status):
    Member.objects.update(status=status)

    answer = client.get(wecoms_answer(begin(client)), headers=WECOM)

    assert answer.status_code == 403
    assert answer.context["error"].message != ""
    assert not logged_in(client)
    assert User.objects.count() == 0


def test_a_member_we_do_not_know_is_refused_in_words(client, guide):
    address = begin(client)
    Member.objects.update(userid="somebody.else")

    answer = client.get(wecoms_answer(address), headers=WECOM)

    assert (answer.status_code, logged_in(client)) == (403, False)


def test_a_customer_is_refused(client, guide, wecom_sandbox_world):
    person = wecom_sandbox_world.control.get("people", offset=0, limit=1)[0]
    address = begin(client)
    answer = requests.get(f"{address.split('#')[0]}&sandbox_person={person['id']}", allow_redirects=False, timeout=10)  # fmt: skip
    parts = urlsplit(answer.headers["Location"])

    assert client.get(f"{parts.path}?{parts.query}", headers=WECOM).status_code == 403
    assert User.objects.count() == 0


def test_the_session_is_dead_when_the_member_leaves(client, guide):
    client.get(wecoms_answer(begin(client)), headers=WECOM)
    assert client.get("/h5/", headers=WECOM).status_code == 200

    member_left("WangMin", observed_at=timezone.now())

    asked = client.get("/h5/", headers=WECOM)
    assert asked.url.startswith("/h5/login/")
    assert not logged_in(client)


def test_a_member_disabled_behind_our_back_is_logged_out_and_told(client, guide):
    client.get(wecoms_answer(begin(client)), headers=WECOM)
    Member.objects.update(status=Member.Status.DISABLED)

    answer = client.get("/h5/", headers=WECOM)

    assert answer.status_code == 403
    assert "h5/closed.html" in [template.name for template in answer.templates]
    assert not logged_in(client)


def test_outside_of_wecom_the_page_shows_how_to_get_inside(client, guide):
    answer = client.get("/h5/login/", {"next": "/h5/code/"})

    assert answer.status_code == 200
    assert answer.context["address"] == "http://testserver/h5/code/"
    assert answer.context["picture"].startswith("data:image/svg+xml")
    assert b'data-copy="http://testserver/h5/code/"' in answer.content


def test_in_the_demo_any_browser_may_choose_a_member(client, guide, settings):
    settings.DEMO_MODE = True

    assert urlsplit(client.get("/h5/login/").url).path == "/connect/oauth2/authorize"


def test_without_wecom_the_page_says_so(client, settings):
    settings.WECOM_CORP_ID = ""

    answer = client.get("/h5/login/", headers=WECOM)

    assert answer.status_code == 400
    assert answer.context["error"].message != ""


def test_a_part_of_a_page_asks_for_a_reload_instead_of_a_redirect(client, db):
    answer = client.get("/h5/customers/", headers={**WECOM, "HX-Request": "true"})

    assert (answer.status_code, answer.headers["HX-Refresh"]) == (401, "true")
