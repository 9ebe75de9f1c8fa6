import re
import urllib.error
from pathlib import Path

import pytest

import wecom_sandbox
from tests.wecom_sandbox.client import Api, code, shop
from tests.wecom_sandbox.phone import Phone
from wecom_sandbox import defaults
from wecom_sandbox.endpoints import REGISTRY, known_endpoints
from wecom_sandbox.testing import Control
from wecom_sandbox.words import translate


@pytest.fixture
def phone(app: Api) -> Phone:
    """A phone that nobody has used yet."""
    return Phone(app.base_url)


def test_a_customer_scans_adds_and_reads_the_welcome(
    app: Api, control: Control, phone: Phone
) -> None:
    config_id = code(app, shop(control, 1), remark="收银台")
    short_id = control.get("ledger/contact_ways")[0]["short_id"]

    assert "/phone/p/p000001" in phone.open("/phone")
    assert "收银台" in phone.open("/phone/p/p000001/scan")
    card = phone.open("/phone/p/p000001/scan", {"link": f"{app.base_url}/q/{short_id}"})
    assert phone.address == f"/phone/p/p000001/add/{short_id}"
    assert "添加到通讯录" in card
    assert "正在等待欢迎语" in phone.open(phone.address, {})
    assert phone.address == "/phone/p/p000001/chat/guide0001"
    relation = control.get("ledger/relations")[0]
    assert (relation["config_id"], relation["person_id"]) == (config_id, "p000001")
    welcome = control.get("ledger/welcomes")[0]["welcome_code"]
    app.post(
        "externalcontact/send_welcome_msg",
        {"welcome_code": welcome, "text": {"content": "%NICKNAME%<b>您好</b>"}},
    )
    name = control.get("people", limit=1)[0]["name"]
    assert f"{name}&lt;b&gt;您好&lt;/b&gt;" in phone.open("/phone/p/p000001/chat/guide0001")
    assert "你们已经是好友" in phone.open(f"/phone/p/p000001/add/{short_id}")
    phone.open("/phone/p/p000001/chat/guide0001/delete", {})
    assert control.get("ledger/relations")[0]["status"] == "deleted_by_customer"


def test_the_link_of_a_code_opens_the_phone_as_somebody(
    app: Api, control: Control, phone: Phone
) -> None:
    code(app, shop(control, 1))
    short_id = control.get("ledger/contact_ways")[0]["short_id"]

    assert f"/q/{short_id}?as=p000002" in phone.open(f"/q/{short_id}")
    phone.open(f"/q/{short_id}?as=p000002")
    assert phone.address == f"/phone/p/p000002/add/{short_id}"
    phone.open(f"/q/{short_id}")
    assert phone.address == f"/phone/p/p000002/add/{short_id}"


def test_a_guide_accepts_notes_tags_and_deletes(app: Api, control: Control, phone: Phone) -> None:
    shop(control, 1)
    config_id = code(app, ["guide0001"], skip_verify=False)
    control.post("scan", {"config_id": config_id, "person_id": "p000001"})
    tags = control.post(
        "console_tag", {"action": "create", "group_name": "甲", "names": ["一", "二"]}
    )
    customer = "/phone/m/guide0001/c/p000001"

    assert "通过" in phone.open("/phone/m/guide0001?tab=new")
    phone.open(f"{customer}/accept", {})
    assert control.get("ledger/relations")[0]["status"] == "active"
    form = {
        "remark": "尹姐",
        "description": "三居",
        "phones": "13800000001\r\n",
        "tag": tags["tag_ids"],
    }
    assert "已保存" in phone.open(customer, form)
    relation = control.get("ledger/relations")[0]
    assert (relation["remark"], relation["description"]) == ("尹姐", "三居")
    assert (relation["remark_mobiles"], relation["tags"]) == (["13800000001"], tags["tag_ids"])
    phone.open(f"{customer}/delete", {})
    changes = [one["change_type"] for one in control.get("ledger/callbacks")]
    assert changes == [
        "add_half_external_contact", "create", "create", "create", "add_external_contact",
        "edit_external_contact", "del_external_contact",
    ]  # fmt: skip


def test_a_guide_reads_app_messages(app: Api, control: Control, phone: Phone) -> None:
    shop(control, 1)
    app.post(
        "message/send",
        {"touser": "guide0001", "msgtype": "text", "agentid": defaults.AGENT_ID, "text": {"content": "早会"}},
    )  # fmt: skip

    assert "早会" in phone.open("/phone/m/guide0001?tab=messages")


def test_english_stays_chosen(control: Control, phone: Phone) -> None:
    assert "Who are you?" in phone.open("/phone?lang=en")
    page = phone.open("/phone/p/p000001")
    assert "No chats yet. Scan a code to add a guide." in page
    assert "扫一扫" not in page
    assert "扫一扫" in phone.open("/phone/p/p000001?lang=zh")


def test_what_does_not_exist_is_a_page_not_a_crash(control: Control, phone: Phone) -> None:
    for path in ("/phone/p/p999999", "/phone/m/nobody", "/q/none", "/phone/p/p000001/chat/nobody"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            phone.open(path)
        assert refused.value.code == 404


def test_every_word_of_the_pages_has_its_chinese() -> None:
    folder = Path(wecom_sandbox.__file__).parent
    used: set[tuple[str, str]] = set()
    for page in (folder / "templates").glob("*.html"):
        used |= set(
            re.findall(r"""\bt\((?:"([^"]+)"|'([^']+)')""", page.read_text(encoding="utf-8"))
        )
    words = {one or other for one, other in used}

    assert len(words) > 40
    assert {word for word in words if translate(word, "zh") == word} == set()


def test_the_coverage_page_lists_every_known_endpoint(phone: Phone) -> None:
    page = phone.open("/sandbox/coverage")

    known = known_endpoints()
    for entry in known:
        assert f"{entry.method} {entry.path}<" in page
    assert page.count('class="yes"') == len(REGISTRY) >= 52
    methods = {entry.path: entry.method for entry in known}
    for path, endpoint in REGISTRY.items():
        assert methods.get(path, endpoint.method) == endpoint.method


def test_the_start_page_leads_on(phone: Phone) -> None:
    page = phone.open("/")

    assert 'href="/phone"' in page
    assert 'href="/sandbox/coverage"' in page
