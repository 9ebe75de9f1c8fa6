"""Pages of the audit."""

import ast
import io
import re
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.utils.translation import override
from openpyxl import load_workbook
from pytest_django import Settings

from scrm.accounts.models import User
from scrm.core.approvals import services
from scrm.core.approvals.models import Approval
from scrm.core.audit.fields import NAMES, changes_of, reason_of
from scrm.core.audit.models import AuditEntry
from scrm.core.audit.services import record
from scrm.core.audit.words import ACTIONS, target_words
from tests.factories.accounts import UserFactory
from tests.factories.core import scope

pytestmark = pytest.mark.django_db
ACTION = re.compile(r"[a-z_]+\.[a-z_]+")


@pytest.fixture(autouse=True)
def scopes(settings: Settings, client: Client) -> None:
    """Rights by username; English pages."""
    settings.SCOPE_RESOLVER = "tests.factories.core.scope_from_username"
    client.cookies["django_language"] = "en"


def login(client: Client, username: str) -> None:
    client.force_login(UserFactory.create(username=username))


def test_only_auditors_read_the_audit(client: Client) -> None:
    login(client, "jobs.view")
    entry = record(actor=None, action="tag.create", target="tag:1")

    assert client.get("/console/audit/").status_code == 403
    assert client.get(f"/console/audit/{entry.pk}/").status_code == 403


def test_the_list_is_filtered_by_who_what_and_object(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    login(client, "audit.view+*")
    actor = UserFactory.create(username="li")
    for number in range(25):
        record(
            actor=actor if number % 5 == 0 else None,
            action=("tags.create", "welcome.save")[number % 2],
            target=f"tag_group:{number}",
        )

    with django_assert_max_num_queries(6):
        text = client.get("/console/audit/").content.decode()
    assert "25 in total" in text
    assert "5 in total" in client.get("/console/audit/?actor_name=li").content.decode()
    assert "12 in total" in client.get("/console/audit/?action=welcome.save").content.decode()
    assert "1 in total" in client.get("/console/audit/?target=tag_group:7").content.decode()
    assert "25 in total" in client.get("/console/audit/?object=tag_group").content.decode()
    assert "0 in total" in client.get("/console/audit/?object=store").content.decode()


def test_the_list_is_narrowed_to_days_as_they_are_counted_here(client: Client) -> None:
    # given acts just before and just after a midnight of Shanghai
    login(client, "audit.view+*")
    for moment in ("2026-11-20 15:59:59Z", "2026-11-20 16:00:00Z", "2026-11-21 15:59:59Z"):
        with time_machine.travel(moment, tick=False):
            record(actor=None, action="tags.create", target="tag_group:1")

    def found(query: str) -> int:
        return len(client.get(f"/console/audit/?{query}").context["list"].rows)

    assert found("first=2026-11-21&last=2026-11-21") == 2
    assert found("last=2026-11-20") == 1
    # and days that no calendar of ours has are refused in words, not with an error page
    page = client.get("/console/audit/?first=9999-12-31&last=9999-12-31")
    assert (page.status_code, "field-error" in page.content.decode()) == (200, True)


def test_an_entry_shows_what_changed_and_escapes_what_people_wrote(client: Client) -> None:
    login(client, "audit.view+*")
    entry = record(
        actor=None, action="a.b", target="c:1", before={"name": "<script>alert(1)</script>", "same": 1},
        after={"name": "new", "same": 1, "more": 2}, reason="<img src=x onerror=alert(1)>",
    )  # fmt: skip

    text = client.get(f"/console/audit/{entry.pk}/").content.decode()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "<strong>new</strong>" in text
    assert "<strong>2</strong>" in text
    assert "<strong>1</strong>" not in text


def test_acts_and_objects_have_words(client: Client) -> None:
    login(client, "audit.view+*")
    entry = record(
        actor=None, action="crm.import", target="member_import:01a1ffde-1a8b-7e87-a814-96da025fa6f0"
    )

    listed = client.get("/console/audit/").content.decode()
    shown = client.get(f"/console/audit/{entry.pk}/").content.decode()

    for page in (listed, shown):
        assert "CRM members imported" in page
        assert "crm.import" in page
        assert "Member file 025fa6f0" in page


def product_sources() -> list[str]:
    packages = ("scrm", "contacts", "customers", "risk", "materials", "attribution")
    return [
        path.read_text(encoding="utf-8")
        for package in packages
        for path in (settings.BASE_DIR / package).rglob("*.py")
    ]


def record_calls(source: str) -> list[ast.Call]:
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [
        call
        for call in calls
        if getattr(call.func, "id", getattr(call.func, "attr", "")) in {"record", "_record"}
    ]


def recorded_acts(source: str) -> set[str]:
    """Return the acts that calls of `record` in a module name."""
    said = [
        value
        for call in record_calls(source)
        for value in (*call.args, *(word.value for word in call.keywords))
        if isinstance(value, ast.Constant) and isinstance(value.value, str)
    ]
    return {str(one.value) for one in said if ACTION.fullmatch(str(one.value))}


def recorded_fields(source: str) -> set[str]:
    """Return the fields that calls of `record` in a module write as before and after."""
    said = [
        word.value
        for call in record_calls(source)
        for word in call.keywords
        if word.arg in {"before", "after"}
    ]
    tables = [node for value in said for node in ast.walk(value) if isinstance(node, ast.Dict)]
    keys = [key for table in tables for key in table.keys if isinstance(key, ast.Constant)]
    return {str(key.value) for key in keys}


def test_every_field_an_act_records_has_words() -> None:
    fields = set[str]().union(*(recorded_fields(source) for source in product_sources()))

    assert len(fields) > 60
    assert fields - set(NAMES) == set()


def test_every_act_of_the_product_has_words() -> None:
    acts = set[str]().union(*(recorded_acts(source) for source in product_sources()))

    assert len(acts) > 30
    assert acts - set(ACTIONS) == set()


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("live_code:1", "Live code 1"),
        ("org_units", "Stores"),
        ("inbox_event:*", "Event"),
        ("new:1", "new 1"),
    ],
)
def test_an_object_is_named_with_the_short_form_of_its_id(target: str, words: str) -> None:
    with override("en"):
        assert target_words(target) == words


