"""An error of WeCom's on the pages: in the reader's language, with where to click and WeCom's own page."""

from typing import Any

import orjson
import pytest
from django.core.management import call_command
from django.template import Context, Template
from django.test import Client
from django.utils import translation

from scrm.accounts.models import User
from scrm.core import gateway
from scrm.core.health import outside
from scrm.core.jobs.models import JobRun
from scrm.core.outbox.models import OutboxMessage
from scrm.core.setup_models import SetupResult
from scrm.inbox.models import InboxEvent
from scrm.setup.words import words_of
from scrm.wecom.errors import error_for
from tests.factories.accounts import UserFactory
from tests.factories.core import JobRunFactory
from tests.factories.inbox import message, quarantined

REFUSED = error_for(60020, "not allow to access from your ip, from ip: 203.0.113.9", "user/get")
CHINESE = REFUSED.words("zh-hans")
PLACE_EN, PLACE_ZH = "→ this app → Trusted company IP", "→ 本应用 → 企业可信IP"
LOOKUP = "https://open.work.weixin.qq.com/devtool/query?e=60020"


def drawn(text: str, language: str) -> str:
    with translation.override(language):
        return Template("{% load console %}{% wecom_text text %}").render(Context({"text": text}))


def test_words_stored_in_one_language_are_read_in_the_other() -> None:
    english = drawn(CHINESE, "en")
    assert "This server&#x27;s address is not in the app&#x27;s list of trusted IPs." in english
    assert PLACE_EN in english
    assert f'href="{LOOKUP}" target="_blank" rel="noopener noreferrer"' in english
    assert "不在应用" not in english

    chinese = drawn(REFUSED.words("en"), "zh-hans")
    assert "本服务器IP不在应用的企业可信IP列表中。" in chinese
    assert PLACE_ZH in chinese
    assert "trusted IPs" not in chinese


def test_a_text_of_another_origin_is_shown_as_it_is_and_never_as_markup() -> None:
    page = drawn("<b>no answer</b> came [12]", "en")

    assert "&lt;b&gt;no answer&lt;/b&gt; came [12]" in page
    assert "<a " not in page


@pytest.fixture
def operator(db: Any, settings: Any) -> Client:
    """Somebody who reads the operator's pages, in English."""
    settings.SCOPE_RESOLVER = "tests.factories.core.scope_from_username"
    client = Client()
    client.force_login(UserFactory.create(username="outbox.view+inbox.view+jobs.view"))
    client.cookies["django_language"] = "en"
    return client


def seen(client: Client, path: str) -> str:
    return client.get(path).content.decode()


def test_an_outgoing_message_says_what_to_do(operator: Client) -> None:
    put = message(payload={})
    OutboxMessage.objects.update(status="failed", error=CHINESE)

    page = seen(operator, f"/console/outbox/{put.pk}/")
    assert PLACE_EN in page
    assert LOOKUP in page
    assert "trusted IPs" in seen(operator, "/console/outbox/?status=failed")
    assert "不在应用" not in page


def test_an_event_says_what_to_do(operator: Client) -> None:
    event = quarantined()
    InboxEvent.objects.update(error=CHINESE)

    page = seen(operator, f"/console/inbox/{event.pk}/")
    assert PLACE_EN in page
    assert LOOKUP in page
    assert "trusted IPs" in seen(operator, "/console/inbox/?state=quarantined")


def test_a_job_says_what_to_do(operator: Client) -> None:
    reader = User.objects.get()
    job = JobRunFactory.create(state="failed", message=CHINESE, started_by=reader)

    page = seen(operator, f"/console/jobs/{job.pk}/")
    assert PLACE_EN in page
    assert LOOKUP in page

    JobRun.objects.update(state="waiting", message="", waiting_for=f"{CHINESE} 12:05")
    page = seen(operator, f"/console/jobs/{job.pk}/")
    assert "[60020] 12:05" in page
    assert PLACE_EN in page


def test_a_set_up_step_links_wecoms_page() -> None:
    result = SetupResult(
        step="app",
        outcome="bad",
        code="wecom_refused",
        data={"errcode": 60020, "errmsg": "x", "endpoint": "agent/get"},
    )
    with translation.override("en"):
        words = words_of(result)

    assert words.seen == "WeCom refuses agent/get with 60020."
    assert PLACE_EN in words.hint
    assert words.link == LOOKUP


def test_the_doctor_names_the_place_and_wecoms_page(
    settings: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Client:
        @property
        def access_token(self) -> str:
            raise REFUSED

    settings.WECOM_CORP_ID = "ww1"
    settings.WECOM_APPS = {"scrm": {"secret": "s"}, "contacts": {"secret": ""}}
    monkeypatch.setattr(gateway, "wecom", lambda app: Client())

    with pytest.raises(SystemExit), translation.override("en"):
        call_command("doctor", "--only", "wecom")
    said = capsys.readouterr().out
    assert PLACE_EN in said
    assert LOOKUP in said

    with pytest.raises(SystemExit):
        call_command("doctor", "--only", "wecom", "--json")
    (found,) = orjson.loads(capsys.readouterr().out)["findings"]
    assert found["link"] == LOOKUP


def test_a_refused_right_names_the_address_that_wecom_saw(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Contacts:
        def get_follow_user_list(self) -> tuple[str, ...]:
            raise REFUSED

    class Client:
        external_contact = Contacts()

    settings.WECOM_CORP_ID = "ww1"
    settings.WECOM_APPS = {"scrm": {"secret": "s"}, "contacts": {"secret": ""}}
    monkeypatch.setattr(gateway, "wecom", lambda app: Client())

    found = outside.permissions()

    assert found.hint.endswith("203.0.113.9")
    assert found.link == LOOKUP
