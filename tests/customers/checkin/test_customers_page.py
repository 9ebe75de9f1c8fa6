"""The customer's page: who WeChat says it is, who is in the group, and whatever somebody tries instead."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.core import signing
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from customers.checkin.models import Checkin, CheckinCampaign
from customers.groups.models import CustomerGroup, WeChatIdentity
from customers.groups.public import SALT, VISITOR
from customers.points.models import PointsAccount, Redemption
from scrm.core.gateway import forget_clients
from tests.factories.groups import (
    CampaignFactory,
    GroupFactory,
    PlaceFactory,
    RewardFactory,
    StayFactory,
    rich,
)
from wecom_sandbox.wechat.accounts import SERVICE

pytestmark = pytest.mark.django_db
WECHAT = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) MicroMessenger/8.0.44"
WECOM = f"{WECHAT} wxwork/4.1.36"


@pytest.fixture
def wechat(wecom_sandbox_world: Any, settings: Any) -> Any:
    """A simulator whose service account is ours."""
    base = f"{wecom_sandbox_world.base_url}/wechat"
    settings.WECHAT_API_BASE = settings.WECHAT_OAUTH_BASE = settings.WECHAT_MP_BASE = base
    settings.WECHAT_APPS = {"service": {"appid": SERVICE.appid, "secret": SERVICE.secret}}
    settings.BASE_URL = "http://testserver"
    cache.clear()
    forget_clients()
    return wecom_sandbox_world


@pytest.fixture
def person(wechat: Any) -> Any:
    """A customer of WeChat."""
    return wechat.control.get("people", limit=1)[0]


@pytest.fixture
def place(person: Any) -> Any:
    """A group the customer is in, with an open campaign."""
    today = timezone.localdate()
    campaign = CampaignFactory(
        starts_on=today - timedelta(days=1), ends_on=today + timedelta(days=9)
    )
    made = PlaceFactory(campaign=campaign, group=GroupFactory(observed_at=timezone.now()))
    StayFactory(group=made.group, unionid=person["unionid"], name="李雷")
    return made


def phone(agent: str = WECHAT, language: str = "en") -> Client:
    client = Client(headers={"User-Agent": agent})
    client.cookies["django_language"] = language
    return client


def through_wechat(client: Client, answer: Any, person: Any, **query: str) -> Any:
    """Follow WeChat's page as this person, back to ours."""
    asked = requests.get(
        answer["Location"].split("#")[0], params={"sandbox_person": person["id"], **query},
        allow_redirects=False, timeout=10,
    )  # fmt: skip
    parts = urlsplit(asked.headers["Location"])
    return client.get(f"{parts.path}?{parts.query}")


def known(client: Client, place: Any, person: Any) -> Any:
    """Open the page, silently and then by consent."""
    url = f"/g/{place.token}/"
    through_wechat(client, client.get(url), person)
    answer = client.get(url)
    if b'data-notice="consent"' in answer.content:
        through_wechat(client, client.get(f"{url}consent/"), person)
        answer = client.get(url)
    return answer


def notice_of(answer: Any) -> str:
    return str(answer.content.decode().split('data-notice="')[1].split('"')[0])


def test_a_customer_of_the_group_checks_in(place: Any, person: Any) -> None:
    # given somebody WeChat made known to us, with consent
    client = phone()
    opened = known(client, place, person)
    assert "Check in, +5 points" in opened.content.decode()
    identity = WeChatIdentity.objects.get()
    assert (identity.unionid, identity.appid) == (person["unionid"], SERVICE.appid)

    # when they tap twice
    for _tap in range(2):
        assert client.post(f"/g/{place.token}/check-in/").status_code == 302

    # then it is one check-in of one account
    account = PointsAccount.objects.get(kind="customer")
    assert (account.unionid, account.name, account.balance) == (person["unionid"], "李雷", 5)
    page = client.get(f"/g/{place.token}/").content.decode()
    assert "Checked in today: +5" in page
    assert 'id="streak">1<' in page
    assert Checkin.objects.count() == 1


def test_who_is_not_in_the_group_is_told_so_and_counts_nowhere(place: Any, wechat: Any) -> None:
    # given another person, whom neither group nor WeCom knows
    stranger, client = wechat.control.get("people", limit=2)[1], phone()

    answer = known(client, place, stranger)

    assert (answer.status_code, notice_of(answer)) == (403, "unknown")
    assert "李雷" not in answer.content.decode()
    refused = client.post(f"/g/{place.token}/check-in/")
    assert (refused.status_code, Checkin.objects.count()) == (403, 0)
    assert not PointsAccount.objects.exists()


def test_a_follower_of_the_service_account_needs_no_consent(
    place: Any, person: Any, wechat: Any
) -> None:
    wechat.control.post("wechat/follow", {"person_id": person["id"]})
    client, url = phone(), f"/g/{place.token}/"

    through_wechat(client, client.get(url), person)

    assert "Check in, +5 points" in client.get(url).content.decode()


@pytest.mark.parametrize(("agent", "what"), [("Mozilla/5.0", "outside"), (WECOM, "colleague")])
def test_outside_of_wechat_the_page_says_where_to_open_it(
    place: Any, agent: str, what: str
) -> None:
    client = phone(agent)
    assert notice_of(client.get(f"/g/{place.token}/")) == what
    assert notice_of(client.post(f"/g/{place.token}/check-in/")) == what
    assert not Checkin.objects.exists()


