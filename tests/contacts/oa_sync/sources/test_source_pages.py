"""The pages of the connected OAs: who may, what is shown, and what never is."""

from collections.abc import Callable, Iterator
from datetime import time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from contacts.directory.models import Member
from contacts.oa_sync.models import OaRun
from contacts.oa_sync.sources.mapping import FieldMapping
from contacts.oa_sync.sources.models import OaConnector
from contacts.oa_sync.sources.services import ConnectorValues, connector_add, mapping_set
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.jobs.models import JobRun
from tests.contacts.oa_sync.sources.small_oa import DEPARTMENTS, MAPPING, SmallOa, person, running

pytestmark = pytest.mark.django_db
PHONE = "13800000001"


@pytest.fixture
def oa(settings: Any) -> Iterator[SmallOa]:
    with running() as small:
        settings.OA_HOSTS = [small.origin]
        small.give("/departments", DEPARTMENTS)
        small.give("/people", [person(n) for n in range(1, 31)])
        yield small


@pytest.fixture
def source(oa: SmallOa, it_admin: User) -> OaConnector:
    options = {
        "origin": oa.origin, "paths": {"departments": "/departments", "employees": "/people"}, "auth": "bearer",
        "header": "", "key_id": "", "rows_path": "data", "ok_check": "", "paging": "none", "page_param": "page",
        "size_param": "", "size": 100, "first_page": 1, "cursor_path": "", "total_path": "",
    }  # fmt: skip
    values = ConnectorValues("集团 OA", options, "hush-hush", "off", time(3))
    made = connector_add(kind="rest", values=values, actor=it_admin)
    return mapping_set(connector=made, mapping=FieldMapping(MAPPING), actor=it_admin)


def seat(client: Client, user: User) -> Client:
    client.cookies["django_language"] = "en"
    client.force_login(user)
    return client


def mapping_form(**changes: str) -> dict[str, str]:
    fields = {
        f"{role}-{name}": path for role, paths in MAPPING.items() for name, path in paths.items()
    }
    return fields | {name.replace("__", "-"): value for name, value in changes.items()}


def routes(source: OaConnector) -> dict[str, list[tuple[str, str]]]:
    """Return (method, address) of every page by the permission it needs."""

    def one(name: str, *more: str) -> str:
        return reverse(f"oa_sync:source_{name}", args=[source.pk, *more])

    return {
        "oa_sync.view": [("get", reverse("oa_sync:sources")), ("get", one("detail"))],
        "oa_sync.upload": [("post", one("read"))],
        "oa_sync.connect": [
            ("post", reverse("oa_sync:columns")), ("get", reverse("oa_sync:source_create", args=["rest"])),
            ("post", reverse("oa_sync:source_create", args=["folder"])),
            ("get", one("edit")), ("post", one("edit")), ("get", one("mapping")), ("post", one("mapping")),
            ("post", one("preview", "employees")), ("post", one("test")), ("post", one("remove")),
        ],
    }  # fmt: skip


def stored() -> tuple[Any, ...]:
    """Return what a denied action must not have changed."""
    return (
        list(OaConnector.objects.values()), JobRun.objects.count(), OaRun.objects.count(), AuditEntry.objects.exclude(action="access.refused").count(),
    )  # fmt: skip


def test_only_those_who_connect_may_change_anything(
    client: Client, source: OaConnector, oa: SmallOa, branch_ops: User, auditor: User, outsider: User, guide_li: Member
) -> None:  # fmt: skip
    # given a branch, somebody without a role, a guide, and an auditor who may look
    before, sent = stored(), {"name": "x", "rhythm": "off", "daily_at": "03:00"}
    assert guide_li.user is not None

    # then
    for user in (branch_ops, outsider, guide_li.user, auditor):
        seat(client, user)
        for needed, pages in routes(source).items():
            expected = 200 if user == auditor and needed == "oa_sync.view" else 403
            for method, address in pages:
                assert getattr(client, method)(address, sent).status_code == expected, address
    assert stored() == before
    assert oa.asked == []


