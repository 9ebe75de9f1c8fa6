"""Each area against the sandbox: what comes back typed, and one refusal."""

import io
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import zxingcpp
from PIL import Image

from scrm.wechat.client import WeChatClient
from scrm.wechat.errors import WeChatPermanent, WeChatPermission
from scrm.wechat.types import FanTag, PhoneNumber
from scrm.wecom.jssdk import sign
from wecom_sandbox.testing import Control
from wecom_sandbox.wechat.accounts import MINI

ORDER = {
    "character_string1": "SO20261121001", "thing2": "羊绒大衣 一件", "amount3": "¥1299.00",
    "time4": "2026年11月21日 15:01",
}  # fmt: skip


def test_the_address_of_the_consent_page_is_in_wechats_order(service: WeChatClient) -> None:
    url = service.oauth.authorize_url("https://m.example.com/in?a=1", "s1")

    parts = urlsplit(url)
    assert list(parse_qs(parts.query)) == [
        "appid",
        "redirect_uri",
        "response_type",
        "scope",
        "state",
    ]
    assert parts.fragment == "wechat_redirect"
    assert parse_qs(parts.query)["redirect_uri"] == ["https://m.example.com/in?a=1"]


def test_an_address_wechat_would_refuse_is_not_made(service: WeChatClient) -> None:
    back = "https://m.example.com/in"
    assert "in%20it" in service.oauth.authorize_url(f"{back}?a=in it", "s1")
    for address, state, scope in (
        (back, "", "snsapi_base"),
        (back, "bad state!&", "snsapi_base"),
        (back, "s" * 129, "snsapi_base"),
        (f"{back}#f", "s1", "snsapi_base"),
        ("/in", "s1", "snsapi_base"),
        (back, "s1", "snsapi_login"),
    ):
        with pytest.raises(ValueError, match=r"state|redirect_uri|scope"):
            service.oauth.authorize_url(address, state, scope)


def test_a_consent_gives_unionid_and_profile(service: WeChatClient, control: Control) -> None:
    code = control.post("wechat/oauth_code", {"person_id": "p000001", "scope": "snsapi_userinfo"})[
        "code"
    ]
    identity = control.get("wechat/identity", person_id="p000001")

    grant = service.oauth.access_token(code)
    profile = service.oauth.userinfo(grant)

    assert (grant.openid, grant.unionid, grant.snapshot) == (
        identity["service"],
        identity["unionid"],
        False,
    )
    assert (profile.openid, profile.unionid) == (grant.openid, grant.unionid)
    assert profile.nickname == control.get("people", q="p000001")[0]["name"]
    renewed = service.oauth.refresh_token(grant)
    assert (renewed.openid, renewed.scope) == (grant.openid, "snsapi_userinfo")
    with pytest.raises(WeChatPermanent) as used:
        service.oauth.access_token(code)
    assert used.value.errcode == 40163


def test_a_silent_login_and_a_snapshot_know_nobody(service: WeChatClient, control: Control) -> None:
    silent = service.oauth.access_token(
        control.post("wechat/oauth_code", {"person_id": "p000001"})["code"]
    )
    assert silent.unionid is None
    with pytest.raises(WeChatPermission) as refused:
        service.oauth.userinfo(silent)
    assert refused.value.errcode == 48001
    wish = {"person_id": "p000001", "scope": "snsapi_userinfo", "snapshot": True}
    snapshot = service.oauth.access_token(control.post("wechat/oauth_code", wish)["code"])
    assert (snapshot.snapshot, snapshot.unionid) == (True, None)
    assert snapshot.openid != silent.openid


def test_followers_are_walked_and_read(service: WeChatClient, control: Control) -> None:
    control.post("wechat/settings", {"account": "service", "page_size": 2})
    openids = [
        control.post("wechat/follow", {"person_id": f"p{number:06d}"})["openid"]
        for number in range(1, 6)
    ]
    stranger = control.get("wechat/identity", person_id="p000009")["service"]

    walk = service.user.pages()
    first = next(walk)
    assert (first.total, first.openids, walk.cursor) == (5, tuple(openids[:2]), openids[1])
    rest = [openid for page in service.user.pages(walk.cursor) for openid in page.openids]
    assert rest == openids[2:]
    known, unknown = service.user.info_batchget([openids[0], stranger])
    assert (known.subscribe, known.subscribe_scene) == (True, "ADD_SCENE_SEARCH")
    assert known.unionid == control.get("wechat/identity", person_id="p000001")["unionid"]
    assert abs((known.observed_at - datetime.now(UTC)).total_seconds()) < 5
    assert (unknown.subscribe, unknown.unionid, unknown.subscribe_time) == (False, None, None)
    service.user.updateremark(openids[0], "老客户")
    assert service.user.info(openids[0]).remark == "老客户"
    with pytest.raises(WeChatPermanent) as refused:
        service.user.info("x")
    assert refused.value.errcode == 40003


