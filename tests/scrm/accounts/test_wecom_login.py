"""Log-in by WeCom against the sandbox: who gets in, and what a stolen or stale link is told."""

import time
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.contrib.messages import get_messages
from django.utils import timezone

from contacts.directory.models import Member
from scrm.accounts.models import User, UserSession
from scrm.core.gateway import wecom

pytestmark = pytest.mark.django_db
START, CALLBACK = "/accounts/wecom/start/", "/accounts/wecom/callback/"


@pytest.fixture
def userid(wecom_sandbox_world, settings) -> str:
    """An active WeCom account that our address book knows."""
    settings.BASE_URL = "http://testserver"
    wecom("contacts").user.create("WangMin", "Wang Min", [1], mobile="+8613800000001")
    wecom_sandbox_world.control.post("activate", {"userids": ["WangMin"]})
    Member.objects.create(userid="WangMin", name="Wang Min", status=Member.Status.ACTIVE)
    return "WangMin"


def wecoms_answer(address: str, userid: str) -> str:
    """Confirm on WeCom's page; return where the browser is sent back to, without the host."""
    answer = requests.post(
        address, data={"sandbox_userid": userid}, allow_redirects=False, timeout=10
    )
    parts = urlsplit(answer.headers["Location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"http://testserver{CALLBACK}"
    return f"{parts.path}?{parts.query}"


def words(answer) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def refused(client, answer) -> bool:
    return answer.url.startswith("/accounts/login/") and "_auth_user_id" not in client.session


def test_a_member_logs_in_and_lands_where_she_wanted_to_go(client, userid):
    start = client.get(START, {"next": "/console/roles/"})
    assert urlsplit(start.url).path == "/wwlogin/sso/login"

    back = client.get(wecoms_answer(start.url, userid))

    user = User.objects.get()
    assert back.url == "/console/roles/"
    assert (user.username, user.has_usable_password()) == (f"wecom:{userid}", False)
    assert Member.objects.get().user_id == user.pk
    assert client.session["_auth_user_id"] == str(user.pk)


def test_inside_wecom_the_silent_page_is_used(client, userid):
    start = client.get(START, headers={"User-Agent": "Mozilla/5.0 wxwork/4.1.36"})

    assert urlsplit(start.url).path == "/connect/oauth2/authorize"
    assert start.url.endswith("#wechat_redirect")
    assert client.get(wecoms_answer(start.url, userid)).url == "/console/"


def test_the_second_log_in_finds_the_same_account(client, userid):
    for _time in range(2):
        client.get(wecoms_answer(client.get(START).url, userid))
        client.post("/accounts/logout/")

    assert User.objects.count() == 1


def test_the_state_is_new_each_time_and_128_bits(client, userid):
    states = [parse_qs(urlsplit(client.get(START).url).query)["state"][0] for _time in range(2)]

    assert states[0] != states[1]
    assert [len(bytes.fromhex(state)) for state in states] == [16, 16]


def test_a_log_in_under_way_is_not_kept_as_long_as_a_session(client, userid):
    client.get(START)

    ends_in = UserSession.objects.get().expire_date - timezone.now()
    assert timedelta(minutes=14) < ends_in <= timedelta(minutes=15)


def test_an_answer_works_once(client, userid):
    path = wecoms_answer(client.get(START).url, userid)
    client.get(path)
    client.post("/accounts/logout/")

    assert refused(client, client.get(path))


def test_an_answer_of_another_browser_is_refused(client, userid):
    path = wecoms_answer(client.get(START).url, userid)
    client.cookies.clear()

    assert refused(client, client.get(path))
    assert User.objects.count() == 0


def test_after_five_minutes_the_log_in_starts_again(client, userid):
    path = wecoms_answer(client.get(START).url, userid)
    session = client.session
    session["log_ins"] = {
        state: {**known, "until": int(time.time()) - 1}
        for state, known in session["log_ins"].items()
    }
    session.save()

    assert refused(client, client.get(path))
    assert User.objects.count() == 0


def test_a_refusal_on_the_phone_is_said_in_words(client, userid):
    state = parse_qs(urlsplit(client.get(START).url).query)["state"][0]

    answer = client.get(CALLBACK, {"state": state})

    assert refused(client, answer)
    assert words(answer) != ""


def test_an_invented_code_is_refused_in_words(client, userid):
    state = parse_qs(urlsplit(client.get(START).url).query)["state"][0]

    answer = client.get(CALLBACK, {"state": state, "code": "invented"})

    assert refused(client, answer)
    assert words(answer) != ""
    assert User.objects.count() == 0


@pytest.mark.parametrize("status", [Member.Status.DISABLED, Member.Status.LEFT])
def test_a_closed_account_does_not_get_in(client, userid, status):
    Member.objects.update(status=status)

    assert refused(client, client.get(wecoms_answer(client.get(START).url, userid)))
    assert User.objects.count() == 0


def test_a_member_we_do_not_know_yet_does_not_get_in(client, userid):
    Member.objects.all().delete()

    assert refused(client, client.get(wecoms_answer(client.get(START).url, userid)))
    assert User.objects.count() == 0


def test_a_person_switched_off_here_does_not_get_in(client, userid):
    client.get(wecoms_answer(client.get(START).url, userid))
    client.post("/accounts/logout/")
    User.objects.update(is_active=False)

    assert refused(client, client.get(wecoms_answer(client.get(START).url, userid)))


def test_without_wecom_the_page_says_so(client, settings):
    settings.WECOM_CORP_ID = ""

    answer = client.get(START)

    assert refused(client, answer)
    assert b"wecom/start" not in client.get("/accounts/login/").content


def test_two_tabs_log_in_at_the_same_time_and_each_lands_on_its_page(client, userid):
    first, second = (
        client.get(START, {"next": page}).url for page in ("/console/a/", "/console/b/")
    )

    assert client.get(wecoms_answer(first, userid)).url == "/console/a/"
    assert client.get(wecoms_answer(second, userid)).url == "/console/b/"


def test_after_a_refusal_the_page_she_wanted_is_still_known(client, userid):
    Member.objects.update(status=Member.Status.DISABLED)
    wanted = "/console/roles/?role=guide&page=2"

    answer = client.get(wecoms_answer(client.get(START, {"next": wanted}).url, userid))

    assert parse_qs(urlsplit(answer.url).query) == {"next": [wanted]}
    assert "code" not in answer.url
    assert "_auth_user_id" not in client.session


def test_a_code_that_was_used_does_not_work_with_a_fresh_state(client, userid):
    path = wecoms_answer(client.get(START).url, userid)
    code = parse_qs(urlsplit(path).query)["code"][0]
    client.get(path)
    client.post("/accounts/logout/")
    state = parse_qs(urlsplit(client.get(START).url).query)["state"][0]

    assert refused(client, client.get(CALLBACK, {"state": state, "code": code}))


def test_a_state_of_the_sso_does_not_open_wecoms_way_in(client, userid):
    path = wecoms_answer(client.get(START).url, userid)
    session = client.session
    session["log_ins"] = {
        state: {**known, "way": "sso"} for state, known in session["log_ins"].items()
    }
    session.save()

    assert refused(client, client.get(path))
    assert User.objects.count() == 0
