"""Sending from the phone: who may, what the SDK gets, what the client reports."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts.directory.models import Member
from contacts.parameters.selectors import resolve
from customers.timeline.models import TimelineEntry
from materials.library.models import Favourite, Material
from materials.tracking.models import Send
from scrm.accounts.models import User
from tests.cast import Company
from tests.factories.customers import RelationFactory
from tests.factories.materials import MaterialFactory, SendFactory, stored_picture

pytestmark = pytest.mark.django_db


def phone(member: Member) -> Client:
    assert member.user is not None
    client = Client()
    client.cookies["django_language"] = "en"
    client.force_login(member.user)
    return client


def send_url(material: Material) -> str:
    return reverse("h5:material_send", args=[material.pk])


@pytest.mark.parametrize("who", ["hq_ops", "branch_ops", "auditor", "it_admin"])
def test_only_guides_and_managers_send(request: pytest.FixtureRequest, who: str) -> None:
    material = MaterialFactory()
    client = Client()
    client.force_login(request.getfixturevalue(who))

    assert client.post(send_url(material)).status_code == 403
    assert client.get(reverse("h5:materials")).status_code == 403
    assert Send.objects.count() == 0


def test_without_login_the_phone_goes_to_wecoms_page() -> None:
    material = MaterialFactory()

    answers = [Client().get(reverse("h5:materials")), Client().post(send_url(material))]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert all(answer["Location"].startswith(reverse("h5:login")) for answer in answers)
    assert Send.objects.count() == 0


def test_a_guide_sees_and_sends_what_is_meant_for_her_store(
    guide_li: Member, company: Company
) -> None:
    # given what is for all, for her branch, her store, and what is not
    now = timezone.now()
    mine = [
        MaterialFactory(title="全国的"),
        MaterialFactory(title="华东的", units=[company.east]),
        MaterialFactory(title="本店的", units=[company.store_b, company.store_a]),
        MaterialFactory(title="未到期的", valid_until=now + timedelta(hours=1)),
    ]
    others = [
        MaterialFactory(title="华南专享", units=[company.south]),
        MaterialFactory(title="别店专享", units=[company.store_b]),
        MaterialFactory(title="草稿一份", status="draft"),
        MaterialFactory(title="待审一份", status="review"),
        MaterialFactory(title="归档一份", status="archived"),
        MaterialFactory(title="过期一份", valid_until=now - timedelta(hours=1)),
        MaterialFactory(title="未来一份", valid_from=now + timedelta(hours=1)),
    ]
    client = phone(guide_li)

    # when she opens the library and tries each
    page = client.get(reverse("h5:materials")).content.decode()
    sent = [client.post(send_url(material)).status_code for material in [*mine, *others]]

    # then she finds and sends the first four only
    assert [material.title in page for material in [*mine, *others]] == [True] * 4 + [False] * 7
    assert sent == [200] * 4 + [404] * 7
    assert Send.objects.count() == 4


def test_a_send_to_an_own_customer_in_a_single_chat(guide_li: Member, settings: Any) -> None:
    # given a customer of hers, and an article with a cover
    contact = RelationFactory(member=guide_li).contact
    material = MaterialFactory(title="秋冬新品", summary="到店试穿", cover=stored_picture())
    client = phone(guide_li)

    # when she taps send and WeCom says ok
    made = client.post(
        send_url(material),
        {"entry": "single_chat_tools", "external_userid": contact.external_userid},
    ).json()
    send = Send.objects.get()
    told = client.post(made["confirm"], {"ok": "1"}).json()

    # then the SDK got a card that leads to a page of its own, and the send is noted once
    link = f"{settings.BASE_URL}/m/{send.token}/"
    assert len(send.token) == 22
    assert made["message"] == {
        "msgtype": "news",
        "news": {
            "link": link, "title": "秋冬新品", "desc": "到店试穿",
            "imgUrl": f"{settings.BASE_URL}/m/file/{material.cover.token}/thumb",
        },
    }  # fmt: skip
    assert made["copy"] == link
    send.refresh_from_db()
    assert (told, send.status, send.external_userid) == (
        {"status": "sent"},
        "sent",
        contact.external_userid,
    )
    entry = TimelineEntry.objects.get(record_id=contact.pk)
    assert (entry.kind, entry.actor_userid, entry.data["title"]) == (
        "material.sent",
        "guide_li",
        "秋冬新品",
    )


@pytest.mark.parametrize("entry", ["single_chat_tools", "group_chat_tools", "normal", "made up"])
def test_the_client_cannot_name_anothers_customer(
    guide_li: Member, guide_wang: Member, entry: str
) -> None:
    # given a customer of another guide
    contact = RelationFactory(member=guide_wang).contact

    # when the client names her
    phone(guide_li).post(
        send_url(MaterialFactory()), {"entry": entry, "external_userid": contact.external_userid}
    )

    # then the send is to nobody in particular
    send = Send.objects.get()
    assert send.external_userid == ""
    assert send.entry in Send.Entry.values


def test_a_group_send_names_nobody(guide_li: Member) -> None:
    contact = RelationFactory(member=guide_li).contact

    phone(guide_li).post(
        send_url(MaterialFactory()),
        {"entry": "group_chat_tools", "external_userid": contact.external_userid},
    )

    assert Send.objects.get().external_userid == ""


@pytest.mark.parametrize(
    ("reports", "status", "problem"),
    [
        ([{"ok": "1"}, {"errMsg": "x:fail"}], "sent", ""),
        ([{"errMsg": "sendChatMessage:cancel"}], "cancelled", "sendChatMessage:cancel"),
        ([{"errMsg": "sendChatMessage:fail no permission"}], "failed", "sendChatMessage:fail no permission"),
        ([{"errMsg": "a:fail"}, {"errMsg": "b:cancel"}], "failed", "a:fail"),
        ([{"errMsg": "a:fail timeout"}, {"ok": "1"}], "sent", ""),
    ],
)  # fmt: skip
def test_the_clients_report_counts_once(
    guide_li: Member, reports: list[dict[str, str]], status: str, problem: str
) -> None:
    send = SendFactory(member=guide_li, status="prepared", confirmed_at=None)
    client = phone(guide_li)

    for report in reports:
        client.post(reverse("h5:material_confirm", args=[send.pk]), report)

    send.refresh_from_db()
    assert (send.status, send.problem) == (status, problem)


def test_nobody_confirms_anothers_send(guide_li: Member, guide_wang: Member) -> None:
    send = SendFactory(member=guide_wang, status="prepared", confirmed_at=None)

    answer = phone(guide_li).post(reverse("h5:material_confirm", args=[send.pk]), {"ok": "1"})

    send.refresh_from_db()
    assert (answer.status_code, send.status) == (404, "prepared")


def test_links_carry_the_guides_signed_parameter_to_trusted_hosts_only(
    guide_li: Member, settings: Any, company: Company
) -> None:
    # given a link to the own mall and one to a stranger
    settings.MATERIALS_LINK_HOSTS = ["mall.example"]
    own = MaterialFactory(kind="link", body="", url="https://www.mall.example/a?id=3&g=forged")
    foreign = MaterialFactory(kind="link", body="", url="https://notmall.example/a")
    program = MaterialFactory(
        kind="mini_program", body="", appid="wx0123456789abcdef", page="pages/a.html?id=3"
    )
    client = phone(guide_li)
    made = [client.post(send_url(material)).json() for material in (own, foreign, program)]
    sends = list(Send.objects.order_by("pk"))

    # when customers go on
    led = [Client().get(reverse("materials_public:go", args=[send.token])) for send in sends[:2]]

    # then our own host learns the guide by a token nobody can forge, a stranger nothing
    assert [answer.status_code for answer in led] == [302, 302]
    assert led[0]["Location"] == f"https://www.mall.example/a?id=3&g={sends[0].parameter}"
    assert led[1]["Location"] == "https://notmall.example/a"
    assert made[2]["message"]["miniprogram"]["page"] == f"pages/a.html?id=3&g={sends[2].parameter}"
    parameter = resolve(sends[0].parameter)
    assert parameter is not None
    assert (parameter.member_id, parameter.store_id) == (guide_li.pk, company.store_a.pk)
    assert resolve(sends[0].parameter[:-1] + "x") is None


def test_a_text_is_sent_as_it_is(guide_li: Member) -> None:
    made = phone(guide_li).post(
        send_url(MaterialFactory(kind="text", text="您好\n新品到店", body=""))
    )

    assert made.json()["message"] == {"msgtype": "text", "text": {"content": "您好\n新品到店"}}
    assert made.json()["copy"] == "您好\n新品到店"


def test_search_favourites_recent_types_and_categories(
    guide_li: Member, guide_wang: Member
) -> None:
    coat = MaterialFactory(title="羊绒大衣 <b>")
    skirt = MaterialFactory(title="半裙", kind="text", text="x", body="")
    client = phone(guide_li)
    url = reverse("h5:materials")

    def found(**query: str) -> list[str]:
        return [card["material"].title for card in client.get(url, query).context["cards"]]

    assert found(q="大衣") == ["羊绒大衣 <b>"]
    assert "羊绒<mark>大衣</mark> &lt;b&gt;" in client.get(url, {"q": "大衣"}).content.decode()
    assert found(kind="text") == ["半裙"]
    assert found(q="没有") == []
    assert found(tab="favourites") == []
    client.post(reverse("h5:material_favourite", args=[coat.pk]), {"kept": "1"})
    client.post(reverse("h5:material_favourite", args=[coat.pk]), {"kept": "1"})
    assert found(tab="favourites") == ["羊绒大衣 <b>"]
    assert Favourite.objects.count() == 1
    client.post(reverse("h5:material_favourite", args=[coat.pk]), {"kept": "0"})
    assert Favourite.objects.count() == 0
    SendFactory(member=guide_li, material=skirt)
    SendFactory(member=guide_li, material=coat)
    SendFactory(member=guide_li, material=skirt)
    SendFactory(member=guide_wang, material=coat)
    assert found(tab="recent") == ["半裙", "羊绒大衣 <b>"]


def test_the_library_costs_the_same_however_long(
    guide_li: Member, django_assert_max_num_queries: Any
) -> None:
    for _number in range(15):
        SendFactory(member=guide_li, material=MaterialFactory(cover=stored_picture()))

    with django_assert_max_num_queries(30):
        page = phone(guide_li).get(reverse("h5:materials")).content.decode()

    assert page.count("data-send=") == 15


def test_an_account_without_wecom_cannot_send(company: Company) -> None:
    from tests.cast import person

    user: User = person("manager", "store_manager", company.store_a)
    client = Client()
    client.force_login(user)

    assert client.post(send_url(MaterialFactory())).status_code == 404
    assert Send.objects.count() == 0
