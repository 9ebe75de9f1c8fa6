"""From an empty installation to a connected corp, over HTTP, with the simulator as WeCom."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from scrm.core.audit.models import AuditEntry
from scrm.core.setup_models import CallbackCheck, SetupResult, VerifyFile, WeComCallbackKey
from scrm.setup import selectors, services
from wecom_sandbox import defaults

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.flow]
FILE = SimpleUploadedFile


def newest(step: str) -> tuple[str, str]:
    row = SetupResult.objects.filter(step=step).order_by("-id").first()
    assert row is not None
    return row.outcome, row.code


def enter(console: Client, step: str, **values: str) -> None:
    assert console.post(f"/console/setup/{step}/save/", values).status_code == 302


def press_test(console: Client, step: str) -> tuple[str, str]:
    assert console.post(f"/console/setup/{step}/test/").status_code == 302
    return newest(step)


def enter_app(console: Client) -> None:
    enter(console, "corp", corp_id=defaults.CORP_ID)
    enter(
        console,
        "app",
        **{"scrm-agent_id": str(defaults.AGENT_ID), "scrm-secret": defaults.APP_SECRET},
    )


def enter_keys(console: Client, app: str = "scrm") -> None:
    known = defaults.app_named(app)
    assert known is not None
    answer = console.post(
        f"/console/setup/keys/{app}/",
        {"keys-token": known.token, "keys-aes_key": known.aes_key},
    )
    assert answer.status_code == 302


def wecom_saves(empty: Any, url: str, app: str = "scrm") -> tuple[bool, str]:
    """What WeCom's admin console does when Save is pressed: (verified, message)."""
    answer = empty.control.post("callback_urls", {"app": app, "url": url})
    return answer["verified"], answer["message"]


def test_ten_steps_connect_a_corp(empty: Any, console: Client, live_server: Any) -> None:
    # given nothing, every needed step is broken and says what to do
    assert console.post("/console/setup/report/test/").status_code == 302
    assert newest("report") == ("bad", "all_bad")
    assert not selectors.is_connected()

    # when corp id and app are entered
    enter_app(console)
    assert press_test(console, "corp") == ("good", "corp_good")
    assert press_test(console, "app") == ("good", "app_good")

    # and WeCom's file is uploaded and the domain set
    upload = FILE("WW_verify_abc123XYZ.txt", b"abc123XYZ\n", content_type="text/plain")
    assert console.post("/console/setup/files/", {"file": upload}).status_code == 302
    assert press_test(console, "domain") == ("warning", "domain_unset")
    empty.control.post("trusted_domains", {"domains": ["scrm.example.com"]})
    assert press_test(console, "domain") == ("warning", "domain_differs")
    host = live_server.url.removeprefix("http://")
    empty.control.post("trusted_domains", {"domains": [host]})
    assert press_test(console, "domain") == ("good", "domain_good")

    # and keys are stored: our own test passes, WeCom's verification turns the step green
    assert press_test(console, "callback") == ("bad", "keys_missing")
    enter_keys(console)
    assert press_test(console, "callback") == ("warning", "callback_waits")
    assert wecom_saves(empty, f"{live_server.url}/wecom/callback/scrm/") == (True, "ok")
    assert press_test(console, "callback") == ("good", "callback_good")

    # and the rest is tested, the address book with its own secret and callback
    assert press_test(console, "ip") == ("good", "ip_good")
    assert press_test(console, "customers") == ("warning", "customers_nobody")
    empty.control.post("seed_org", {"members": 4, "departments": 1})
    assert press_test(console, "customers") == ("good", "customers_good")
    assert press_test(console, "contacts") == ("unused", "contacts_unused")
    enter(console, "contacts", **{"contacts-secret": defaults.CONTACT_SECRET})
    enter_keys(console, "contacts")
    assert press_test(console, "contacts") == ("warning", "contacts_waits")
    saved = wecom_saves(empty, f"{live_server.url}/wecom/callback/contacts", "contacts")
    assert saved == (True, "ok")
    assert press_test(console, "contacts") == ("good", "contacts_good")
    assert press_test(console, "entries") == ("good", "entries_good")
    assert press_test(console, "paid") == ("good", "quota_good")

    # then the corp is connected, and the report says so without a secret
    console.post("/console/setup/report/test/")
    assert newest("report") == ("good", "all_good")
    assert selectors.is_connected()
    report = console.get("/console/setup/report/report.md")
    text = report.content.decode()
    assert report["Content-Disposition"].startswith('attachment; filename="wecom-setup-')
    assert "| 4. Receive messages | Good |" in text
    assert defaults.APP_SECRET not in text
    assert console.get("/console/setup/report/print/").status_code == 200


