import base64
import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.wecom_sandbox.client import Api, code, shop
from wecom_sandbox import defaults
from wecom_sandbox.testing import Control, Running

BACK = "http://scrm.example.test/accounts/wecom/back/?next=1"


class Stay(urllib.request.HTTPRedirectHandler):
    """Does not follow redirects."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def open_page(app: Api, path: str, form: dict[str, str] | None = None, **query: str) -> Any:
    """Status, Location and text of a page."""
    data = None if form is None else urlencode(form).encode()
    opener = urllib.request.build_opener(Stay)
    try:
        with opener.open(
            f"{app.base_url}{path}?{urlencode(query)}", data=data, timeout=10
        ) as reply:
            return reply.status, "", reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("Location", ""), error.read().decode()


def authorize(app: Api, form: dict[str, str] | None = None, **query: str) -> Any:
    """The in-client OAuth page with good parameters, or others."""
    good = {
        "appid": defaults.CORP_ID, "redirect_uri": BACK, "response_type": "code", "scope": "snsapi_base",
        "state": "abc123", "agentid": str(defaults.AGENT_ID),
    }  # fmt: skip
    return open_page(app, "/connect/oauth2/authorize", form, **{**good, **query})


def test_a_member_is_chosen_and_goes_back_with_a_code(app: Api, control: Control) -> None:
    shop(control)
    status, _, page = authorize(app)
    assert (status, page.count('name="sandbox_userid"')) == (200, 3)

    status, location, _ = authorize(app, {"sandbox_userid": "guide0002"})

    parts = urlsplit(location)
    query = parse_qs(parts.query)
    assert (status, parts.netloc, parts.path) == (303, "scrm.example.test", "/accounts/wecom/back/")
    assert (query["next"], query["state"]) == (["1"], ["abc123"])
    assert app.get("auth/getuserinfo", code=query["code"][0]) == {
        "errcode": 0, "errmsg": "ok", "userid": "guide0002",
    }  # fmt: skip
    assert app.code("auth/getuserinfo", code=query["code"][0]) == 40029


def test_a_code_lives_five_minutes(app: Api, control: Control) -> None:
    shop(control)
    old = control.post("oauth_code", {"userid": "guide0001"})["code"]
    control.post("clock", {"advance": 301})

    assert app.code("auth/getuserinfo", code=old) == 40029
    assert app.code("auth/getuserinfo", code="made-up") == 40029
    assert app.code("auth/getuserinfo") == 41008
    fresh = control.post("oauth_code", {"userid": "guide0001"})["code"]
    assert app.get("user/getuserinfo", code=fresh)["UserId"] == "guide0001"


def test_private_scope_gives_a_ticket_for_the_hidden_fields(app: Api, control: Control) -> None:
    shop(control)
    code_ = control.post("oauth_code", {"userid": "guide0001", "scope": "snsapi_privateinfo"})[
        "code"
    ]
    ticket = app.get("auth/getuserinfo", code=code_)["user_ticket"]

    detail = app.post("auth/getuserdetail", {"user_ticket": ticket})
    assert (detail["userid"], detail["mobile"]) == ("guide0001", "13300000000")
    assert app.code("auth/getuserdetail", {"user_ticket": "made-up"}) == 84015
    control.post("clock", {"advance": 1801})
    assert app.code("auth/getuserdetail", {"user_ticket": ticket}) == 84014


def test_a_customer_has_an_openid_and_is_known_once_followed(app: Api, control: Control) -> None:
    person = control.get("people", limit=1)[0]
    stranger = control.post("oauth_code", {"person_id": "p000001"})["code"]
    seen = app.get("auth/getuserinfo", code=stranger)
    assert (seen["openid"], "external_userid" in seen) == (person["openid"], False)
    control.post("scan", {"config_id": code(app, shop(control)), "person_id": "p000001"})

    _, location, _ = authorize(app, {"sandbox_person": "p000001"})

    known = app.get("auth/getuserinfo", code=parse_qs(urlsplit(location).query)["code"][0])
    assert known["external_userid"] == person["external_userid"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"appid": "wwother"}, "40013 invalid corpid"),
        ({"redirect_uri": "javascript:alert(1)"}, "50001 redirect_uri"),
        ({"redirect_uri": "http://evil.example.test/"}, "50001 redirect_uri"),
        ({"state": "a b"}, "84025 invalid state"),
        ({"scope": "everything"}, "response_type must be code"),
        ({"scope": "snsapi_privateinfo", "agentid": "1"}, "40056 invalid agentid"),
    ],
)
def test_bad_addresses_are_refused(
    app: Api, control: Control, query: dict[str, str], words: str
) -> None:
    shop(control)
    control.post("trusted_domains", {"domains": ["scrm.example.test"]})

    status, location, page = authorize(app, {"sandbox_userid": "guide0001"}, **query)

    assert (status, location) == (400, "")
    assert words in page


def test_a_disabled_member_has_no_client_to_log_in_with(
    app: Api, contacts: Api, control: Control
) -> None:
    shop(control)
    contacts.post("user/update", {"userid": "guide0002", "enable": 0})

    status, location, page = authorize(app, {"sandbox_userid": "guide0002"})

    assert (status, location) == (403, "")
    assert "该账号目前无法登录企业微信" in page


def test_browser_login_takes_members_only(app: Api, control: Control) -> None:
    shop(control)
    query = {
        "login_type": "CorpApp", "appid": defaults.CORP_ID, "agentid": str(defaults.AGENT_ID),
        "redirect_uri": BACK, "state": "abc123",
    }  # fmt: skip
    status, _, page = open_page(app, "/wwlogin/sso/login", **query)
    assert (status, page.count('name="sandbox_userid"')) == (200, 3)

    status, location, _ = open_page(
        app, "/wwlogin/sso/login", {"sandbox_userid": "guide0003"}, **query
    )

    code_ = parse_qs(urlsplit(location).query)["code"][0]
    assert (status, app.get("auth/getuserinfo", code=code_)["userid"]) == (303, "guide0003")
    status, location, _ = open_page(
        app, "/wwlogin/sso/login", {"sandbox_person": "p000001"}, **query
    )
    assert (status, location) == (200, "")


LOGIN = {
    "login_type": "CorpApp", "appid": defaults.CORP_ID, "agentid": str(defaults.AGENT_ID),
    "redirect_uri": BACK, "state": "abc123",
}  # fmt: skip


def screen(app: Api, path: str = "/wwlogin/sso/login") -> str:
    """The key of the code on a fresh login page."""
    page = open_page(app, path, **LOGIN)[2]
    return str(page.partition("/wwlogin/sso/qr/")[2].partition('"')[0])


def state(app: Api, key: str) -> Any:
    return json.loads(open_page(app, f"/wwlogin/sso/check/{key}")[2])


def test_a_phone_scans_the_code_and_confirms(app: Api, control: Control) -> None:
    shop(control)
    key = screen(app)
    with urllib.request.urlopen(f"{app.base_url}/wwlogin/sso/qr/{key}", timeout=10) as reply:
        assert reply.read().startswith(b"\x89PNG")
    assert state(app, key) == {"status": "waiting", "location": ""}

    page = open_page(app, f"/phone/login/{key}", **{"as": "guide0002"})[2]
    assert ("guide0002" in page, state(app, key)["status"]) == (True, "scanned")
    open_page(app, f"/phone/login/{key}", {"userid": "guide0002", "answer": "confirm"})

    done = state(app, key)
    query = parse_qs(urlsplit(done["location"]).query)
    assert (done["status"], query["state"], query["next"]) == ("confirmed", ["abc123"], ["1"])
    assert app.get("auth/getuserinfo", code=query["code"][0])["userid"] == "guide0002"
    assert open_page(app, f"/phone/login/{key}")[0] == 404


def test_who_refuses_on_the_old_page_goes_back_without_a_code(app: Api, control: Control) -> None:
    shop(control)
    refusal = {"userid": "guide0001", "answer": "refuse"}
    new, old = screen(app), screen(app, "/wwopen/sso/qrConnect")
    for key in (new, old):
        assert open_page(app, f"/phone/login/{key}", refusal)[0] == 200

    assert state(app, new) == {"status": "cancelled", "location": ""}
    went = state(app, old)
    assert (went["status"], parse_qs(urlsplit(went["location"]).query)) == (
        "cancelled", {"next": ["1"], "state": ["abc123"]},
    )  # fmt: skip


def test_a_login_code_lives_five_minutes_and_wants_an_active_member(
    app: Api, contacts: Api, control: Control
) -> None:
    shop(control)
    contacts.post("user/update", {"userid": "guide0001", "enable": 0})
    key = screen(app)

    answer = {"userid": "guide0001", "answer": "confirm"}
    assert open_page(app, f"/phone/login/{key}", answer)[0] == 404
    assert authorize(app, {"sandbox_userid": "guide0001"})[0] == 403
    control.post("clock", {"advance": 301})
    assert open_page(app, f"/phone/login/{key}", {**answer, "userid": "guide0002"})[0] == 404
    assert state(app, key)["status"] == "over"


def test_a_mini_programs_code_is_for_its_app_and_once(
    app: Api, running: Running, control: Control
) -> None:
    shop(control)
    second = Api(running, defaults.SECOND_SECRET)
    codes = [control.post("mini_program_code", {"userid": "guide0001"})["code"] for _ in range(2)]

    assert second.code("miniprogram/jscode2session", js_code=codes[0]) == 40029
    session = app.get(
        "miniprogram/jscode2session", js_code=codes[1], grant_type="authorization_code"
    )
    assert (session["corpid"], session["userid"]) == (defaults.CORP_ID, "guide0001")
    assert len(base64.b64decode(session["session_key"])) == 16
    assert app.code("miniprogram/jscode2session", js_code=codes[1]) == 40029
    assert app.code("miniprogram/jscode2session") == 41008
    assert app.code("auth/getuserinfo", code=codes[0]) == 40029


def test_a_member_out_of_range_gets_no_ticket(app: Api, control: Control) -> None:
    shop(control)
    control.post("scope", {"departments": []})
    wish = {"userid": "guide0001", "scope": "snsapi_privateinfo"}

    seen = app.get("auth/getuserinfo", code=control.post("oauth_code", wish)["code"])

    assert seen == {"errcode": 0, "errmsg": "ok", "userid": "guide0001"}
