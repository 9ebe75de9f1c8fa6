import re
import urllib.error
import urllib.request

import pytest

from tests.wecom_sandbox.client import TINY_PNG, Api, shop
from tests.wecom_sandbox.phone import Phone
from wecom_sandbox.testing import Control

GUIDE, CUSTOMER = "/phone/m/guide0001", "/phone/p/p000001"


@pytest.fixture
def phone(app: Api) -> Phone:
    """A phone that nobody has used yet."""
    return Phone(app.base_url)


@pytest.fixture
def external_userid(control: Control) -> str:
    """The first person, a customer of the one guide."""
    shop(control, 1)
    added: str = control.post("add", {"userid": "guide0001", "person_id": "p000001"})[
        "external_userid"
    ]
    return added


def test_a_guide_confirms_a_mass_message_and_the_customer_reads_it(
    app: Api, phone: Phone, external_userid: str
) -> None:
    link = {"msgtype": "link", "link": {"title": "秋季目录", "url": "https://example.com/a"}}
    body = {
        "external_userid": [external_userid],
        "text": {"content": "周末活动"},
        "attachments": [link],
    }
    msgid = app.post("externalcontact/add_msg_template", body)["msgid"]
    app.post("externalcontact/remind_groupmsg_send", {"msgid": msgid})

    assert 'href="/phone/m/guide0001/masses"' in phone.open(GUIDE)
    listed = phone.open(f"{GUIDE}/masses")
    assert "周末活动" in listed
    assert "已提醒 1 次" in listed
    assert "周末活动" not in phone.open(f"{CUSTOMER}/chat/guide0001")
    assert "秋季目录" in phone.open(f"{GUIDE}/masses/{msgid}")
    assert "已发送给 1 个中的 1 个。" in phone.open(f"{GUIDE}/masses/{msgid}", {})
    chat = phone.open(f"{CUSTOMER}/chat/guide0001")
    assert "周末活动" in chat
    assert "秋季目录" in chat
    assert "无法发送" in phone.open(f"{GUIDE}/masses/{msgid}", {})


def test_a_guide_writes_to_many_himself(
    control: Control, phone: Phone, external_userid: str
) -> None:
    assert "请填写内容并选择客户" in phone.open(f"{GUIDE}/masses/new", {"text": ""})
    phone.open(f"{GUIDE}/masses/new", {"text": "新品到店", "receiver": external_userid})

    assert "已发送给 1 个中的 1 个。" in phone.open(phone.address)
    assert control.get("ledger/chats")[0]["content"]["text"]["content"] == "新品到店"


def test_a_moment_goes_from_the_guide_to_the_customer_and_back(
    app: Api, control: Control, phone: Phone, external_userid: str
) -> None:
    app.post("externalcontact/add_moment_task", {"text": {"content": "新店开业"}})
    assert "新店开业" not in phone.open(f"{GUIDE}/moments")
    control.post("clock", {"advance": 4})
    moment_id = control.get("ledger/moments")[0]["moment_id"]

    assert "新店开业" in phone.open(f"{GUIDE}/moments")
    assert "新店开业" not in phone.open(f"{CUSTOMER}/moments")
    phone.open(f"{GUIDE}/moments/{moment_id}", {"action": "publish"})
    assert "新店开业" in phone.open(f"{CUSTOMER}/moments")
    reaction = f"{CUSTOMER}/moments/{moment_id}/guide0001"
    assert "取消赞" in phone.open(reaction, {"action": "like"})
    phone.open(reaction, {"action": "comment", "text": "什么地方<b>"})
    phone.open(f"{GUIDE}/moments/{moment_id}", {"action": "comment", "text": "浦东"})
    page = phone.open(f"{GUIDE}/moments")
    assert "什么地方&lt;b&gt;" in page
    assert "浦东" in page
    talk = app.post(
        "externalcontact/get_moment_comments", {"moment_id": moment_id, "userid": "guide0001"}
    )
    assert [one.get("external_userid") for one in talk["comment_list"]] == [external_userid, None]
    assert len(talk["like_list"]) == 1