def test_both_slash_forms_answer_without_a_redirect(
    empty: Any, console: Client, live_server: Any
) -> None:
    # given stored keys
    enter_app(console)
    enter_keys(console)

    # when WeCom verifies each form
    for tail in ("", "/"):
        assert wecom_saves(empty, f"{live_server.url}/wecom/callback/scrm{tail}") == (True, "ok")

    # then both are in the log with all their stages, and on the page
    rows = CallbackCheck.objects.order_by("id").values_list("outcome", "with_slash", "own")
    assert list(rows) == [("answered", False, False), ("answered", True, False)]
    page = console.get("/console/setup/log/scrm/").content.decode()
    assert page.count("✔") == 6
    assert "✖" not in page
    assert WeComCallbackKey.objects.get().verified_at is not None


@pytest.mark.parametrize(
    ("token", "aes_key", "outcome", "words"),
    [
        ("anotherToken1", defaults.CALLBACK_AES_KEY, "signature", "The Token in WeCom is another"),
        (
            defaults.CALLBACK_TOKEN,
            "b" * 43,
            "decryption",
            "The EncodingAESKey in WeCom is another",
        ),
    ],
)
def test_a_wrong_key_is_named_in_the_log(
    empty: Any,
    console: Client,
    live_server: Any,
    token: str,
    aes_key: str,
    outcome: str,
    words: str,
) -> None:
    # given keys that differ from those in WeCom
    enter_app(console)
    services.keys_set(actor=None, app="scrm", token=token, aes_key=aes_key)

    # when WeCom verifies
    url = f"{live_server.url}/wecom/callback/scrm/"
    assert wecom_saves(empty, url) == (False, "HTTP 400")

    # then the log says which of the two is wrong, and the pair stays unproven
    assert CallbackCheck.objects.get().outcome == outcome
    assert words in console.get("/console/setup/callback/").content.decode()
    assert WeComCallbackKey.objects.get().verified_at is None


def test_a_request_for_another_corp_or_before_the_keys_is_named(
    empty: Any, console: Client, live_server: Any
) -> None:
    # given no keys yet
    url = f"{live_server.url}/wecom/callback/scrm/"
    assert wecom_saves(empty, url) == (False, "HTTP 404")

    # when keys come with a wrong corp id
    enter(console, "corp", corp_id="ww0another0corp999")
    enter_keys(console)
    assert wecom_saves(empty, url) == (False, "HTTP 400")

    # then each request is told apart; an address that is no app of ours leaves nothing
    assert wecom_saves(empty, f"{live_server.url}/wecom/callback/nobody/") == (False, "HTTP 404")
    outcomes = CallbackCheck.objects.order_by("id").values_list("outcome", flat=True)
    assert list(outcomes) == ["no_keys", "corp"]


def test_keys_are_changed_without_a_gap(empty: Any, console: Client, live_server: Any) -> None:
    # given a pair that WeCom verified
    enter_app(console)
    enter_keys(console)
    url = f"{live_server.url}/wecom/callback/scrm/"
    assert wecom_saves(empty, url) == (True, "ok")

    # when a new pair is made
    page = console.post("/console/setup/keys/scrm/make/").content.decode()
    shown = re.findall(r'data-copy="([A-Za-z0-9]{24}|[A-Za-z0-9]{43})"', page)
    assert [len(value) for value in shown] == [24, 43]

    # then WeCom's old pair is still good, the new one too, and it is not shown again
    assert wecom_saves(empty, url) == (True, "ok")
    newest_pair = WeComCallbackKey.objects.get(slot=1)
    assert (newest_pair.token, newest_pair.aes_key) == (shown[0], shown[1])
    again = console.get("/console/setup/callback/").content.decode()
    assert shown[1] not in again
    assert shown[1][-4:] in again

    # and a second new pair takes the place of the unproven one, never of the one in use
    console.post("/console/setup/keys/scrm/make/")
    assert WeComCallbackKey.objects.get(slot=2).token == defaults.CALLBACK_TOKEN
    assert wecom_saves(empty, url) == (True, "ok")

    # until the previous one is stopped
    assert console.post("/console/setup/keys/scrm/stop/").status_code == 302
    assert wecom_saves(empty, url) == (False, "HTTP 400")