def test_nobody_who_left_gets_in(client: Client, source: OaConnector, it_admin: User) -> None:
    # given
    seat(client, it_admin)
    User.objects.filter(pk=it_admin.pk).update(is_active=False)
    before = stored()

    # then
    for pages in routes(source).values():
        for method, address in pages:
            assert getattr(client, method)(address).status_code == 302
    assert stored() == before


def test_one_that_is_not_there_is_not_found(
    client: Client, source: OaConnector, it_admin: User
) -> None:
    # given
    pages = [page for each in routes(source).values() for page in each if str(source.pk) in page[1]]
    OaConnector.objects.all().delete()
    seat(client, it_admin)

    # then
    assert {getattr(client, method)(address).status_code for method, address in pages} == {404}


def test_it_connects_an_oa_and_the_secret_is_never_shown(
    client: Client, oa: SmallOa, it_admin: User
) -> None:
    # when
    seat(client, it_admin)
    sent = {
        "name": "OA", "origin": oa.origin, "departments_path": "/departments", "employees_path": "/people",
        "auth": "bearer", "secret": "hush-hush", "rows_path": "data", "paging": "none", "page_param": "page",
        "size": "100", "first_page": "1", "rhythm": "daily", "daily_at": "03:30",
    }  # fmt: skip
    answer = client.post(reverse("oa_sync:source_create", args=["rest"]), sent)

    # then
    made = OaConnector.objects.get()
    assert answer.headers["Location"] == reverse("oa_sync:source_detail", args=[made.pk])
    assert (made.secret, made.rhythm, made.next_read_at is not None) == ("hush-hush", "daily", True)
    for name in ("detail", "edit"):
        page = client.get(reverse(f"oa_sync:source_{name}", args=[made.pk])).content.decode()
        assert oa.origin in page
        assert "hush-hush" not in page

    # and a save without a secret keeps it
    client.post(
        reverse("oa_sync:source_edit", args=[made.pk]), {**sent, "secret": "", "name": "OA 2"}
    )
    made.refresh_from_db()
    assert (made.name, made.secret) == ("OA 2", "hush-hush")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"origin": "http://169.254.169.254"}, "origin"),
        ({"departments_path": "//evil.test/x"}, "departments_path"),
        ({"employees_path": "http://evil.test"}, "employees_path"),
        ({"auth": "header", "header": "Host"}, "header"),
        ({"auth": "header", "header": "X: y"}, "header"),
        ({"auth": "hmac", "key_id": ""}, "key_id"),
        ({"auth": "bearer", "secret": ""}, "secret"),
        ({"paging": "cursor"}, "cursor_path"),
        ({"rows_path": "a[["}, "rows_path"),
    ],
)
def test_settings_that_cannot_be_right_are_refused_beside_their_field(
    client: Client, oa: SmallOa, it_admin: User, changes: dict[str, str], field: str
) -> None:
    # when
    sent = {
        "name": "OA", "origin": oa.origin, "departments_path": "/departments", "employees_path": "/people",
        "auth": "bearer", "secret": "s", "paging": "none", "page_param": "page", "size": "100", "first_page": "1",
        "rhythm": "off", "daily_at": "03:30", **changes,
    }  # fmt: skip
    answer = seat(client, it_admin).post(reverse("oa_sync:source_create", args=["rest"]), sent)

    # then
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert OaConnector.objects.count() == 0


