"""The set-up pages: who may do what, what is never shown, which files and addresses are taken."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from scrm.accounts.models import User
from scrm.core import credentials, own_address
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict, NotFound
from scrm.core.setup_models import SetupResult, VerifyFile, WeComCallbackKey, WeComCredential
from scrm.setup import services
from scrm.setup.steps import STEPS
from scrm.setup.words import WORDS, words_of
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
SECRET = "very-secret-value-9876"
AES = "a" * 39 + "WXYZ"
WRITES = (
    "corp/save/",
    "corp/test/",
    "report/test/",
    "app/remove/scrm.secret/",
    "keys/scrm/",
    "keys/scrm/make/",
    "keys/scrm/stop/",
    "files/",
    "files/1/remove/",
    "archive-key/",
)


def upload(console: Client, name: str, content: bytes) -> Any:
    file = SimpleUploadedFile(name, content, content_type="text/plain")
    return console.post("/console/setup/files/", {"file": file})


def test_seeing_is_not_changing(client: Client, settings: Any) -> None:
    # given somebody who may only see
    settings.SCOPE_RESOLVER = "tests.factories.core.scope_from_username"
    client.force_login(UserFactory.create(username="setup.view"))
    services.credentials_set(actor=None, values={"scrm.secret": SECRET})
    before = AuditEntry.objects.count()

    # then the pages open without a way to change, and every write is refused
    paths = ["", "report/print/", "report/report.md", "log/scrm/", *(f"{s.key}/" for s in STEPS)]
    pages = [client.get(f"/console/setup/{path}") for path in paths]
    assert {page.status_code for page in pages} == {200}
    assert not any("/save/" in page.content.decode() for page in pages)
    answers = [client.post(f"/console/setup/{path}", {"corp_id": "ww12345678"}) for path in WRITES]
    assert [answer.status_code for answer in answers] == [403] * len(WRITES)
    assert WeComCredential.objects.get().value == SECRET
    assert (
        AuditEntry.objects.exclude(action="access.refused").count(),
        SetupResult.objects.count(),
    ) == (before, 0)


@pytest.mark.parametrize("role", ["hq_ops", "branch_ops", "auditor"])
def test_only_it_opens_the_set_up(role: str, client: Client, request: Any) -> None:
    client.force_login(request.getfixturevalue(role))
    assert client.get("/console/setup/").status_code == 403
    assert client.post("/console/setup/corp/save/", {"corp_id": "ww12345678"}).status_code == 403
    assert WeComCredential.objects.count() == 0


def test_it_opens_it(client: Client, it_admin: User) -> None:
    client.force_login(it_admin)
    assert client.get("/console/setup/").status_code == 200
    assert client.post("/console/setup/corp/save/", {"corp_id": "ww12345678"}).status_code == 302
    assert credentials.corp_id() == "ww12345678"


def test_secrets_are_written_and_never_shown_again(console: Client) -> None:
    # given every secret of the set-up
    for step, values in (
        ("app", {"scrm-agent_id": "1000002", "scrm-secret": SECRET}),
        ("contacts", {"contacts-secret": SECRET[::-1]}),
        ("paid", {"archive-secret": "archive-" + SECRET}),
    ):
        assert console.post(f"/console/setup/{step}/save/", values).status_code == 302
    console.post("/console/setup/keys/scrm/", {"keys-token": "tokenToken9", "keys-aes_key": AES})
    console.post("/console/setup/archive-key/")

    # then no page holds one; the last four characters, the age and the person are there
    pages = {s.key: console.get(f"/console/setup/{s.key}/") for s in STEPS}
    texts = "".join(page.content.decode() for page in pages.values())
    private = credentials.value_of("archive.private_key")
    for secret in (SECRET, SECRET[::-1], AES, "tokenToken9", private[40:80]):
        assert secret not in texts
    app = pages["app"].content.decode()
    assert "••••9876" in app
    assert "setup.view+setup.edit" in app
    assert "••••WXYZ" in pages["callback"].content.decode()
    assert "BEGIN PUBLIC KEY" in pages["paid"].content.decode()
    assert "PRIVATE KEY" not in texts
    assert {page["Cache-Control"] for page in pages.values()} == {"private, no-store"}


def test_an_empty_field_keeps_the_stored_secret(console: Client) -> None:
    services.credentials_set(actor=None, values={"scrm.agent_id": "1", "scrm.secret": SECRET})

    answer = console.post("/console/setup/app/save/", {"scrm-agent_id": "2", "scrm-secret": ""})

    assert answer.status_code == 302
    assert credentials.value_of("scrm.agent_id") == "2"
    assert credentials.value_of("scrm.secret") == SECRET


@pytest.mark.parametrize(
    ("step", "values", "words"),
    [
        ("corp", {"corp_id": "1000002"}, "A corp id begins with ww."),
        ("app", {"scrm-agent_id": "x", "scrm-secret": SECRET}, "Enter a whole number."),
        ("app", {"scrm-agent_id": "1", "scrm-secret": "short"}, "A Secret is 16 to 128"),
        ("app", {"scrm-agent_id": "1", "scrm-secret": SECRET + "\n<b>"}, "A Secret is 16 to 128"),
    ],
)
def test_a_wrong_entry_is_refused_beside_its_field(
    console: Client, step: str, values: dict[str, str], words: str
) -> None:
    answer = console.post(f"/console/setup/{step}/save/", values)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert SECRET not in answer.content.decode()
    assert WeComCredential.objects.count() == 0


@pytest.mark.parametrize(("token", "aes_key"), [("t", AES), ("tokenToken9", "a" * 42), ("", "")])
def test_a_malformed_callback_key_is_refused(console: Client, token: str, aes_key: str) -> None:
    answer = console.post(
        "/console/setup/keys/scrm/", {"keys-token": token, "keys-aes_key": aes_key}
    )

    assert answer.status_code == 422
    assert WeComCallbackKey.objects.count() == 0


def test_what_the_environment_sets_is_read_only(console: Client, settings: Any) -> None:
    # given an environment with corp id, app and keys
    settings.WECOM_CORP_ID = "ww0environment1"
    known = {"agent_id": 7, "secret": SECRET, "token": "tokenToken9", "aes_key": AES}
    settings.WECOM_APPS = {**settings.WECOM_APPS, "scrm": known}

    # then its pages name the variables and offer no field
    page = console.get("/console/setup/app/").content.decode()
    assert "WECOM_AGENT_SECRET" in page
    assert "••••9876" in page
    assert 'name="scrm-secret"' not in page
    assert "WECOM_CB_AES_KEY" in console.get("/console/setup/callback/").content.decode()
    # and a write that comes nevertheless changes nothing
    console.post("/console/setup/app/save/", {"scrm-agent_id": "8", "scrm-secret": SECRET + "x"})
    assert console.post("/console/setup/keys/scrm/make/").status_code == 409
    with pytest.raises(Conflict):
        services.credentials_set(actor=None, values={"scrm.secret": "other-other-other"})
    assert (WeComCredential.objects.count(), WeComCallbackKey.objects.count()) == (0, 0)


def test_an_installation_may_shut_the_console_out(console: Client, settings: Any) -> None:
    settings.WECOM_CONSOLE_CREDENTIALS = False

    assert "SCRM_CONSOLE_CREDENTIALS=0" in console.get("/console/setup/app/").content.decode()
    values = {"scrm-agent_id": "1", "scrm-secret": SECRET}
    assert console.post("/console/setup/app/save/", values).status_code == 409
    assert console.post("/console/setup/archive-key/").status_code == 302
    assert WeComCredential.objects.count() == 0


def test_wecoms_file_is_served_at_the_root_to_everybody(console: Client, client: Client) -> None:
    # given an uploaded file
    assert upload(console, "WW_verify_aB3.txt", b"aB3\r\n").status_code == 302

    # then a stranger reads it, as text, and only it
    answer = Client().get("/WW_verify_aB3.txt")
    assert (answer.status_code, answer.content) == (200, b"aB3")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert Client().get("/WW_verify_other.txt").status_code == 404
    # and no longer once removed
    pk = VerifyFile.objects.get().pk
    assert console.post(f"/console/setup/files/{pk}/remove/").status_code == 302
    assert Client().get("/WW_verify_aB3.txt").status_code == 404
    assert [row.action for row in AuditEntry.objects.order_by("id")] == [
        "setup.file_add",
        "setup.file_remove",
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("robots.txt", b"aB3"),
        ("WW_verify_a.html", b"aB3"),
        ("WW_verify_a.txt.html", b"aB3"),
        ("WW_verify_a-b.txt", b"aB3"),
        ("ww_verify_a.txt", b"aB3"),
        ("WW_verify_a.txt", b"<script>alert(1)</script>"),
        ("WW_verify_a.txt", b""),
        ("WW_verify_a.txt", b"a\nb"),
        ("WW_verify_a.txt", "中".encode()),
        ("WW_verify_a.txt", b"a" * 2000),
    ],
)
def test_every_other_file_is_refused(console: Client, name: str, content: bytes) -> None:
    assert upload(console, name, content).status_code == 422
    assert VerifyFile.objects.count() == 0


@pytest.mark.parametrize(
    "path", ["//evil.example/x", "http://evil.example/", "@evil.example/", "", "x"]
)
def test_the_self_request_goes_only_to_the_base_address(path: str) -> None:
    with pytest.raises(ValueError, match="begins with one slash"):
        own_address.ask(path)


def test_unknown_steps_apps_and_names_are_not_there(console: Client) -> None:
    paths = ["nothing/", "log/nothing/"]
    assert [console.get(f"/console/setup/{path}").status_code for path in paths] == [404] * 2
    posts = [
        "nothing/save/",
        "nothing/test/",
        "callback/save/",
        "keys/nothing/",
        "keys/nothing/make/",
        "keys/scrm/stop/",
        "app/remove/corp_id/",
        "app/remove/scrm.secret/",
        "paid/remove/archive.private_key/",
        "files/99/remove/",
    ]
    assert [console.post(f"/console/setup/{path}").status_code for path in posts] == [404] * 10


def test_the_archives_private_key_is_never_replaced(console: Client) -> None:
    console.post("/console/setup/archive-key/")
    first = credentials.value_of("archive.private_key")
    console.post("/console/setup/archive-key/")

    assert credentials.value_of("archive.private_key") == first


def test_a_stored_value_can_be_taken_back(console: Client) -> None:
    services.credentials_set(actor=None, values={"scrm.secret": SECRET})

    assert console.post("/console/setup/app/remove/scrm.secret/").status_code == 302

    assert credentials.value_of("scrm.secret") == ""
    with pytest.raises(NotFound):
        services.credential_remove(actor=None, name="scrm.secret")


def test_pages_cost_the_same_whatever_was_tested(
    console: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(60):
        SetupResult.objects.create(
            step=STEPS[number % 9].key, outcome="bad", code="corp_missing", data={}
        )

    with django_assert_max_num_queries(10):
        console.get("/console/setup/")
    with django_assert_max_num_queries(16):
        console.get("/console/setup/callback/")


def test_every_code_has_words_whatever_its_facts() -> None:
    # given each code with all facts any test gives
    facts = {
        "corp_id": "ww1", "name": "App", "departments": 1, "members": 2, "agent_id": 7, "host": "h", "url": "u",
        "file": "f", "trusted": "t", "status": 500, "location": "l", "ip": "1.2.3.4", "count": 3, "balance": 4,
        "reason": "r", "at": "2026-11-21T00:00:00+00:00", "good": 1, "warning": 2, "bad": 3, "unused": 0,
    }  # fmt: skip

    # then nothing stays unfilled
    for code in WORDS:
        words = words_of(SetupResult(step="corp", outcome="bad", code=code, data=facts))
        assert "%(" not in words.seen + words.hint, code
    assert words_of(SetupResult(code="of_another_version", data={})).seen == "of_another_version"


def test_a_removed_value_outdates_the_green_result(console: Client) -> None:
    services.credentials_set(actor=None, values={"scrm.secret": SECRET})
    for step in STEPS:
        SetupResult.objects.create(step=step.key, outcome="good", code="app_good", data={})
    whole = console.get("/console/setup/").context
    assert (whole["done"], whole["total"], whole["connected"]) == (10, 10, True)

    console.post("/console/setup/app/remove/scrm.secret/")

    page = console.get("/console/setup/")
    assert (page.context["done"], page.context["connected"]) == (8, False)
    step = console.get("/console/setup/app/").content.decode()
    assert "Changed since the last test" in step
    assert "alert-success" not in step


def test_a_removed_file_outdates_the_domain_once_and_no_other_step(console: Client) -> None:
    for number in (1, 2):
        services.file_add(actor=None, name=f"WW_verify_{number}.txt", content="abc")
    SetupResult.objects.create(step="domain", outcome="good", code="app_good", data={})
    SetupResult.objects.create(step="app", outcome="good", code="app_good", data={})

    for file in VerifyFile.objects.all():
        console.post(f"/console/setup/files/{file.pk}/remove/")

    codes = list(SetupResult.objects.order_by("id").values_list("step", "code"))
    assert codes == [("domain", "app_good"), ("app", "app_good"), ("domain", "changed")]


def test_a_step_whose_values_the_environment_sets_has_no_save_button(
    console: Client, settings: Any
) -> None:
    with_field = console.get("/console/setup/contacts/").content.decode()
    settings.WECOM_APPS = {
        app: {**values, "secret": SECRET} for app, values in settings.WECOM_APPS.items()
    }

    without = console.get("/console/setup/contacts/").content.decode()

    assert "/console/setup/contacts/save/" in with_field
    assert "/console/setup/contacts/save/" not in without