@pytest.mark.parametrize(
    ("errcode", "words"),
    [
        (40001, "The secret or the token is wrong."),
        (48002, "This app may not call this API."),
        (84074, "No permission for external contacts."),
    ],
)
def test_wecoms_refusals_are_words_with_a_next_step(
    empty: Any, console: Client, errcode: int, words: str
) -> None:
    # given an app that WeCom refuses at customer contact
    enter_app(console)
    fault = {"endpoint": "externalcontact/get_follow_user_list", "kind": "errcode"}
    empty.control.post("faults", {**fault, "value": errcode, "rate": 1})

    # when the step is tested
    assert press_test(console, "customers") == ("bad", "wecom_refused")

    # then the page has code, cause and place to click
    page = console.get("/console/setup/customers/").content.decode()
    assert f"refuses externalcontact/get_follow_user_list with {errcode}." in page
    assert words in page


def test_a_wrong_secret_is_refused_by_gettoken(empty: Any, console: Client) -> None:
    enter(console, "corp", corp_id=defaults.CORP_ID)
    enter(console, "app", **{"scrm-agent_id": "1000002", "scrm-secret": "wrong-wrong-wrong"})

    assert press_test(console, "app") == ("bad", "wecom_refused")
    assert SetupResult.objects.latest("id").data["errcode"] == 40001


def test_another_apps_number_is_told_apart_from_a_wrong_secret(empty: Any, console: Client) -> None:
    enter(console, "corp", corp_id=defaults.CORP_ID)
    enter(console, "app", **{"scrm-agent_id": "1000099", "scrm-secret": defaults.APP_SECRET})

    assert press_test(console, "app") == ("bad", "agent_unknown")


def test_60020_shows_the_address_wecom_saw(empty: Any, console: Client) -> None:
    # given a corp that trusts another server
    enter_app(console)
    empty.control.post("trusted_ips", {"ips": ["198.51.100.1"]})

    # when app and address are tested
    assert press_test(console, "app") == ("good", "app_token_only")
    assert press_test(console, "ip") == ("bad", "ip_refused")

    # then the address stands on the page to be copied, and later on, when it is trusted
    page = console.get("/console/setup/ip/").content.decode()
    assert 'data-copy="127.0.0.1"' in page
    empty.control.post("trusted_ips", {"ips": ["127.0.0.1"]})
    assert press_test(console, "ip") == ("good", "ip_good")
    assert selectors.seen_ip() == "127.0.0.1"


def test_nobody_listens_at_the_base_address(empty: Any, console: Client, settings: Any) -> None:
    # given keys and a base address where nothing runs
    enter_app(console)
    enter_keys(console)
    VerifyFile.objects.create(name="WW_verify_a.txt", content="a")
    settings.BASE_URL = "http://127.0.0.1:9"

    # then every self-request says so, and nothing but that address was asked
    assert press_test(console, "callback") == ("bad", "unreachable_refused")
    assert press_test(console, "domain") == ("bad", "unreachable_refused")
    assert press_test(console, "entries") == ("bad", "unreachable_refused")


def test_every_change_and_test_is_in_the_audit_without_a_secret(
    empty: Any, console: Client, caplog: pytest.LogCaptureFixture
) -> None:
    # given everything is entered, generated and tested
    enter_app(console)
    enter_keys(console)
    console.post("/console/setup/archive-key/")
    console.post("/console/setup/app/test/")

    # then each act has its row with who did it, and no row or log line holds a secret
    rows = list(AuditEntry.objects.order_by("id"))
    assert [row.action for row in rows] == [
        "setup.credentials_set",
        "setup.credentials_set",
        "setup.keys_set",
        "setup.credentials_set",
        "setup.test",
    ]
    assert {row.actor_name for row in rows} == {"setup.view+setup.edit"}
    written = repr([(row.before, row.after, row.reason) for row in rows]) + caplog.text
    for secret in (
        defaults.APP_SECRET,
        defaults.CALLBACK_TOKEN,
        defaults.CALLBACK_AES_KEY,
        "PRIVATE KEY",
    ):
        assert secret not in written


def test_the_command_line_runs_the_same_tests(
    empty: Any, console: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    from django.core.management import call_command
    from django.utils.translation import override

    # given corp id and app
    enter_app(console)

    # when one good and one broken step are tested
    with override("en"), pytest.raises(SystemExit) as ended:
        call_command("setup_test", only=["app", "callback"])

    # then both are said and kept, and the exit code tells that something is broken
    assert ended.value.code == 2
    good, bad = capsys.readouterr().out.splitlines()
    assert good.startswith("✔ Self-built app")
    assert bad.startswith("✖ Receive messages")
    assert (newest("app")[0], newest("callback")[1]) == ("good", "keys_missing")
