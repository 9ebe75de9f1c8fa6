"""The abuse cases of who is not let in yet: A12 and A13, at every way in (reference: reliability)."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pyotp
import pytest
import requests
from django.test import Client

from contacts.directory.models import Member
from scrm.accounts.models import User, UserSession
from scrm.accounts.second_factor.services import app_begin, app_confirm
from scrm.core.gateway import wecom
from tests.cast import PASSWORD
from tests.scrm.accounts.sso_providers import Liar, configured

pytestmark = pytest.mark.django_db
INSIDE = {"User-Agent": "Mozilla/5.0 (iPhone) AppleWebKit/605 wxwork/4.1.36 MicroMessenger/7.0.1"}
DEEP = "/console/roles/?role=guide&q=%E6%9D%8E&page=2"
DEEP_ON_PHONE = "/h5/customers/?chip=today&q=%E6%9D%8E"
EVIL = (
    "https://evil.example/", "//evil.example/", "/\\evil.example", "https:evil.example", "evil.example",
    "javascript:alert(1)", "//testserver@evil.example/", "http://testserver/console/", "/\t/evil.example/",
)  # fmt: skip
WORD_OF_ANOTHER = ("qr", "oauth", "phone", "sso")


class Doors:
    """The ways in, each walked as a browser does: from the page that was asked for to the answer after the log-in."""

    def __init__(self, liar: Liar, codes: list[str]) -> None:
        self.liar = liar
        self.codes = codes

    def begun(self, way: str, client: Client, wanted: str) -> str:
        """Ask for a page without being logged in and choose a way; return the other side's address."""
        if way == "phone":
            return client.get(f"/h5/login/?{urlencode({'next': wanted})}", headers=INSIDE).url
        page = client.get(f"/accounts/login/?{urlencode({'next': wanted})}").content.decode()
        start = {"sso": "/accounts/sso/start/"}.get(way, "/accounts/wecom/start/")
        link = unescape(re.search(rf'href="({start}[^"]*)"', page)[1])
        return client.get(link, headers=INSIDE if way == "oauth" else {}).url

    def answered(self, way: str, address: str) -> str:
        """Let the other side say who it is; return the path it sends the browser to."""
        query = parse_qs(urlsplit(address).query)
        if way == "sso":
            self.liar.nonce = query["nonce"][0]
            return f"/accounts/sso/callback/?{urlencode({'state': query['state'][0], 'code': 'the-code'})}"
        if way == "qr":
            answer = requests.post(address, data={"sandbox_userid": "WangMin"}, allow_redirects=False, timeout=10)  # fmt: skip
        else:
            url = f"{address.split('#')[0]}&sandbox_userid=WangMin"
            answer = requests.get(url, allow_redirects=False, timeout=10)
        parts = urlsplit(answer.headers["Location"])
        return f"{parts.path}?{parts.query}"

    def through(self, way: str, client: Client, wanted: str) -> Any:
        """Log in by one way; return the answer that ends the log-in."""
        if way != "password":
            path = self.answered(way, self.begun(way, client, wanted))
            return client.get(path, headers=INSIDE)
        page = client.get(f"/accounts/login/?{urlencode({'next': wanted})}").content.decode()
        # The first is the language switch's.
        kept = unescape(re.findall(r'name="next" value="([^"]*)"', page)[-1])
        fields = {"username": "it", "password": PASSWORD, "next": kept}
        step = client.post("/accounts/login/", fields)
        return client.post(step.url, {"code": self.codes.pop()})


@pytest.fixture(scope="module")
def serving() -> Iterator[Liar]:
    """An OpenID provider."""
    made = Liar()
    yield made
    made.server.shutdown()


@pytest.fixture
def doors(serving: Liar, settings: Any, it_admin: User, wecom_sandbox_world: Any) -> Doors:
    """WeCom, the SSO and the password with its app are all set up."""
    configured(settings, serving.issuer)
    wecom("contacts").user.create("WangMin", "王敏", [1], mobile="+8613800000001")
    wecom_sandbox_world.control.post("activate", {"userids": ["WangMin"]})
    Member.objects.create(userid="WangMin", name="王敏", status=Member.Status.ACTIVE)
    serving.lie, serving.clock_s, serving.name = "", 0, "WangMin"
    codes = app_confirm(it_admin, pyotp.TOTP(app_begin(it_admin).secret).now())
    return Doors(serving, codes)


def logged_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


