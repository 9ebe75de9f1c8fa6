"""Requests have WeCom's shape; answers become types that survive nulls and unknown fields."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from scrm.wecom.api.contact_way import picture_address
from scrm.wecom.client import WeComClient
from scrm.wecom.errors import causes
from scrm.wecom.jssdk import sign
from scrm.wecom.robot import WebhookRobot
from scrm.wecom.types import DirectoryTag
from tests.scrm.wecom.conftest import Server, answer, says


def test_a_customer_is_read_over_all_pages(server: Server, client: WeComClient) -> None:
    contact = {
        "external_userid": "wm1",
        "name": "李四",
        "type": 1,
        "gender": None,
        "unionid": None,
        "new_field": {},
    }
    follow = {
        "userid": "rocky",
        "remark": None,
        "createtime": 1525779412,
        "tags": [{"type": 1, "tag_id": "et1"}],
    }
    server.does(
        "externalcontact/get",
        says(
            {
                "errcode": 0,
                "external_contact": contact,
                "follow_user": [follow],
                "next_cursor": "c2",
            }
        ),
        says(
            {
                "errcode": 0,
                "external_contact": contact,
                "follow_user": [{"userid": "tommy", "state": "s"}],
            }
        ),
    )

    detail = client.external_contact.get("wm1")

    assert detail.contact.name == "李四"
    assert detail.contact.unionid is None
    assert detail.contact.gender == 0
    assert [row.userid for row in detail.follow_users] == ["rocky", "tommy"]
    assert detail.follow_users[0].tag_ids == ("et1",)
    assert detail.follow_users[0].remark == ""
    assert detail.follow_users[0].created_at == datetime.fromtimestamp(1525779412, UTC)
    assert detail.follow_users[1].state == "s"
    assert detail.observed_at.tzinfo is UTC
    assert "cursor=c2" in server.requests[-1]


def test_a_member_without_customers_has_an_empty_list(server: Server, client: WeComClient) -> None:
    server.does("externalcontact/list", says({"errcode": 84061, "errmsg": "not external contact"}))

    assert client.external_contact.list("li") == ()


def test_a_batch_page_has_one_row_a_relation(server: Server, client: WeComClient) -> None:
    row = {
        "external_contact": {"external_userid": "wm1", "name": "王"},
        "follow_info": {"userid": "li", "tag_id": ["et1"]},
    }
    server.does(
        "externalcontact/batch/get_by_user",
        says({"errcode": 0, "external_contact_list": [], "next_cursor": "c"}),
        says({"errcode": 0, "external_contact_list": [row, None], "next_cursor": ""}),
    )

    pages = list(client.external_contact.batch_pages(["li"]))

    assert [len(page.rows) for page in pages] == [0, 1]
    assert pages[1].rows[0].follow.tag_ids == ("et1",)
    with pytest.raises(ValueError, match="100"):
        client.external_contact.batch_get_by_user(["x"] * 101)


def test_hidden_fields_of_a_member_are_none(server: Server, client: WeComClient) -> None:
    server.does(
        "user/get",
        says(
            {
                "errcode": 0,
                "userid": "li",
                "name": "李",
                "department": [1, 2],
                "gender": "1",
                "status": 4,
            }
        ),
    )

    member = client.user.get("li")

    assert (member.department_ids, member.gender, member.status) == ((1, 2), 1, 4)
    assert (member.mobile, member.email, member.position) == (None, None, None)


def test_wechatpys_own_areas_use_our_transport(server: Server, client: WeComClient) -> None:
    server.does("tag/list", says({"errcode": 0, "taglist": [{"tagid": 7, "tagname": "VIP"}]}))

    assert client.tag.list() == (DirectoryTag(7, "VIP"),)


def test_what_no_database_can_hold_is_taken_out_of_names(
    server: Server, client: WeComClient
) -> None:
    body = (
        rb'{"errcode":0,"external_contact":{"external_userid":"wm1","name":"a\u0000b\ud83dc\ud83d\ude00"},'
        rb'"follow_user":[{"userid":"li","remark":"\udc00x","remark_mobiles":["1\u00003"]}]}'
    )
    server.does("externalcontact/get", answer(body))

    found = client.external_contact.get("wm1")

    assert found.contact.name == "abc\U0001f600"
    assert found.follow_users[0].remark == "x"
    assert "\x00" not in repr(found)


def test_pictures_come_only_from_wecoms_hosts(server: Server, client: WeComClient) -> None:
    server.does("qr/1", says({"a": 1}))

    assert client.contact_way.picture(f"{server.base_url}/qr/1") == b'{"a": 1}'
    for url in (
        "http://169.254.169.254/meta",
        "https://qpic.cn.evil.example/x",
        "file:///etc/passwd",
        "//p.qpic.cn/x",
        "https://p.qpic.cn:8443/x",
        "http://127.0.0.1:9/qr/1",
        f"{server.base_url}\\@p.qpic.cn/x",
        f"{server.base_url}@p.qpic.cn/x",
        "http://p.qpic.cn@169.254.169.254/x",
        "http://169.254.169.254\\.qpic.cn/x",
        "http://169.254.169.254\n.qpic.cn/x",
        "http://169.254.169.254#.qpic.cn/x",
        "http://[::1/x",
        "",
    ):
        with pytest.raises(ValueError, match="picture"):
            client.contact_way.picture(url)
    assert server.requests == ["/qr/1"]


def test_pictures_of_wecoms_hosts_are_fetched_by_https(client: WeComClient) -> None:
    base = client.api_base

    assert picture_address("http://p.qpic.cn/wwhead/a/0", base) == "https://p.qpic.cn/wwhead/a/0"
    assert picture_address("https://open.work.weixin.qq.com/q?vcode=1", base) == (
        "https://open.work.weixin.qq.com/q?vcode=1"
    )
    assert picture_address(f"{base}/qr/1", base) == f"{base}/qr/1"


def test_login_addresses_keep_wecoms_order(client: WeComClient) -> None:
    url = client.oauth.authorize_url("https://scrm.example/a?b=c", "abc")

    assert url.startswith(
        "https://open.weixin.qq.com/connect/oauth2/authorize?appid=ww0corp&redirect_uri=https%3A%2F%2F"
    )
    assert url.endswith("&state=abc&agentid=7#wechat_redirect")
    assert parse_qs(urlsplit(client.oauth.qr_login_url("https://x/y", "s")).query)[
        "login_type"
    ] == ["CorpApp"]


def test_a_page_is_signed_as_the_sdk_checks_it() -> None:
    signed = sign("T", "http://mp.weixin.qq.com?params=value#part", nonce="N", timestamp=1414587457)

    # sha1 of "jsapi_ticket=T&noncestr=N&timestamp=1414587457&url=http://mp.weixin.qq.com?params=value"
    assert signed.signature == "e5c7a9e0a65b055552b7a682100b22561148efa0"


def test_a_robot_talks_to_wecom_only_and_twenty_times_a_minute(server: Server) -> None:
    server.does("webhook/send", says({"errcode": 0}))
    robot = WebhookRobot(
        f"{server.base_url}/cgi-bin/webhook/send?key=robot-key", api_base=server.base_url
    )
    robot.send_text("x" * 3000)

    assert server.count("webhook/send") == 1
    assert "robot-key" not in repr(robot)
    for url in (
        "https://evil.example/cgi-bin/webhook/send?key=1",
        f"{server.base_url}/cgi-bin/other?key=1",
        "",
    ):
        with pytest.raises(ValueError, match="robot's address"):
            WebhookRobot(url, api_base=server.base_url)


def test_every_error_of_the_table_has_both_languages_and_a_known_class() -> None:
    kinds = {"retryable", "auth", "permission", "quota", "permanent", "unknown"}
    for code, cause in causes().items():
        assert cause.kind in kinds, code
        assert set(cause.hint.meaning) == {"en", "zh"}, code
        assert set(cause.hint.action) == {"en", "zh"}, code
        assert code.startswith("default-") or int(code)
