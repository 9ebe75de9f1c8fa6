"""Acts on many: who is chosen, what tagging would do, files and the second person."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation
from openpyxl import load_workbook

from contacts.directory.models import Member
from contacts.roles.models import Role
from customers.lists.exporting import exports_purge
from customers.lists.models import CustomerExport
from customers.lists.tasks import customers_export
from customers.lists.tracing import By, trace
from customers.relations.models import FollowRelation
from customers.tags.models import TagWish
from scrm.accounts.models import User
from scrm.core.alerts.models import Alert
from scrm.core.approvals import services as approvals
from scrm.core.approvals.models import Approval
from scrm.core.audit.models import AuditEntry
from scrm.core.jobs.models import JobRun, JobState
from tests.cast import PASSWORD, person
from tests.factories.customers import ContactFactory, MemberFactory, RelationFactory, TagFactory, at

pytestmark = pytest.mark.django_db
LIST, TAG, EXPORT = "/console/customers/", "/console/customers/tag/", "/console/customers/export/"
Write = Callable[[], None]


def login(client: Client, username: str) -> None:
    """Log in as one of the cast, in English."""
    client.cookies["django_language"] = "en"
    assert client.login(username=username, password=PASSWORD)


@pytest.fixture
def crowd(guide_li: Member, guide_wang: Member) -> dict[str, FollowRelation]:
    """Return one relation of each sort: to be tagged, tagged, lost, of a guide who cannot serve, elsewhere."""
    TagFactory(tag_id="et1", name="VIP")
    gone = MemberFactory(userid="gone", can_follow=False, org_path=guide_li.org_path)
    return {
        "fresh": RelationFactory(member=guide_li, contact=ContactFactory(name="fresh")),
        "other": RelationFactory(member=guide_wang, contact=ContactFactory(name="other")),
        "tagged": RelationFactory(member=guide_li, contact=ContactFactory(name="tagged"), tag_ids=["et1"]),
        "lost": RelationFactory(
            member=guide_li, contact=ContactFactory(name="lost"), status="lost", lost_at=at(9)
        ),
        "unable": RelationFactory(member=gone, contact=ContactFactory(name="unable")),
        "full": RelationFactory(
            member=guide_li, contact=ContactFactory(name="full"), tag_ids=[f"t{n}" for n in range(3000)]
        ),
        "elsewhere": RelationFactory(member=MemberFactory(), contact=ContactFactory(name="elsewhere")),
    }  # fmt: skip


def test_the_dry_count_says_what_would_change_and_why_not(
    client: Client, branch_ops: User, crowd: dict[str, FollowRelation]
) -> None:
    login(client, "branch")

    page = client.post(TAG, {"all": "1", "query": "", "add": ["et1"], "act": "count"})

    # then the customer elsewhere is not among them, and nothing happened
    dry = page.context["dry"]
    assert (dry.customers, dry.changed, dry.relations) == (6, 2, 2)
    assert (dry.unchanged, dry.nobody, dry.full) == (1, 2, 1)
    assert (JobRun.objects.count(), TagWish.objects.count()) == (0, 0)
    assert "Tag 2 customers now" in page.content.decode()


def wishes() -> set[str]:
    """Return which customers a started job tags."""
    return set(TagWish.objects.values_list("external_userid", flat=True))


def test_confirmed_it_tags_exactly_those(
    client: Client, branch_ops: User, crowd: dict[str, FollowRelation]
) -> None:
    login(client, "branch")

    answer = client.post(TAG, {"all": "1", "query": "", "add": ["et1"], "act": "start"})

    job = JobRun.objects.get()
    assert answer["Location"] == f"/console/jobs/{job.pk}/"
    assert (job.total, job.params["add"], job.params["remove"]) == (2, ["et1"], [])
    assert wishes() == {crowd[name].contact.external_userid for name in ("fresh", "other")}


def test_what_changed_since_the_count_is_told_before_anything_is_done(
    client: Client, branch_ops: User, guide_li: Member, crowd: dict[str, FollowRelation]
) -> None:
    login(client, "branch")
    given = {"all": "1", "query": "", "add": ["et1"], "act": "start", "told": "2"}
    RelationFactory(member=guide_li, contact=ContactFactory(name="late"))

    # when somebody confirms two relations, and three would change
    page = client.post(TAG, given)

    # then it is said, and done when they confirm once more
    assert page.status_code == 422
    assert "3 relations would change now, 2 when you looked" in page.content.decode()
    assert not TagWish.objects.exists()
    assert client.post(TAG, given | {"told": "3"}).status_code == 302
    assert TagWish.objects.count() == 3


def test_ticked_ones_and_filters_choose_less(
    client: Client, branch_ops: User, crowd: dict[str, FollowRelation]
) -> None:
    login(client, "branch")
    ids = [str(crowd["fresh"].contact_id), str(crowd["elsewhere"].contact_id)]

    ticked = client.post(TAG, {"ids": ids, "query": "", "add": ["et1"], "act": "count"})
    filtered = client.post(
        TAG, {"all": "1", "query": "member=guide_wang", "add": ["et1"], "act": "count"}
    )
    removed = client.post(TAG, {"all": "1", "query": "", "remove": ["et1"], "act": "count"})

    assert (ticked.context["dry"].customers, ticked.context["dry"].changed) == (1, 1)
    assert (filtered.context["dry"].customers, filtered.context["dry"].changed) == (1, 1)
    assert removed.context["dry"].changed == 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"query": ""}, "Tick customers first"),
        ({"ids": ["nonsense"], "query": ""}, "Tick customers first"),
        ({"all": "1", "query": "added_from=nonsense"}, "Added from: Enter a valid date"),
    ],
)
def test_nobody_chosen_is_said_on_the_list(
    client: Client, hq_ops: User, crowd: Any, given: dict[str, Any], words: str
) -> None:
    login(client, "hq")

    for address in (TAG, EXPORT):
        page = client.post(address, given, follow=True)
        assert words in page.content.decode()


def test_too_many_are_refused(client: Client, hq_ops: User, crowd: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("customers.lists.selecting.MOST_SELECTED", 3)
    login(client, "hq")

    page = client.post(TAG, {"all": "1", "query": ""}, follow=True)

    assert "More than 3 customers match" in page.content.decode()


@pytest.mark.parametrize(("username", "status"), [("outsider", 200), ("it", 403), ("auditor", 403)])
def test_rights_and_places_decide_on_acts(
    client: Client, outsider: User, it_admin: User, auditor: User, crowd: dict[str, FollowRelation],
    username: str, status: int,
) -> None:  # fmt: skip
    login(client, username)
    given = {"ids": [str(crowd["fresh"].contact_id)], "query": "", "add": ["et1"], "act": "start"}

    tagged = client.post(TAG, given)
    taken = client.post(EXPORT, {**given, "purpose": "look"})

    assert tagged.status_code in {status, 422, 302} if status == 200 else tagged.status_code == 403
    assert taken.status_code in {200, 422} if status == 200 else taken.status_code == 403
    assert (JobRun.objects.count(), TagWish.objects.count()) == (0, 0)
    assert CustomerExport.objects.count() == 0


# --- files -------------------------------------------------------------------------------------------------------


@pytest.fixture
def people(guide_li: Member) -> None:
    """Two customers with phones; one tries to be a formula."""
    contact = ContactFactory(name="=cmd|'/c calc'!A1", phone="+8613800138000")
    RelationFactory(
        member=guide_li, contact=contact, remark="@SUM(1)", remark_phones=["13900139000"]
    )
    RelationFactory(member=guide_li, contact=ContactFactory(name="张三"), remark="＝1+1")


def written() -> CustomerExport:
    """Run the job of the newest file and return it."""
    export = CustomerExport.objects.latest("created_at")
    customers_export(str(export.job_id))
    assert JobRun.objects.get(pk=export.job_id).state == JobState.DONE
    export.refresh_from_db()
    return export


def test_a_small_file_is_written_masked_marked_and_taken_once_more(
    client: Client, hq_ops: User, people: None
) -> None:
    # when
    login(client, "hq")
    answer = client.post(EXPORT, {"all": "1", "query": "", "purpose": "Autumn calls"})
    export = written()

    # then
    assert answer["Location"] == "/console/customers/files/"
    assert (export.rows, export.purpose, export.taken_by, export.is_unmasked) == (
        2,
        "Autumn calls",
        "hq",
        False,
    )
    assert "ready" in client.get("/console/customers/files/").content.decode()
    taken = client.post(f"/console/customers/files/{export.pk}/")
    book = load_workbook(io.BytesIO(taken.content))
    cells = [cell for line in book.worksheets[0].iter_rows() for cell in line]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    text = "\n".join(str(cell.value) for cell in cells)
    assert ("138****8000" in text, "139****9000" in text) == (True, True)
    assert "13800138000" not in text
    assert "13900139000" not in text
    assert f"hq · {timezone.localtime(export.created_at):%Y-%m-%d}" in text
    assert "hq · " in book.worksheets[0].oddFooter.center.text
    acts = AuditEntry.objects.filter(action__startswith="lists.").order_by("pk")
    assert [(act.action, act.reason) for act in acts] == [
        ("lists.export", "Autumn calls"),
        ("lists.export_take", ""),
    ]
    (found,) = trace(taken.content, "customers.xlsx")
    assert (found.export.pk, found.by) == (export.pk, By.CODE)


def test_nobody_else_takes_it_and_it_is_deleted_after_a_day(
    client: Client, hq_ops: User, branch_ops: User, people: None
) -> None:
    login(client, "hq")
    client.post(EXPORT, {"all": "1", "query": "", "purpose": "calls"})
    export = written()
    login(client, "branch")
    assert client.post(f"/console/customers/files/{export.pk}/").status_code == 404

    # when
    CustomerExport.objects.update(ready_at=timezone.now() - timedelta(hours=25))
    assert exports_purge() == 1

    # then the file is gone, and still names itself
    login(client, "hq")
    page = client.post(f"/console/customers/files/{export.pk}/", follow=True)
    assert "This file is deleted" in page.content.decode()
    assert CustomerExport.objects.get().mark == export.mark


def ask(client: Client, **given: str) -> Approval:
    """Ask for a file that needs somebody else, and return what was asked for."""
    page = client.post(EXPORT, given)
    assert page.status_code == 200
    assert CustomerExport.objects.count() == 0
    client.post(EXPORT, {**given, "reason": "the campaign"})
    assert CustomerExport.objects.count() == 0
    return Approval.objects.get(kind="export")


@pytest.mark.parametrize("unmasked", [True, False])
def test_a_large_or_unmasked_file_needs_a_second_person(
    client: Client, hq_ops: User, people: None, settings: Any, unmasked: bool
) -> None:
    # given
    if not unmasked:
        settings.EXPORT_ROWS_ALONE = 1
    given = {"all": "1", "query": "status=active", "purpose": "calls"}
    given |= {"unmasked": "on"} if unmasked else {}
    login(client, "hq")
    asked = ask(client, **given)

    # when another person agrees
    approvals.approve(asked, actor=person("hq2", "hq_ops"), reason="fine")
    client.post(EXPORT, given)

    # then one file is written, and the yes is spent
    export = written()
    text = "\n".join(
        str(cell.value)
        for line in load_workbook(io.BytesIO(bytes(export.content or b"")))
        .worksheets[0]
        .iter_rows()
        for cell in line
    )
    assert ("13800138000" in text) == unmasked
    assert client.post(EXPORT, given).status_code == 200
    assert CustomerExport.objects.count() == 1


def test_many_small_files_are_a_large_one(
    client: Client, hq_ops: User, people: None, settings: Any
) -> None:
    settings.EXPORT_ROWS_ALONE = 3
    login(client, "hq")
    given = {"all": "1", "query": "", "purpose": "calls"}
    assert client.post(EXPORT, given).status_code == 302

    page = client.post(EXPORT, given)

    assert page.status_code == 200
    assert CustomerExport.objects.count() == 1


def test_too_many_files_of_a_day_are_held_and_told(
    client: Client, hq_ops: User, people: None, settings: Any
) -> None:
    settings.CUSTOMER_FILES_PER_DAY = 1
    login(client, "hq")
    client.post(EXPORT, {"all": "1", "query": "", "purpose": "calls"})

    page = client.post(EXPORT, {"all": "1", "query": "", "purpose": "more"})

    assert page.status_code == 422
    assert "the most for one day" in page.content.decode()
    assert CustomerExport.objects.count() == 1
    assert Alert.objects.filter(kind="lists.exports").count() == 1


def test_who_lost_the_customers_gets_a_file_without_them(
    client: Client, branch_ops: User, people: None
) -> None:
    login(client, "branch")
    client.post(EXPORT, {"all": "1", "query": "", "purpose": "calls"})
    FollowRelation.objects.update(member=MemberFactory())

    assert written().rows == 0


def test_a_file_of_a_closed_account_is_not_written(
    client: Client, hq_ops: User, people: None
) -> None:
    login(client, "hq")
    client.post(EXPORT, {"all": "1", "query": "", "purpose": "calls"})
    User.objects.filter(username="hq").update(is_active=False)
    export = CustomerExport.objects.get()

    customers_export(str(export.job_id))

    export.refresh_from_db()
    assert export.content is None
    assert JobRun.objects.get(pk=export.job_id).state == JobState.FAILED


def test_a_file_that_grew_beyond_what_was_agreed_to_is_not_written(
    client: Client, hq_ops: User, guide_li: Member, people: None, settings: Any
) -> None:
    # given a small file nobody had to agree to
    settings.EXPORT_ROWS_ALONE = 2
    login(client, "hq")
    client.post(EXPORT, {"all": "1", "query": "", "purpose": "calls"})
    export = CustomerExport.objects.get()

    # when more match before it is written
    RelationFactory(member=guide_li, contact=ContactFactory(name="late"))
    with translation.override("en"):
        customers_export(str(export.job_id))

    # then it is not, and says why
    export.refresh_from_db()
    job = JobRun.objects.get(pk=export.job_id)
    assert (export.content, job.state) == (None, JobState.FAILED)
    assert "3 customers match now, 2 when you asked" in job.message


def test_whose_right_to_see_phones_ended_takes_no_file_with_them(
    client: Client, hq_ops: User, people: None
) -> None:
    # given an agreed file with phones, written
    given = {"all": "1", "query": "", "purpose": "calls", "unmasked": "on"}
    login(client, "hq")
    asked = ask(client, **given)
    approvals.approve(asked, actor=person("hq2", "hq_ops"), reason="fine")
    client.post(EXPORT, given)
    export = written()
    assert export.content is not None

    # when the role loses the right
    role = Role.objects.get(code="hq_ops")
    role.permissions = [each for each in role.permissions if each != "relations.reveal"]
    role.save()
    page = client.post(f"/console/customers/files/{export.pk}/", follow=True)

    # then the file stays where it is
    assert "does not show phone numbers any more" in page.content.decode()
    assert CustomerExport.objects.get().downloaded_at is None
    assert not AuditEntry.objects.filter(action="lists.export_take").exists()