def test_who_does_not_reach_the_whole_company_reads_their_own_acts_only(client: Client) -> None:
    login(client, "audit.view")
    me = User.objects.get(username="audit.view")
    own = record(actor=me, action="tags.create", target="tag_group:1")
    other = record(actor=None, action="tags.create", target="tag_group:2")

    rows = client.get("/console/audit/").context["list"].rows

    assert [row.pk for row in rows] == [own.pk]
    assert client.get(f"/console/audit/{other.pk}/").status_code == 404


def test_before_and_after_are_said_in_words(client: Client) -> None:
    login(client, "audit.view+*")
    entry = record(
        actor=None, action="roles.change", target="role:agency",
        before={"permissions": ["tags.view"], "needs_approval": False, "masks": []},
        after={"permissions": ["tags.view", "tags.edit"], "needs_approval": True, "masks": ["phone"]},
    )  # fmt: skip

    changes = client.get(f"/console/audit/{entry.pk}/").context["changes"]

    with override("en"):
        said = {change.code: (change.name, change.before, change.after) for change in changes}
    assert said == {
        "masks": ("Masked fields", "—", "phone number"),
        "needs_approval": ("Granted by two people", "no", "yes"),
        "permissions": ("Rights", "Tags: see", "Tags: see, Tags: change"),
    }


