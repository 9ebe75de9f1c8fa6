"""Codes and links into the mini program, and the customer's phone."""

import io
from typing import Any

import pytest
from PIL import Image

from tests.wecom_sandbox.phone import Phone
from tests.wecom_sandbox.wechat_client import WeChat
from wecom_sandbox.testing import Control, ControlError
from wecom_sandbox.wechat.accounts import MINI
from wecom_sandbox.wechat.coverage import known_endpoints
from wecom_sandbox.wechat.registry import REGISTRY

DAY = 86_400


def read_code(picture: bytes) -> str:
    """What a picture of a code holds."""
    import zxingcpp

    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))
    return str(found[0].text)


@pytest.fixture
def phone(mini: WeChat) -> Phone:
    """A phone that nobody has used yet."""
    return Phone(mini.base_url.removesuffix("/wechat"))


def test_a_code_with_a_scene_opens_its_page(mini: WeChat, control: Control, phone: Phone) -> None:
    wish = {"scene": "A1&b=2", "page": "pages/coupon/get", "width": 430}
    kind, picture = mini.fetch("/wxa/getwxacodeunlimit", wish, access_token=mini.token)
    assert kind == "image/png"
    link = read_code(picture)

    opened = control.post("wechat/open", {"person_id": "p000001", "link": link})
    assert (opened["path"], opened["query"], opened["scene"]) == (
        "pages/coupon/get",
        "scene=A1%26b%3D2",
        1047,
    )
    phone.open("/phone/p/p000002/program")
    page = phone.open(link.removeprefix(phone.base_url))
    assert "pages/coupon/get" in page
    assert control.get("ledger/wechat_visits")[-1]["person_id"] == "p000002"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"scene": ""}, 40169),
        ({"scene": "x" * 33}, 40169),
        ({"scene": "50%"}, 40169),
        ({"page": "/pages/index/index"}, 41030),
        ({"page": "pages/index/index?a=1"}, 41030),
        ({"page": "pages/other"}, 41030),
        ({"width": 100}, 40097),
        ({"env_version": "beta"}, 40097),
        ({"check_path": "yes"}, 47001),
    ],
)
def test_a_code_with_a_scene_is_refused_as_json(
    mini: WeChat, control: Control, change: dict[str, Any], code: int
) -> None:
    control.post("wechat/settings", {"account": "mini", "pages": ["pages/coupon/get"]})

    assert mini.code("/wxa/getwxacodeunlimit", {"scene": "A1"} | change) == code


def test_an_unreleased_page_may_be_drawn_unchecked(mini: WeChat, control: Control) -> None:
    control.post("wechat/settings", {"account": "mini", "pages": []})
    wish = {"scene": "A1", "page": "pages/new", "check_path": False}

    assert mini.fetch("/wxa/getwxacodeunlimit", wish, access_token=mini.token)[0] == "image/png"


def test_codes_of_limited_number_end(mini: WeChat, control: Control) -> None:
    control.post("wechat/settings", {"account": "mini", "drawn_codes": 2})
    paths = ("/wxa/getwxacode", "/cgi-bin/wxaapp/createwxaqrcode")
    for path in paths:
        assert mini.fetch(path, {"path": "pages/a?b=1"}, access_token=mini.token)[0] == "image/png"

    assert mini.code(paths[0], {"path": "pages/a"}) == 45029
    assert mini.code(paths[0], {"path": "x" * 1025}) == 40159