def test_tags(service: WeChatClient, control: Control) -> None:
    openid = control.post("wechat/follow", {"person_id": "p000001"})["openid"]
    tag = service.tag.create("会员")
    service.tag.members_batchtagging(tag.id, [openid])
    service.tag.update(tag.id, "金卡")

    assert service.tag.get()[1] == FanTag(tag.id, "金卡", 1)
    assert service.tag.getidlist(openid) == (tag.id,)
    service.tag.members_batchuntagging(tag.id, [openid])
    service.tag.delete(tag.id)
    with pytest.raises(WeChatPermanent) as refused:
        service.tag.update(tag.id, "x")
    assert refused.value.errcode == 45159


def test_a_scene_code_tells_where_a_follower_came_from(
    service: WeChatClient, control: Control
) -> None:
    code = service.qrcode.create_permanent("g_7")
    assert service.qrcode.create_permanent("g_7") == code
    assert service.qrcode.create_temporary("c_1", 3600).expire_seconds == 3600
    assert service.qrcode.show_url(code).endswith(f"ticket={code.ticket.replace('=', '%3D')}")
    control.post("wechat/scan", {"person_id": "p000001", "ticket": code.ticket})

    openid = control.get("wechat/identity", person_id="p000001")["service"]
    assert service.user.info(openid).qr_scene_str == "g_7"
    with pytest.raises(WeChatPermanent) as refused:
        service.qrcode.create_permanent("x" * 65)
    assert refused.value.errcode == 40097


def test_a_notice_is_sent_once_by_its_key(service: WeChatClient, control: Control) -> None:
    openid = control.post("wechat/follow", {"person_id": "p000001"})["openid"]
    template = service.template.get_all_private_template()[0]
    assert template.keys == tuple(ORDER)
    program = (MINI.appid, "pages/order/detail?id=1")
    first, again = (
        service.template.send(
            openid, template.template_id, ORDER, program=program, client_msg_id="o1"
        )
        for _ in range(2)
    )

    assert first == again > 0
    message = control.get("ledger/wechat_messages")[0]["content"]
    assert (message["page"], message["words"]["支付金额"]) == (
        "pages/order/detail?id=1",
        "¥1299.00",
    )
    with pytest.raises(WeChatPermanent) as refused:
        service.template.send(openid, template.template_id, ORDER | {"thing2": "长" * 21})
    assert refused.value.errcode == 47003
    assert "data.thing2.value invalid" in refused.value.errmsg


def test_a_subscription_message_needs_its_consent(
    service: WeChatClient, mini: WeChatClient, control: Control
) -> None:
    openid = control.get("wechat/identity", person_id="p000001")["mini"]
    template = mini.subscribe.gettemplate()[0]
    values = {"thing1": "羊绒大衣", "phrase2": "待取货", "time3": "2026年11月22日 10:00"}
    assert template.keys == tuple(values)
    with pytest.raises(WeChatPermanent) as refused:
        mini.subscribe.send(openid, template.template_id, values)
    assert refused.value.errcode == 43101
    control.post(
        "wechat/consent",
        {"account": "mini", "person_id": "p000001", "accept": [template.template_id]},
    )
    mini.subscribe.send(openid, template.template_id, values, page="pages/order/detail?id=1")

    assert control.get("ledger/wechat_messages")[0]["content"]["words"]["取货状态"] == "待取货"
    notice = service.subscribe.gettemplate()[0]
    control.post("wechat/consent", {"person_id": "p000001", "accept": [notice.template_id]})
    fan = control.get("wechat/identity", person_id="p000001")["service"]
    service.subscribe.bizsend(
        fan,
        notice.template_id,
        {"thing1": "徐汇店", "time2": "10:00"},
        page="https://m.example.com",
    )
    assert control.get("ledger/wechat_messages")[1]["content"]["url"] == "https://m.example.com"


def test_customer_service_writes(service: WeChatClient, control: Control) -> None:
    openid = control.post("wechat/follow", {"person_id": "p000001"})["openid"]
    service.custom.send_text(openid, "您好")
    service.custom.send_news(openid, title="秋季新品", text="到店有礼", url="https://m.example.com")
    service.custom.send_program(
        openid, title="商城", appid=MINI.appid, page="pages/index/index", thumb="m1"
    )

    kinds = [one["content"]["msgtype"] for one in control.get("ledger/wechat_messages")]
    assert kinds == ["text", "news", "miniprogrampage"]
    control.post("clock", {"advance": 172_801})
    with pytest.raises(WeChatPermanent) as refused:
        service.custom.send_text(openid, "您好")
    assert refused.value.errcode == 45015