@pytest.mark.parametrize(
    ("masks", "told"),
    [
        (frozenset(), ("王芳", "called 138 0013 8000", "remark 13800138000")),
        (frozenset({"phone"}), ("王芳", "called 138****8000", "remark 138****8000")),
        (frozenset({"phone", "name", "remark"}), ("•••", "called 138****8000", "•••")),
    ],
)
def test_the_audit_is_as_masked_as_the_pages(masks: frozenset[str], told: tuple[str, ...]) -> None:
    entry = record(
        actor=None, action="profile.note", target="contact:1",
        after={"name": "王芳", "remark": "remark 13800138000"}, reason="called 138 0013 8000",
    )  # fmt: skip
    reader = scope("audit.view", everything=True, masks=masks)

    said = {change.code: change.after for change in changes_of(entry, reader)}

    assert (said["name"], reason_of(entry, reader), said["remark"]) == told
    # names of roles and stores are no customers' names
    other = record(actor=None, action="org.site_save", target="store:1", after={"name": "滨江店"})
    assert [change.after for change in changes_of(other, reader)] == ["滨江店"]


def sheet(content: bytes) -> list[tuple[Any, ...]]:
    return list(load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True))


def test_the_filtered_audit_is_exported_and_that_is_an_act_too(client: Client) -> None:
    login(client, "audit.view+audit.export+*+-phone")
    for number in range(3):
        record(actor=None, action="tags.create", target=f"tag_group:{number}", reason="ring 13800138000")  # fmt: skip
    record(actor=None, action="welcome.save", target="welcome:1")

    answer = client.post("/console/audit/export/", {"action": "tags.create"})

    rows = sheet(answer.content)
    assert [row[6] for row in rows[1:]] == ["tag_group:2", "tag_group:1", "tag_group:0"]
    assert {row[9] for row in rows[1:]} == {"ring 138****8000"}
    act = AuditEntry.objects.get(action="audit.export")
    assert act.after == {"filters": {"action": "tags.create"}, "rows": 3}


@pytest.mark.parametrize(
    ("who", "alone", "unmasked"),
    [("+-phone", 0, False), ("", 1000, True)],
    ids=["too many rows", "not masked"],
)
def test_a_large_or_unmasked_export_waits_for_a_second_person(
    client: Client, settings: Settings, who: str, alone: int, unmasked: bool
) -> None:
    login(client, f"audit.view+audit.export+approvals.view+*{who}")
    record(actor=None, action="tags.create", target="tag_group:1")
    settings.EXPORT_ROWS_ALONE = alone

    # given somebody who is asked why, and says it
    wish = {"object": "tag_group"}
    page = client.post("/console/audit/export/", wish)
    assert (page.status_code, page["Content-Type"][:9]) == (200, "text/html")
    answer = client.post("/console/audit/export/", wish | {"reason": "yearly audit"})

    asked = Approval.objects.get()
    assert answer["Location"] == f"/console/approvals/{asked.pk}/"
    told = {name: asked.payload[name] for name in ("what", "filters", "rows", "unmasked")}
    assert told == {"what": "audit", "filters": wish, "rows": 1, "unmasked": unmasked}
    assert not AuditEntry.objects.filter(action="audit.export").exists()
    # then the file is theirs once somebody else agreed, and once only
    checker = UserFactory.create(username="approvals.view+exports.approve+*")
    services.approve(asked, actor=checker)
    types = [client.post("/console/audit/export/", wish)["Content-Type"][:9] for _ in range(2)]
    assert types == ["applicati", "text/html"]


def test_a_person_is_named_and_not_numbered(client: Client) -> None:
    login(client, "audit.view+*")
    somebody = UserFactory.create(name="李娜")
    record(actor=None, action="roles.revoke", target=f"user:{somebody.pk}")
    record(actor=None, action="roles.revoke", target="user:999999")
    entry = AuditEntry.objects.get(target=f"user:{somebody.pk}")

    rows = client.get("/console/audit/", {"action": "roles.revoke"}).content.decode()

    assert (">Account 李娜<" in rows, ">Account 999999<" in rows) == (True, True)
    assert "Account 李娜" in client.get(f"/console/audit/{entry.pk}/").content.decode()


def test_who_only_reads_exports_nothing(client: Client) -> None:
    login(client, "audit.view+*")

    assert client.post("/console/audit/export/").status_code == 403
    assert not AuditEntry.objects.filter(action="audit.export").exists()