def test_a_scheme_and_a_link_carry_path_query_and_an_own_parameter(
    mini: WeChat, control: Control
) -> None:
    target = {"path": "pages/coupon/get", "query": "c=7", "env_version": "release"}
    expires = int(control.get("clock")["now"]) + 29 * DAY
    scheme = mini.post(
        "/wxa/generatescheme", {"jump_wxa": target, "is_expire": True, "expire_time": expires}
    )
    link = mini.post("/wxa/generate_urllink", target | {"expire_type": 1, "expire_interval": 30})
    assert scheme["openlink"].startswith("weixin://dl/business/?t=")

    person = {"person_id": "p000001"}
    opened = control.post("wechat/open", {**person, "link": scheme["openlink"]})
    assert (opened["path"], opened["query"], opened["scene"]) == ("pages/coupon/get", "c=7", 1065)
    opened = control.post("wechat/open", {**person, "link": f"{link['url_link']}?cq=m%3D42"})
    assert (opened["query"], opened["scene"]) == ("c=7&cq=m%3D42", 1194)
    asked = mini.post("/wxa/queryscheme", {"scheme": scheme["openlink"]})
    assert asked["scheme_info"] == {
        "appid": MINI.appid, "path": "pages/coupon/get", "query": "c=7",
        "create_time": asked["scheme_info"]["create_time"], "expire_time": expires, "env_version": "release",
    }  # fmt: skip
    assert asked["quota_info"] == {"remain_visit_quota": 5_999_998}
    assert mini.code("/wxa/query_urllink", {"url_link": scheme["openlink"]}) == 40097
    assert mini.code("/wxa/query_urllink", {"url_link": link["url_link"]}) == 0
    control.post("clock", {"advance": 30 * DAY + 1})
    with pytest.raises(ControlError, match="expired"):
        control.post("wechat/open", {**person, "link": link["url_link"]})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"path": "pages/a?b=1"}, 40165),
        ({"path": "pages/none"}, 40165),
        ({"query": "q=中文"}, 40165),
        ({"query": "x" * 1025}, 40165),
        ({"env_version": "beta"}, 40097),
        ({"expire_type": 1, "expire_interval": 31}, 85401),
        ({"expire_type": 1}, 85401),
        ({"expire_type": 0, "expire_time": 1_700_000_000}, 85401),
        ({"expire_type": 2}, 40097),
        ({"expire_time": "soon"}, 47001),
    ],
)
def test_a_link_is_refused_with_its_code(
    mini: WeChat, control: Control, change: dict[str, Any], code: int
) -> None:
    control.post("wechat/settings", {"account": "mini", "pages": ["pages/a"]})

    assert mini.code("/wxa/generate_urllink", {"path": "pages/a"} | change) == code


def test_links_need_a_release_and_have_a_common_quota(mini: WeChat, control: Control) -> None:
    control.post("wechat/settings", {"account": "mini", "released": False})
    assert mini.code("/wxa/generatescheme", {}) == 85079
    limits = {"/wxa/generatescheme": 3, "/wxa/generate_urllink": 3}
    control.post("wechat/settings", {"account": "mini", "released": True, "daily_limits": limits})

    # The refused call counted as well.
    codes = [mini.code("/wxa/generatescheme", {}), mini.code("/wxa/generate_urllink", {})]
    assert [*codes, mini.code("/wxa/generatescheme", {})] == [0, 0, 45009]
    control.post("wechat/settings", {"account": "mini", "opens_a_day": 0})
    link = control.get("ledger/wechat_links")[0]["ticket"]
    with pytest.raises(ControlError, match="too many opens"):
        control.post("wechat/open", {"person_id": "p000001", "link": link})


def test_a_short_link_is_for_shops(mini: WeChat, control: Control) -> None:
    path = "/wxa/genwxashortlink"
    made = mini.post(path, {"page_url": "pages/a?b=1", "page_title": "秋季新品"})["link"]
    assert made.startswith("#小程序://")
    opened = control.post("wechat/open", {"person_id": "p000001", "link": made})
    assert (opened["path"], opened["query"]) == ("pages/a", "b=1")
    assert mini.code(path, {"page_url": "x" * 1025}) == 40066
    assert mini.code(path, {"page_url": "pages/a", "page_title": "x" * 21}) == 40097
    control.post("wechat/settings", {"account": "mini", "shop_category": False})

    assert mini.code(path, {"page_url": "pages/a"}) == 43104