def test_a_guide_publishes_and_deletes_his_own(
    control: Control, phone: Phone, external_userid: str
) -> None:
    phone.open(f"{GUIDE}/moments", {"text": "早安"})
    moment_id = control.get("ledger/moments")[0]["moment_id"]

    assert "早安" in phone.open(f"{CUSTOMER}/moments")
    phone.open(f"{GUIDE}/moments/{moment_id}", {"action": "delete"})
    assert "早安" not in phone.open(f"{CUSTOMER}/moments")
    with pytest.raises(urllib.error.HTTPError):
        phone.open(f"{CUSTOMER}/moments/{moment_id}/guide0001", {"action": "like"})


def test_a_customer_opens_an_acquisition_link_and_adds(
    app: Api, control: Control, phone: Phone
) -> None:
    body = {"link_name": "一", "range": {"user_list": shop(control, 1)}}
    url = app.post("externalcontact/customer_acquisition/create_link", body)["link"]["url"]
    path = url.removeprefix(app.base_url)

    page = phone.open(f"{path}?customer_channel=s1.g2")
    assert f"{path}?as=p000002&amp;customer_channel=s1.g2" in page
    card = phone.open(f"{path}?as=p000001&customer_channel=s1.g2")
    assert phone.address == f"/phone/p/p000001{path}?customer_channel=s1.g2"
    assert "渠道: s1.g2" in card
    phone.open(phone.address, {})
    assert phone.address == "/phone/p/p000001/chat/guide0001"
    relation = control.get("ledger/relations")[0]
    assert (relation["state"], relation["add_way"]) == ("s1.g2", 16)
    assert "你们已经是好友" in phone.open(f"{path}?customer_channel=s1.g2")
    # pasted into the scanner it leads to the same card
    phone.open("/phone/p/p000002/scan", {"link": f"{url}?customer_channel=s9"})
    assert phone.address == f"/phone/p/p000002{path}?customer_channel=s9"
    control.post("acquisition_buy", {"empty": True})
    assert "该链接暂时无法使用" in phone.open(phone.address)
    with pytest.raises(urllib.error.HTTPError):
        phone.open("/ca/cawcde-none")


def test_a_product_is_sent_into_a_chat(
    app: Api, control: Control, phone: Phone, external_userid: str
) -> None:
    media_id = app.upload(
        "media/upload_attachment", TINY_PNG, media_type="image", attachment_type=2
    )["media_id"]
    pictures = [{"type": "image", "image": {"media_id": media_id}}]
    body = {"description": "三人沙发", "price": 399900, "attachments": pictures}
    product_id = app.post("externalcontact/add_product_album", body)["product_id"]

    page = phone.open(f"{GUIDE}/album")
    assert "¥3999.00" in page
    picture = re.findall(r'src="(/wwpic/[^"]+)"', page)[0]
    with urllib.request.urlopen(app.base_url + picture, timeout=10) as reply:
        assert reply.read() == TINY_PNG
    phone.open(f"{GUIDE}/album/{product_id}", {"person_id": "p000001"})
    sent = control.get("ledger/chats")[0]["content"]["news"]
    assert (sent["title"], sent["desc"]) == ("三人沙发", "¥3999.00")
    assert "三人沙发" in phone.open(sent["link"].removeprefix(app.base_url))


def test_words_against_the_rules_stay_unsent(
    app: Api, control: Control, phone: Phone, external_userid: str
) -> None:
    rule = {
        "rule_name": "一",
        "word_list": ["转账"],
        "intercept_type": 1,
        "applicable_range": {"department_list": [1]},
    }
    app.post("externalcontact/add_intercept_rule", rule)

    page = phone.open(f"{GUIDE}/c/p000001/chat", {"text": "请转账"})

    assert "触发企业敏感词规则" in page
    assert control.get("ledger/chats") == []


def test_nothing_is_there_for_nobody(phone: Phone, control: Control) -> None:
    for path in ("/phone/m/none/masses", "/phone/m/none/masses/new", "/phone/m/none/moments",
        "/phone/p/p999999/moments", "/phone/m/none/album", "/album/none"):  # fmt: skip
        with pytest.raises(urllib.error.HTTPError) as refused:
            phone.open(path)
        assert refused.value.code == 404