@pytest.mark.parametrize("way", ["password", *WORD_OF_ANOTHER])
def test_a_deep_link_with_its_query_survives_every_door(doors: Doors, way: str) -> None:
    client, wanted = Client(), DEEP_ON_PHONE if way == "phone" else DEEP

    answer = doors.through(way, client, wanted)

    assert (answer.status_code, answer.url) == (302, wanted)
    assert UserSession.objects.get(user__isnull=False).way == {
        "password": "password",
        "sso": "sso",
    }.get(way, "wecom")


@pytest.mark.parametrize("wanted", EVIL)
@pytest.mark.parametrize("way", ["password", *WORD_OF_ANOTHER])
def test_a13_no_door_leads_to_another_site(doors: Doors, way: str, wanted: str) -> None:
    client = Client()

    answer = doors.through(way, client, wanted)

    assert answer.url == ("/h5/" if way == "phone" else "/console/")
    assert logged_in(client)


@pytest.mark.parametrize("way", ["password", *WORD_OF_ANOTHER])
def test_a12_a_session_planted_before_the_log_in_is_worth_nothing(doors: Doors, way: str) -> None:
    # given a browser in which somebody else's session key was planted
    attacker, victim = Client(), Client()
    attacker.get("/accounts/wecom/start/")
    planted = attacker.cookies["sessionid"].value
    victim.cookies["sessionid"] = planted

    doors.through(way, victim, "/console/")

    assert victim.cookies["sessionid"].value != planted
    assert not logged_in(attacker)
    assert not UserSession.objects.filter(session_key=planted, user__isnull=False).exists()


def spoilt(case: str, doors: Doors, way: str, client: Client) -> str:
    """Return an answer of the other side that must open nothing in this browser."""
    path = doors.answered(way, doors.begun(way, client, "/console/"))
    url, query = path.split("?")
    fields = {name: values[0] for name, values in parse_qs(query).items()}
    if case == "used":
        client.get(path, headers=INSIDE)
        client.post("/h5/logout/" if way == "phone" else "/accounts/logout/")
        return path
    if case == "another browser":
        client.cookies.clear()
        return path
    if case == "another attempt":
        other = Client()
        begun = parse_qs(urlsplit(doors.begun(way, other, "/console/")).query)
        fields["state"] = begun["state"][0]
    changed = {
        "no state": {"state": ""},
        "an invented state": {"state": "0" * 32},
        "a long state": {"state": "a" * 5000},
        "no code": {"code": ""},
    }.get(case, {})
    return f"{url}?{urlencode({**fields, **changed})}"


@pytest.mark.parametrize("way", WORD_OF_ANOTHER)
@pytest.mark.parametrize(
    "case",
    ["used", "another browser", "another attempt", "no state", "an invented state", "a long state", "no code"],
)  # fmt: skip
def test_a12_an_answer_that_did_not_begin_here_opens_nothing(
    doors: Doors, way: str, case: str
) -> None:
    client = Client()
    path = spoilt(case, doors, way, client)
    sessions = UserSession.objects.filter(user__isnull=False).count()

    answer = client.get(path, headers=INSIDE)

    assert not logged_in(client)
    assert UserSession.objects.filter(user__isnull=False).count() == sessions == 0
    # In words, and without the code in an address.
    assert (answer.status_code in {400, 403}) if way == "phone" else ("code" not in answer.url)


@pytest.mark.parametrize(("begun", "used"), [("qr", "sso"), ("sso", "qr"), ("qr", "phone")])
def test_a12_a_state_of_one_door_opens_no_other(doors: Doors, begun: str, used: str) -> None:
    client = Client()
    state = parse_qs(urlsplit(doors.begun(begun, client, "/console/")).query)["state"][0]
    path = doors.answered(used, doors.begun(used, Client(), "/console/")).split("?")
    code = parse_qs(path[1])["code"][0]

    client.get(path[0], {"state": state, "code": code}, headers=INSIDE)

    assert not logged_in(client)


def test_a12_two_requests_with_one_answer_open_one_session(doors: Doors) -> None:
    # given an answer that was seen on the way, and the browser's cookie with it
    client, thief = Client(), Client()
    path = doors.answered("qr", doors.begun("qr", client, "/console/"))
    thief.cookies["sessionid"] = client.cookies["sessionid"].value

    client.get(path)
    thief.get(path)

    assert (logged_in(client), logged_in(thief)) == (True, False)