def test_addresses_nobody_gave_out_are_missing(place: Any) -> None:
    CheckinCampaign.objects.update(state="draft")
    client = phone()
    for token in (place.token, "x" * 16, "back"):
        for path, act in (
            ("", client.get),
            ("check-in/", client.post),
            ("redeem/", client.post),
            ("consent/", client.get),
        ):
            if (token, path) != ("back", ""):
                assert act(f"/g/{token}/{path}").status_code == 404


def test_a_cookie_we_did_not_sign_is_nobodys(place: Any, person: Any) -> None:
    WeChatIdentity.objects.create(
        appid="a", openid="o", unionid=person["unionid"], seen_at=timezone.now()
    )
    pk = WeChatIdentity.objects.get().pk
    for forged in (str(pk), signing.dumps(pk, salt="other"), signing.dumps(pk, salt=SALT) + "x",
                   signing.dumps({"pk": pk}, salt=SALT)):  # fmt: skip
        client = phone()
        client.cookies[VISITOR] = forged
        answer = client.post(f"/g/{place.token}/check-in/")
        assert answer.status_code == 302
        assert answer["Location"] == f"/g/{place.token}/"
    assert not Checkin.objects.exists()


def test_anothers_code_or_state_lets_nobody_in(place: Any, person: Any) -> None:
    client, url = phone(), f"/g/{place.token}/"
    asked = client.get(url)
    state = parse_qs(urlsplit(asked["Location"]).query)["state"][0]

    # a state of another browser, an invented one, none
    for other, given in ((phone(), state), (client, "0" * 32), (client, "")):
        assert notice_of(other.get(f"/g/back/?code=x&state={given}")) == "used"
    # a code WeChat does not know, and then the state is used up
    assert notice_of(client.get(f"/g/back/?code=x&state={state}")) == "failed"
    assert notice_of(client.get(f"/g/back/?code=x&state={state}")) == "used"
    assert not WeChatIdentity.objects.exists()


def test_a_snapshot_is_nobody(place: Any, person: Any) -> None:
    client = phone()
    answer = through_wechat(
        client, client.get(f"/g/{place.token}/consent/"), person, sandbox_snapshot="1"
    )

    assert (notice_of(answer), WeChatIdentity.objects.count()) == ("snapshot", 0)


def test_points_are_redeemed_once_and_only_for_what_is_there(place: Any, person: Any) -> None:
    # given a customer with 25 points
    client = phone()
    known(client, place, person)
    account = rich(person["unionid"], 25)
    reward, dear, shut = RewardFactory(), RewardFactory(cost=100), RewardFactory(is_open=False)
    url, key = f"/g/{place.token}/redeem/", "0" * 32

    # when somebody plays with the form
    for values, status in (
        ({"reward": dear.pk, "key": key}, 409), ({"reward": shut.pk, "key": key}, 409),
        ({"reward": 999999, "key": key}, 404), ({"reward": "-1", "key": key}, 400),
        ({"reward": reward.pk, "key": "../../x"}, 400), ({"reward": reward.pk}, 400), ({}, 400),
    ):  # fmt: skip
        assert client.post(url, values).status_code == status, values
    assert not Redemption.objects.exists()
    # and then is asked once more, which spends nothing
    listed = client.get(f"/g/{place.token}/").content.decode()
    assert f'href="{url}?reward={reward.pk}">Redeem</a>' in listed
    assert 'name="key"' not in listed
    asked = client.get(url, {"reward": reward.pk}).content.decode()
    assert [words in asked for words in ("Redeem 马克杯?", "Spend 10 points", "<dd>15</dd>")] == [
        True
    ] * 3
    assert "Spend" not in client.get(url, {"reward": dear.pk}).content.decode()
    for other in (shut.pk, 999999, "-1", ""):
        assert client.get(url, {"reward": other}).status_code == 404
    assert not Redemption.objects.exists()
    # and then redeems, the form of that page twice
    key = re.findall(r'name="key" value="([0-9a-f]{32})"', asked)[0]
    for _tap in range(2):
        assert client.post(url, {"reward": reward.pk, "key": key}).status_code == 302

    account.refresh_from_db()
    made = Redemption.objects.get()
    assert (account.balance, made.account) == (15, account)
    assert made.code in client.get(f"/g/{place.token}/").content.decode()


def test_a_form_from_another_site_is_refused(place: Any, person: Any) -> None:
    client = Client(headers={"User-Agent": WECHAT}, enforce_csrf_checks=True)
    known_one = phone()
    known(known_one, place, person)
    client.cookies = known_one.cookies

    assert client.post(f"/g/{place.token}/check-in/").status_code == 403
    assert not Checkin.objects.exists()


def test_who_left_the_group_is_out_at_once(place: Any, person: Any) -> None:
    client = phone()
    known(client, place, person)
    place.group.stays.update(left_at=timezone.now())
    CustomerGroup.objects.update(dismissed_at=timezone.now())

    assert notice_of(client.get(f"/g/{place.token}/")) == "unknown"


def test_the_page_is_light_and_speaks_the_phones_language(place: Any, person: Any) -> None:
    client = phone(language="zh-hans")
    answer = known(client, place, person)

    assert answer["Content-Language"] == "zh-hans"
    assert answer["Cache-Control"] == "private, no-store"
    assert len(answer.content) < 20_000


def test_without_a_service_account_the_page_says_so(place: Any, settings: Any) -> None:
    settings.WECHAT_APPS = {"service": {"appid": "", "secret": ""}}

    answer = phone().get(f"/g/{place.token}/")

    assert (answer.status_code, notice_of(answer)) == (404, "failed")
