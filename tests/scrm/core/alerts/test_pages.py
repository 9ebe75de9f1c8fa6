"""Pages of alerts and channels."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from scrm.core.alerts import services
from scrm.core.alerts.models import AlertChannel
from scrm.wecom.errors import WeComPermanent
from tests.factories.accounts import UserFactory
from tests.factories.core import AlertChannelFactory, AlertFactory

pytestmark = pytest.mark.django_db
URL = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=0a1b2c3d-4e5f"


@pytest.fixture(autouse=True)
def scopes(settings: Settings, client: Client) -> None:
    """Rights by username; WeCom's real address."""
    settings.SCOPE_RESOLVER = "tests.factories.core.scope_from_username"
    client.cookies["django_language"] = "en"
    settings.WECOM_API_BASE = "https://qyapi.weixin.qq.com"


def login(client: Client, username: str) -> None:
    client.force_login(UserFactory.create(username=username))


def test_seeing_is_not_changing(client: Client) -> None:
    login(client, "alerts.view")
    channel = AlertChannelFactory.create(name="ops", url=URL)
    AlertFactory.create(title="Account almost full")

    text = client.get("/console/alerts/").content.decode()
    assert "Account almost full" in text
    assert "New channel" not in text
    paths = ["new/", f"{channel.pk}/", f"{channel.pk}/delete/", f"{channel.pk}/test/"]
    assert [client.post(f"/console/alerts/channels/{path}").status_code for path in paths] == [
        403
    ] * 4
    assert AlertChannel.objects.get().name == "ops"


def test_a_channel_is_made_changed_and_removed_and_its_address_never_shown(client: Client) -> None:
    login(client, "alerts.view+alerts.edit")
    form = {"name": "ops", "url": URL, "level": "warning", "is_active": "on"}

    assert client.post("/console/alerts/channels/new/", form).status_code == 302
    channel = AlertChannel.objects.get()
    assert channel.url == URL
    pages = [client.get("/console/alerts/"), client.get(f"/console/alerts/channels/{channel.pk}/")]
    assert ["0a1b2c3d" in page.content.decode() for page in pages] == [False, False]

    client.post(
        f"/console/alerts/channels/{channel.pk}/", {"name": "ops 2", "url": "", "level": "info"}
    )
    channel = AlertChannel.objects.get()
    assert (channel.name, channel.url, channel.level, channel.is_active) == (
        "ops 2",
        URL,
        "info",
        False,
    )

    assert client.post(f"/console/alerts/channels/{channel.pk}/delete/").status_code == 302
    assert AlertChannel.objects.count() == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"url": "https://evil.example/send?key=1"},
            "begins with https://qyapi.weixin.qq.com/cgi-bin/webhook/send",
        ),
        ({"name": "taken"}, "Another channel has this name."),
        ({"url": ""}, "This field is required."),
    ],
)
def test_a_wrong_form_says_what_is_wrong(
    client: Client, change: dict[str, str], words: str
) -> None:
    login(client, "alerts.view+alerts.edit")
    AlertChannelFactory.create(name="taken")

    response = client.post(
        "/console/alerts/channels/new/", {"name": "ops", "url": URL, "level": "info", **change}
    )

    assert response.status_code == 422
    assert words in response.content.decode()
    assert AlertChannel.objects.count() == 1


def test_the_test_button_says_what_wecom_answered(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    login(client, "alerts.view+alerts.edit")
    channel = AlertChannelFactory.create()
    monkeypatch.setattr(services, "tell", lambda channel, text: None)
    assert (
        "WeCom took the test message"
        in client.post(f"/console/alerts/channels/{channel.pk}/test/", follow=True).content.decode()
    )

    def refuse(channel: Any, text: str) -> None:
        raise WeComPermanent(93000, "invalid webhook url", "webhook/send")

    monkeypatch.setattr(services, "tell", refuse)
    assert (
        "[93000]"
        in client.post(f"/console/alerts/channels/{channel.pk}/test/", follow=True).content.decode()
    )


def test_an_alert_speaks_the_readers_language_and_its_address_is_a_link(
    client: Client, settings: Settings
) -> None:
    settings.BASE_URL = "https://scrm.example"
    login(client, "alerts.view")
    words = {
        "en": {"title": "Too many adds", "text": "Open it: https://scrm.example/console/x/1/ <b>"},
        "zh-hans": {"title": "添加过多", "text": "查看：https://scrm.example/console/x/1/。"},
    }
    AlertFactory.create(title="添加过多", text="原文", words=words)

    english = client.get("/console/alerts/").content.decode()
    client.cookies["django_language"] = "zh-hans"
    chinese = client.get("/console/alerts/").content.decode()

    link = '<a href="https://scrm.example/console/x/1/">https://scrm.example/console/x/1/</a>'
    assert f"Open it: {link} &lt;b&gt;" in english
    assert "添加过多" not in english
    assert "原文" not in english
    assert f"查看：{link}。" in chinese
