"""What holds for every endpoint: secrets, addresses, windows of use (docs 90454, 90930)."""

import pytest

from tests.wecom_sandbox.client import Api, shop
from wecom_sandbox import defaults
from wecom_sandbox.clock import Clock
from wecom_sandbox.errors import WeComError
from wecom_sandbox.rates import DEFAULT_PER_HOUR, IP_PER_MINUTE, Rates
from wecom_sandbox.testing import Control, Running

MONDAY = 1_773_619_200.0  # 2026-03-16 08:00 in China


@pytest.fixture
def second(running: Running) -> Api:
    """Calls with the second app's secret."""
    return Api(running, defaults.SECOND_SECRET)


def rates() -> tuple[Rates, Clock]:
    clock = Clock(speed=1e-6, start=MONDAY)
    return Rates(clock), clock


def refused(rates: Rates, times: int, api: str = "user/get", **caller: str) -> int:
    """How many of the calls are refused."""
    codes = [_code(rates, api, caller) for _ in range(times)]
    assert set(codes) <= {0, 45009}
    return codes.count(45009)


def _code(rates: Rates, api: str, caller: dict[str, str]) -> int:
    try:
        rates.take(api, **caller)
    except WeComError as error:
        return error.code
    return 0


def test_an_hours_limit_blocks_for_an_hour() -> None:
    windows, clock = rates()
    for _ in range(DEFAULT_PER_HOUR // 9_000):
        assert refused(windows, 9_000) == 0
        clock.advance(61)

    assert refused(windows, 6_001) == 1
    assert refused(windows, 1, api="user/list") == 0
    clock.advance(3_500)
    assert refused(windows, 1) == 1
    clock.advance(101)
    assert refused(windows, 1) == 0


def test_an_address_has_a_limit_of_its_own() -> None:
    windows, clock = rates()
    windows.limits.append(type(windows.limit_of("x"))("*", per_minute=None))

    assert refused(windows, IP_PER_MINUTE, ip="10.0.0.1") == 0
    assert refused(windows, 1, ip="10.0.0.1") == 1
    assert refused(windows, 1, ip="10.0.0.2") == 0
    clock.advance(61)
    assert refused(windows, 1, ip="10.0.0.1") == 0


def test_a_days_limit_ends_at_midnight_and_a_months_after_thirty_days() -> None:
    windows, clock = rates()
    assert refused(windows, 1_001, api="media/uploadimg") == 1
    clock.advance(15.9 * 3600)
    assert refused(windows, 1, api="media/uploadimg") == 1

    clock.advance(0.2 * 3600)
    assert refused(windows, 1_000, api="media/uploadimg") == 0
    clock.advance(86400)
    assert refused(windows, 1_000, api="media/uploadimg") == 0
    clock.advance(86400)
    assert refused(windows, 1, api="media/uploadimg") == 1
    clock.advance(29.9 * 86400)
    assert refused(windows, 1, api="media/uploadimg") == 1
    clock.advance(0.2 * 86400)
    assert refused(windows, 1, api="media/uploadimg") == 0


def test_tickets_are_limited_by_app_and_corp(app: Api, second: Api, control: Control) -> None:
    codes = [app.code("get_jsapi_ticket") for _ in range(101)]

    assert codes == [0] * 100 + [45009]
    assert second.code("get_jsapi_ticket") == 0
    assert app.code("ticket/get", type="agent_config") == 0
    control.post("clock", {"advance": 3601})
    assert app.code("get_jsapi_ticket") == 0


def test_wrong_credentials_block_the_caller_for_an_hour(app: Api, control: Control) -> None:
    good = {"corpid": defaults.CORP_ID, "corpsecret": defaults.APP_SECRET}
    wrong = {"corpid": defaults.CORP_ID, "corpsecret": "wrong"}

    codes = {app.raw("gettoken", **wrong)["errcode"] for _ in range(2_000)}
    assert codes == {40001}
    assert app.raw("gettoken", **wrong)["errcode"] == 45009
    assert app.raw("gettoken", **good)["errcode"] == 45009
    control.post("clock", {"advance": 3601})
    assert app.raw("gettoken", **good)["errcode"] == 0


def test_good_codes_are_not_counted_but_bad_ones_are(app: Api, control: Control) -> None:
    shop(control)
    control.post("rates", {"api": "auth/getuserinfo", "per_minute": 1})
    codes = [control.post("oauth_code", {"userid": "guide0001"})["code"] for _ in range(3)]

    assert [app.code("auth/getuserinfo", code=one) for one in codes] == [0, 0, 0]
    assert app.code("auth/getuserinfo", code="made-up") == 40029
    assert app.code("auth/getuserinfo", code="made-up") == 45009


def test_debug_tells_what_arrived_and_is_rare(app: Api) -> None:
    text = app.post("user/getuserid", {"mobile": "1"}, debug=1)["errmsg"]

    assert text.startswith("mobile format invalid, debug: query")
    assert '"mobile": "str"' in text
    codes = [app.code("getcallbackip", debug=1) for _ in range(5)]
    assert codes == [0, 0, 0, 0, 45009]
    assert app.code("getcallbackip") == 0


def test_addresses_are_trusted_app_by_app(app: Api, second: Api, control: Control) -> None:
    control.post("trusted_ips", {"app": "scrm", "ips": ["10.0.0.1"]})

    assert app.code("getcallbackip") == 60020
    assert second.code("getcallbackip") == 0
    control.post("trusted_ips", {"ips": None})
    assert app.code("getcallbackip") == 0


def test_ranges_and_rights_belong_to_an_app(app: Api, second: Api, control: Control) -> None:
    shops = control.post("seed_org", {"departments": 2, "members": 2})["departments"]
    control.post("scope", {"app": "second", "departments": [shops[0]], "reads_sensitive": True})

    assert app.code("user/get", userid="guide0002") == 0
    assert second.code("user/get", userid="guide0002") == 60011
    assert second.get("user/get", userid="guide0001")["mobile"] == "13300000000"
    assert "mobile" not in app.get("user/get", userid="guide0001")
    control.post("scope", {"app": "second", "customer_contact": False})
    assert second.code("externalcontact/get_follow_user_list") == 48002
    assert app.code("externalcontact/get_follow_user_list") == 0


def test_a_range_by_tag(app: Api, contacts: Api, control: Control) -> None:
    shops = control.post("seed_org", {"departments": 2, "members": 4})["departments"]
    tag_id = contacts.post("tag/create", {"tagname": "大使"})["tagid"]
    contacts.post(
        "tag/addtagusers", {"tagid": tag_id, "userlist": ["guide0001"], "partylist": [shops[1]]}
    )
    control.post("scope", {"departments": [], "tags": [tag_id]})

    codes = {number: app.code("user/get", userid=f"guide000{number}") for number in range(1, 5)}

    assert codes == {1: 0, 2: 0, 3: 60011, 4: 0}


def test_a_cursor_is_for_one_api(app: Api, contacts: Api, control: Control) -> None:
    control.post("seed_org", {"departments": 1, "members": 4})
    cursor = contacts.post("user/list_id", {"limit": 2})["next_cursor"]

    body = {"limit": 2, "cursor": cursor}
    assert app.code("externalcontact/list_contact_way", body) == 40058
    assert contacts.code("user/list_id", body) == 0