def test_the_menu(service: WeChatClient) -> None:
    assert service.menu.get() == ()
    below = {"type": "view", "name": "商城", "url": "https://m.example.com/"}
    service.menu.create(
        [{"type": "click", "name": "导购", "key": "guide"}, {"name": "更多", "sub_button": [below]}]
    )
    guide, more = service.menu.get()
    assert (guide.name, guide.type, guide.key, guide.sub_button) == ("导购", "click", "guide", ())
    assert (more.name, more.sub_button[0].url) == ("更多", "https://m.example.com/")
    with pytest.raises(WeChatPermanent) as refused:
        service.menu.create([])
    assert refused.value.errcode == 40016
    service.menu.delete()
    assert service.menu.get() == ()


def test_a_page_is_signed_with_a_ticket_that_is_kept(
    service: WeChatClient, control: Control
) -> None:
    url = "https://m.example.com/a?b=1"
    for address in (url, f"{url}#part"):
        signed = service.jsapi.signature(address)
        page = {"url": url, "nonce": signed.nonce, "timestamp": str(signed.timestamp)}
        answer = control.post("wechat/jssdk_check", page | {"signature": signed.signature})
        assert answer == {"errMsg": "config:ok"}

    assert len(control.get("ledger/calls", api="wechat/cgi-bin/ticket/getticket")) == 1


def test_the_published_vector_of_the_signature() -> None:
    ticket = (
        "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg"
    )

    signed = sign(
        ticket,
        "http://mp.weixin.qq.com?params=value",
        nonce="Wm3WZYTPz0wzccnW",
        timestamp=1414587457,
    )

    assert signed.signature == "0f9de62fce790f9a083d5c99e95740ceb90c27ed"


def test_a_login_of_the_mini_program(mini: WeChatClient, control: Control) -> None:
    code = control.post("wechat/login_code", {"person_id": "p000001"})["code"]
    session = mini.program.jscode2session(code)

    identity = control.get("wechat/identity", person_id="p000001")
    assert (session.openid, session.unionid) == (identity["mini"], identity["unionid"])
    assert session.session_key not in repr(session)
    assert mini.program.checksession(session)
    mini.program.jscode2session(control.post("wechat/login_code", {"person_id": "p000001"})["code"])
    assert not mini.program.checksession(session)
    with pytest.raises(WeChatPermanent) as refused:
        mini.program.jscode2session(code)
    assert refused.value.errcode == 40163


def test_a_phone_number_is_given_with_its_country(mini: WeChatClient, control: Control) -> None:
    person = {"person_id": "p000001"}
    phone = control.get("people", limit=1)[0]["phone"]
    found = mini.program.getuserphonenumber(control.post("wechat/phone_code", person)["code"])
    assert found == PhoneNumber(phone, 86, f"+86{phone}")
    assert phone not in repr(found)
    control.post("people", {"id": "p000002", "phone": "+85291234567"})
    abroad = control.post("wechat/phone_code", {"person_id": "p000002"})["code"]
    assert mini.program.getuserphonenumber(abroad).e164 == "+85291234567"

    with pytest.raises(WeChatPermanent) as refused:
        mini.program.getuserphonenumber(control.post("wechat/login_code", person)["code"])
    assert refused.value.errcode == 40029


def test_links_lead_to_their_page_with_our_parameter(mini: WeChatClient, control: Control) -> None:
    end = datetime.now(UTC) + timedelta(days=10)
    scheme = mini.link.generatescheme("pages/coupon/get", "c=7", until=end)
    link = mini.link.generate_urllink("pages/coupon/get", "c=7", until=30)
    info = mini.link.queryscheme(scheme)
    assert (info.path, info.query, info.expire_time) == (
        "pages/coupon/get",
        "c=7",
        end.replace(microsecond=0),
    )

    own = mini.link.with_own_parameter(link, "m=42&x")
    opened = control.post("wechat/open", {"person_id": "p000001", "link": own})
    assert opened["query"] == "c=7&cq=m%3D42%26x"
    assert mini.link.query_urllink(link).remain_visit_quota == 5_999_999
    with pytest.raises(ValueError, match="256"):
        mini.link.with_own_parameter(link, "中" * 40)
    with pytest.raises(WeChatPermanent) as refused:
        mini.link.generate_urllink("pages/coupon/get", until=31)
    assert refused.value.errcode == 85401
    assert mini.link.genwxashortlink("pages/coupon/get?c=7", "领券").startswith("#")


def test_a_code_is_a_picture_and_a_refusal_is_not(mini: WeChatClient, control: Control) -> None:
    picture = mini.link.getwxacodeunlimit("A1", "pages/coupon/get")
    link = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))[0].text

    opened = control.post("wechat/open", {"person_id": "p000001", "link": link})
    assert (opened["path"], opened["query"]) == ("pages/coupon/get", "scene=A1")
    with pytest.raises(WeChatPermanent) as refused:
        mini.link.getwxacodeunlimit("x" * 33)
    assert refused.value.errcode == 40169