def test_the_preview_shows_twenty_rows_and_what_is_wrong_in_which_cell(
    client: Client, oa: SmallOa, source: OaConnector, it_admin: User
) -> None:
    # given
    people = [person(n) for n in range(1, 31)]
    people[2] = person(3, contact={"mobile": ""})
    people[4] = person(5, dept={"code": "D9"})
    people[6] = person(7, state="7")
    oa.give("/people", people)

    # when
    address = reverse("oa_sync:source_preview", args=[source.pk, "employees"])
    answer = seat(client, it_admin).post(address, mapping_form())

    # then
    shown = answer.context["preview"]
    wrong = {
        (row.number, cell.field): len(cell.problems)
        for row in shown.rows for cell in row.cells if cell.problems
    }  # fmt: skip
    assert [row.number for row in shown.rows] == list(range(2, 22))
    assert wrong == {(4, "phone"): 1, (6, "department_code"): 1, (8, "state"): 1}
    assert (shown.bad, OaRun.objects.count()) == (3, 0)
    page = answer.content.decode()
    assert "3 of the rows shown would be refused" in page
    # IT reads no phones, wherever they are mapped to
    assert PHONE not in page
    assert "138****0001" in page
    again = client.post(address, mapping_form(employees__name="contact.mobile"))
    assert PHONE not in again.content.decode()


def test_the_preview_uses_the_form_not_what_is_saved(
    client: Client, oa: SmallOa, source: OaConnector, it_admin: User
) -> None:
    # given the OA's number 7 means left
    oa.give("/people", [person(1, state=7)])
    address = reverse("oa_sync:source_preview", args=[source.pk, "employees"])
    seat(client, it_admin)

    # then
    assert client.post(address, mapping_form()).context["preview"].bad == 1
    words = mapping_form(employees__words="state: 7 = left")
    assert client.post(address, words).context["preview"].bad == 0
    bad = client.post(address, mapping_form(employees__name="a[[")).content.decode()
    assert "is not a path" in bad
    source.refresh_from_db()
    assert source.mapping == {"paths": MAPPING, "words": {}}


def test_the_mapping_page_offers_the_paths_and_saves(
    client: Client, oa: SmallOa, source: OaConnector, it_admin: User
) -> None:
    # when
    address = reverse("oa_sync:source_mapping", args=[source.pk])
    page = seat(client, it_admin).get(address).content.decode()

    # then
    assert '<option value="contact.mobile">' in page
    answer = client.post(address, mapping_form(employees__words="state: 7 = left"))
    assert answer.status_code == 302
    source.refresh_from_db()
    assert source.mapping["words"]["employees"] == {"state": {"7": "left"}}

    # and without a needed path nothing is saved
    assert client.post(address, mapping_form(employees__phone="")).status_code == 422
    source.refresh_from_db()
    assert source.mapping["paths"]["employees"]["phone"] == "contact.mobile"


def test_an_oa_that_is_down_is_said_on_the_page(
    client: Client, oa: SmallOa, source: OaConnector, it_admin: User
) -> None:
    # given
    oa.answers.clear()
    seat(client, it_admin)

    # then
    page = client.get(reverse("oa_sync:source_mapping", args=[source.pk])).content.decode()
    assert "The system answered 404" in page
    answer = client.post(reverse("oa_sync:source_test", args=[source.pk]), follow=True)
    assert "The system answered 404" in answer.content.decode()


def test_a_removed_source_takes_its_secret_along(
    client: Client, source: OaConnector, it_admin: User
) -> None:
    # when
    seat(client, it_admin).post(reverse("oa_sync:source_remove", args=[source.pk]))

    # then
    assert OaConnector.objects.count() == 0
    entry = AuditEntry.objects.get(action="oa_sync.source_remove")
    assert (entry.actor, "hush-hush" in str(entry.before)) == (it_admin, False)


def test_the_list_costs_the_same_for_many(
    client: Client, source: OaConnector, it_admin: User, django_assert_max_num_queries: Callable[..., Any]
) -> None:  # fmt: skip
    # given
    seat(client, it_admin).get(reverse("oa_sync:sources"))
    for number in range(15):
        OaConnector.objects.create(name=f"OA {number}", kind="folder")

    # then
    with django_assert_max_num_queries(14):
        page = client.get(reverse("oa_sync:sources"))
    assert len(page.context["list"].rows) == 16