def test_the_phone_follows_writes_and_reads(
    service: WeChat, control: Control, phone: Phone
) -> None:
    here = "/phone/p/p000001/wechat"
    assert "服务号" in phone.open("/phone/p/p000001")
    assert "关注服务号" in phone.open(here)
    assert "你已关注该服务号。" in phone.open(here, {"do": "follow"})
    assert "有货吗" in phone.open(here, {"text": "有货吗"})
    openid = control.get("wechat/identity", person_id="p000001")["service"]
    service.post(
        "/cgi-bin/message/custom/send",
        {"touser": openid, "msgtype": "text", "text": {"content": "有的<b>"}},
    )
    service.post(
        "/cgi-bin/message/template/send",
        {
            "touser": openid, "template_id": "SIMTMPL_order_0001",
            "miniprogram": {"appid": MINI.appid, "pagepath": "pages/order/detail?id=1"},
            "data": {
                "character_string1": {"value": "SO1"}, "thing2": {"value": "大衣"}, "amount3": {"value": "¥1"},
                "time4": {"value": "15:01"},
            },
        },
    )  # fmt: skip
    page = phone.open(here)
    assert "有的&lt;b&gt;" in page
    assert "订单支付成功通知" in page
    opened = phone.open("/phone/p/p000001/wechat/open?page=pages/order/detail%3Fid%3D1")
    assert (phone.address, "pages/order/detail" in opened) == ("/phone/p/p000001/program", True)
    phone.open(here, {"do": "unfollow"})
    assert control.get("ledger/wechat_followers")[0]["subscribed"] == 0
    assert "还没有关注" in phone.open(here, {"text": "x"})


def test_the_phone_scans_a_scene_code_and_sees_the_card_first(
    service: WeChat, control: Control, phone: Phone
) -> None:
    code = service.post(
        "/cgi-bin/qrcode/create",
        {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "g1"}}},
    )
    path = code["url"].removeprefix(phone.base_url)
    assert "p000001" in phone.open(path)
    assert "关注服务号" in phone.open(f"{path}?as=p000001")
    card = phone.address
    phone.open(card, {})
    assert phone.address.startswith("/phone/p/p000001/wechat")
    follower = control.get("ledger/wechat_followers")[0]
    assert (follower["qr_scene_str"], follower["subscribe_scene"]) == ("g1", "ADD_SCENE_QR_CODE")
    assert phone.open(f"{path}?as=p000001")
    assert [one["event"] for one in control.get("ledger/callbacks")] == ["subscribe", "SCAN"]
    # Like any other code from the phone's own scanner.
    phone.open("/phone/p/p000002/scan", {"link": code["url"]})
    assert phone.address.startswith("/phone/p/p000002/wechat/q/")


def test_the_phone_opens_the_program_logs_in_and_gives_its_number(
    mini: WeChat, control: Control, phone: Phone
) -> None:
    here = "/phone/p/p000001/program"
    web = {"pages/index/index": "http://127.0.0.1:9/h5?{query}&code={code}&scene={scene}"}
    control.post("wechat/settings", {"account": "mini", "web_views": web})
    assert "还没有打开过。" in phone.open(here)
    page = phone.open(here, {"path": "pages/index/index?a=1", "do": "open"})
    assert "http://127.0.0.1:9/h5?a=1&amp;code=0" in page
    assert "登录 code" in phone.open(here, {"do": "login"})
    given = phone.open(here, {"do": "phone"})
    code = given.split("手机号 code")[1].split("<code>")[1].split("</code>")[0]
    assert mini.post("/wxa/business/getuserphonenumber", {"code": code})["errcode"] == 0
    phone.open(here, {"do": "accept", "template_id": "SIMTMPL_sub_0001"})
    assert "还可发送 1×" in phone.open(here)
    assert "Phone code" in phone.open(f"{here}?lang=en", {"do": "phone"})


def test_the_coverage_page_tells_what_there_is_and_why_something_is_not(phone: Phone) -> None:
    page = phone.open("/sandbox/coverage/wechat")

    known = known_endpoints()
    assert {one.path for one in known if not one.excluded} == set(REGISTRY)
    assert page.count('class="yes"') == len(REGISTRY) == 66
    assert all(one.excluded in page.replace("&#39;", "'") for one in known if one.excluded)
    assert all(entry.rules or entry.method == "GET" for entry in REGISTRY.values())


def test_a_fault_can_be_ordered_for_wechat(mini: WeChat, control: Control) -> None:
    control.post("faults", {"endpoint": "/wechat/wxa/*", "kind": "errcode", "value": -1})

    assert mini.code("/wxa/generatescheme", {}) == -1
    control.delete("faults")
    assert mini.code("/wxa/generatescheme", {}) == 0
